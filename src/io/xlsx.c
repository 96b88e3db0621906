#include "io/xlsx.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <xlsxwriter.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    NARROWEST = 6,
    WIDEST = 60,
    MARGIN = 2,        /* beside the characters, for the cell's borders */
    NUMBER_WIDTH = 12, /* of most numbers */
    NUMBER_BYTES = 24,
    CELL_CHARACTERS = 32767, /* Excel's own limit */
    DAY_LENGTH = 10,
    EPOCH_SERIAL = 25569, /* 1970-01-01 as Excel counts days */
    FIRST_SERIAL = 61,    /* 1900-03-01: before it Excel's days are one off */
};
#define WHOLE_MOST (INT64_C(1) << 53) /* above, a double skips numbers */

/* How times of so many characters are shown. */
static const struct shape {
    uint32_t length;
    const char *format;
} shapes[] = {TIME_SHAPES};

struct xlsx_writer {
    struct arena *arena;
    const char *path;
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *bold;
    lxw_format *times[COUNT_OF(shapes)];
    uint8_t widths[LXW_COL_MAX]; /* of the columns, in characters */
    uint16_t column;             /* the next cell's */
    uint32_t row;
    lxw_error error; /* of the row; what is added to a full sheet is an error too */
    struct buf text;
};

struct xlsx_writer *xlsx_new(const struct file_aside *file)
{
    struct xlsx_writer *w = xcalloc(1, sizeof(*w));

    w->arena = arena_new(0);
    w->path = file->path;
    w->text = buf_of(SIZE_MAX);
    lxw_workbook_options options = {
        .constant_memory = 1, .tmpdir = file_directory(w->arena, file->path), .use_zip64 = 0};
    w->book = workbook_new_opt(file->aside_path, &options);
    w->sheet = w->book ? workbook_add_worksheet(w->book, NULL) : NULL;
    if (w->sheet) {
        worksheet_freeze_panes(w->sheet, 1, 0);
        w->bold = workbook_add_format(w->book);
        format_set_bold(w->bold);
    }
    for (size_t i = 0; w->sheet && i < COUNT_OF(shapes); i++) {
        w->times[i] = workbook_add_format(w->book);
        format_set_num_format(w->times[i], shapes[i].format);
    }
    return w;
}

/* Whether Excel would take what a text begins with (_x0041_) for a character by its number. */
static bool is_escape(const char *text, size_t length)
{
    return length >= 7 && strncmp(text, "_x", 2) == 0 && text[6] == '_' &&
           strspn(text + 2, "0123456789abcdefABCDEF") >= 4;
}

/* Makes a text one that XML can hold (what is no character becomes U+FFFD); its characters. */
static uint32_t take_text(struct buf *b, const char *text, size_t length)
{
    uint32_t characters = 0;

    buf_cut(b, 0);
    for (size_t at = 0; at < length; characters++) {
        uint32_t code = 0;
        size_t bytes = utf8_next(text + at, length - at, &code);

        if (bytes == 0 || code == 0 || code == 0xfffe || code == 0xffff) {
            buf_add_str(b, "\xef\xbf\xbd");
        } else if (is_escape(text + at, length - at)) {
            buf_add_str(b, "_x005F_");
        } else {
            buf_add(b, text + at, bytes);
        }
        at += bytes > 0 ? bytes : 1;
    }
    return characters;
}

/* The time that a text is, as Excel counts, and its format; false when it is none. */
static bool read_time(const struct xlsx_writer *w, const struct cell *c, double *serial,
                      lxw_format **format)
{
    char text[CLOCK_ISO_BYTES];
    int64_t ms = 0;

    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        if (c->length != shapes[i].length || !isdigit((unsigned char)c->value.text[0])) {
            continue;
        }
        memcpy(text, c->value.text, c->length);
        text[c->length] = '\0';
        if (c->length > DAY_LENGTH && text[DAY_LENGTH] == ' ') {
            text[DAY_LENGTH] = 'T';
        }
        *format = w->times[i];
        /* An offset would be a third clock beside UTC and business time. */
        bool parsed = !strpbrk(text + DAY_LENGTH, "+-") && clock_parse(text, true, &ms);
        *serial = (double)ms / MS_PER_DAY + EPOCH_SERIAL;
        return parsed && *serial >= FIRST_SERIAL;
    }
    return false;
}

/* Both return what the width of the cell is. */

static uint32_t put_text(struct xlsx_writer *w, const char *text, size_t length)
{
    uint32_t characters = take_text(&w->text, text, length);
    lxw_error error = worksheet_write_string(w->sheet, w->row, w->column, buf_str(&w->text),
                                             w->row == 0 ? w->bold : NULL);

    w->error = w->error ? w->error : error;
    return characters;
}

static uint32_t put_number(struct xlsx_writer *w, double number, lxw_format *format, uint32_t width)
{
    lxw_error error = worksheet_write_number(w->sheet, w->row, w->column, number, format);

    w->error = w->error ? w->error : error;
    return width;
}

static uint32_t put_cell(struct xlsx_writer *w, const struct cell *c)
{
    char digits[NUMBER_BYTES];
    double serial = 0;
    lxw_format *format = NULL;

    if (c->type == CELL_INT && llabs(c->value.integer) <= WHOLE_MOST) {
        return put_number(w, (double)c->value.integer, NULL, NUMBER_WIDTH);
    }
    if (c->type == CELL_INT) {
        int length = snprintf(digits, sizeof(digits), "%lld", (long long)c->value.integer);
        return put_text(w, digits, (size_t)length);
    }
    if (c->type == CELL_REAL) { /* there is no other form than that of a number */
        return isfinite(c->value.real) ? put_number(w, c->value.real, NULL, NUMBER_WIDTH) : 0;
    }
    if (c->type == CELL_TEXT && w->row > 0 && read_time(w, c, &serial, &format)) {
        return put_number(w, serial, format, c->length);
    }
    return c->type == CELL_TEXT ? put_text(w, c->value.text, c->length) : 0;
}

void xlsx_cell(struct xlsx_writer *w, struct cell c)
{
    uint32_t width = w->sheet ? put_cell(w, &c) : 0;

    width = width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
    if (w->column < LXW_COL_MAX && width > w->widths[w->column]) {
        w->widths[w->column] = (uint8_t)width;
    }
    w->column++;
}

bool xlsx_end_row(struct xlsx_writer *w, struct err *e)
{
    if (w->row >= LXW_ROW_MAX) {
        return err_set(e, ERR_USAGE,
                       "%s: more than %d rows, which a sheet of a workbook cannot hold; ask for "
                       "less, or use --csv",
                       w->path, LXW_ROW_MAX);
    }
    if (w->error == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED) {
        return err_set(e, ERR_USAGE,
                       "%s: row %u has a text of more than %d characters, which a cell of a "
                       "workbook cannot hold; use --csv",
                       w->path, w->row + 1, CELL_CHARACTERS);
    }
    w->row++;
    w->column = 0;
    return true;
}

bool xlsx_finish(struct xlsx_writer *w, bool wanted, struct err *e)
{
    FILE *rows = w->sheet ? w->sheet->optimize_tmpfile : NULL;
    bool done = !wanted;

    errno = 0;
    for (uint16_t i = 0; w->sheet && i < LXW_COL_MAX && w->widths[i] > 0; i++) {
        worksheet_set_column(w->sheet, i, i, w->widths[i] + MARGIN, NULL);
    }
    /* The library does not look whether the rows aside were written. */
    if (wanted && rows && fflush(rows) == 0 && !ferror(rows)) {
        done = workbook_close(w->book) == LXW_NO_ERROR; /* and frees it */
    } else {
        lxw_workbook_free(w->book);
    }
    if (!done) {
        (void)file_fail(e, "write", w->path, errno ? errno : EIO);
    }
    buf_free(&w->text);
    arena_free(w->arena);
    free(w);
    return done;
}
