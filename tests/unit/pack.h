/*
 * A gzip stream in memory, for tests and fuzzers of what reads one.
 */
#ifndef ROLLCALL_TESTS_PACK_H
#define ROLLCALL_TESTS_PACK_H

#include <stdio.h>
#include <stdlib.h>

#include "io/gzip.h"

/* The bytes as a gzip stream of `level` (1 to 9); free with free(). */
static inline char *pack(const void *bytes, size_t length, int level, size_t *packed_length)
{
    char *packed = NULL;
    FILE *file = open_memstream(&packed, packed_length);
    struct gzip_writer *w = file ? gzip_writer_new(file, level) : NULL;

    if (!w || !gzip_writer_add(w, bytes, length, true) || fclose(file) != 0) {
        abort();
    }
    gzip_writer_free(w);
    return packed;
}

#endif
