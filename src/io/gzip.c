#define ZLIB_CONST /* zlib.h: input is const */
#include "io/gzip.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/causes.h"
#include "base/limits.h"

enum {
    GZIP_WINDOW_BITS = 15 + 16, /* zlib: largest window, gzip wrapping */
    WRITER_BUFFER_BYTES = 65536,
    OS_UNKNOWN = 255,
    RATIO_FREE_BYTES = 1048576, /* below this size the ratio is not looked at */
    FIRST_OUT_BYTES = 4096,
    USUAL_RATIO = 8,
};

/* --- inflating ------------------------------------------------------------------------------- */

struct inflating {
    z_stream z;
    size_t length; /* of the compressed body */
    char *out;
    size_t capacity;
    size_t written;
    size_t padding;
    size_t max_out;
};

/* The most that `length` compressed bytes may become. */
static size_t largest_out(size_t length)
{
    size_t by_size = (size_t)limit_get(LIMIT_INFLATED_BYTES);
    size_t ratio = (size_t)limit_get(LIMIT_INFLATE_RATIO);
    size_t by_ratio = length > SIZE_MAX / ratio ? SIZE_MAX : length * ratio;
    if (by_ratio < RATIO_FREE_BYTES) {
        by_ratio = RATIO_FREE_BYTES;
    }
    return by_ratio < by_size ? by_ratio : by_size;
}

static void set_capacity(struct inflating *f, size_t capacity)
{
    f->capacity = capacity;
    /* One byte more than the limit allows is room to see that the limit is passed. */
    f->out = xrealloc(f->out, capacity + 1 + f->padding);
}

static bool check_size(struct inflating *f, struct err *e)
{
    if (f->written > f->max_out) {
        err_set(e, ERR_CONTRACT,
                "the gzip body of %zu bytes inflates to more than %zu bytes: refused (limits "
                "INFLATED_BYTES and INFLATE_RATIO)",
                f->length, f->max_out);
        return err_cause(e, CAUSE_NET_TOO_LARGE);
    }
    if (f->written > f->capacity) {
        set_capacity(f, f->capacity > f->max_out / 2 ? f->max_out : f->capacity * 2);
    }
    return true;
}

static bool inflate_members(struct inflating *f, struct err *e)
{
    for (;;) {
        size_t left_before = f->z.avail_in;
        size_t written_before = f->written;

        f->z.next_out = (unsigned char *)f->out + f->written;
        f->z.avail_out = (unsigned)(f->capacity + 1 - f->written); /* the limits' ranges fit */
        int result = inflate(&f->z, Z_NO_FLUSH);
        INVARIANT(result != Z_MEM_ERROR);
        f->written = f->capacity + 1 - f->z.avail_out;
        if (!check_size(f, e)) {
            return false;
        }
        if (result == Z_STREAM_END) {
            if (f->z.avail_in == 0) {
                return true;
            }
            inflateReset(&f->z);
            continue;
        }
        if (result != Z_OK && result != Z_BUF_ERROR) {
            return err_set(e, ERR_CONTRACT, "the gzip body is corrupt at byte %zu of %zu: %s",
                           f->length - f->z.avail_in, f->length,
                           f->z.msg == NULL ? "bad stream" : f->z.msg);
        }
        if (f->z.avail_in == left_before && f->written == written_before) {
            return err_set(e, ERR_TEMPORARY,
                           "the gzip body is cut: it has %zu bytes and no end mark", f->length);
        }
    }
}

bool gzip_inflate(const void *bytes, size_t length, size_t padding, char **out, size_t *out_length,
                  struct err *e)
{
    *out = NULL;
    *out_length = 0;
    if (length == 0) {
        return err_set(e, ERR_TEMPORARY, "the gzip body is cut: it is empty");
    }
    struct inflating f = {
        .length = length,
        .padding = padding,
        .max_out = largest_out(length),
    };
    f.z.next_in = bytes;
    f.z.avail_in = (unsigned)length;
    INVARIANT(inflateInit2(&f.z, GZIP_WINDOW_BITS) == Z_OK);
    size_t guess = FIRST_OUT_BYTES + length * USUAL_RATIO;
    set_capacity(&f, guess < f.max_out ? guess : f.max_out);
    bool whole = inflate_members(&f, e);
    inflateEnd(&f.z);
    if (!whole) {
        free(f.out);
        return false;
    }
    *out = f.out;
    *out_length = f.written;
    return true;
}

/* --- deflating ------------------------------------------------------------------------------- */

struct gzip_writer {
    z_stream z;
    gz_header header;
    FILE *file;
    unsigned char out[WRITER_BUFFER_BYTES];
};

struct gzip_writer *gzip_writer_new(FILE *file, int level)
{
    struct gzip_writer *w = xmalloc(sizeof(*w));
    w->file = file;
    w->z = (z_stream){.zalloc = Z_NULL};
    /* A header without time or system, so that equal input gives equal bytes everywhere. */
    w->header = (gz_header){.os = OS_UNKNOWN};
    INVARIANT(deflateInit2(&w->z, level, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) ==
              Z_OK);
    INVARIANT(deflateSetHeader(&w->z, &w->header) == Z_OK);
    return w;
}

/* Runs zlib until it took all input (and, when finishing, gave all output). */
static bool deflate_all(struct gzip_writer *w, int flush)
{
    do {
        w->z.next_out = w->out;
        w->z.avail_out = WRITER_BUFFER_BYTES;
        INVARIANT(deflate(&w->z, flush) != Z_STREAM_ERROR);
        size_t made = WRITER_BUFFER_BYTES - w->z.avail_out;
        if (made > 0 && fwrite(w->out, 1, made, w->file) != made) {
            return false;
        }
    } while (w->z.avail_out == 0);
    return true;
}

bool gzip_writer_add(struct gzip_writer *w, const void *bytes, size_t length)
{
    INVARIANT(length <= UINT_MAX);
    w->z.next_in = bytes;
    w->z.avail_in = (unsigned)length;
    return deflate_all(w, Z_NO_FLUSH);
}

bool gzip_writer_finish(struct gzip_writer *w)
{
    w->z.next_in = NULL;
    w->z.avail_in = 0;
    bool written = deflate_all(w, Z_FINISH);
    gzip_writer_free(w);
    return written;
}

void gzip_writer_free(struct gzip_writer *w)
{
    if (w != NULL) {
        deflateEnd(&w->z);
        free(w);
    }
}
