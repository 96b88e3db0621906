#include "out/out.h"

#include <math.h>

#include "base/clock.h"
#include "base/stop.h"
#include "etl/words.h"
#include "io/embedded.h"
#include "out/query.h"
#include "out/render.h"
#include "sql.h"

/* A part of the page (report_sections): the rows that a statement makes of what the query answers,
 * as a table and a picture. */
struct section {
    const char *title;
    const char *text;
    const char *query;
    const char *statement; /* its name */
    const char *picture;
    const char *nothing; /* said where there is no row */
};

/* What the page is of (report_range), and the names of parameters that are so. */
enum { GIVEN_IDS, GIVEN_COUNT };
static const char *const given_names[GIVEN_COUNT] = {GIVEN_NAMES};

/* A page while it is written. */
struct page {
    FILE *out;
    struct db *db;
    struct arena *arena;
    struct err *e;
    const char *given[GIVEN_COUNT]; /* NULL: not given */
    bool one_day;
};

/* --- text and numbers ------------------------------------------------------------------------ */

/* A text that may hold anything, for HTML: what is unsafe on a terminal is escaped as there. */
static const char *html(struct arena *a, const char *text)
{
    static const char special[] = "&<>\"'";
    static const char *const written[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    text = str_escaped(a, text);
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        text = strchr(text, special[i]) ? str_replace(a, text, special[i], written[i]) : text;
    }
    return text;
}

/* How a cell is shown, by the kind of its column; NULL: as SQL has it, counts and nothing. */
static const char *shown(struct arena *a, char kind, const struct cell *c)
{
    double value = c->type == CELL_INT ? (double)c->value.integer : c->value.real;

    if (c->type == CELL_TEXT) {
        return html(a, c->value.text);
    }
    if (c->type == CELL_NULL || !strchr("ptv", kind)) {
        return NULL;
    }
    if (kind == 'p') {
        return arena_printf(a, "%.1f%%", value);
    }
    if (kind == 'v') {
        return value == floor(value) ? NULL : arena_printf(a, "%.1f", value);
    }
    long long seconds = llround(value);
    return seconds < 3600 ? arena_printf(a, "%lld:%02lld", seconds / 60, seconds % 60)
                          : arena_printf(a, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                                         seconds % 60);
}

/* --- answers --------------------------------------------------------------------------------- */

/* The template, of what the query answers. */
static const char *filled(struct page *p, const char *template, const struct query *q)
{
    struct words w = {.arena = p->arena};

    words_add(&w, "answer", "report_answer_%s", q ? q->name : "");
    words_add(&w, "query", "%s", q ? q->sql : "");
    words_add(&w, "time", "%s", p->one_day ? "Half-hour" : "Day");
    words_add(&w, "point", "%s", p->one_day ? "substr(a.utc_start, 1, 16)" : "a.day");
    return words_fill(&w, template);
}

/* Has the query's rows in a table, asked once a page, with those of its parameters that the page
 * has; the command line that asks the same, NULL on failure. */
static const char *answer_to(struct page *p, const struct query *q)
{
    const char *words[GIVEN_COUNT + 1] = {NULL};
    size_t word_count = 0;
    const char *line = arena_printf(p->arena, "rollcall query %s", q->name);

    for (size_t i = 0; i < q->param_count; i++) {
        const char *name = q->params[i].name;
        size_t g = 0;

        while (g < GIVEN_COUNT && !str_eq(given_names[g], name)) {
            g++;
        }
        if (g < GIVEN_COUNT && p->given[g]) {
            words[word_count++] = arena_printf(p->arena, "%s=%s", name, p->given[g]);
            line = arena_printf(p->arena, "%s %s=%s", line, name,
                                p->given[g == GIVEN_QUEUE ? GIVEN_QUOTED : g]);
        }
    }
    const struct db_value *values = query_values(p->db, q, p->arena, words, p->e);
    const char *keep = filled(p, sql_report_keep, q);

    return values && db_do_values(p->db, p->e, keep, values, q->param_count) ? line : NULL;
}

/* Keeps the cells of what a statement makes of an answer, for the pictures; *rows: how many. */
static bool keep_cells(struct page *p, const char *sql, int64_t *rows)
{
    bool done = db_do(p->db, p->e, "DELETE FROM temp.report_cell", NONE);
    struct rows q = db_ask(p->db, p->e, sql, NONE);

    for (*rows = 0; done && db_next(&q); (*rows)++) {
        for (int i = 0; done && i < db_column_count(&q); i++) {
            const struct cell c = db_cell(&q, i, p->arena);
            const char *name = db_column_name(&q, i);
            const char *bar = strchr(name, '|');

            INVARIANT(bar);
            done = db_do(p->db, p->e, sql_report_cell_add, I(*rows), I(i), S(name), db_value_of(&c),
                         S(shown(p->arena, bar[1], &c)));
        }
    }
    return db_end(&q) && done;
}

/* --- the page -------------------------------------------------------------------------------- */

/* The statement that a section names. */
static const char *statement_of(const struct section *s)
{
    for (size_t i = 0; i < sql_statement_count; i++) {
        if (str_eq(sql_statements[i].name, s->statement)) {
            return sql_statements[i].text;
        }
    }
    INVARIANT(false);
    return NULL;
}

/* Puts the lines that a statement answers. */
#define put(p, ...) render_lines(db_ask((p)->db, (p)->e, __VA_ARGS__), (p)->out)

static bool put_section(struct page *p, const struct section *s, int64_t number)
{
    const struct query *query = s->query ? query_find(p->arena, s->query, p->e) : NULL;
    const char *line = query ? answer_to(p, query) : "";
    int64_t rows = 0;

    if ((s->query && !query) || !line || !keep_cells(p, filled(p, statement_of(s), query), &rows)) {
        return false;
    }
    bool of_all = p->given[GIVEN_QUEUE] && query && !strstr(line, " queue=");
    const char *text = rows > 0 ? s->text : s->nothing;
    bool done = put(p, sql_report_section, I(number), S(s->title), S(text), I(of_all));
    if (rows > 0) {
        done = done && put(p, sql_report_facts, S(s->picture)) &&
               put(p, sql_report_plot, S(s->picture), S(s->title)) &&
               put(p, sql_report_table, S(s->picture), I(number));
    }
    return done && put(p, sql_report_how, S(query ? html(p->arena, line) : NULL));
}

static bool put_page(struct page *p, const char *zone)
{
    const char *queue = p->given[GIVEN_QUEUE] ? html(p->arena, p->given[GIVEN_QUEUE]) : NULL;
    bool done = put(p, sql_report_head, S(p->given[GIVEN_TITLE]), S(queue), S(zone),
                    T(clock_now_ms()), S(ROLLCALL_VERSION), S(embedded_styles[0].text));
    struct rows q = db_ask(p->db, p->e, sql_report_sections, I(p->one_day));
    for (int64_t i = 0; done && db_next(&q); i++) {
        const struct section s = {db_text(&q, 0), db_text(&q, 1), db_text(&q, 2),
                                  db_text(&q, 3), db_text(&q, 4), db_text(&q, 5)};
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
    bool done = db_begin_read(d, e) &&
                db_texts(db_ask(d, e, sql_report_range, S(r->day), S(r->week), S(r->from), S(r->to),
                                S(yesterday), S(r->queue)),
                         a, p.given, GIVEN_COUNT) &&
                db_do(d, e, sql_report_cell, NONE) && db_do(d, e, sql_report_part, NONE) &&
                db_do(d, e, sql_report_time, S(p.given[GIVEN_FROM]), S(p.given[GIVEN_TO])) &&
                out_open(d, c, path, (uint32_t)c->export_mode, &file, e);
    p.one_day = str_eq(p.given[GIVEN_FROM], p.given[GIVEN_TO]);
    if (done) {
        p.out = file.stream;
        done = put_page(&p, c->timezone) && file_aside_commit(&file, e);
    }
    db_rollback(d);
    return done;
}
