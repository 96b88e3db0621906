#include "out/render.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "io/json.h"
#include "out/table.h"

enum { NUMBER_BYTES = 40, INDENT = 2, WORDS_WIDTH = 79 };

/* db_next, unless a stop was asked for. */
static bool next_row(struct rows *q)
{
    if (q->ok && stop_requested()) {
        q->ok = err_set(q->e, ERR_STOPPED, "stopped by a signal");
    }
    return db_next(q);
}

static void render_table(struct rows *q, const struct rendering *to, size_t *count)
{
    bool has_head = to->format == RENDER_TABLE;
    int columns = db_column_count(q);
    struct table *t = table_new((size_t)columns, has_head);

    for (int i = 0; has_head && i < columns; i++) {
        table_str(t, db_column_name(q, i));
    }
    for (; next_row(q); (*count)++) {
        for (int i = 0; i < columns; i++) {
            struct cell c = db_cell(q, i, NULL);
            table_cell(t, &c);
        }
    }
    if (q->ok) {
        table_print(t, to->width, to->out);
    }
    table_free(t);
}

void render_record(const struct rows *q, struct csv_writer *w)
{
    int columns = db_column_count(q);

    for (int i = 0; i < columns; i++) {
        struct cell c = db_cell(q, i, NULL);
        csv_cell(w, &c);
    }
    csv_end_record(w);
}

void render_names(const struct rows *q, struct csv_writer *w)
{
    for (int i = 0; i < db_column_count(q); i++) {
        const char *name = db_column_name(q, i);
        csv_text(w, name, strlen(name));
    }
    csv_end_record(w);
}

static void render_csv(struct rows *q, FILE *out, size_t *count)
{
    const struct csv_options options = {.escape = isatty(fileno(out)) == 1};
    struct csv_writer *w = csv_new(out, &options);

    render_names(q, w);
    for (; next_row(q) && !csv_failed(w); (*count)++) {
        render_record(q, w);
    }
    bool written = csv_finish(w);
    if (q->ok && !written) {
        q->ok = err_set(q->e, ERR_STORE, "cannot write the output: %s", strerror(errno));
    }
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* The fewest digits that read back as the same number; JSON has no form for those that are none. */
static void add_real(struct buf *line, double value)
{
    char text[NUMBER_BYTES];

    if (!isfinite(value)) {
        buf_add_str(line, "null");
        return;
    }
    (void)snprintf(text, sizeof(text), "%.15g", value);
    if (strtod(text, NULL) != value) {
        (void)snprintf(text, sizeof(text), "%.17g", value);
    }
    buf_add_str(line, text);
}

static void add_value(struct buf *line, const struct cell *c)
{
    switch (c->type) {
    case CELL_INT:
        buf_add_printf(line, "%lld", (long long)c->value.integer);
        break;
    case CELL_REAL:
        add_real(line, c->value.real);
        break;
    case CELL_TEXT:
        json_quote(line, c->value.text, c->length);
        break;
    case CELL_NULL:
        buf_add_str(line, "null");
        break;
    }
}

static void render_json(struct rows *q, FILE *out, size_t *count)
{
    int columns = db_column_count(q);
    struct buf line;

    buf_init(&line, SIZE_MAX);
    (void)fputc('[', out);
    for (; next_row(q) && !ferror(out); (*count)++) {
        buf_cut(&line, 0);
        buf_add_str(&line, *count > 0 ? ",\n  {" : "\n  {");
        for (int i = 0; i < columns; i++) {
            const char *name = db_column_name(q, i);
            struct cell c = db_cell(q, i, NULL);

            buf_add_str(&line, i > 0 ? ", " : "");
            json_quote(&line, name, strlen(name));
            buf_add_str(&line, ": ");
            add_value(&line, &c);
        }
        buf_add_char(&line, '}');
        (void)fwrite(line.data, 1, line.length, out);
    }
    if (q->ok) { /* what was cut off must not look whole */
        (void)fputs(*count > 0 ? "\n]\n" : "]\n", out);
    }
    buf_free(&line);
}

/* Behind the closing quote of the string that begins at `at`. */
static const char *after_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        at += *at == '\\';
    }
    return at + 1;
}

/* True when the object or array that begins at `at` holds no other. */
static bool is_flat(const char *at)
{
    at++;
    while (!strchr("{[]}", *at)) {
        at = *at == '"' ? after_string(at) : at + 1;
    }
    return *at == ']' || *at == '}';
}

/* Bytes that are no UTF-8 (a path may hold them) become replacement characters; what must not reach
 * a terminal is escaped as JSON does it. */
static void put_string(const char *text, const char *end, FILE *out)
{
    while (text < end) {
        uint32_t code;
        size_t bytes = utf8_next(text, (size_t)(end - text), &code);

        if (bytes > 0 && utf8_is_unsafe(code)) {
            (void)fprintf(out, "\\u%04x", (unsigned)code);
        } else if (bytes > 0) {
            (void)fwrite(text, 1, bytes, out);
        } else {
            (void)fputs("\xef\xbf\xbd", out);
        }
        text += bytes > 0 ? bytes : 1;
    }
}

/* Sets out a compact document over lines. */
static void put_document(const char *at, FILE *out)
{
    int depth = 0;
    bool flat = false; /* the object or array that is open stays on one line */

    while (*at) {
        const char *end = *at == '"' ? after_string(at) : at + 1;
        bool opens = *at == '{' || *at == '[';
        bool closes = *at == '}' || *at == ']';

        depth -= closes;
        if (closes && !flat) {
            (void)fprintf(out, "\n%*s", depth * INDENT, "");
        }
        put_string(at, end, out);
        flat = opens ? depth > 0 && is_flat(at) : flat && !closes;
        depth += opens;
        if ((opens || *at == ',') && !flat) {
            (void)fprintf(out, "\n%*s", depth * INDENT, "");
        } else if (*at == ':' || *at == ',') {
            (void)fputc(' ', out);
        }
        at = end;
    }
    (void)fputc('\n', out);
}

/* --- words ------------------------------------------------------------------------------------ */

void render_words(FILE *out, const char *text, int indent, int at)
{
    bool first = true; /* of its line */

    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        int length = (int)strcspn(text, " ");

        if (!first && at + 1 + length > WORDS_WIDTH) {
            (void)fputc('\n', out);
            at = 0;
            first = true;
        }
        int blanks = first ? (at < indent ? indent - at : 0) : 1;
        (void)fprintf(out, "%*s%.*s", blanks, "", length, text);
        at += blanks + length;
        text += length;
        first = false;
    }
    (void)fputc('\n', out);
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool check_written(FILE *out, struct err *e)
{
    return !ferror(out) ||
           err_set(e, ERR_STORE,
                   "cannot write the output: the disk is full or the reader went away");
}

bool render_rows(struct rows *q, const struct rendering *to, size_t *count)
{
    *count = 0;
    if (!q->ok) {
        return false;
    }
    switch (to->format) {
    case RENDER_CSV:
        render_csv(q, to->out, count);
        break;
    case RENDER_JSON:
        render_json(q, to->out, count);
        break;
    default:
        render_table(q, to, count);
    }
    q->ok = q->ok && check_written(to->out, q->e);
    return q->ok;
}

bool render_query(struct db *d, struct err *e, const char *sql, const struct db_value *v, size_t n,
                  const struct rendering *to)
{
    struct rows q = db_ask_values(d, e, sql, v, n);
    size_t count = 0;

    (void)render_rows(&q, to, &count);
    return db_end(&q);
}

bool render_document(struct db *d, struct err *e, const char *sql, const struct db_value *v,
                     size_t n, FILE *out)
{
    struct rows q = db_ask_values(d, e, sql, v, n);

    if (db_next(&q)) {
        put_document(db_text(&q, 0), out);
    }
    return db_end(&q) && check_written(out, e);
}
