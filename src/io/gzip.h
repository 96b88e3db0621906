/*
 * gzip by zlib, both ways.
 *
 * Invariant of inflating: success means the stream was read to its own end mark and check sum, and
 * nothing but further complete members follow. libcurl's own decoding reports success on a body
 * that was cut anywhere, so bodies come raw and are inflated here. Size and ratio are limited
 * (LIMIT_INFLATED_BYTES, LIMIT_INFLATE_RATIO).
 */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* Inflates a gzip body whole. *out is malloc'ed with `padding` spare bytes behind *out_length.
 * False with ERR_TEMPORARY when the stream is cut (a repeat may bring the rest), ERR_CONTRACT when
 * it is corrupt or passes a limit (CAUSE_NET_TOO_LARGE). */
bool gzip_inflate(const void *bytes, size_t length, size_t padding, char **out, size_t *out_length,
                  struct err *e);

/* A gzip stream written to a FILE piece by piece, in constant memory. */
struct gzip_writer;

/* Starts a stream on `file` (borrowed) at `level`; name and time in the header stay empty, so equal
 * input gives equal bytes. */
struct gzip_writer *gzip_writer_new(FILE *file, int level);

/* Writes `length` bytes, and the stream's end behind the last ones (which may be none). False when
 * writing fails (errno tells). */
bool gzip_writer_add(struct gzip_writer *w, const void *bytes, size_t length, bool is_last);

/* Frees the writer, ended or not; NULL is allowed. */
void gzip_writer_free(struct gzip_writer *w);
