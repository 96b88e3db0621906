#include "probe/report.h"

#include <stdarg.h>

#include "base/str.h"
#include "io/db.h"
#include "out/render.h"
#include "sql.h"

enum { WORD_COLUMNS = 9, RESULTS_MOST = 1024 };

struct report_result {
    enum cause_step step;
    const char *name;
    const char *evidence;
    bool is_skipped;
    bool is_step;              /* a whole step that was skipped */
    const struct cause *cause; /* NULL unless it is a warning or a failure */
};

static struct report_result *new_result(struct report *r, const char *name, const char *evidence)
{
    if (!r->results) {
        r->results = arena_array(r->arena, RESULTS_MOST, sizeof(*r->results));
    }
    INVARIANT(r->count < RESULTS_MOST);
    struct report_result *result = &r->results[r->count++];
    *result = (struct report_result){.step = r->step, .name = name, .evidence = evidence};
    return result;
}

void report_add(struct report *r, const char *name, enum cause_id cause, const char *evidence, ...)
{
    va_list args;

    va_start(args, evidence);
    struct report_result *result = new_result(r, name, arena_vprintf(r->arena, evidence, args));
    va_end(args);
    if (cause == CAUSE_NONE) {
        return;
    }
    result->cause = &causes[cause];
    r->step_failed = r->step_failed || result->cause->kind != ERR_NONE;
    if (r->kind == ERR_NONE) {
        r->kind = result->cause->kind;
    }
}

void report_skip(struct report *r, const char *name, const char *why)
{
    struct report_result *result = new_result(r, name ? name : cause_steps[r->step].name, why);

    result->is_skipped = true;
    result->is_step = !name;
}

void report_error(struct report *r, const char *name, const struct err *e, enum cause_id otherwise)
{
    const char *evidence = err_evidence(e, r->arena);

    if (e->kind == ERR_STOPPED) {
        r->kind = r->kind == ERR_NONE ? ERR_STOPPED : r->kind;
        report_skip(r, name, evidence);
        return;
    }
    report_add(r, name, e->cause == CAUSE_NONE ? otherwise : (enum cause_id)e->cause, "%s",
               evidence);
}

/* --- what is printed ------------------------------------------------------------------------- */

/* The results as a table of a database in memory; NULL on an error. */
static struct db *gather(const struct report *r, struct err *e)
{
    struct db *d = db_open_memory(e);
    bool done = d && db_do(d, e, sql_check_result, NONE);

    for (size_t i = 0; done && i < r->count; i++) {
        const struct report_result *result = &r->results[i];
        const struct cause *c = result->cause;

        done = db_do(d, e, sql_check_result_add, I(result->step + 1),
                     S(cause_steps[result->step].name), S(cause_steps[result->step].title),
                     S(result->name), S(result->evidence), I(result->is_step),
                     S(c ? c->name : NULL), S(c ? c->text : NULL), S(c ? c->remedy : NULL),
                     I(c ? err_facts[c->kind].exit_code : 0), I(result->is_skipped),
                     S(cause_saml_note));
    }
    if (!done) {
        db_close(d);
    }
    return done ? d : NULL;
}

/* Prints the lines, each word in its column and in its colour. */
static bool print_lines(struct rows q, struct arena *a, FILE *out)
{
    bool colours = render_has_colours(out);

    while (db_next(&q)) {
        int indent = (int)db_int(&q, 0);
        const char *word = db_text(&q, 1);

        if (word) {
            const char *colour = colours ? arena_printf(a, "\033[%sm", db_text(&q, 2)) : "";

            fprintf(out, "%*s%s%s%s%*s", indent, "", colour, word, colours ? "\033[0m" : "",
                    WORD_COLUMNS - (int)strlen(word), "");
            indent += WORD_COLUMNS;
        }
        render_words(out, str_escaped(a, db_text(&q, 3)), indent, indent);
    }
    return db_end(&q);
}

bool report_print(const struct report *r, bool as_json, FILE *out, struct err *e)
{
    const struct err_facts *end = &err_facts[r->kind];
    struct db *d = gather(r, e);
    bool done =
        d && (as_json ? render_document(d, e, sql_check_document,
                                        DB_VALUES(I(end->exit_code), S(end->name)), out)
                      : print_lines(db_ask(d, e, sql_check_lines, I(end->exit_code), S(end->name)),
                                    r->arena, out));

    db_close(d);
    return done;
}
