#include "out/out.h"

#include <ctype.h>
#include <math.h>

#include "base/clock.h"
#include "base/stop.h"
#include "base/str.h"
#include "etl/words.h"
#include "io/embedded.h"
#include "out/query.h"
#include "sql.h"

/* --- what is on the page --------------------------------------------------------------------- */

/* A part of the page (report_sections): the rows that a statement makes of what the query answers,
 * as a table and a picture. */
struct section {
    const char *title;
    const char *text;
    const char *query;
    const char *statement; /* its name without report_ */
    char picture;          /* its first letter */
    const char *nothing;   /* said where there is no row */
};

/* What the page is of (report_range); the first ones by names that parameters of queries have. */
enum {
    GIVEN_FROM,
    GIVEN_TO,
    GIVEN_SINCE,
    GIVEN_QUEUE,
    GIVEN_WORDS,
    GIVEN_QUOTED = GIVEN_WORDS,
    GIVEN_TITLE,
    GIVEN_COUNT
};
static const char *const given_words[GIVEN_WORDS] = {"from", "to", "since", "queue"};

enum { ANSWERS_MOST = 24 };

/* A page while it is written. */
struct page {
    FILE *out;
    struct db *db;
    struct arena *arena;
    struct err *e;
    const char *given[GIVEN_COUNT]; /* NULL: not given */
    bool one_day;
    const char
        *answers[ANSWERS_MOST]; /* the command lines of what is kept in tables report_answer_N */
    int answer_count;
};

/* Rows that are shown, with what their columns' names say. */
struct column {
    const char *head;
    char kind;
    int series; /* from 1; 0: not in the picture */
};

struct rows_shown {
    struct column *columns;
    size_t width;
    struct cell *cells;
    size_t count;
    char kind;      /* of the series */
    double highest; /* value of a series */
    double sum;     /* the highest of a row's series */
};

/* --- text and numbers ------------------------------------------------------------------------ */

/* Writes a text that may hold anything: what is unsafe on a terminal is escaped as there. */
static void put_string(FILE *out, const char *text)
{
    BUF_SCOPED struct buf safe = buf_of(SIZE_MAX);

    (void)str_escape(&safe, text, strlen(text));
    for (const char *at = buf_str(&safe); *at; at++) {
        static const char special[] = "&<>\"'";
        static const char *const written[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
        const char *found = strchr(special, *at);

        if (found) {
            (void)fputs(written[found - special], out);
        } else {
            (void)fputc(*at, out);
        }
    }
}

static bool is_heat(const struct column *c)
{
    return tolower(c->kind) == 's';
}

/* The class of a column's cells: texts, days and times, shades, numbers. */
static char class_of(const struct column *c)
{
    return strchr("xd", c->kind) ? c->kind : c->kind == 'S' ? 'h' : c->kind == 's' ? 'c' : 'n';
}

/* NAN for what is none. */
static double number_of(const struct cell *c)
{
    double real = c->type == CELL_REAL ? c->value.real : NAN;

    return c->type == CELL_INT ? (double)c->value.integer : real;
}

/* Writes a count with commas between thousands. */
static void put_count(FILE *out, double value)
{
    char digits[32];
    int length = snprintf(digits, sizeof(digits), "%.0f", fabs(value));

    (void)fputs(value <= -0.5 ? "\u2212" : "", out);
    for (int i = 0; i < length; i++) {
        (void)fprintf(out, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
    }
}

static void put_number(FILE *out, char kind, double value)
{
    long long seconds = isfinite(value) ? llround(value) : 0;

    if (!isfinite(value)) {
        (void)fputs("\u2013", out);
    } else if (kind == 'p') {
        (void)fprintf(out, "%.1f%%", value);
    } else if (kind == 't' && seconds >= 3600) {
        (void)fprintf(out, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    } else if (kind == 't') {
        (void)fprintf(out, "%lld:%02lld", seconds / 60, seconds % 60);
    } else if (kind == 'v' && value != floor(value)) {
        (void)fprintf(out, "%.1f", value);
    } else {
        put_count(out, value);
    }
}

static const struct cell *cell_at(const struct rows_shown *t, size_t row, size_t column)
{
    return &t->cells[row * t->width + column];
}

/* A cell's text, which ends in a NUL; "" for what is none. */
static const char *text_of(const struct cell *c)
{
    return c->type == CELL_TEXT ? c->value.text : "";
}

/* Writes a cell as a text; one that holds nothing is a dash. */
static void put_cell(FILE *out, const struct column *column, const struct cell *c)
{
    if (c->type == CELL_TEXT) {
        (void)fputs("<bdi>", out);
        put_string(out, c->value.text);
        (void)fputs("</bdi>", out);
    } else {
        put_number(out, column->kind, number_of(c));
    }
}

/* --- pictures -------------------------------------------------------------------------------- */

enum { TOP = 10, BASE = 250, LABEL = 268, HEIGHT = 276 }; /* of a plot, pixels */
enum { LINES = 4, PERCENT = 100 };

/* A round number LINES times which reach to `most`; of times round in minutes and hours. */
static double round_step(char kind, double most)
{
    static const double times[] = {1, 2, 5, 10, 15, 30, 60};
    double base = kind == 't' ? 60 : 10;
    double power = fmax(1, pow(base, floor(log(most / LINES) / log(base))));
    size_t i = 0;

    while (i + 1 < COUNT_OF(times) && times[i] * power * LINES < most) {
        i++;
    }
    return kind == 'p' ? (double)PERCENT / LINES : times[i] * power;
}

/* What a row's picture says when it is pointed at: its name, and each series. */
static void put_title(FILE *out, const struct rows_shown *t, size_t row)
{
    const char *between = ": ";

    (void)fputs("<title>", out);
    put_string(out, text_of(cell_at(t, row, 0)));
    for (size_t i = 1; i < t->width; i++) {
        if (t->columns[i].series > 0) {
            (void)fprintf(out, "%s%s ", between, t->columns[i].head);
            put_number(out, t->columns[i].kind, number_of(cell_at(t, row, i)));
            between = ", ";
        }
    }
    (void)fputs("</title>", out);
}

/* Lines across a plot at round numbers, up to `top`. */
static void put_grid(FILE *out, char kind, double step, double top)
{
    for (int i = 0; i * step <= top * 1.0001; i++) {
        double y = BASE - (BASE - TOP) * i * step / top;
        (void)fprintf(out,
                      "<line class=grid x1=0 x2=100%% y1=%.1f y2=%.1f />"
                      "<text x=-6 y=%.1f text-anchor=end>",
                      y, y, y + 4);
        put_number(out, kind == 'p' ? 'n' : kind, i * step);
        (void)fputs(kind == 'p' ? "%</text>\n" : "</text>\n", out);
    }
}

/* Under a plot, as many rows' names as there is room for, on a narrow screen fewer. */
static void put_ticks(FILE *out, const struct rows_shown *t)
{
    enum { WIDE = 620, NARROW = 270, PER_LETTER = 7, BETWEEN = 14 };
    size_t room = cell_at(t, 0, 0)->length * PER_LETTER + BETWEEN;
    size_t every = (t->count * room + WIDE - 1) / WIDE;
    size_t narrow = (t->count * room + every * NARROW - 1) / (every * NARROW);

    every = every == 3 ? 4 : every;
    for (size_t row = 0; row < t->count; row += every) {
        (void)fprintf(out, "<text%s x=%.2f%% y=%d text-anchor=middle>",
                      row / every % narrow == 0 ? "" : " class=wide",
                      (double)PERCENT * ((double)row + 0.5) / (double)t->count, LABEL);
        put_string(out, text_of(cell_at(t, row, 0)));
        (void)fputs("</text>\n", out);
    }
}

/* A row's values in a plot: parts of a column one upon the other, or points joined to the row
 * before. */
static void put_marks(FILE *out, const struct rows_shown *t, size_t row, bool lines, double top)
{
    double slot = (double)PERCENT / (double)t->count;
    double x = slot * (double)row;
    double height = BASE - TOP;
    double below = 0;

    for (size_t i = 0; i < t->width; i++) {
        double value = number_of(cell_at(t, row, i));
        double before = row > 0 ? number_of(cell_at(t, row - 1, i)) : NAN;
        int series = t->columns[i].series;

        if (series == 0 || !isfinite(value)) {
            continue;
        }
        if (lines && isfinite(before)) {
            (void)fprintf(out, "<line class=s%d x1=%.2f%% x2=%.2f%% y1=%.1f y2=%.1f />", series,
                          x - slot / 2, x + slot / 2, BASE - height * before / top,
                          BASE - height * value / top);
        }
        if (lines) {
            (void)fprintf(out, "<circle class=s%d cx=%.2f%% cy=%.1f r=2.5 />", series, x + slot / 2,
                          BASE - height * value / top);
        } else if (value > 0) {
            (void)fprintf(out, "<rect class=s%d x=%.2f%% width=%.2f%% y=%.1f height=%.1f />",
                          series, x + slot * 0.1, slot * 0.8, BASE - height * (below + value) / top,
                          height * value / top);
            below += value;
        }
    }
}

static void put_plot(FILE *out, const struct rows_shown *t, const struct section *s)
{
    bool lines = s->picture == 'l';
    double most = fmax(lines ? t->highest : t->sum, t->kind == 'p' ? PERCENT : 1);
    double step = round_step(t->kind, most);
    double top = step * ceil(most / step);

    (void)fprintf(out, "<figure><svg role=img aria-label=\"%s\" height=%d>\n", s->title, HEIGHT);
    put_grid(out, t->kind, step, top);
    put_ticks(out, t);
    for (size_t row = 0; row < t->count; row++) {
        (void)fputs("<g>", out);
        put_title(out, t, row);
        put_marks(out, t, row, lines, top);
        (void)fprintf(out,
                      "<rect class=hit x=%.2f%% width=%.2f%% y=%d height=%d />"
                      "</g>\n",
                      (double)PERCENT * (double)row / (double)t->count,
                      (double)PERCENT / (double)t->count, TOP, BASE - TOP);
    }
    (void)fputs("</svg></figure>\n", out);
}

/* The bar of a row: its series one behind the other. */
static void put_bar(FILE *out, const struct rows_shown *t, size_t row)
{
    double most = fmax(t->sum, t->kind == 'p' ? PERCENT : 0);
    double x = 0;

    (void)fputs("<td class=pic><svg aria-hidden=true><g>", out);
    put_title(out, t, row);
    for (size_t i = 0; i < t->width; i++) {
        double value = number_of(cell_at(t, row, i));

        if (t->columns[i].series > 0 && value > 0) {
            double width = PERCENT * value / most;
            (void)fprintf(out, "<rect class=s%d x=%.2f%% width=%.2f%% height=100%% />",
                          t->columns[i].series, x, width);
            x += width;
        }
    }
    (void)fputs("</g></svg></td>", out);
}

/* The shades of half-hours (report_days and its like): of percents and of counts. */
static const char *const shades[][2] = {{"below 50%", "few"},
                                        {"from 50%", ""},
                                        {"from 70%", ""},
                                        {"from 85%", ""},
                                        {"from 95%", "many"}};

/* The half-hours of a row, each in its shade. */
static void put_heat(FILE *out, const struct rows_shown *t, size_t row, size_t column)
{
    const struct column *of = &t->columns[column];

    (void)fprintf(out, "<td class=%c><svg role=img aria-label=\"", class_of(of));
    put_string(out, text_of(cell_at(t, row, 0)));
    (void)fprintf(out, ": %s\"><rect class=none width=100%% height=100%% />%s</svg></td>", of->head,
                  text_of(cell_at(t, row, column)));
}

static void put_swatch(FILE *out, char class, int number, const char *text)
{
    (void)fprintf(out,
                  "<li><svg aria-hidden=true><rect class=%c%d width=11 height=11 /></svg>%s</li>",
                  class, number, text);
}

/* What the colours say. */
static void put_key(FILE *out, const struct rows_shown *t)
{
    (void)fputs("<ul class=key>", out);
    for (size_t i = 0; i < t->width; i++) {
        const struct column *c = &t->columns[i];

        if (c->series > 0) {
            put_swatch(out, 's', c->series, c->head);
        }
        for (int n = 0; is_heat(c) && n < (int)COUNT_OF(shades); n++) {
            put_swatch(out, class_of(c), n + 1, shades[n][c->kind == 's']);
        }
    }
    (void)fputs("</ul>\n", out);
}

/* --- tables ---------------------------------------------------------------------------------- */

/* Hours over the half-hours below. */
static const char hours[] =
    "<svg aria-hidden=true><text x=0 y=11>00</text><text x=25% y=11>06</text>"
    "<text x=50% y=11>12</text><text x=75% y=11>18</text></svg>";

/* The one table: a row's bar stands behind its texts. */
static void put_table(FILE *out, const struct rows_shown *t, const struct section *s)
{
    bool bars = s->picture == 'b';
    size_t bar = 0;

    while (bar < t->width && strchr("xd", t->columns[bar].kind)) {
        bar++;
    }
    (void)fputs("<table><thead><tr>", out);
    for (size_t i = 0; i < t->width; i++) {
        const struct column *c = &t->columns[i];

        (void)fputs(bars && i == bar ? "<td class=pic></td>" : "", out);
        (void)fprintf(out, "<th scope=col class=%c>%s%s</th>", class_of(c), c->head,
                      is_heat(c) ? hours : "");
    }
    (void)fputs("</tr></thead><tbody>\n", out);
    for (size_t row = 0; row < t->count; row++) {
        (void)fputs("<tr>", out);
        for (size_t i = 0; i < t->width; i++) {
            const struct column *c = &t->columns[i];
            const char *tag = i == 0 ? "th scope=row" : "td";

            if (bars && i == bar) {
                put_bar(out, t, row);
            }
            if (is_heat(c)) {
                put_heat(out, t, row, i);
                continue;
            }
            (void)fprintf(out, "<%s class=%c>", tag, class_of(c));
            put_cell(out, c, cell_at(t, row, i));
            (void)fprintf(out, "</%.2s>", tag);
        }
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody></table>", out);
}

/* The one row's cells below their names. */
static void put_list(FILE *out, const struct rows_shown *t, const char *class)
{
    (void)fprintf(out, "<dl class=%s>", class);
    for (size_t i = 0; i < t->width; i++) {
        (void)fprintf(out, "<div><dt>%s</dt><dd>", t->columns[i].head);
        put_cell(out, &t->columns[i], cell_at(t, 0, i));
        (void)fputs("</dd></div>", out);
    }
    (void)fputs("</dl>\n", out);
}

/* What is to be known before any figure: how it is, in a word, and in words. */
static void put_items(FILE *out, const struct rows_shown *t)
{
    (void)fputs("<ul class=state>\n", out);
    for (size_t row = 0; row < t->count; row++) {
        (void)fprintf(out, "<li class=%s><b>%s.</b> ", text_of(cell_at(t, row, 0)),
                      text_of(cell_at(t, row, 1)));
        put_string(out, text_of(cell_at(t, row, 2)));
        (void)fputs("</li>\n", out);
    }
    (void)fputs("</ul>\n", out);
}

/* --- answers --------------------------------------------------------------------------------- */

/* Fills the values of the query's parameters that the page has, and the command line that asks the
 * same. */
static bool arguments_of(struct page *p, const struct query *q, struct db_value *values,
                         size_t *count, const char **line)
{
    *count = 0;
    *line = arena_printf(p->arena, "rollcall query %s", q->name);
    for (size_t i = 0; i < q->param_count; i++) {
        const char *name = q->params[i].name;
        size_t g = 0;

        while (g < GIVEN_WORDS && !str_eq(given_words[g], name)) {
            g++;
        }
        if (g == GIVEN_WORDS || !p->given[g]) {
            continue;
        }
        const char *word = arena_printf(p->arena, "%s=%s", name, p->given[g]);
        if (!query_value(p->db, q, p->arena, word, &values[(*count)++], p->e)) {
            return false;
        }
        *line = arena_printf(p->arena, "%s %s=%s", *line, name,
                             p->given[g == GIVEN_QUEUE ? GIVEN_QUOTED : g]);
    }
    return true;
}

/* The template, of what is kept as the n-th answer. */
static const char *filled(struct page *p, const char *template, int n, const char *query)
{
    struct words w = {.arena = p->arena};

    words_add(&w, "answer", "report_answer_%d", n);
    words_add(&w, "query", "%s", query);
    words_add(&w, "time", "%s", p->one_day ? "Half-hour" : "Day");
    words_add(&w, "point", "%s", p->one_day ? "substr(a.utc_start, 1, 16)" : "a.day");
    return words_fill(&w, template);
}

/* Has the query's rows in a table, asked once a page; its place among the answers, or -1. */
static int answer_to(struct page *p, const char *name)
{
    const struct query *q = query_find(p->arena, name, p->e);
    struct db_value values[GIVEN_WORDS];
    size_t count = 0;
    const char *line = "";

    if (!q || !arguments_of(p, q, values, &count, &line)) {
        return -1;
    }
    int n = 0;
    while (n < p->answer_count && !str_eq(p->answers[n], line)) {
        n++;
    }
    INVARIANT(n < ANSWERS_MOST);
    if (n == p->answer_count) {
        const char *keep = filled(p, sql_report_keep, n, q->sql);
        if (!db_do_values(p->db, p->e, keep, values, count)) {
            return -1;
        }
        db_forget(p->db, keep);
        p->answers[p->answer_count++] = line;
    }
    return n;
}

/* Reads the columns' names, "HEAD|KIND[SERIES]". */
static void read_columns(const struct rows *q, struct rows_shown *t, struct arena *a)
{
    t->width = (size_t)db_column_count(q);
    t->columns = arena_array(a, t->width, sizeof(*t->columns));
    for (size_t i = 0; i < t->width; i++) {
        const char *name = db_column_name(q, (int)i);
        size_t length = strcspn(name, "|");

        INVARIANT(name[length] == '|');
        t->columns[i] = (struct column){
            .head = arena_strndup(a, name, length),
            .kind = name[length + 1],
            .series = name[length + 2] ? name[length + 2] - '0' : 0,
        };
    }
}

/* Reads a row's cells, and how large its values are. */
static void read_row(const struct rows *q, struct rows_shown *t, struct arena *a)
{
    struct cell *cells = &t->cells[t->count++ * t->width];
    double sum = 0;

    for (size_t i = 0; i < t->width; i++) {
        struct column *c = &t->columns[i];
        cells[i] = db_cell(q, (int)i, a);
        double value = number_of(&cells[i]);

        if (c->series > 0 && isfinite(value)) {
            t->kind = c->kind;
            t->highest = fmax(t->highest, value);
            sum += value;
        }
    }
    t->sum = fmax(t->sum, sum);
}

/* Reads what a statement over an answer makes of it. */
static bool read_rows(struct page *p, const char *template, int answer, struct rows_shown *t)
{
    const char *sql = filled(p, template, answer, "");
    struct rows q = db_ask(p->db, p->e, sql, NONE);
    size_t room = 0;

    read_columns(&q, t, p->arena);
    while (db_next(&q)) {
        if (t->count == room) {
            room = room > 0 ? room * 2 : 64;
            t->cells = xrealloc(t->cells, room * t->width * sizeof(*t->cells));
        }
        read_row(&q, t, p->arena);
    }
    bool done = db_end(&q);
    db_forget(p->db, sql);
    return done;
}

/* --- the page -------------------------------------------------------------------------------- */

static void put_rows(struct page *p, const struct section *s, const struct rows_shown *t,
                     size_t number)
{
    bool plot = s->picture == 's' || s->picture == 'l';

    if (s->picture == 't' || s->picture == 'w') {
        put_list(p->out, t, s->picture == 't' ? "tiles" : "words");
        return;
    }
    if (s->picture == 'i') {
        put_items(p->out, t);
        return;
    }
    put_key(p->out, t);
    (void)fprintf(p->out, "<div class=\"pair %s\">\n", plot ? "plot" : "rows");
    if (plot) {
        put_plot(p->out, t, s);
    }
    (void)fprintf(p->out,
                  "<div class=box role=region aria-labelledby=part-%zu "
                  "tabindex=0>",
                  number);
    put_table(p->out, t, s);
    (void)fputs("</div>\n</div>\n", p->out);
}

/* The statement that a section names. */
static const char *statement_of(const struct section *s)
{
    for (size_t i = 0; i < sql_statement_count; i++) {
        const char *name = sql_statements[i].name;
        if (str_starts_with(name, "report_") && str_eq(name + strlen("report_"), s->statement)) {
            return sql_statements[i].text;
        }
    }
    INVARIANT(false);
    return NULL;
}

static bool put_section(struct page *p, const struct section *s, size_t number)
{
    int answer = s->query ? answer_to(p, s->query) : 0;
    struct rows_shown t = {.kind = 'n'};
    bool done = answer >= 0 && read_rows(p, statement_of(s), answer, &t);

    (void)fputs("<section>\n", p->out);
    if (done && s->title) {
        (void)fprintf(p->out, "<h2 id=part-%zu>%s</h2>\n<p class=soft>%s%s</p>\n", number, s->title,
                      t.count > 0 ? s->text : s->nothing,
                      p->given[GIVEN_QUEUE] && s->query && !strstr(p->answers[answer], " queue=")
                          ? " (Of all queues.)"
                          : "");
    }
    if (done && t.count > 0) {
        put_rows(p, s, &t, number);
    }
    if (done && s->query) {
        (void)fputs("<p class=how><code>", p->out);
        put_string(p->out, p->answers[answer]);
        (void)fputs("</code></p>\n", p->out);
    }
    (void)fputs("</section>\n", p->out);
    free(t.cells);
    return done;
}

static void put_head(struct page *p, const char *zone)
{
    const char *title = p->given[GIVEN_TITLE];
    char now[CLOCK_ISO_BYTES];

    (void)fprintf(p->out,
                  "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'\">\n<title>%s</title>\n<style>\n%s</style>\n</head>\n"
                  "<body>\n<header>\n<h1>%s</h1>\n<p class=soft>",
                  title, embedded_styles[0].text, title);
    if (p->given[GIVEN_QUEUE]) {
        (void)fputs("Queue <bdi>", p->out);
        put_string(p->out, p->given[GIVEN_QUEUE]);
        (void)fputs("</bdi>. ", p->out);
    }
    (void)fprintf(p->out,
                  "Business days of the time zone %s. Made at %.16sZ by rollcall %s.</p>\n"
                  "</header>\n<main>\n",
                  zone, clock_format(clock_now_ms(), now), ROLLCALL_VERSION);
}

static bool put_page(struct page *p, const char *zone)
{
    bool done = true;

    put_head(p, zone);
    struct rows q = db_ask(p->db, p->e, sql_report_sections, I(p->one_day));
    for (size_t i = 0; done && db_next(&q); i++) {
        const struct section s = {db_text(&q, 0), db_text(&q, 1),  db_text(&q, 2),
                                  db_text(&q, 3), *db_text(&q, 4), db_text(&q, 5)};
        done = stop_requested() ? err_set(p->e, ERR_STOPPED, "stopped by a signal")
                                : put_section(p, &s, i);
    }
    (void)fputs("</main>\n</body>\n</html>\n", p->out);
    return db_end(&q) && done;
}

bool report_write(struct db *d, const struct config *c, const struct report_request *r,
                  const char *path, struct arena *a, struct err *e)
{
    struct page p = {.db = d, .arena = a, .e = e};
    ASIDE_SCOPED struct file_aside file = {0};
    char yesterday[CLOCK_DAY_BYTES];

    (void)clock_format_day(clock_zone_day(clock_now_ms()) - 1, yesterday);
    if (!db_begin_read(d, e)) {
        return false;
    }
    struct rows q = db_ask(d, e, sql_report_range, S(r->day), S(r->week), S(r->from), S(r->to),
                           S(yesterday), S(r->queue));
    bool done = db_texts(q, a, p.given, GIVEN_COUNT) &&
                db_do(d, e, sql_report_time, S(p.given[GIVEN_FROM]), S(p.given[GIVEN_TO])) &&
                out_open(d, "report", path, (uint32_t)c->export_mode, &file, e);
    p.one_day = str_eq(p.given[GIVEN_FROM], p.given[GIVEN_TO]);
    if (done) {
        p.out = file.stream;
        done = put_page(&p, c->timezone) && file_aside_commit(&file, e);
    }
    db_rollback(d);
    return done;
}
