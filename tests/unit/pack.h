/*
 * A gzip stream in memory, for tests and fuzzers of what reads one.
 */
#ifndef ROLLCALL_TESTS_PACK_H
#define ROLLCALL_TESTS_PACK_H

#include <stdlib.h>
#include <zlib.h>

#include "io/gzip.h"

/* The bytes as a gzip stream of `level` (1 to 9); free with free(). */
static inline char *pack(const void *bytes, size_t length, int level, size_t *packed_length)
{
    z_stream z = {.next_in = (Bytef *)bytes, .avail_in = (uInt)length};

    if (deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        abort();
    }
    size_t room = deflateBound(&z, (uLong)length);
    char *packed = malloc(room);
    z.next_out = (Bytef *)packed;
    z.avail_out = (uInt)room;
    if (!packed || deflate(&z, Z_FINISH) != Z_STREAM_END) {
        abort();
    }
    *packed_length = z.total_out;
    (void)deflateEnd(&z);
    return packed;
}

#endif
