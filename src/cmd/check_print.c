#include "cmd/check_print.h"

#include <string.h>

#include "base/str.h"
#include "out/json_out.h"

enum { WIDTH = 79, TEXT_COLUMN = 11 };

static const char *const status_words[] = {
    [CHECK_OK] = "ok",
    [CHECK_WARNING] = "warning",
    [CHECK_FAILED] = "FAILED",
    [CHECK_SKIPPED] = "skipped",
};

static const char *const status_names[] = {
    [CHECK_OK] = "ok",
    [CHECK_WARNING] = "warning",
    [CHECK_FAILED] = "failed",
    [CHECK_SKIPPED] = "skipped",
};

/* Prints words from column `indent` on; `at` is where the line is. A word too long for a line is
 * left whole: it is a URL or a path, to be copied. */
static void print_words(FILE *out, const char *text, int indent, int at)
{
    bool first = true;

    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        int length = (int)strcspn(text, " ");

        if (!first && at + 1 + length > WIDTH) {
            fputc('\n', out);
            at = 0;
            first = true;
        }
        int blanks = first ? (at < indent ? indent - at : 0) : 1;
        fprintf(out, "%*s%.*s", blanks, "", length, text);
        at += blanks + length;
        text += length;
        first = false;
    }
    fputc('\n', out);
}

static void print_labelled(FILE *out, const char *label, const char *text)
{
    int at = fprintf(out, "%*s%s: ", TEXT_COLUMN, "", label);

    print_words(out, text, TEXT_COLUMN + 2, at);
}

static void print_result(const struct check_result *r, struct arena *a, FILE *out)
{
    int at = fprintf(out, "  %-*s%s: ", TEXT_COLUMN - 2, status_words[r->status], r->name);

    print_words(out, str_escaped(a, r->evidence), TEXT_COLUMN + 2, at);
    if (r->cause != CAUSE_NONE) {
        print_labelled(out, "cause", cause_of(r->cause)->text);
        print_labelled(out, "remedy", cause_of(r->cause)->remedy);
    }
}

static bool wants_note(const struct check_result *r)
{
    return r->status == CHECK_FAILED && (r->step == STEP_LOGIN || r->step == STEP_TOKEN);
}

static void print_sum(const struct check_report *r, size_t warnings, FILE *out)
{
    if (r->kind != ERR_NONE) {
        const char *at = "";
        for (size_t i = 0; i < r->count && *at == '\0'; i++) {
            if (r->results[i].status == CHECK_FAILED) {
                at = cause_step_name(r->results[i].step);
            }
        }
        fprintf(out, "\nThe check %s %s: exit code %d (%s)\n", *at ? "failed at the step" : "was",
                *at ? at : "stopped", err_exit_code(r->kind), err_kind_name(r->kind));
    } else if (warnings > 0) {
        fprintf(out, "\nNothing failed; %zu warning%s\n", warnings, warnings == 1 ? "" : "s");
    } else {
        fprintf(out, "\nAll is well\n");
    }
}

void check_print(const struct check_report *r, struct arena *a, FILE *out)
{
    int step = -1;
    size_t warnings = 0;
    bool note = false;

    for (size_t i = 0; i < r->count; i++) {
        if ((int)r->results[i].step != step) {
            step = (int)r->results[i].step;
            fprintf(out, "%s%d %s\n", i > 0 ? "\n" : "", step + 1,
                    cause_step_title(r->results[i].step));
        }
        print_result(&r->results[i], a, out);
        warnings += r->results[i].status == CHECK_WARNING ? 1 : 0;
        note = note || wants_note(&r->results[i]);
    }
    if (note) {
        fputc('\n', out);
        print_words(out, arena_printf(a, "%s.", cause_saml_note), 0, 0);
    }
    print_sum(r, warnings, out);
}

static void write_result(struct json_out *o, const struct check_result *r)
{
    const struct cause *cause = r->cause == CAUSE_NONE ? NULL : cause_of(r->cause);

    json_out_object(o, NULL);
    json_out_text(o, "step", cause_step_name(r->step));
    json_out_text(o, "check", r->name);
    json_out_text(o, "status", status_names[r->status]);
    json_out_text(o, "evidence", r->evidence);
    json_out_text(o, "cause", cause ? cause->name : NULL);
    json_out_text(o, "cause_text", cause ? cause->text : NULL);
    json_out_text(o, "remedy", cause ? cause->remedy : NULL);
    json_out_text(o, "note", wants_note(r) ? cause_saml_note : NULL);
    json_out_int(o, "exit_code", err_exit_code(r->kind));
    json_out_end(o);
}

void check_print_json(const struct check_report *r, FILE *out)
{
    struct json_out o = {.file = out};

    json_out_object(&o, NULL);
    json_out_bool(&o, "ok", r->kind == ERR_NONE);
    json_out_int(&o, "exit_code", err_exit_code(r->kind));
    json_out_text(&o, "exit_name", err_kind_name(r->kind));
    json_out_array(&o, "checks");
    for (size_t i = 0; i < r->count; i++) {
        write_result(&o, &r->results[i]);
    }
    json_out_end(&o);
    json_out_end(&o);
}
