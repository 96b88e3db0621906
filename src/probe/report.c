#include "probe/report.h"

#include <stdarg.h>

#include "base/str.h"
#include "io/db.h"
#include "out/render.h"
#include "sql.h"

enum { TEXT_COLUMN = 11, RESULTS_MOST = 1024 };

enum status { OK, WARNING, FAILED, SKIPPED };

static const struct {
    const char *name; /* for programs */
    const char *word; /* for people */
} statuses[] = {
    [OK] = {"ok", "ok"},
    [WARNING] = {"warning", "warning"},
    [FAILED] = {"failed", "FAILED"},
    [SKIPPED] = {"skipped", "skipped"},
};

struct report_result {
    enum cause_step step;
    const char *name;
    enum status status;
    const char *evidence;
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
    result->status = result->cause->kind == ERR_NONE ? WARNING : FAILED;
    r->step_failed = r->step_failed || result->status == FAILED;
    if (r->kind == ERR_NONE) {
        r->kind = result->cause->kind;
    }
}

void report_skip(struct report *r, const char *name, const char *why)
{
    new_result(r, name, why)->status = SKIPPED;
}

void report_error(struct report *r, const char *name, const struct err *e, enum cause_id otherwise)
{
    const char *words = strstr(e->message, ". Likely cause: ");
    size_t length = words ? (size_t)(words - e->message) : strlen(e->message);
    const char *evidence = arena_strndup(r->arena, e->message, length);

    if (e->kind == ERR_STOPPED) {
        r->kind = r->kind == ERR_NONE ? ERR_STOPPED : r->kind;
        report_skip(r, name, evidence);
        return;
    }
    report_add(r, name, e->cause == CAUSE_NONE ? otherwise : (enum cause_id)e->cause, "%s",
               evidence);
}

/* --- for people ------------------------------------------------------------------------------ */

/* What single sign-on has to do with it, said of a login that failed. */
static bool wants_note(const struct report_result *r)
{
    return r->status == FAILED && (r->step == STEP_LOGIN || r->step == STEP_TOKEN);
}

static void print_labelled(FILE *out, const char *label, const char *text)
{
    int at = fprintf(out, "%*s%s: ", TEXT_COLUMN, "", label);

    render_words(out, text, TEXT_COLUMN + 2, at);
}

void report_print(const struct report *r, FILE *out)
{
    const struct report_result *failed = NULL;
    size_t warnings = 0;
    bool note = false;

    for (size_t i = 0; i < r->count; i++) {
        const struct report_result *result = &r->results[i];

        if (i == 0 || result->step != result[-1].step) {
            fprintf(out, "%s%d %s\n", i > 0 ? "\n" : "", (int)result->step + 1,
                    cause_steps[result->step].title);
        }
        int at = fprintf(out, "  %-*s%s: ", TEXT_COLUMN - 2, statuses[result->status].word,
                         result->name);
        render_words(out, str_escaped(r->arena, result->evidence), TEXT_COLUMN + 2, at);
        if (result->cause) {
            print_labelled(out, "cause", result->cause->text);
            print_labelled(out, "remedy", result->cause->remedy);
        }
        warnings += result->status == WARNING ? 1 : 0;
        note = note || wants_note(result);
        failed = !failed && result->status == FAILED ? result : failed;
    }
    if (note) {
        fputc('\n', out);
        render_words(out, arena_printf(r->arena, "%s.", cause_saml_note), 0, 0);
    }
    if (failed) {
        fprintf(out, "\nThe check failed at the step %s", cause_steps[failed->step].name);
    } else if (r->kind != ERR_NONE) {
        fprintf(out, "\nThe check was stopped");
    } else if (warnings > 0) {
        fprintf(out, "\nNothing failed; %zu warning%s\n", warnings, warnings == 1 ? "" : "s");
    } else {
        fprintf(out, "\nAll is well\n");
    }
    if (r->kind != ERR_NONE) {
        fprintf(out, ": exit code %d (%s)\n", err_facts[r->kind].exit_code,
                err_facts[r->kind].name);
    }
}

/* --- for programs ---------------------------------------------------------------------------- */

bool report_print_json(const struct report *r, FILE *out, struct err *e)
{
    struct db *d = db_open_memory(e);
    bool done = d && db_do(d, e, sql_check_result, NONE);

    for (size_t i = 0; done && i < r->count; i++) {
        const struct report_result *result = &r->results[i];
        const struct cause *c = result->cause;

        done = db_do(d, e, sql_check_result_add, S(cause_steps[result->step].name), S(result->name),
                     S(statuses[result->status].name), S(result->evidence), S(c ? c->name : NULL),
                     S(c ? c->text : NULL), S(c ? c->remedy : NULL),
                     S(wants_note(result) ? cause_saml_note : NULL),
                     I(c ? err_facts[c->kind].exit_code : 0));
    }
    done = done && render_document(
                       d, e, sql_check_document,
                       DB_VALUES(I(err_facts[r->kind].exit_code), S(err_facts[r->kind].name)), out);
    db_close(d);
    return done;
}
