#include "out/out.h"

#include <ctype.h>
#include <math.h>

#include "base/clock.h"
#include "base/str.h"
#include "etl/words.h"
#include "io/embedded.h"
#include "io/file.h"
#include "out/query.h"
#include "sql.h"

/* --- what is on the page --------------------------------------------------------------------- */

enum picture {
    PICTURE_NONE,
    PICTURE_TILES, /* the one row's figures, large */
    PICTURE_STACK, /* a column a row, of its series */
    PICTURE_LINE,  /* a line a series */
    PICTURE_BAR,   /* a bar in each row, of its series */
    PICTURE_HEAT,  /* half-hours of a day in each row */
};

/* A part of the page: the rows that `sql` makes of what the query answers, as a table and a
 * picture. */
static const struct section {
    const char *title;
    const char *text;
    const char *query;
    const char *query_of_days; /* in its place where the page has several days; NULL: the same */
    const char *arguments;     /* words, see arguments_of */
    const char *sql;
    enum picture picture;
    bool of_days;        /* left out of a single day */
    const char *nothing; /* said where there is no row */
} sections[] = {
    {"Adherence",
     "What was scheduled and done, by agent and half-hour, the least first; orange is low, blue is "
     "high. The vendor's own figure is by day: adherence_conformance.",
     "adherence_halfhour", NULL, "from to", sql_report_adherence, PICTURE_HEAT, false,
     "No schedule of these days with its adherence."},
    {"What this rests on", "How far each stream is read, of these days.", "freshness", NULL,
     "from to", sql_report_streams, PICTURE_NONE, false, "Nothing is read of these days."},
};

/* What the page is of: words that a section's arguments name. */
struct given {
    const char *name;
    const char *value; /* NULL: not given */
};

enum { GIVEN_FROM, GIVEN_TO, GIVEN_SINCE, GIVEN_QUEUE, GIVEN_COUNT };

enum { ANSWERS_MOST = 24, ARGUMENTS_MOST = 8 };

/* A page while it is written. */
struct page {
    FILE *out;
    struct db *db;
    struct arena *arena;
    struct err *e;
    struct given given[GIVEN_COUNT];
    bool one_day;
    struct {
        const char *line;  /* the command line that gives it */
        const char *table; /* of the connection's own, in which it is kept */
        bool of_all;       /* it knows no queue, and one was asked for */
    } answers[ANSWERS_MOST];
    size_t answer_count;
};

/* Rows that are shown, with what their columns' names say. */
struct column {
    const char *head;
    char kind;
    int series;  /* from 1; 0: not in the picture */
    double most; /* of half-hours: the largest */
};

struct rows_shown {
    struct column *columns;
    size_t width;
    struct cell *cells;
    size_t count;
};

/* --- text and numbers ------------------------------------------------------------------------ */

/* Writes a text that may hold anything: what is unsafe on a terminal is escaped as there. */
static void put_string(FILE *out, const char *text)
{
    struct buf safe;

    buf_init(&safe, SIZE_MAX);
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
    buf_free(&safe);
}

static bool is_heat(const struct column *c)
{
    return tolower(c->kind) == 's';
}

/* The class of a column's cells: texts, days and times, numbers. */
static char class_of(const struct column *c)
{
    return c->kind == 'x' || c->kind == 'd' ? c->kind : 'n';
}

/* NAN for what is none. */
static double number_of(const struct cell *c)
{
    return c->type == CELL_INT    ? (double)c->value.integer
           : c->type == CELL_REAL ? c->value.real
                                  : NAN;
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
    } else if (kind == 'p' || kind == 'S') {
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

/* The next half-hour in a text "number:value,..", whose beginning is moved on; -1 at its end. */
static long next_slot(const char **at, double *value)
{
    char *end;
    long slot = strtol(*at, &end, 10);

    if (*end != ':') {
        return -1;
    }
    *value = strtod(end + 1, &end);
    *at = end + (*end == ',');
    return slot;
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
enum { LINES = 4, SLOTS = 48, SHADES = 5, PERCENT = 100 };

/* The next round number that LINES steps of reach to `most`: round in seconds for times. */
static double round_step(char kind, double most)
{
    static const double seconds[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600};
    double least = most / LINES;

    for (size_t i = 0; kind == 't' && i < COUNT_OF(seconds); i++) {
        if (seconds[i] >= least) {
            return seconds[i];
        }
    }
    double power = pow(10, floor(log10(least)));
    for (int times = 1; times <= 5; times += times == 1 ? 1 : 3) {
        if (times * power >= least) {
            return kind == 'p' || times * power >= 1 ? times * power : 1;
        }
    }
    return 10 * power;
}

/* The largest sum, or where `single` the largest value, of a row's series; 100 for percents. */
static double largest(const struct rows_shown *t, bool single, char *kind)
{
    double most = 0;

    for (size_t row = 0; row < t->count; row++) {
        double sum = 0;
        for (size_t i = 0; i < t->width; i++) {
            double value = number_of(cell_at(t, row, i));

            if (t->columns[i].series > 0 && isfinite(value)) {
                sum = single ? value : sum + value;
                most = sum > most ? sum : most;
                *kind = t->columns[i].kind;
            }
        }
    }
    return *kind == 'p' && most < PERCENT ? PERCENT : most > 0 ? most : 1;
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
                      "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>"
                      "<text x=\"-6\" y=\"%.1f\" text-anchor=\"end\">",
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
        (void)fprintf(out, "<text%s x=\"%.2f%%\" y=\"%d\" text-anchor=\"middle\">",
                      row / every % narrow == 0 ? "" : " class=\"wide\"",
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
            (void)fprintf(
                out, "<line class=\"s%d\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" y2=\"%.1f\"/>",
                series, x - slot / 2, x + slot / 2, BASE - height * before / top,
                BASE - height * value / top);
        }
        if (lines) {
            (void)fprintf(out, "<circle class=\"s%d\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"2.5\"/>",
                          series, x + slot / 2, BASE - height * value / top);
        } else if (value > 0) {
            (void)fprintf(
                out,
                "<rect class=\"s%d\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%.1f\" height=\"%.1f\"/>",
                series, x + slot * 0.1, slot * 0.8, BASE - height * (below + value) / top,
                height * value / top);
            below += value;
        }
    }
}

static void put_plot(FILE *out, const struct rows_shown *t, const struct section *s)
{
    bool lines = s->picture == PICTURE_LINE;
    char kind = 'n';
    double most = largest(t, lines, &kind);
    double step = kind == 'p' ? (double)PERCENT / LINES : round_step(kind, most);
    double top = step * ceil(most / step);

    (void)fprintf(out, "<figure><svg role=\"img\" aria-label=\"%s\" height=\"%d\">\n", s->title,
                  HEIGHT);
    put_grid(out, kind, step, top);
    put_ticks(out, t);
    for (size_t row = 0; row < t->count; row++) {
        (void)fputs("<g>", out);
        put_title(out, t, row);
        put_marks(out, t, row, lines, top);
        (void)fprintf(out,
                      "<rect class=\"hit\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%d\" height=\"%d\"/>"
                      "</g>\n",
                      (double)PERCENT * (double)row / (double)t->count,
                      (double)PERCENT / (double)t->count, TOP, BASE - TOP);
    }
    (void)fputs("</svg></figure>\n", out);
}

/* The bar of a row: its series one behind the other. */
static void put_bar(FILE *out, const struct rows_shown *t, size_t row, double most)
{
    double x = 0;

    (void)fputs("<td class=\"pic\"><svg aria-hidden=\"true\"><g>", out);
    put_title(out, t, row);
    for (size_t i = 0; i < t->width; i++) {
        double value = number_of(cell_at(t, row, i));

        if (t->columns[i].series > 0 && value > 0) {
            double width = PERCENT * value / most;
            (void)fprintf(out,
                          "<rect class=\"s%d\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"100%%\"/>",
                          t->columns[i].series, x, width);
            x += width;
        }
    }
    (void)fputs("</g></svg></td>", out);
}

/* Where the shades of percents begin, from the lowest. */
static const int shades[SHADES] = {0, 50, 70, 85, 95};

static int shade_of(const struct column *c, double value)
{
    int shade = c->kind == 'S' ? SHADES : (int)ceil(value * SHADES / c->most);

    while (c->kind == 'S' && shade > 1 && value < shades[shade - 1]) {
        shade--;
    }
    return shade > 0 ? shade : 1;
}

/* The half-hours of a row, each in its shade. */
static void put_heat(FILE *out, const struct rows_shown *t, size_t row, size_t column)
{
    const struct column *of = &t->columns[column];
    const char *at = text_of(cell_at(t, row, column));
    double width = (double)PERCENT / SLOTS;
    double value = 0;

    (void)fputs("<td class=\"strip\"><svg role=\"img\" aria-label=\"", out);
    put_string(out, text_of(cell_at(t, row, 0)));
    (void)fprintf(out, ": %s\"><rect class=\"none\" width=\"100%%\" height=\"100%%\"/>", of->head);
    for (long slot; (slot = next_slot(&at, &value)) >= 0;) {
        (void)fprintf(out,
                      "<rect class=\"%c%d\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"100%%\"><title>"
                      "%02ld:%02ld: ",
                      of->kind == 'S' ? 'h' : 'c', shade_of(of, value), width * (double)slot,
                      width + 0.02, slot / 2, slot % 2 * 30);
        put_number(out, of->kind, value);
        (void)fputs("</title></rect>", out);
    }
    (void)fputs("</svg></td>", out);
}

/* What the colours say. */
static void put_key(FILE *out, const struct rows_shown *t, const struct section *s)
{
    (void)fputs("<ul class=\"key\">", out);
    for (size_t i = 0; i < t->width; i++) {
        const struct column *c = &t->columns[i];

        if (c->series > 0) {
            (void)fprintf(out,
                          "<li><svg aria-hidden=\"true\"><rect class=\"s%d\" width=\"11\" "
                          "height=\"11\"/></svg>%s</li>",
                          c->series, c->head);
        }
        for (int n = 0; s->picture == PICTURE_HEAT && is_heat(c) && n < SHADES; n++) {
            (void)fprintf(out,
                          "<li><svg aria-hidden=\"true\"><rect class=\"%c%d\" width=\"11\" "
                          "height=\"11\"/></svg>",
                          c->kind == 'S' ? 'h' : 'c', n + 1);
            if (c->kind == 'S') {
                (void)fprintf(out, n == 0 ? "below %d%%</li>" : "from %d%%</li>",
                              shades[n == 0 ? 1 : n]);
            } else {
                (void)fputs("up to ", out);
                put_count(out, floor(c->most * (n + 1) / SHADES));
                (void)fputs("</li>", out);
            }
        }
    }
    (void)fputs("</ul>\n", out);
}

/* --- tables ---------------------------------------------------------------------------------- */

/* Hours over the half-hours below. */
static void put_heat_head(FILE *out, const struct column *c)
{
    (void)fprintf(out, "<th scope=\"col\" class=\"strip\">%s<svg aria-hidden=\"true\">", c->head);
    for (int hour = 0; hour < 24; hour += 3) {
        (void)fprintf(out, "<text%s x=\"%.2f%%\" y=\"11\">%02d</text>",
                      hour % 2 == 0 ? "" : " class=\"wide\"", PERCENT / 24.0 * hour, hour);
    }
    (void)fputs("</svg></th>", out);
}

/* The one table: a row's bar stands behind its texts. */
static void put_table(FILE *out, const struct rows_shown *t, const struct section *s)
{
    bool bars = s->picture == PICTURE_BAR;
    char kind = 'n';
    double most = bars ? largest(t, false, &kind) : 0;
    size_t bar = 0;

    while (bar < t->width && class_of(&t->columns[bar]) != 'n') {
        bar++;
    }
    (void)fputs("<table><thead><tr>", out);
    for (size_t i = 0; i < t->width; i++) {
        const struct column *c = &t->columns[i];

        (void)fputs(bars && i == bar ? "<td class=\"pic\"></td>" : "", out);
        if (is_heat(c)) {
            put_heat_head(out, c);
        } else {
            (void)fprintf(out, "<th scope=\"col\" class=\"%c\">%s</th>", class_of(c), c->head);
        }
    }
    (void)fputs("</tr></thead><tbody>\n", out);
    for (size_t row = 0; row < t->count; row++) {
        (void)fputs("<tr>", out);
        for (size_t i = 0; i < t->width; i++) {
            const struct column *c = &t->columns[i];
            const char *tag = i == 0 ? "th scope=\"row\"" : "td";

            if (bars && i == bar) {
                put_bar(out, t, row, most);
            }
            if (is_heat(c)) {
                put_heat(out, t, row, i);
                continue;
            }
            (void)fprintf(out, "<%s class=\"%c\">", tag, class_of(c));
            put_cell(out, c, cell_at(t, row, i));
            (void)fprintf(out, "</%.2s>", tag);
        }
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</tbody></table>", out);
}

static void put_tiles(FILE *out, const struct rows_shown *t)
{
    (void)fputs("<dl class=\"tiles\">", out);
    for (size_t i = 0; i < t->width; i++) {
        (void)fprintf(out, "<div><dt>%s</dt><dd>", t->columns[i].head);
        put_cell(out, &t->columns[i], cell_at(t, 0, i));
        (void)fputs("</dd></div>", out);
    }
    (void)fputs("</dl>\n", out);
}

/* --- answers --------------------------------------------------------------------------------- */

/* Adds a word to a command line, quoted for a shell where that is needed. */
static const char *with_word(struct arena *a, const char *line, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=:.";
    const char *quoted = "";

    if (word[strspn(word, plain)] == '\0') {
        return arena_printf(a, "%s %s", line, word);
    }
    for (size_t length; *word; word += length) {
        length = *word == '\'' ? 1 : strcspn(word, "'");
        quoted = *word == '\'' ? arena_printf(a, "%s'\\''", quoted)
                               : arena_printf(a, "%s%.*s", quoted, (int)length, word);
    }
    return arena_printf(a, "%s '%s'", line, quoted);
}

static bool has_param(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->param_count; i++) {
        if (str_eq(q->params[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Fills the values of the query's parameters that the section's words name, and the command line
 * that asks the same. */
static bool arguments_of(struct page *p, const struct query *q, const char *arguments,
                         struct db_value *values, size_t *count, const char **line)
{
    size_t word_count;
    char **words = str_split_list(p->arena, arguments, &word_count);

    *count = 0;
    *line = arena_printf(p->arena, "rollcall query %s", q->name);
    INVARIANT(word_count <= ARGUMENTS_MOST);
    for (size_t i = 0; i < word_count; i++) {
        const char *word = words[i];

        for (size_t g = 0; g < GIVEN_COUNT && word; g++) {
            if (str_eq(p->given[g].name, words[i])) {
                word = p->given[g].value && has_param(q, words[i])
                           ? arena_printf(p->arena, "%s=%s", words[i], p->given[g].value)
                           : NULL;
            }
        }
        if (word && !query_value(p->db, q, p->arena, word, &values[(*count)++], p->e)) {
            return false;
        }
        *line = word ? with_word(p->arena, *line, word) : *line;
    }
    return true;
}

/* Has the query's rows in a table, asked once a page; its place among the answers, or -1. */
static int answer_to(struct page *p, const char *name, const char *arguments)
{
    const struct query *q = query_find(p->arena, name, p->e);
    struct db_value values[ARGUMENTS_MOST];
    size_t count = 0;
    const char *line = "";

    if (!q || !arguments_of(p, q, arguments, values, &count, &line)) {
        return -1;
    }
    for (size_t i = 0; i < p->answer_count; i++) {
        if (str_eq(p->answers[i].line, line)) {
            return (int)i;
        }
    }
    INVARIANT(p->answer_count < ANSWERS_MOST);
    size_t n = p->answer_count;
    struct words w = {.arena = p->arena};
    p->answers[n].line = line;
    p->answers[n].table = arena_printf(p->arena, "report_answer_%zu", n);
    p->answers[n].of_all = p->given[GIVEN_QUEUE].value && !has_param(q, "queue");
    words_add(&w, "answer", "%s", p->answers[n].table);
    words_add(&w, "query", "%s", q->sql);
    const char *keep = words_fill(&w, sql_report_keep);
    if (!db_do_values(p->db, p->e, keep, values, count)) {
        return -1;
    }
    db_forget(p->db, keep);
    p->answer_count++;
    return (int)n;
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
            .most = 1,
        };
    }
}

/* Reads what a statement over an answer makes of it. */
static bool read_rows(struct page *p, const char *template, const char *answer,
                      struct rows_shown *t)
{
    struct words w = {.arena = p->arena};
    size_t room = 0;

    words_add(&w, "answer", "%s", answer);
    words_add(&w, "time", "%s", p->one_day ? "Half-hour" : "Day");
    words_add(&w, "point", "%s", p->one_day ? "substr(a.utc_start, 1, 16)" : "a.day");
    const char *sql = words_fill(&w, template);
    struct rows q = db_ask(p->db, p->e, sql, NONE);
    *t = (struct rows_shown){0};
    read_columns(&q, t, p->arena);
    for (; db_next(&q); t->count++) {
        if (t->count == room) {
            room = room > 0 ? room * 2 : 64;
            t->cells = xrealloc(t->cells, room * t->width * sizeof(*t->cells));
        }
        for (size_t i = 0; i < t->width; i++) {
            struct column *c = &t->columns[i];
            struct cell *into = &t->cells[t->count * t->width + i];
            double value = 0;

            *into = db_cell(&q, (int)i, p->arena);
            for (const char *at = text_of(into); is_heat(c) && next_slot(&at, &value) >= 0;) {
                c->most = value > c->most ? value : c->most;
            }
        }
    }
    bool done = db_end(&q);
    db_forget(p->db, sql);
    return done;
}

/* --- the page -------------------------------------------------------------------------------- */

static void put_rows(struct page *p, const struct section *s, const struct rows_shown *t,
                     size_t number)
{
    bool plot = s->picture == PICTURE_STACK || s->picture == PICTURE_LINE;

    if (s->picture == PICTURE_TILES) {
        put_tiles(p->out, t);
        return;
    }
    put_key(p->out, t, s);
    (void)fprintf(p->out, "<div class=\"pair %s\">\n", plot ? "plot" : "rows");
    if (plot) {
        put_plot(p->out, t, s);
    }
    (void)fprintf(p->out,
                  "<div class=\"box\" role=\"region\" aria-labelledby=\"part-%zu\" "
                  "tabindex=\"0\">",
                  number);
    put_table(p->out, t, s);
    (void)fputs("</div>\n</div>\n", p->out);
}

static bool put_section(struct page *p, const struct section *s, size_t number)
{
    const char *query = s->query_of_days && !p->one_day ? s->query_of_days : s->query;
    int answer = answer_to(p, query, s->arguments);
    struct rows_shown t = {0};

    if (answer < 0 || !read_rows(p, s->sql, p->answers[answer].table, &t)) {
        free(t.cells);
        return false;
    }
    (void)fprintf(p->out, "<section>\n<h2 id=\"part-%zu\">%s</h2>\n<p class=\"soft\">%s%s</p>\n",
                  number, s->title, t.count > 0 ? s->text : s->nothing,
                  p->answers[answer].of_all ? " (Of all queues.)" : "");
    if (t.count > 0) {
        put_rows(p, s, &t, number);
    }
    (void)fputs("<p class=\"how\"><code>", p->out);
    put_string(p->out, p->answers[answer].line);
    (void)fputs("</code></p>\n</section>\n", p->out);
    free(t.cells);
    return true;
}

/* What is to be known before any figure: which days are whole, settled, proven, what is missing. */
static bool put_state(struct page *p)
{
    int answer = answer_to(p, "freshness", "from to");
    struct words w = {.arena = p->arena};

    if (answer < 0) {
        return false;
    }
    words_add(&w, "answer", "%s", p->answers[answer].table);
    const char *sql = words_fill(&w, sql_report_state);
    struct rows q = db_ask(p->db, p->e, sql, NONE);
    (void)fputs("<ul class=\"state\">\n", p->out);
    while (db_next(&q)) {
        (void)fprintf(p->out, "<li class=\"%s\"><b>%s.</b> ", db_text(&q, 0), db_text(&q, 1));
        put_string(p->out, db_text(&q, 2));
        (void)fputs("</li>\n", p->out);
    }
    (void)fputs("</ul>\n<p class=\"how\"><code>", p->out);
    put_string(p->out, p->answers[answer].line);
    (void)fputs("</code></p>\n", p->out);
    return db_end(&q);
}

static void put_head(struct page *p, const char *title, const char *zone)
{
    char now[CLOCK_ISO_BYTES];

    (void)fprintf(p->out,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'\">\n<title>%s</title>\n<style>\n%s</style>\n</head>\n"
                  "<body>\n<header>\n<h1>%s</h1>\n<p class=\"soft\">",
                  title, embedded_styles[0].text, title);
    if (p->given[GIVEN_QUEUE].value) {
        (void)fputs("Queue <bdi>", p->out);
        put_string(p->out, p->given[GIVEN_QUEUE].value);
        (void)fputs("</bdi>. ", p->out);
    }
    (void)fprintf(p->out, "Business days of the time zone %s. Made at %.16sZ by rollcall %s.</p>\n",
                  zone, clock_format(clock_now_ms(), now), ROLLCALL_VERSION);
}

static bool put_page(struct page *p, const char *title, const char *zone)
{
    put_head(p, title, zone);
    bool done = put_state(p);
    (void)fputs("</header>\n<main>\n", p->out);
    for (size_t i = 0; done && i < COUNT_OF(sections); i++) {
        done = (p->one_day && sections[i].of_days) || put_section(p, &sections[i], i);
    }
    (void)fputs("</main>\n</body>\n</html>\n", p->out);
    return done;
}

bool report_write(struct db *d, const struct config *c, const struct report_request *r,
                  const char *path, struct arena *a, struct err *e)
{
    struct page p = {.db = d, .arena = a, .e = e};
    struct file_aside file;
    char yesterday[CLOCK_DAY_BYTES];

    (void)clock_format_day(clock_zone_day(clock_now_ms()) - 1, yesterday);
    if (!db_begin_read(d, e)) {
        return false;
    }
    struct rows q =
        db_ask(d, e, sql_report_range, S(r->day), S(r->week), S(r->from), S(r->to), S(yesterday));
    bool done = db_next(&q);
    const char *first = done ? db_kept(&q, 0, a) : NULL;
    const char *last = done ? db_kept(&q, 1, a) : NULL;
    const char *words = done ? db_kept(&q, 2, a) : NULL;
    done = db_end(&q) && db_do(d, e, sql_report_time, S(first), S(last));
    p.given[GIVEN_FROM] = (struct given){"from", first};
    p.given[GIVEN_TO] = (struct given){"to", last};
    p.given[GIVEN_SINCE] = (struct given){"since", first};
    p.given[GIVEN_QUEUE] = (struct given){"queue", r->queue};
    p.one_day = str_eq(first, last);
    if (done && file_aside_open(&file, path, (uint32_t)c->export_mode, e)) {
        p.out = file.stream;
        done = put_page(&p, words, c->timezone) && file_aside_commit(&file, e);
        file_aside_discard(&file);
    } else {
        done = false;
    }
    db_rollback(d);
    return done;
}
