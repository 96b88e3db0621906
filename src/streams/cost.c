#include "streams/cost.h"

#include "base/str.h"

enum { POLLS = 3 /* of a job, usually */ };

/* The rows of a stream that the facts name; -1: they do not. */
static int64_t cost_rows(const struct cost_facts *f, const char *stream)
{
    size_t length = strlen(stream);

    for (const char *at = f->counts; *at; at += strspn(at, " ")) {
        if (str_starts_with(at, stream) && at[length] == '=') {
            return strtoll(at + length + 1, NULL, 10);
        }
        at += strcspn(at, " ");
    }
    return -1;
}

static int64_t shares(int64_t rows, int64_t size)
{
    return size > 0 ? (rows + size - 1) / size : rows;
}

/* Requests of a step in one reading of a pass; adds its words. Nobody knows how many ids a pass of
 * the whole stream has. */
static int64_t of_step(const struct stream *s, const struct pass *pass, const struct step *step,
                       const struct cost_facts *f, struct arena *a, const char **words)
{
    bool by_id = step->follow == FOLLOW_IDS;
    int64_t rows = pass->plan.whole ? -1 : cost_rows(f, s->name);
    const char *of = by_id && !pass->plan.whole && s->needs && step->size > 1 ? s->needs
                     : by_id                                                  ? "ids"
                                                                              : "rows";
    const char *between = **words ? " + " : "";

    if (by_id && rows < 0 && !pass->plan.whole && s->needs) {
        rows = cost_rows(f, s->needs);
    }
    switch (step->follow) {
    case FOLLOW_DONE:
        *words = arena_printf(a, "%s%s%d polls", *words, between, POLLS);
        return POLLS;
    case FOLLOW_IDS:
    case FOLLOW_PAGES:
    case FOLLOW_CURSOR:
        *words = step->size > 1 ? arena_printf(a, "%s%s%s / %d", *words, between, of, step->size)
                                : arena_printf(a, "%s%s%s", *words, between, of);
        return rows > 0 ? shares(rows, step->size) : 1;
    default:
        *words = arena_printf(a, "%s%s1", *words, between);
        return 1;
    }
}

/* Requests of a pass; adds its words. What is not the first reads the hours that it does not see
 * yet, or what is there at the moment. */
static int64_t of_pass(const struct stream *s, size_t p, size_t first, const struct cost_facts *f,
                       struct arena *a, const char **words)
{
    const struct pass *pass = &s->passes[p];
    const char *steps = "";
    bool days = stream_has_days(s) && p == first;
    int64_t times = days ? f->looks : 1; /* readings of one scope */
    int64_t one = 0;
    int64_t scopes = s->scope && s->needs && !pass->plan.whole ? cost_rows(f, s->needs) : 1;

    for (const struct step *step = pass->steps; step->path; step++) {
        one += of_step(s, pass, step, f, a, &steps);
    }
    for (size_t i = 0; days && f->looks > 0 && i < COUNT_OF(s->looks); i++) {
        times += s->looks[i] > 0 ? 1 : 0;
    }
    times += days ? shares(f->lookback_days + 1 + s->ahead_days, s->span_days) : 0;
    const char *each =
        s->scope && !pass->plan.whole ? arena_printf(a, ", for each of %s", s->needs) : "";
    *words = arena_printf(a, "%s%s%s: %s%s%s", *words, **words ? "; " : "", pass->plan.name, steps,
                          days ? arena_printf(a, ", for %lld days", (long long)times) : "", each);
    return times * (scopes > 0 ? scopes : 1) * one + (pass->available ? 1 : 0);
}

int64_t cost_night(const struct stream *s, unsigned in_force, const struct cost_facts *f,
                   struct arena *a, const char **words)
{
    size_t first = 0;
    int64_t sum = 0;

    while (first < s->pass_count &&
           ((in_force & 1U << first) == 0 || s->passes[first].plan.whole)) {
        first++;
    }
    *words = "";
    for (size_t p = 0; p < s->pass_count; p++) {
        if ((in_force & 1U << p) != 0 && !s->passes[p].plan.instead) {
            sum += of_pass(s, p, first, f, a, words);
        }
    }
    return sum;
}
