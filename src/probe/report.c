#include "probe/probe.h"

#include <stdarg.h>

#include "base/str.h"
#include "io/db.h"
#include "out/render.h"
#include "sql.h"

bool report_begin(struct report *r, struct arena *a, struct err *e)
{
    *r = (struct report){.arena = a, .db = db_open_memory(e)};
    return r->db && db_do(r->db, e, sql_check_result, NONE);
}

void report_end(struct report *r)
{
    db_close(r->db);
}

/* What a row of the table says beside its step, evidence and cause. */
struct result {
    const char *name;
    bool is_skipped;
    bool is_step; /* a whole step that was skipped */
};

static void add(struct report *r, struct result result, enum cause_id id, const char *evidence)
{
    const struct cause *c = id == CAUSE_NONE ? NULL : &causes[id];
    struct err e;

    INVARIANT(db_do(r->db, &e, sql_check_result_add, I(r->step + 1), S(cause_steps[r->step].name),
                    S(cause_steps[r->step].title), S(result.name), S(evidence), I(result.is_step),
                    S(c ? c->name : NULL), S(c ? c->text : NULL), S(c ? c->remedy : NULL),
                    I(c ? err_facts[c->kind].exit_code : 0), I(result.is_skipped),
                    S(cause_saml_note)));
    r->step_failed = r->step_failed || (c && c->kind != ERR_NONE);
    r->kind = r->kind == ERR_NONE && c ? c->kind : r->kind;
}

void report_add(struct report *r, const char *name, enum cause_id cause, const char *evidence, ...)
{
    va_list args;

    va_start(args, evidence);
    add(r, (struct result){.name = name}, cause, arena_vprintf(r->arena, evidence, args));
    va_end(args);
}

void report_skip(struct report *r, const char *name, const char *why)
{
    add(r, (struct result){name ? name : cause_steps[r->step].name, true, !name}, CAUSE_NONE, why);
}

void report_rows(struct report *r, struct rows q, const char **more)
{
    while (db_next(&q)) {
        const char *cause = db_text(&q, 1);
        int id = CAUSE_NONE;

        if (cause && str_eq(cause, "skipped")) {
            report_skip(r, db_text(&q, 0), db_text(&q, 2));
            continue;
        }
        while (cause && ++id < CAUSE_COUNT && !str_eq(causes[id].name, cause)) {
        }
        INVARIANT(id < CAUSE_COUNT);
        report_add(r, db_text(&q, 0), (enum cause_id)id, "%s", db_text(&q, 2));
        if (more) {
            *more = db_kept(&q, 3, r->arena);
        }
    }
    (void)db_end(&q);
}

void report_error(struct report *r, const char *name, const struct err *e, enum cause_id otherwise)
{
    const char *evidence = err_evidence(e, r->arena);

    if (e->kind == ERR_STOPPED) {
        r->kind = r->kind == ERR_NONE ? ERR_STOPPED : r->kind;
        report_skip(r, name, evidence);
    } else {
        add(r, (struct result){.name = name},
            e->cause == CAUSE_NONE ? otherwise : (enum cause_id)e->cause, evidence);
    }
}

bool report_print(const struct report *r, bool as_json, FILE *out, struct err *e)
{
    const struct err_facts *end = &err_facts[r->kind];

    if (as_json) {
        return render_document(r->db, e, sql_check_document,
                               DB_VALUES(I(end->exit_code), S(end->name)), out);
    }
    return render_query(r->db, e, sql_check_lines, DB_VALUES(I(end->exit_code), S(end->name)),
                        &(struct rendering){.format = RENDER_WORDS, .out = out});
}
