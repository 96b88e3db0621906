#include "out/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

enum {
    GAP = 2,              /* blanks between columns */
    NARROWEST = 10,       /* no text column is cut below this */
    MARK_WIDTH = 2,       /* of the ".." that ends a cut text */
    DEFAULT_COLUMNS = 80, /* of a terminal that does not say */
    MAX_COLUMNS = 100000,
    NUMBER_BYTES = 40,
};

struct field {
    const char *text; /* escaped */
    size_t length;
    size_t width; /* in terminal columns */
    bool is_number;
};

struct table {
    struct arena *arena;
    size_t columns;
    bool has_head;
    struct field *fields;
    size_t count;
    size_t capacity;
};

struct range {
    uint32_t first;
    uint32_t last;
};

/* East Asian wide and full-width characters, and emoji, after Unicode's EastAsianWidth. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe4f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

/* Marks that combine with the character before them. */
static const struct range combining[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},
    {0x20d0, 0x20ff}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count && code >= ranges[i].first; i++) {
        if (code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static size_t char_width(uint32_t code)
{
    if (is_in(combining, COUNT_OF(combining), code)) {
        return 0;
    }
    return is_in(wide, COUNT_OF(wide), code) ? 2 : 1;
}

/* Terminal columns of a text, as far as fits into `limit`; *bytes receives how much that is. */
static size_t text_width(const char *text, size_t length, size_t limit, size_t *bytes)
{
    size_t width = 0;
    size_t at = 0;

    while (at < length) {
        uint32_t code = 0;
        size_t step = utf8_next(text + at, length - at, &code);
        size_t more = step > 0 ? char_width(code) : 1;

        if (width + more > limit) {
            break;
        }
        width += more;
        at += step > 0 ? step : 1;
    }
    *bytes = at;
    return width;
}

struct table *table_new(size_t columns, bool has_head)
{
    struct table *t = xcalloc(1, sizeof(*t));

    t->arena = arena_new(0);
    t->columns = columns;
    t->has_head = has_head;
    return t;
}

void table_free(struct table *t)
{
    arena_free(t->arena);
    free(t->fields);
    free(t);
}

static void add_field(struct table *t, const char *text, size_t length, bool is_number)
{
    struct buf escaped;
    size_t bytes = 0;

    buf_init(&escaped, SIZE_MAX);
    (void)str_escape(&escaped, text, length);
    if (t->count == t->capacity) {
        t->capacity = t->capacity > 0 ? t->capacity * 2 : 128;
        t->fields = xrealloc(t->fields, t->capacity * sizeof(*t->fields));
    }
    t->fields[t->count++] = (struct field){
        .text = arena_strndup(t->arena, buf_str(&escaped), escaped.length),
        .length = escaped.length,
        .width = text_width(buf_str(&escaped), escaped.length, SIZE_MAX, &bytes),
        .is_number = is_number,
    };
    buf_free(&escaped);
}

void table_str(struct table *t, const char *text)
{
    add_field(t, text ? text : "", text ? strlen(text) : 0, false);
}

void table_cell(struct table *t, const struct cell *c)
{
    char text[NUMBER_BYTES];
    int length = 0;

    switch (c->type) {
    case CELL_INT:
        length = snprintf(text, sizeof(text), "%lld", (long long)c->value.integer);
        add_field(t, text, (size_t)length, true);
        break;
    case CELL_REAL:
        length = snprintf(text, sizeof(text), "%.10g", c->value.real);
        add_field(t, text, (size_t)length, true);
        break;
    case CELL_TEXT:
        add_field(t, c->value.text, c->length, false);
        break;
    case CELL_NULL:
        add_field(t, "", 0, false);
        break;
    }
}

/* A column: how wide it is set, and to which side. */
struct layout {
    size_t width;
    bool numbers; /* numbers or nothing but for the head */
};

static void measure(const struct table *t, struct layout *layout)
{
    size_t whole = t->count / t->columns * t->columns;

    for (size_t i = 0; i < whole; i++) {
        struct layout *column = &layout[i % t->columns];

        if (t->fields[i].width > column->width) {
            column->width = t->fields[i].width;
        }
        column->numbers = column->numbers || t->fields[i].is_number;
    }
    for (size_t i = t->has_head ? t->columns : 0; i < whole; i++) {
        if (!t->fields[i].is_number && t->fields[i].length > 0) {
            layout[i % t->columns].numbers = false;
        }
    }
}

/* Cuts the widest text column until the table fits, or no column can give way. */
static void fit(struct layout *layout, size_t columns, size_t width)
{
    size_t total = columns > 0 ? (columns - 1) * GAP : 0;

    for (size_t i = 0; i < columns; i++) {
        total += layout[i].width;
    }
    while (total > width) {
        struct layout *widest = NULL;

        for (size_t i = 0; i < columns; i++) {
            if (!layout[i].numbers && layout[i].width > NARROWEST &&
                (!widest || layout[i].width > widest->width)) {
                widest = &layout[i];
            }
        }
        if (!widest) {
            return;
        }
        widest->width--;
        total--;
    }
}

/* Prints a field after the blanks that are owed, and leaves owed what comes behind it: so no line
 * ends in blanks. */
static void print_field(const struct field *field, const struct layout *layout, int *blanks,
                        FILE *out)
{
    size_t bytes = field->length;
    size_t width = field->width;
    bool cut = width > layout->width;

    if (cut) {
        width = text_width(field->text, field->length, layout->width - MARK_WIDTH, &bytes);
        width += MARK_WIDTH;
    }
    int rest = (int)(layout->width - width);
    *blanks += layout->numbers ? rest : 0;
    if (width > 0) {
        (void)fprintf(out, "%*s", *blanks, "");
        *blanks = 0;
    }
    (void)fwrite(field->text, 1, bytes, out);
    (void)fputs(cut ? ".." : "", out);
    *blanks += (layout->numbers ? 0 : rest) + GAP;
}

void table_print(const struct table *t, int width, FILE *out)
{
    struct layout *layout = arena_array(t->arena, t->columns + 1, sizeof(*layout));
    size_t rows = t->count / t->columns;

    measure(t, layout);
    if (width > 0) {
        fit(layout, t->columns, (size_t)width);
    }
    for (size_t row = 0; row < rows; row++) {
        int blanks = 0;

        for (size_t i = 0; i < t->columns; i++) {
            print_field(&t->fields[row * t->columns + i], &layout[i], &blanks, out);
        }
        (void)fputc('\n', out);
    }
}

int table_terminal_width(FILE *file)
{
    const char *given = getenv("COLUMNS");
    struct winsize size = {0};
    int64_t columns = 0;

    if (isatty(fileno(file)) != 1) {
        return 0;
    }
    if (given && str_to_int64(given, 1, MAX_COLUMNS, &columns)) {
        return (int)columns;
    }
    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                          : DEFAULT_COLUMNS;
}
