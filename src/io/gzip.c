#define ZLIB_CONST /* zlib.h: input is const */
#include "io/gzip.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#include "base/causes.h"
#include "base/limits.h"
#include "io/json.h"

enum {
    RATIO_FREE_BYTES = 1048576, /* below this size the ratio is not looked at */
    PIECE_BYTES = 16384,
    SIZE_BYTES = 4, /* a stream's last, which say how much it holds */
};

/* The most that `length` compressed bytes may become. */
static size_t largest_out(size_t length)
{
    size_t by_size = (size_t)limit_get(LIMIT_INFLATED_BYTES);
    size_t ratio = (size_t)limit_get(LIMIT_INFLATE_RATIO);
    size_t by_ratio = length > SIZE_MAX / ratio ? SIZE_MAX : length * ratio;
    by_ratio = by_ratio < RATIO_FREE_BYTES ? RATIO_FREE_BYTES : by_ratio;
    return by_ratio < by_size ? by_ratio : by_size;
}

/* One whole stream that holds as much as it says, in less than half of zlib's time; NULL: it is
 * anything else. */
static char *inflate_at_once(const unsigned char *bytes, size_t length, size_t most,
                             size_t *out_length)
{
    size_t said = 0;
    size_t used = 0;

    for (size_t i = 0; length >= SIZE_BYTES && i < SIZE_BYTES; i++) {
        said = said << 8 | bytes[length - 1 - i];
    }
    if (said > most) {
        return NULL;
    }
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    char *text = xmalloc(said + JSON_PADDING_BYTES);
    bool is_whole = d && libdeflate_gzip_decompress_ex(d, bytes, length, text, said, &used,
                                                       out_length) == LIBDEFLATE_SUCCESS;
    libdeflate_free_decompressor(d);
    if (!is_whole || used != length) {
        free(text);
        return NULL;
    }
    return text;
}

char *gzip_text(const void *bytes, size_t length, bool is_packed, size_t *out_length, struct err *e)
{
    if (!is_packed) {
        *out_length = length;
        return memcpy(xcalloc(1, length + JSON_PADDING_BYTES), length > 0 ? bytes : "", length);
    }
    size_t most = largest_out(length);
    char *whole = inflate_at_once(bytes, length, most, out_length);
    if (whole) {
        return whole;
    }
    struct buf text = buf_of(most + JSON_PADDING_BYTES);
    unsigned char piece[PIECE_BYTES];
    z_stream z = {.next_in = bytes, .avail_in = (unsigned)length};
    bool is_whole = false;
    bool is_sound = true;
    bool fits = true;
    bool moves = length > 0;

    INVARIANT(inflateInit2(&z, GZIP_WINDOW_BITS) == Z_OK);
    while (moves && is_sound && fits && !is_whole) {
        size_t left_before = z.avail_in;

        z.next_out = piece;
        z.avail_out = sizeof(piece);
        int result = inflate(&z, Z_NO_FLUSH);
        size_t made = sizeof(piece) - z.avail_out;
        INVARIANT(result != Z_MEM_ERROR);
        moves = z.avail_in != left_before || made > 0;
        is_sound = result == Z_OK || result == Z_BUF_ERROR || result == Z_STREAM_END;
        is_whole = result == Z_STREAM_END && z.avail_in == 0;
        fits = buf_add(&text, piece, made) && text.length <= most;
        if (result == Z_STREAM_END) {
            inflateReset(&z);
        }
    }
    inflateEnd(&z);
    if (is_whole && fits) {
        *out_length = text.length;
        INVARIANT(buf_add(&text, "\0\0\0", JSON_PADDING_BYTES));
        return text.data;
    }
    buf_free(&text);
    if (length == 0) {
        err_set(e, ERR_TEMPORARY, "the gzip body is cut: it is empty");
    } else if (!fits) {
        err_because(e, ERR_CONTRACT, CAUSE_NET_TOO_LARGE,
                    "the gzip body of %zu bytes inflates to more than %zu bytes: refused (limits "
                    "INFLATED_BYTES and INFLATE_RATIO)",
                    length, most);
    } else if (!is_sound) {
        err_set(e, ERR_CONTRACT, "the gzip body is corrupt at byte %zu of %zu: %s",
                length - z.avail_in, length, z.msg == NULL ? "bad stream" : z.msg);
    } else {
        err_set(e, ERR_TEMPORARY, "the gzip body is cut: it has %zu bytes and no end mark", length);
    }
    return NULL;
}
