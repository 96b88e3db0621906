#include "probe/report.h"

#include <stdarg.h>

#include "base/str.h"
#include "io/db.h"
#include "out/render.h"
#include "sql.h"

enum { WORD_COLUMNS = 9, RESULTS_MOST = 1024 };

#define COLOUR_END "\033[0m"

enum status { OK, WARNING, FAILED, SKIPPED };

static const struct {
    const char *name; /* for programs */
    const char *word; /* for people */
    const char *colour;
} statuses[] = {
    [OK] = {"ok", "ok", "\033[32m"},
    [WARNING] = {"warning", "warning", "\033[33m"},
    [FAILED] = {"failed", "FAILED", "\033[1;31m"},
    [SKIPPED] = {"skipped", "skipped", "\033[2m"},
};

struct report_result {
    enum cause_step step;
    const char *name;
    enum status status;
    bool is_step; /* a whole step that was skipped */
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
    struct report_result *result = new_result(r, name ? name : cause_steps[r->step].name, why);

    result->status = SKIPPED;
    result->is_step = !name;
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

/* Prints a word in its column, and a text behind it. */
static void print_line(FILE *out, enum status status, const char *word, int indent,
                       const char *text)
{
    bool colours = render_has_colours(out);

    fprintf(out, "%*s%s%s%s%*s", indent, "", colours ? statuses[status].colour : "", word,
            colours ? COLOUR_END : "", WORD_COLUMNS - (int)strlen(word), "");
    render_words(out, text, indent + WORD_COLUMNS, indent + WORD_COLUMNS);
}

/* The first result of that status; NULL: none. */
static const struct report_result *first_of(const struct report *r, enum status status)
{
    size_t i = 0;

    while (i < r->count && r->results[i].status != status) {
        i++;
    }
    return i < r->count ? &r->results[i] : NULL;
}

/* Steps skipped one after the other, from result `i` on, make one line, with why the first was: the
 * others follow from it. Returns the result behind them. */
static size_t print_skipped_steps(const struct report *r, size_t i, FILE *out)
{
    const char *why = r->results[i].evidence;
    const char *names = "";

    for (; i < r->count && r->results[i].is_step; i++) {
        names = arena_printf(r->arena, "%s%s%s", names, *names ? ", " : "", r->results[i].name);
    }
    print_line(out, SKIPPED, statuses[SKIPPED].word, 2,
               arena_printf(r->arena, "%s: %s", names, why));
    return i;
}

/* A cause is explained where it is met first; that of the answer, at the end. */
static bool is_new(const struct report *r, const struct report_result *result)
{
    const struct report_result *failed = first_of(r, FAILED);
    bool known = !result->cause || (failed && result->cause == failed->cause);

    for (size_t i = 0; !known && &r->results[i] != result; i++) {
        known = r->results[i].cause == result->cause;
    }
    return !known;
}

/* The names of the results of that status, and how many there are. */
static const char *names_of(const struct report *r, enum status status, size_t *count)
{
    const char *names = "";

    *count = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->results[i].status == status) {
            names = arena_printf(r->arena, "%s%s%s", names, *names ? ", " : "", r->results[i].name);
            (*count)++;
        }
    }
    return names;
}

/* The end, which is what stands on the screen then: how it went, and what to do. */
static void print_answer(const struct report *r, FILE *out)
{
    const struct report_result *failed = first_of(r, FAILED);
    struct arena *a = r->arena;
    size_t count = 0;
    const char *names = names_of(r, failed ? FAILED : WARNING, &count);

    fputc('\n', out);
    if (failed) {
        const char *step = cause_steps[failed->step].name;
        bool is_named = str_eq(step, failed->name);

        if (wants_note(failed)) {
            render_words(out, arena_printf(a, "%s.", cause_saml_note), 0, 0);
            fputc('\n', out);
        }
        if (count > 1) {
            render_words(out, arena_printf(a, "%zu things failed: %s. The first:", count, names), 0,
                         0);
        }
        print_line(out, FAILED, statuses[FAILED].word, 0,
                   arena_printf(a, "%s%s%s, exit code %d (%s): %s", step, is_named ? "" : ", ",
                                is_named ? "" : failed->name, err_facts[r->kind].exit_code,
                                err_facts[r->kind].name, str_escaped(a, failed->evidence)));
        print_line(out, OK, "cause", 0, failed->cause->text);
        print_line(out, OK, "remedy", 0, failed->cause->remedy);
    } else if (r->kind != ERR_NONE) {
        fprintf(out, "The check was stopped: exit code %d (%s)\n", err_facts[r->kind].exit_code,
                err_facts[r->kind].name);
    } else if (count > 0) {
        render_words(out,
                     arena_printf(a, "Nothing failed; %zu warning%s: %s", count,
                                  count == 1 ? "" : "s", names),
                     0, 0);
    } else {
        fputs("All is well\n", out);
    }
}

void report_print(const struct report *r, FILE *out)
{
    for (size_t i = 0; i < r->count;) {
        const struct report_result *result = &r->results[i];

        if (result->is_step) {
            i = print_skipped_steps(r, i, out);
            continue;
        }
        if (i == 0 || result->step != result[-1].step) {
            fprintf(out, "%s%d %s\n", i > 0 ? "\n" : "", (int)result->step + 1,
                    cause_steps[result->step].title);
        }
        const char *seen = result == first_of(r, FAILED) ? "see the last lines" : result->evidence;
        print_line(out, result->status, statuses[result->status].word, 2,
                   arena_printf(r->arena, "%s: %s", result->name, str_escaped(r->arena, seen)));
        if (is_new(r, result)) {
            print_line(out, OK, "cause", 2 + WORD_COLUMNS, result->cause->text);
            print_line(out, OK, "remedy", 2 + WORD_COLUMNS, result->cause->remedy);
        }
        i++;
    }
    print_answer(r, out);
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
