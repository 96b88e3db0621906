/*
 * gzip: what comes compressed, a whole stream by libdeflate, any other by zlib, which tells what is
 * wrong with it. (CSV is what goes out so, by zlib: io/csv.h.)
 *
 * Invariant: success means the stream was read to its own end mark and check sum, and nothing but
 * further complete members follow. libcurl's own decoding reports success on a body that was cut
 * anywhere, so bodies come raw and are inflated here. Size and ratio are limited
 * (LIMIT_INFLATED_BYTES, LIMIT_INFLATE_RATIO).
 */
#pragma once

#include "base/err.h"

enum { GZIP_WINDOW_BITS = 15 + 16 }; /* for zlib: the largest window, gzip wrapping */

/* A body whole, inflated where it `is_packed`, in memory for json_parse (or free()). NULL with
 * ERR_TEMPORARY when the stream is cut (a repeat may bring the rest), ERR_CONTRACT when it is
 * corrupt or passes a limit (CAUSE_NET_TOO_LARGE). */
char *gzip_text(const void *bytes, size_t length, bool is_packed, size_t *out_length,
                struct err *e);
