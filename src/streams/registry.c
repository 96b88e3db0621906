#include "streams/stream.h"

static const struct stream *const streams[] = {STREAM_ROWS};
const struct stream *const *stream_registry = streams;
size_t stream_registry_count = COUNT_OF(streams);

const struct stream *stream_find(const char *name)
{
    for (size_t i = 0; i < stream_registry_count; i++) {
        if (str_eq(stream_registry[i]->name, name)) {
            return stream_registry[i];
        }
    }
    return NULL;
}

const struct pass *stream_pass(const struct stream *s, const char *plan)
{
    for (size_t p = 0; p < s->pass_count; p++) {
        if (str_eq(s->passes[p].plan.name, plan)) {
            return &s->passes[p];
        }
    }
    return NULL;
}

const struct stream *stream_recent(void)
{
    size_t at = 0;

    while (!stream_registry[at]->recent) {
        at++;
        INVARIANT(at < stream_registry_count);
    }
    return stream_registry[at];
}

bool stream_has_days(const struct stream *s)
{
    return s->grid != GRID_MOMENT;
}

const char *stream_day(const struct stream *s, int64_t start_ms, const char *zone, struct arena *a)
{
    struct err ignored;

    if (start_ms == TIME_NONE) {
        return NULL;
    }
    bool entered = zone && clock_enter_zone(zone, &ignored);
    int32_t day =
        s->grid == GRID_UTC_DAY ? (int32_t)(start_ms / MS_PER_DAY) : clock_zone_day(start_ms);
    if (entered) {
        clock_leave_zone();
    }
    return clock_format_day(day, arena_alloc(a, CLOCK_DAY_BYTES));
}

bool stream_is_list(const struct stream *s)
{
    return !stream_has_days(s) && s->load != LOAD_OBSERVE &&
           (!s->needs || stream_is_list(stream_find(s->needs)));
}

const struct tree_map *const *stream_trees(const struct stream *s, const struct pass *pass)
{
    return pass->trees ? pass->trees : s->trees;
}

bool stream_is_by_reading(const struct stream *s)
{
    return s->load == LOAD_WINDOW || s->load == LOAD_INTERVALS;
}

struct window_kind stream_windows(const struct stream *s, const struct config *c)
{
    bool own_days = s->own_days && str_eq(config_word(c, s->setting), s->own_days);
    const struct stream *needs = s->needs ? stream_find(s->needs) : NULL;

    struct window_kind k = {
        .stream = s->name,
        .grid = s->own_days && !own_days ? GRID_BUSINESS_DAY : s->grid,
        .zone = c->timezone,
        .span_days = s->span_days,
        .scope_sql = s->scope,
        .needs = needs && needs->grid == s->grid && stream_has_days(needs) ? s->needs : NULL,
    };

    INVARIANT(s->pass_count <= PASSES_MAX);
    for (; k.rule_count < s->pass_count; k.rule_count++) {
        k.rules[k.rule_count] = &s->passes[k.rule_count].plan;
    }
    return k;
}

/* Whether a word of [extract] streams, without its minus, means the stream. */
static bool is_meant(const struct stream *s, const char *word)
{
    return str_eq(s->name, word) || str_has_word(s->groups, word) ||
           (str_eq_nocase(word, "all") && !str_has_word(s->groups, "quality") &&
            !str_has_word(s->groups, "telephony"));
}

bool stream_is_listed(const struct stream *s, const char *const *words, size_t count)
{
    bool only_outs = true;
    bool in = false;
    bool out = false;

    for (size_t i = 0; i < count; i++) {
        bool leaves = words[i][0] == '-';

        out = out || (leaves && is_meant(s, words[i] + 1));
        in = in || (!leaves && is_meant(s, words[i]));
        only_outs = only_outs && leaves;
    }
    return !out && (in || (only_outs && is_meant(s, "all")));
}

const char **stream_words(struct arena *a, size_t *count)
{
    const char **words = arena_array(a, 4 * stream_registry_count + 1, sizeof(*words));

    *count = 0;
    for (size_t i = 0; i < stream_registry_count; i++) {
        words[(*count)++] = stream_registry[i]->name;
    }
    for (size_t i = 0; i < stream_registry_count; i++) {
        size_t group_count;
        const char *list = stream_registry[i]->groups;
        char **groups = str_split_list(a, list ? list : "", &group_count);

        for (size_t g = 0; g < group_count; g++) {
            if (!str_is_listed(groups[g], words, *count)) {
                words[(*count)++] = groups[g];
            }
        }
    }
    return words;
}

const char *stream_names(const struct stream *const *list, size_t count, struct arena *a)
{
    const char *names = "";

    for (size_t i = 0; i < count; i++) {
        names = arena_printf(a, "%s%s\"%s\"", names, i > 0 ? "," : "", list[i]->name);
    }
    return arena_printf(a, "[%s]", names);
}

const char *stream_leave_out(const struct config *c, const struct stream *const *out, size_t count,
                             struct arena *a)
{
    const char *list = c->streams_written && *c->streams_written ? c->streams_written : "all";
    bool any = false;
    size_t left = 0;

    for (size_t i = 0; i < stream_registry_count; i++) {
        left += stream_is_listed(stream_registry[i], c->streams, c->stream_count) ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (stream_is_listed(out[i], c->streams, c->stream_count)) {
            list = arena_printf(a, "%s, -%s", list, out[i]->name);
            any = true;
            left--;
        }
    }
    return any && left > 0 ? list : NULL;
}

unsigned stream_in_force(const struct stream *s, const char *word)
{
    unsigned in_force = 0;

    for (size_t p = 0; p < s->pass_count; p++) {
        const char *when = s->passes[p].plan.when;

        in_force |= !when || str_has_word(when, word) ? 1U << p : 0;
    }
    return in_force;
}

void stream_plan(const struct stream *s, const struct config *c, bool is_past, struct plan_facts *f)
{
    f->lookback_days = c->lookback_days;
    f->reread_hours = c->reread_hours;
    f->is_past = is_past;
    f->look_count = 0;
    for (size_t i = 0; i < c->later_look_count; i++) {
        f->looks[f->look_count++] = c->later_looks[i];
    }
    if (s->look_days > 0 && c->later_look_count > 0) {
        f->looks[f->look_count++] = s->look_days;
    }
    f->in_force = stream_in_force(s, config_word(c, s->setting));
    f->rule_count = s->pass_count;
    for (size_t p = 0; p < s->pass_count; p++) {
        f->rules[p] = &s->passes[p].plan;
        /* What is read of the stream as a whole is the night's. */
        f->in_force &= is_past && f->rules[p]->whole ? ~(1U << p) : ~0U;
    }
}

const char *stream_list(const struct stream *s, const struct config *c)
{
    const char *words = config_word(c, s->list_setting);

    return words ? words : s->list;
}

const struct stream *stream_asked_by(const struct stream *s)
{
    const struct stream *whose = s->needs ? stream_find(s->needs) : NULL;

    while (whose && whose->scope) {
        whose = stream_find(whose->needs);
    }
    return whose;
}

/* --- what a night costs ---------------------------------------------------------------------- */

enum { POLLS = 300 /* of a hundred jobs, usually */ };

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

/* Requests of a step in a hundred readings of a pass; adds its words. Nobody knows how many ids a
 * pass of the whole stream has. */
static int64_t of_step(const struct stream *s, const struct pass *pass, const struct step *step,
                       const struct cost_facts *f, struct arena *a, const char **words)
{
    bool by_id = step->follow == FOLLOW_IDS;
    int64_t rows = pass->plan.whole ? -1 : cost_rows(f, s->name);
    const char *of = by_id ? "ids" : "rows";
    const char *what = "1";
    int64_t hundred = 100;
    size_t listed;

    if (by_id && !step->ids_as) {
        (void)str_split_list(a, s->list, &listed);
        rows = (int64_t)listed;
        of = "words";
    }
    if (by_id && !pass->plan.whole && s->needs) {
        rows = rows < 0 || step->size > 1 ? shares(cost_rows(f, s->needs), pass->one_in) : rows;
        of = step->size > 1 ? s->needs : of;
    }
    if (step->follow == FOLLOW_DONE) {
        int polls = step->polls > 0 ? step->polls : POLLS;
        bool asks = step == pass->steps; /* where there is no job the question is repeated */

        what = arena_printf(a, "%s%g poll%s", asks ? "1 + " : "", polls / 100.0,
                            polls == 100 ? "" : "s");
        hundred = polls + 100 * asks;
    } else if (step->follow != FOLLOW_ONCE) {
        what = step->size > 1 ? arena_printf(a, "%s / %d", of, step->size) : of;
        hundred = 100 * (rows > 0 ? shares(rows, step->size) : 1);
    }
    *words = arena_printf(a, "%s%s%s", *words, **words ? " + " : "", what);
    return hundred;
}

/* Requests of a pass; adds its words. What is not the first reads the hours that it does not see
 * yet, or what is there at the moment. */
static int64_t of_pass(const struct stream *s, size_t p, size_t first, const struct cost_facts *f,
                       struct arena *a, const char **words)
{
    const struct pass *pass = &s->passes[p];
    const char *steps = "";
    bool days = stream_has_days(s) && p == first;
    bool looks = days && f->looks > 0 && s->look_days > 0;
    int64_t times = days ? f->looks + looks : 1; /* readings of one scope */
    int64_t hundred = 0;                         /* requests of so many readings */
    bool parts = s->scope && s->needs && !pass->plan.whole;
    const struct stream *list = stream_asked_by(s);
    const char *whose = list ? list->name : s->needs;
    int64_t zones = pass->batch > 1 && cost_rows(f, "zones") > 1 ? cost_rows(f, "zones") : 1;
    int64_t scopes = parts ? zones * shares(cost_rows(f, whose), zones * pass->batch) : 1;

    for (const struct step *step = pass->steps; step->path; step++) {
        hundred += step->follow == FOLLOW_URLS ? 0 : of_step(s, pass, step, f, a, &steps);
    }
    /* Today, and the day that the lookback has just left. */
    int64_t more = pass->plan.bound == SEES_ENDED ? 1 : 2;
    times += days ? shares(f->lookback_days + more + s->ahead_days, s->span_days) : 0;
    const char *every = pass->batch > 1 ? arena_printf(a, "every %d", pass->batch) : "each";
    const char *each = parts ? arena_printf(a, ", for %s of %s", every, whose) : "";
    *words = arena_printf(a, "%s%s%s: %s%s%s", *words, **words ? "; " : "", pass->plan.name, steps,
                          days ? arena_printf(a, ", for %lld days", (long long)times) : "", each);
    return shares(times * (scopes > 0 ? scopes : 1) * hundred, 100) + (pass->available ? 1 : 0);
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
