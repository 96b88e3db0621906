#include "run/night.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"

enum {
    AHEAD = 2,        /* readings issued before their turn, so that no place stands empty */
    TROUBLED_MAX = 3, /* readings in a row that the server's own trouble ended: the next ones would
                         meet it too */
    ROUNDS = 2,       /* a pass is planned again behind what was only finished */
};

/* What a source that reports intervals is asked for: from a while before the last reading on, or
 * the last day. */
#define SINCE_OVERLAP_MS MS_PER_HOUR
#define SINCE_FIRST_MS   MS_PER_DAY
#define SINCE_MOST_MS    (7 * MS_PER_DAY)

/* A window that owes something to the pass at hand. */
struct owed {
    struct window *window;
    int64_t to_ms;
};

struct night {
    struct run *run;
    struct store *store;
    const struct stream *stream;
    struct outcome outcome;
    struct progress progress;
    struct window_kind kind;
    const struct pass_rule *rules[PASSES_MAX];
    struct plan_facts facts;
    struct lane lane;
    struct lane side; /* of cleanups */
    size_t side_count;
    struct window *windows;
    size_t window_count;
    unsigned *failed; /* by window: bits of the passes that failed in this run */
    size_t order[PASSES_MAX];
    size_t order_count;
    size_t at; /* in `order` */
    int round; /* of the pass at hand */
    bool asked;
    bool read_any;
    bool granted;        /* one of the passes that stand in for one another is */
    struct buf lacks;    /* why those that were tried are not: missing permissions */
    struct buf refusals; /* anything else */
    struct owed *owed;   /* to the pass at hand, in order */
    size_t owed_count;
    size_t owed_next;
    size_t troubled;
    struct owed *too_large; /* days that the pass at hand cannot page through */
    size_t too_large_count;
    size_t too_large_next;
    struct reading *under_way[64 + AHEAD];
    size_t under_way_count;
    bool over;
};

void outcome_fail(struct outcome *o, const struct err *error, bool halts)
{
    o->left++;
    if (o->first.kind == ERR_NONE || (halts && !o->halted)) {
        o->first = *error;
    }
    o->halted = o->halted || halts;
}

enum err_kind outcome_kind(const struct outcome *o)
{
    if (o->stopped) {
        return ERR_STOPPED;
    }
    if (o->left == 0 && o->first.kind == ERR_NONE) {
        return ERR_NONE;
    }
    if (err_facts[o->first.kind].ends_run || o->done == 0) {
        return o->first.kind;
    }
    return ERR_PARTIAL;
}

static const struct pass *pass_at(const struct night *n)
{
    return &n->stream->passes[n->order[n->at]];
}

/* Whether pass `p` is one of several that stand in for one another. */
static bool has_stand_in(const struct night *n, size_t p)
{
    return n->rules[p]->instead || (p + 1 < n->kind.rule_count && n->rules[p + 1]->instead);
}

/* --- readings -------------------------------------------------------------------------------- */

static struct reading *make_reading(struct night *n, enum reading_kind kind)
{
    struct reading *r = reading_new();

    r->kind = kind;
    r->night = n;
    r->stream = n->stream;
    return r;
}

static void issue(struct night *n, struct reading *r, struct lane *lane)
{
    r->lane = lane;
    pages_issue(n->run->pages, r);
}

static const char *label_of(const struct night *n, const struct window *w, const char *pass,
                            struct arena *a)
{
    char day[CLOCK_DAY_BYTES];
    bool has_day = w && w->span.start_ms != TIME_NONE;
    int32_t number = 0;

    if (has_day) {
        number = n->kind.grid == GRID_UTC_DAY ? (int32_t)(w->span.start_ms / MS_PER_DAY)
                                              : clock_zone_day(w->span.start_ms);
    }
    return arena_printf(a, "%s%s%s%s%s (%s)", n->stream->name, has_day ? " " : "",
                        has_day ? clock_format_day(number, day) : "", w && w->scope ? " " : "",
                        w && w->scope ? w->scope : "", pass);
}

/* Something of ours that is still at the server is cleared up; what comes of it changes nothing. */
static void issue_cleanup(struct night *n, struct window *w, size_t p)
{
    const struct pass *pass = &n->stream->passes[p];
    struct reading *r = make_reading(n, READING_CLEANUP);

    r->pass = pass;
    r->pass_no = p;
    r->ask.steps = pass->steps;
    r->window = w;
    r->ask.label = label_of(n, w, "deleting a finished job", r->arena);
    r->ask.at.token = arena_strdup(r->arena, w->now[p].token);
    atomic_store(&r->committed, true);
    w->now[p].token = NULL;
    w->now[p].target_to_ms = TIME_NONE;
    n->side_count++;
    issue(n, r, &n->side);
}

/* The availability date, when some window's plan goes by it. */
static bool issue_question(struct night *n)
{
    bool needed = false;

    for (size_t i = 0; i < n->window_count && !needed && !n->asked; i++) {
        needed = plan_needs_availability(&n->windows[i].span, &n->facts);
    }
    n->asked = true;
    if (!needed) {
        return false;
    }
    struct reading *r = make_reading(n, READING_QUESTION);
    struct step *steps = arena_array(r->arena, 2, sizeof(*steps));
    for (size_t p = 0; p < n->stream->pass_count && !steps[0].path; p++) {
        steps[0] = (struct step){.path = n->stream->passes[p].available,
                                 .must = "dataAvailabilityDate",
                                 .available = "dataAvailabilityDate"};
    }
    r->ask.steps = steps;
    r->ask.label = label_of(n, NULL, "data availability date", r->arena);
    n->under_way[n->under_way_count++] = r;
    issue(n, r, &n->lane);
    return true;
}

/* Whether a stored reading goes on: it must be owed still, and its cursor must mean something. What
 * is observed is of one moment, and pages by number shift. */
static bool goes_on(const struct night *n, const struct window *w, size_t p, int64_t to_ms)
{
    const struct cursor *c = &w->now[p];
    bool by_number = step_of_rows(n->stream->passes[p].steps)->follow == FOLLOW_PAGES;
    int64_t fresh_ms = n->rules[p]->fresh_minutes * MS_PER_MINUTE;
    bool is_moment = w->span.start_ms == TIME_NONE && !n->rules[p]->whole;

    if (c->target_to_ms == TIME_NONE || c->target_to_ms > to_ms ||
        n->stream->load == LOAD_OBSERVE ||
        (is_moment && n->facts.time_ms - c->begun_ms > fresh_ms)) {
        return false;
    }
    if (!by_number || c->page <= 1) {
        return true;
    }
    /* A name that moved to a page that was read would pass for one that is gone. */
    int64_t now_ms = clock_now_ms();
    return !is_moment && c->page_ms != TIME_NONE && c->page_ms <= now_ms &&
           now_ms - c->page_ms <= limit_get(LIMIT_RESUME_PAGE_MS);
}

/* The stretch of time that a reading asks for. */
static void set_interval(const struct night *n, struct reading *r)
{
    const struct window *w = r->window;
    int64_t from_ms = w->span.start_ms;

    if (from_ms == TIME_NONE) {
        int64_t covered_ms = w->span.pass[r->pass_no].covered_to_ms;
        int64_t least_ms = r->to_ms - SINCE_MOST_MS;

        from_ms =
            covered_ms == TIME_NONE ? r->to_ms - SINCE_FIRST_MS : covered_ms - SINCE_OVERLAP_MS;
        from_ms = from_ms < least_ms ? least_ms : from_ms;
    } else {
        r->facts.start_ms = from_ms;
        r->facts.end_ms = w->span.end_ms;
    }
    r->ask.start = clock_format(from_ms, arena_alloc(r->arena, CLOCK_ISO_BYTES));
    r->ask.end = clock_format(r->to_ms, arena_alloc(r->arena, CLOCK_ISO_BYTES));
    r->ask.scope = r->facts.scope = w->scope;
    r->ask.zone = r->facts.zone = n->run->config->timezone;
}

/* The ids that a pass asks for, behind the one that was read last. */
static bool set_ids(const struct night *n, struct reading *r, const char *after, struct err *e)
{
    int64_t read_ms = r->window->span.pass[r->pass_no].read_ms;
    int64_t since_ms =
        (read_ms == TIME_NONE ? n->facts.time_ms : read_ms) - n->facts.lookback_days * MS_PER_DAY;

    struct id_list ids = {.time_ms = n->facts.time_ms, .since_ms = since_ms, .after = after};

    if (r->pass->ids && !ledger_ids(&n->run->ledger, r->pass->ids, &ids, r->arena, e)) {
        return false;
    }
    r->ask.ids = ids.ids;
    r->ask.id_count = ids.count;
    return true;
}

/* Where a stored reading goes on. */
static void set_place(const struct night *n, struct reading *r, const struct cursor *c)
{
    r->time_ms = c->begun_ms < n->facts.time_ms ? c->begun_ms : n->facts.time_ms;
    r->to_ms = c->target_to_ms;
    r->ask.at = (struct pager_at){
        .token = c->token ? arena_strdup(r->arena, c->token) : NULL,
        .waited = c->waited,
        .cursor = !r->pass->ids && c->at ? arena_strdup(r->arena, c->at) : NULL,
        .page = c->page,
        .page_size = (int)c->page_size,
    };
}

/* Begins a reading of what is owed, or lets the stored one go on, and issues it. */
static bool issue_window(struct night *n, const struct owed *owed, struct err *e)
{
    size_t p = n->order[n->at];
    struct window *w = owed->window;
    struct reading *r = make_reading(n, READING_WINDOW);
    bool resumes = goes_on(n, w, p, owed->to_ms);
    const char *after = resumes && n->stream->passes[p].ids ? w->now[p].at : NULL;

    r->pass = &n->stream->passes[p];
    r->pass_no = p;
    r->ask.steps = r->pass->steps;
    r->window = w;
    r->to_ms = owed->to_ms;
    r->time_ms = n->facts.time_ms;
    r->ask.label = label_of(n, w, n->rules[p]->name, r->arena);
    if (resumes) {
        set_place(n, r, &w->now[p]);
    } else if (w->now[p].token) {
        issue_cleanup(n, w, p);
    }
    r->plan = n->facts;
    r->plan.time_ms = r->time_ms;
    r->ask.hits_overflow = p > 0 && (n->facts.in_force & ((1U << p) - 1)) != 0;
    r->must_add_up = w->span.start_ms == TIME_NONE;
    r->is_over = w->span.start_ms != TIME_NONE && w->span.end_ms <= n->facts.time_ms;
    set_interval(n, r);
    if (!set_ids(n, r, after, e) || (!resumes && !store_begin(n->store, r, e))) {
        arena_free(r->arena);
        return false;
    }
    n->under_way[n->under_way_count++] = r;
    issue(n, r, &n->lane);
    return true;
}

/* --- planning -------------------------------------------------------------------------------- */

/* Passes in force, in their order; of those that stand in for one another the one that was granted
 * last comes first, but once a day the preferred one is asked again. */
static bool order_passes(struct night *n, struct err *e)
{
    const char *remembered = NULL;

    if (!ledger_source(&n->run->ledger, n->stream->name, run_now_ms(n->run) - MS_PER_DAY,
                       n->run->arena, &remembered, e)) {
        return false;
    }
    for (int again = 0; again < 2; again++) {
        for (size_t p = 0; p < n->kind.rule_count; p++) {
            bool first = has_stand_in(n, p) && str_eq(n->rules[p]->name, remembered);
            if ((n->facts.in_force & 1U << p) != 0 && first == (again == 0)) {
                n->order[n->order_count++] = p;
            }
        }
    }
    return true;
}

static void add_owed(struct night *n, struct window *w, int64_t to_ms)
{
    n->owed[n->owed_count++] = (struct owed){w, to_ms};
}

/* What the pass at hand is owed, in the order of the windows; none where another one that it stands
 * in for was granted. */
static void plan_pass(struct night *n)
{
    size_t p = n->order[n->at];
    bool whole = n->rules[p]->whole;

    n->owed_count = n->owed_next = 0;
    if (n->granted && has_stand_in(n, p)) {
        return;
    }
    for (size_t i = 0; i < n->window_count; i++) {
        struct window *w = &n->windows[i];
        bool is_moment = w->span.start_ms == TIME_NONE;
        bool is_meant = whole ? is_moment : is_moment == (n->kind.grid == GRID_MOMENT);

        if (!is_meant || (n->failed[i] & 1U << p) != 0) {
            continue;
        }
        int64_t to_ms = plan_owed(&w->span, p, &n->facts);
        /* Nothing has changed since a reading at this very time, unless by what was read now. */
        bool is_read =
            w->span.pass[p].read_ms >= n->facts.time_ms && (!n->read_any || n->round > 0);
        if (to_ms == TIME_NONE || (is_moment && is_read)) {
            continue;
        }
        add_owed(n, w, goes_on(n, w, p, to_ms) ? w->now[p].target_to_ms : to_ms);
    }
    if (n->owed_count > 0) {
        progress_phase(&n->progress, n->owed_count);
    }
}

/* Takes the next of what is owed: once trouble has come up, the newest, so that old trouble alone
 * halts nothing. */
static struct owed take_owed(struct night *n)
{
    size_t at = n->owed_next;

    for (size_t i = at; n->troubled + 1 >= TROUBLED_MAX && i < n->owed_count; i++) {
        if (n->owed[i].window->span.start_ms > n->owed[at].window->span.start_ms) {
            at = i;
        }
    }
    struct owed owed = n->owed[at];
    n->owed[at] = n->owed[n->owed_next];
    n->owed[n->owed_next++] = owed;
    return owed;
}

static bool issue_more(struct night *n, struct err *e)
{
    while (!n->outcome.halted && n->owed_next < n->owed_count &&
           n->under_way_count < n->lane.at_once + AHEAD) {
        struct owed owed = take_owed(n);
        if (!issue_window(n, &owed, e)) {
            return false;
        }
    }
    return true;
}

/* The error that names the refusals of all that stand in for one another: missing permissions come
 * first. */
static void fail_all_sources(struct night *n)
{
    struct err error;
    bool both = n->lacks.length > 0 && n->refusals.length > 0;

    err_set(&error, n->lacks.length ? ERR_PERMISSION : ERR_CONTRACT,
            "no source of %s answers. %s%s%s", n->stream->title, buf_str(&n->lacks),
            both ? "; " : "", buf_str(&n->refusals));
    outcome_fail(&n->outcome, &error, true);
}

/* Days too large for the pass at hand go to the one before it, over the same hours. */
static bool retry_too_large(struct night *n)
{
    size_t p = n->order[n->at];

    if (n->too_large_next == n->too_large_count) {
        return false;
    }
    while (n->at > 0 && n->order[n->at] >= p) {
        n->at--;
    }
    n->owed_count = n->owed_next = 0;
    while (n->too_large_next < n->too_large_count) {
        const struct owed *day = &n->too_large[n->too_large_next++];
        add_owed(n, day->window, day->to_ms);
    }
    n->round = ROUNDS; /* what follows is planned already */
    return true;
}

/* Of a day too large for the query, hours that no job sees yet are missing. */
static void note_unreached(struct night *n)
{
    for (size_t i = 0; i < n->too_large_count; i++) {
        const struct owed *day = &n->too_large[i];
        struct err error;

        if (plan_covered(&day->window->span) < day->to_ms) {
            err_set(&error, ERR_CONTRACT,
                    "%s: more than %lld rows, which the query does not reach, and its last hours "
                    "are in no job yet; a later run reads them",
                    label_of(n, day->window, "query", n->run->arena),
                    (long long)limit_get(LIMIT_QUERY_ROWS));
            outcome_fail(&n->outcome, &error, false);
        }
    }
}

static void set_at_once(struct night *n)
{
    int64_t most = n->run->config->in_flight;
    const struct step *first = pass_at(n)->steps;

    if (first->token && limit_get(LIMIT_JOBS_AT_ONCE) < most) {
        most = limit_get(LIMIT_JOBS_AT_ONCE);
    }
    n->lane.at_once = (size_t)most;
    n->troubled = 0;
    atomic_store(&n->lane.closed, false);
}

/* Goes from pass to pass until something is under way, or nothing is left. */
static bool advance(struct night *n, struct err *e)
{
    while (n->under_way_count == 0 && !n->over) {
        if (n->outcome.halted || stop_requested() || n->at == n->order_count) {
            n->outcome.stopped = stop_requested() && n->at < n->order_count;
            if (!n->outcome.halted && n->lacks.length + n->refusals.length > 0 && !n->granted) {
                fail_all_sources(n);
            }
            note_unreached(n);
            n->over = true;
        } else if (n->round == 0 && n->at == 0 && issue_question(n)) {
            return true;
        } else if (n->owed_next < n->owed_count) {
            set_at_once(n);
            if (!issue_more(n, e)) {
                return false;
            }
        } else if (retry_too_large(n)) {
            continue;
        } else if (n->round < ROUNDS) {
            plan_pass(n);
            n->round = n->owed_count > 0 ? n->round + 1 : ROUNDS;
        } else {
            n->at++;
            n->round = 0;
        }
    }
    return true;
}

/* --- a night --------------------------------------------------------------------------------- */

struct night *night_new(struct run *run, struct store *store, const struct stream *s,
                        int fresh_minutes)
{
    struct night *n = arena_alloc(run->arena, sizeof(*n));

    n->run = run;
    n->store = store;
    n->stream = s;
    n->kind = stream_windows(s, n->rules);
    atomic_init(&n->lane.closed, false);
    atomic_init(&n->side.closed, false);
    n->side.at_once = 2;
    n->lane.at_once = 1;
    buf_init(&n->lacks, ERR_MESSAGE_BYTES);
    buf_init(&n->refusals, ERR_MESSAGE_BYTES);
    for (size_t p = 0; fresh_minutes > 0 && p < n->kind.rule_count; p++) {
        if (n->rules[p]->fresh_minutes > fresh_minutes) {
            struct pass_rule *rule = arena_alloc(run->arena, sizeof(*rule));
            *rule = *n->rules[p];
            rule->fresh_minutes = fresh_minutes;
            n->rules[p] = rule;
        }
    }
    const struct config *c = run->config;
    n->facts = (struct plan_facts){
        .available_ms = TIME_NONE,
        .lookback_days = c->lookback_days,
        .reread_hours = c->reread_hours,
        .rule_count = n->kind.rule_count,
        .in_force = stream_in_force(s, c),
    };
    for (size_t p = 0; p < n->kind.rule_count; p++) {
        n->facts.rules[p] = n->rules[p];
    }
    return n;
}

/* The windows there are, and what is left at the server that no reading goes on with. */
static bool find_windows(struct night *n, struct err *e)
{
    const struct config *c = n->run->config;
    int64_t until_ms = n->facts.time_ms;
    int64_t from_ms = until_ms;

    if (n->kind.grid != GRID_MOMENT) {
        from_ms = clock_zone_day_start_ms(c->start_day);
        from_ms = n->kind.grid == GRID_UTC_DAY ? clock_utc_day_start(from_ms) : from_ms;
    }
    size_t first = plan_first(&n->facts);
    struct windows found = {.arena = n->run->arena};
    const char *settles = first < n->kind.rule_count ? n->rules[first]->name : NULL;
    if (!window_make(&n->run->ledger, &n->kind, from_ms, until_ms, e) ||
        !window_list(&n->run->ledger, &n->kind, until_ms - c->lookback_days * MS_PER_DAY, settles,
                     &found, e)) {
        return false;
    }
    n->windows = found.list;
    n->window_count = found.count;
    n->failed = arena_array(n->run->arena, n->window_count + 1, sizeof(*n->failed));
    n->owed = arena_array(n->run->arena, n->window_count + 1, sizeof(*n->owed));
    n->too_large = arena_array(n->run->arena, n->window_count + 1, sizeof(*n->too_large));
    for (size_t i = 0; i < n->window_count; i++) {
        for (size_t p = 0; p < n->kind.rule_count; p++) {
            const struct cursor *now = &n->windows[i].now[p];
            bool is_wanted = now->target_to_ms != TIME_NONE && (n->facts.in_force & 1U << p) != 0;
            if (now->token && !is_wanted) {
                issue_cleanup(n, &n->windows[i], p);
            }
        }
    }
    return true;
}

bool night_begin(struct night *n, struct err *e)
{
    n->facts.time_ms = n->kind.grid == GRID_MOMENT ? run_now_ms(n->run) : run_time_ms(n->run);
    n->progress = (struct progress){.stream = n->stream->name, .began_ms = clock_monotonic_ms()};
    progress_phase(&n->progress, 0);
    LOG(LOG_INFO, "stream begins", LOG_S("stream", n->stream->name));
    return find_windows(n, e) && order_passes(n, e) && advance(n, e);
}

/* A pass is not granted when it lacks a permission or is not there. */
static bool is_not_granted(const struct reading *r)
{
    return r->outcome == READING_FAILED && has_stand_in(r->night, r->pass_no) &&
           (r->error.kind == ERR_PERMISSION || r->error.http_status == 404);
}

static void note_refusal(struct night *n, const struct reading *r)
{
    struct buf *to = r->error.kind == ERR_PERMISSION ? &n->lacks : &n->refusals;

    (void)buf_add_printf(to, "%s%s: %s", to->length ? "; " : "", r->pass->plan.name,
                         r->error.message);
    LOG(LOG_WARN, "source not granted, trying the next", LOG_S("stream", n->stream->name),
        LOG_S("source", r->pass->plan.name), LOG_S("error", r->error.message));
}

/* No more windows are read by the pass at hand. */
static void close_pass(struct night *n)
{
    atomic_store(&n->lane.closed, true);
    for (size_t i = n->owed_next; i < n->owed_count; i++) {
        n->failed[n->owed[i].window - n->windows] |= 1U << n->order[n->at];
        n->outcome.left++;
    }
    n->owed_next = n->owed_count;
}

/* What the trouble of one reading means for the others. */
static void take_failure(struct night *n, const struct reading *r, bool everything)
{
    const struct err *why = &r->error;
    bool server = why->kind == ERR_TEMPORARY && !everything;

    if (r->window) {
        n->failed[r->window - n->windows] |= 1U << r->pass_no;
    }
    if (is_not_granted(r)) {
        note_refusal(n, r);
        return;
    }
    n->granted = n->granted || (r->pass && has_stand_in(n, r->pass_no));
    n->troubled += server ? 1 : 0;
    bool halts = everything || !r->window || (why->kind == ERR_PERMISSION && !r->facts.scope);
    outcome_fail(&n->outcome, why, halts);
    if (halts || (server && n->troubled >= TROUBLED_MAX)) {
        close_pass(n);
    }
}

/* A day too large goes to the pass before, where that is in force. */
static bool take_overflow(struct night *n, const struct reading *r, struct err *e)
{
    struct err error;

    n->failed[r->window - n->windows] |= 1U << r->pass_no;
    if (r->ask.hits_overflow) {
        LOG(LOG_INFO, "day too large for the query, taking a job", LOG_S("reading", r->ask.label));
        n->too_large[n->too_large_count++] = (struct owed){r->window, r->to_ms};
        return true;
    }
    err_set(&error, ERR_CONTRACT,
            "%s: the day holds more than %lld rows, which these pages do not reach; set %s = auto",
            r->ask.label, (long long)limit_get(LIMIT_QUERY_ROWS), n->stream->setting);
    outcome_fail(&n->outcome, &error, false);
    return window_fail(&n->run->ledger, r->window, r->pass_no, &error, WINDOW_ABANDON, e);
}

/* The answer to the question. */
static void take_available(struct night *n, const struct reading *r)
{
    struct err error;

    n->facts.available_ms = r->to_ms;
    if (r->to_ms == TIME_NONE) {
        err_set(&error, ERR_CONTRACT, "%s: the answer's dataAvailabilityDate is no time",
                r->ask.label);
        outcome_fail(&n->outcome, &error, true);
    }
}

static bool take_done(struct night *n, const struct reading *r, struct err *e)
{
    if (r->kind == READING_QUESTION) {
        take_available(n, r);
        return true;
    }
    n->troubled = 0;
    n->outcome.done += r->pages > 0 ? 1 : 0; /* of no ids nothing is read */
    n->read_any = n->read_any || !r->pass->plan.whole;
    if (r->available_ms != TIME_NONE && r->available_ms < n->facts.available_ms &&
        r->time_ms >= n->facts.time_ms) {
        n->facts.available_ms = r->available_ms; /* the data goes no further, its pages say */
    }
    if (!has_stand_in(n, r->pass_no)) {
        return true;
    }
    n->granted = true;
    return ledger_remember_source(&n->run->ledger, n->stream->name, r->pass->plan.name, e);
}

static bool take_outcome(struct night *n, struct reading *r, bool everything, struct err *e)
{
    switch (r->outcome) {
    case READING_DONE:
        return take_done(n, r, e);
    case READING_FAILED:
        take_failure(n, r, everything);
        return true;
    case READING_OVERFLOW:
        return take_overflow(n, r, e);
    case READING_WAITING:
        if (r->window) {
            n->failed[r->window - n->windows] |= 1U << r->pass_no;
        }
        n->outcome.left++;
        return true;
    }
    return true;
}

bool night_go_on(struct night *n, struct reading *r, bool halts, struct err *e)
{
    size_t at = 0;

    if (r->kind == READING_CLEANUP) {
        n->side_count--;
        return true;
    }
    while (n->under_way[at] != r) {
        at++;
    }
    n->under_way[at] = n->under_way[--n->under_way_count];
    progress_done(&n->progress, r);
    return take_outcome(n, r, halts, e) && issue_more(n, e) && advance(n, e);
}

void night_tell(struct night *n)
{
    progress_tell(&n->progress, &n->run->watcher, n->under_way, n->under_way_count);
}

bool night_is_over(const struct night *n)
{
    return n->over && n->side_count == 0;
}

void night_end(struct night *n)
{
    struct outcome *o = &n->outcome;

    o->left += n->under_way_count + (n->owed_count - n->owed_next);
    o->stopped = o->stopped || (stop_requested() && o->left > 0);
    n->progress.ended = true;
    n->progress.whole = o->left == 0 && o->first.kind == ERR_NONE && !o->stopped;
    progress_tell(&n->progress, &n->run->watcher, NULL, 0);
    LOG(o->left ? LOG_WARN : LOG_INFO, "stream ends", LOG_S("stream", n->stream->name),
        LOG_N("done", o->done), LOG_N("left", o->left),
        LOG_S("error", o->first.kind ? o->first.message : "none"));
    buf_free(&n->lacks);
    buf_free(&n->refusals);
}

struct outcome *night_outcome(struct night *n)
{
    return &n->outcome;
}
