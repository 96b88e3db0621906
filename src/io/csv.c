#define ZLIB_CONST /* zlib.h: input is const */
#include "io/csv.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <zlib.h>

#include "base/str.h"
#include "io/gzip.h"

enum {
    BLOCK_BYTES = 65536,
    BLOCKS = 8,        /* in the hands of the two threads */
    NUMBER_BYTES = 40, /* room for any number's text */
    GZIP_LEVEL = 1,    /* half of the time of level 6 for a quarter more bytes */
    OS_UNKNOWN = 255,
};

struct block {
    size_t used;
    char bytes[BLOCK_BYTES];
};

struct csv_writer {
    FILE *file;
    struct csv_options options;
    z_stream z;
    gz_header header;
    unsigned char packed[BLOCK_BYTES];
    bool in_record;      /* a field of the present record is written */
    struct block *block; /* being filled: one of the ring */
    struct block *ring;
    atomic_int error_number; /* of the first failed write; 0: none */

    /* A thread that writes what is full, so that compressing and writing cost the one that reads
     * the database nothing. Without it there is one block. */
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* of what follows; one of the two waits for the other at most */
    uint64_t filled;        /* blocks handed over so far */
    uint64_t written;       /* of them: done with */
    bool ended;             /* no more will come */
};

/* --- bytes ----------------------------------------------------------------------------------- */

/* Writes bytes to the file; `is_last` ends the gzip stream. False when it fails (errno tells). */
static bool write_bytes(struct csv_writer *w, const char *bytes, size_t length, bool is_last)
{
    if (!w->options.gzip) {
        return fwrite(bytes, 1, length, w->file) == length;
    }
    w->z.next_in = (const unsigned char *)bytes;
    w->z.avail_in = (unsigned)length;
    do {
        w->z.next_out = w->packed;
        w->z.avail_out = sizeof(w->packed);
        INVARIANT(deflate(&w->z, is_last ? Z_FINISH : Z_NO_FLUSH) != Z_STREAM_ERROR);
        size_t made = sizeof(w->packed) - w->z.avail_out;
        if (fwrite(w->packed, 1, made, w->file) != made) {
            return false;
        }
    } while (w->z.avail_out == 0);
    return true;
}

static void write_block(struct csv_writer *w, const struct block *b)
{
    errno = 0;
    if (!csv_failed(w) && b->used > 0 && !write_bytes(w, b->bytes, b->used, false)) {
        atomic_store(&w->error_number, errno == 0 ? EIO : errno);
    }
}

static void *write_blocks(void *argument)
{
    struct csv_writer *w = argument;

    pthread_mutex_lock(&w->mutex);
    for (;;) {
        while (w->written == w->filled && !w->ended) {
            pthread_cond_wait(&w->changed, &w->mutex);
        }
        if (w->written == w->filled) {
            break;
        }
        const struct block *b = &w->ring[w->written % BLOCKS];
        pthread_mutex_unlock(&w->mutex);
        write_block(w, b);
        pthread_mutex_lock(&w->mutex);
        w->written++;
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void end_thread(struct csv_writer *w)
{
    if (w->has_thread) {
        pthread_mutex_lock(&w->mutex);
        w->ended = true;
        pthread_cond_signal(&w->changed);
        pthread_mutex_unlock(&w->mutex);
        pthread_join(w->thread, NULL);
        w->has_thread = false;
    }
}

/* Gives away the block that is being filled; the next one is empty. */
static void flush(struct csv_writer *w)
{
    if (w->has_thread) {
        pthread_mutex_lock(&w->mutex);
        w->filled++;
        pthread_cond_signal(&w->changed);
        while (w->filled - w->written == BLOCKS) {
            pthread_cond_wait(&w->changed, &w->mutex);
        }
        pthread_mutex_unlock(&w->mutex);
        w->block = &w->ring[w->filled % BLOCKS];
    } else {
        write_block(w, w->block);
    }
    w->block->used = 0;
}

static void add(struct csv_writer *w, const char *bytes, size_t length)
{
    while (length > BLOCK_BYTES - w->block->used) {
        size_t part = BLOCK_BYTES - w->block->used;

        memcpy(w->block->bytes + w->block->used, bytes, part);
        w->block->used += part;
        bytes += part;
        length -= part;
        flush(w);
    }
    memcpy(w->block->bytes + w->block->used, bytes, length);
    w->block->used += length;
}

/* Begins a field, with room for `length` bytes, fewer than a block has; end_field says where those
 * end that were written there. Others may follow. */
static char *begin_field(struct csv_writer *w, size_t length)
{
    if (BLOCK_BYTES - w->block->used < length + 1) {
        flush(w);
    }
    char *to = w->block->bytes + w->block->used;
    *to = w->options.delimiter;
    to += w->in_record ? 1 : 0;
    w->in_record = true;
    return to;
}

static void end_field(struct csv_writer *w, const char *end)
{
    w->block->used = (size_t)(end - w->block->bytes);
}

/* --- text ------------------------------------------------------------------------------------ */

/* Whether a text needs no quotes, and copies it to `to` (NULL: nowhere) as far as that is so. Eight
 * bytes at a time are looked at together: what is special lies below '-', as little else does. */
static bool copy_plain(const char *text, size_t length, char *to)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    for (size_t part; length > 0; length -= part, text += part, to += to ? part : 0) {
        uint64_t word = 0; /* what is less than a word is looked at */

        part = length < sizeof(word) ? length : sizeof(word);
        if (part == sizeof(word)) {
            memcpy(&word, text, sizeof(word));
        }
        if (((word - ones * '-') & ~word & (ones << 7)) == 0) {
            if (to) {
                memcpy(to, &word, sizeof(word));
            }
            continue;
        }
        for (size_t i = 0; i < part; i++) {
            unsigned char c = (unsigned char)text[i];
            if (c < '-' && (c == ',' || c == '"' || c == '\r' || c == '\n' || c == '\0')) {
                return false;
            }
            if (to) {
                to[i] = (char)c;
            }
        }
    }
    return true;
}

/* Whether digits stand at *at, which goes behind them. */
static bool skip_digits(const char *text, size_t length, size_t *at)
{
    size_t start = *at;

    while (*at < length && text[*at] >= '0' && text[*at] <= '9') {
        (*at)++;
    }
    return *at > start;
}

/* A decimal number with optional sign, fraction and exponent: a spreadsheet reads it as itself. */
static bool is_plain_number(const char *text, size_t length)
{
    size_t at = text[0] == '+' || text[0] == '-' ? 1 : 0;
    bool good = skip_digits(text, length, &at);

    if (good && at < length && text[at] == '.') {
        at++;
        good = skip_digits(text, length, &at);
    }
    if (good && at < length && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < length && (text[at] == '+' || text[at] == '-') ? 1 : 0;
        good = skip_digits(text, length, &at);
    }
    return good && at == length;
}

/* True when a spreadsheet might run the text as a formula (or it begins with the mark itself). */
static bool needs_apostrophe(const char *text, size_t length)
{
    if (length > 2 && memcmp(text, "\xEF\xBC", 2) == 0) {
        return text[2] != '\0' && strchr("\x9D\x8B\x8D\xA0", text[2]) != NULL; /* full width */
    }
    return length > 0 && text[0] != '\0' && strchr("=+-@\t\r\n'", text[0]) != NULL &&
           !is_plain_number(text, length);
}

static void add_text(struct csv_writer *w, const char *text, size_t length)
{
    bool apostrophe = w->options.neutralize_formulas && needs_apostrophe(text, length);
    bool is_short = length < BLOCK_BYTES / 2;
    char *to = begin_field(w, is_short ? length : 0);
    bool quotes = length == 0 || !copy_plain(text, length, is_short ? to : NULL) ||
                  (w->options.delimiter != ',' && memchr(text, w->options.delimiter, length));
    bool is_written = is_short && !quotes && !apostrophe;
    size_t done = is_written ? length : 0; /* of the text */

    end_field(w, to + done);
    if (is_written) {
        return;
    }
    if (quotes) {
        add(w, "\"", 1);
    }
    if (apostrophe) {
        add(w, "'", 1);
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' || text[i] == '\0') {
            add(w, text + done, i - done);
            add(w, text[i] == '"' ? "\"\"" : "\xEF\xBF\xBD", text[i] == '"' ? 2 : 3);
            done = i + 1;
        }
    }
    add(w, text + done, length - done);
    if (quotes) {
        add(w, "\"", 1);
    }
}

void csv_text(struct csv_writer *w, const char *text, size_t length)
{
    if (!w->options.escape) {
        add_text(w, text, length);
        return;
    }
    BUF_SCOPED struct buf shown = buf_of(SIZE_MAX);
    (void)str_escape(&shown, text, length);
    add_text(w, buf_str(&shown), shown.length);
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Writes decimal digits so that they end before `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

static void add_int(struct csv_writer *w, int64_t value)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *end = begin_field(w, NUMBER_BYTES);

    if (value < 0) {
        *end++ = '-';
    }
    for (uint64_t left = size; left >= 10; left /= 10) {
        end++;
    }
    digits_before(++end, size);
    end_field(w, end);
}

/* Writes 0 or a real of at most six decimal places by hand, some ten times as fast as printf.
 * Exact: the quotient of two exact doubles is rounded as reading the decimal number would be. False
 * for any other real. */
static bool add_short_real(struct csv_writer *w, double value)
{
    const int places = 6;
    const double scale = 1e6;
    double size = fabs(value);
    if (!(size >= 1e-3 && size < 1e9) && (size != 0 || signbit(value))) {
        return false;
    }
    uint64_t scaled = (uint64_t)llround(size * scale);
    if ((double)scaled / scale != size) {
        return false;
    }
    char text[NUMBER_BYTES];
    char *end = text + sizeof(text);
    char *point = end - places - 1;
    char *fraction = digits_before(end, scaled % 1000000);
    memset(point + 1, '0', (size_t)(fraction - point - 1));
    *point = '.';
    char *first = digits_before(point, scaled / 1000000);
    if (value < 0) {
        *--first = '-';
    }
    while (end[-1] == '0' && end[-2] != '.') {
        end--;
    }
    char *to = begin_field(w, NUMBER_BYTES);
    memcpy(to, first, (size_t)(end - first));
    end_field(w, to + (end - first));
    return true;
}

static void add_real(struct csv_writer *w, double value)
{
    if (add_short_real(w, value)) {
        return;
    }
    char *text = begin_field(w, NUMBER_BYTES);
    int length = snprintf(text, NUMBER_BYTES, "%.15g", value);
    if (strtod(text, NULL) != value) {
        length = snprintf(text, NUMBER_BYTES, "%.17g", value);
    }
    if (isfinite(value) && strpbrk(text, ".e") == NULL) {
        length += snprintf(text + length, NUMBER_BYTES - (size_t)length, ".0");
    }
    end_field(w, text + length);
}

void csv_cell(struct csv_writer *w, struct cell c)
{
    switch (c.type) {
    case CELL_TEXT:
        csv_text(w, c.value.text, c.length);
        break;
    case CELL_INT:
        add_int(w, c.value.integer);
        break;
    case CELL_REAL:
        add_real(w, c.value.real);
        break;
    case CELL_NULL:
        end_field(w, begin_field(w, 0));
        break;
    }
}

/* --- the writer ------------------------------------------------------------------------------ */

struct csv_writer *csv_new(FILE *file, const struct csv_options *options)
{
    struct csv_writer *w = xcalloc(1, sizeof(*w));
    sigset_t all;
    sigset_t before;

    w->file = file;
    w->options = *options;
    w->options.delimiter = options->delimiter ? options->delimiter : ',';
    if (options->gzip) {
        INVARIANT(deflateInit2(&w->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
                               Z_DEFAULT_STRATEGY) == Z_OK);
        /* A header without time or system, so that equal input gives equal bytes everywhere. */
        w->header.os = OS_UNKNOWN;
        INVARIANT(deflateSetHeader(&w->z, &w->header) == Z_OK);
    }
    w->ring = xmalloc((options->background ? BLOCKS : 1) * sizeof(*w->ring));
    w->block = w->ring;
    w->block->used = 0;
    if (options->background) {
        pthread_mutex_init(&w->mutex, NULL);
        pthread_cond_init(&w->changed, NULL);
        /* Signals go to the thread that reads: it looks whether a stop was asked for. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        w->has_thread = pthread_create(&w->thread, NULL, write_blocks, w) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (options->bom) {
        add(w, "\xEF\xBB\xBF", 3);
    }
    return w;
}

void csv_end_record(struct csv_writer *w)
{
    add(w, "\r\n", 2);
    w->in_record = false;
}

bool csv_failed(const struct csv_writer *w)
{
    return atomic_load(&w->error_number) != 0;
}

bool csv_finish(struct csv_writer *w)
{
    flush(w);
    end_thread(w);
    errno = 0;
    bool ended = write_bytes(w, "", 0, true);
    ended = fflush(w->file) == 0 && ended;
    int error_number = atomic_load(&w->error_number);
    if (!ended && error_number == 0) {
        error_number = errno == 0 ? EIO : errno;
    }
    csv_discard(w);
    errno = error_number;
    return error_number == 0;
}

void csv_discard(struct csv_writer *w)
{
    if (w != NULL) {
        end_thread(w);
        (void)deflateEnd(&w->z); /* harmless where nothing was begun */
        free(w->ring);
        free(w);
    }
}
