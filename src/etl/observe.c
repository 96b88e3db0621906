#include "etl/history.h"

#include "base/clock.h"
#include "sql.h"

enum {
    ABOUT_MAX = 3,
    GAP_MS = MS_PER_HOUR / 4, /* a row that goes on over a longer silence has a gap */
};

/* Times at which the API says that something changed, and the state columns they are about. What
 * changes with none of them (a status, an activity) is taken to have changed with the others. */
static const struct {
    const char *time; /* NULL: no time tells of these; the poll that saw them first does */
    const char *about[ABOUT_MAX];
} changes[] = {
    {"time_of_adherence_change", {"adherence_state", "impact"}},
    {"presence_update_time", {"system_presence", "organization_secondary_presence_id"}},
    {"routing_status_time", {"routing_status"}},
    {"adherence_explanation_start_date",
     {"adherence_explanation_id", "adherence_explanation_start_date"}},
    {NULL, {"business_unit_id", "management_unit_id", "team_id"}},
};

enum { NOWHERE = HISTORY_COLUMNS_MAX };

/* Where columns are in the history's rows; NOWHERE: they are not. */
struct observer {
    size_t first; /* when the state was seen first and last */
    size_t last;
    size_t source;
    size_t time[COUNT_OF(changes)];
    size_t about[COUNT_OF(changes)][ABOUT_MAX];
    size_t reported_by[HISTORY_COLUMNS_MAX]; /* by column: that of the source's row */
    bool is_own[HISTORY_COLUMNS_MAX];        /* by column: key, bounds and times of observation */
};

/* One record on its way into the history. */
struct record {
    struct cell row[HISTORY_COLUMNS_MAX]; /* those not reported are NULL */
    struct cell now;
    enum placed outcome;
};

/* --- times --- */

static int order(const struct cell *a, const struct cell *b)
{
    return strcmp(a->value.text, b->value.text);
}

static bool is_later(const struct cell *a, const struct cell *b)
{
    return order(a, b) > 0;
}

static struct cell earlier(const struct cell *a, const struct cell *b)
{
    return is_later(a, b) ? *b : *a;
}

static struct cell later(const struct cell *a, const struct cell *b)
{
    return is_later(b, a) ? *b : *a;
}

/* Whether nobody looked for so long that what lies between is not known. */
static bool is_gap(const struct cell *from, const struct cell *to)
{
    int64_t from_ms;
    int64_t to_ms;

    return clock_parse(from->value.text, true, &from_ms) &&
           clock_parse(to->value.text, true, &to_ms) && to_ms - from_ms > GAP_MS;
}

/* --- rows --- */

/* Whether a column is of the state that a row is of. */
static bool is_state(const struct history *h, size_t column)
{
    const struct observer *o = h->rule;

    return !o->is_own[column] && !(h->map->columns[column].flags & COLUMN_UNHASHED);
}

/* Whether a state column says something else. Between sources a NULL may mean the same. */
static bool differs(const struct history *h, const struct cell *stored, const struct cell *row,
                    size_t column)
{
    const struct observer *o = h->rule;
    const struct cell *a = &stored[column];
    const struct cell *b = &row[column];

    return is_state(h, column) && o->reported_by[column] != NOWHERE && !cell_same(a, b) &&
           (cell_same(&stored[o->source], &row[o->source]) ||
            (!cell_is_null(a) && !cell_is_null(b)));
}

/* Whether a stored row's state is the record's, as far as the record's source reports it. */
static bool same_state(const struct history *h, const struct cell *stored, const struct cell *row)
{
    for (size_t i = 0; i < h->map->column_count; i++) {
        if (differs(h, stored, row, i)) {
            return false;
        }
    }
    return true;
}

/* Takes over what the record reports. Of another source, a NULL erases nothing; a row of which it
 * says less stays its source's. */
static void merge(const struct history *h, struct cell *stored, const struct cell *row)
{
    const struct observer *o = h->rule;
    bool same_source = cell_same(&stored[o->source], &row[o->source]);
    bool says_all = true;

    for (size_t i = 0; i < h->map->column_count; i++) {
        if (o->is_own[i] || o->reported_by[i] == NOWHERE) {
            continue;
        }
        if (same_source || !cell_is_null(&row[i])) {
            stored[i] = row[i];
        } else if (is_state(h, i) && !cell_is_null(&stored[i])) {
            says_all = false;
        }
    }
    if (says_all) {
        stored[o->source] = row[o->source];
    }
}

/* Ends a row where the next one starts; what was observed after that belongs to the next. */
static void end_row(const struct history *h, struct cell *row, const struct cell *at)
{
    const struct observer *o = h->rule;

    row[h->end] = *at;
    row[o->first] = earlier(&row[o->first], at);
    row[o->last] = earlier(&row[o->last], at);
}

/* --- snapshots --- */

/* What a record says of the time since `previous`, the last observation. */
struct news {
    bool left;          /* the state before was left, and perhaps entered again */
    struct cell ended;  /* when; at `previous` where all that is known is that it was left */
    struct cell begins; /* the record's state */
};

/* `stored` is the row before; NULL: the record is the agent's first, `previous` before all. */
static struct news news_of(const struct history *h, const struct cell *stored,
                           const struct record *r, const struct cell *previous)
{
    const struct observer *o = h->rule;
    struct news n = {.left = stored && !same_state(h, stored, r->row), .ended = r->now};
    bool again = false;

    n.begins = *previous;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        const struct cell *named = o->time[i] == NOWHERE ? &r->now : &r->row[o->time[i]];
        bool changed = false;

        for (size_t k = 0; stored && k < ABOUT_MAX && o->about[i][k] != NOWHERE; k++) {
            changed = changed || differs(h, stored, r->row, o->about[i][k]);
        }
        if (o->time[i] == NOWHERE ? !changed
                                  : cell_is_null(named) || !is_later(named, previous) ||
                                        (stored && cell_same(named, &stored[o->time[i]]))) {
            continue;
        }
        struct cell at = earlier(named, &r->now);
        n.begins = later(&n.begins, &at);
        n.ended = earlier(&n.ended, &at);
        again = again || !changed;
    }
    if (!is_later(&n.begins, previous)) {
        n.begins = r->now;
    }
    n.left = n.left || again;
    if (again) {
        n.ended = *previous;
    }
    return n;
}

/* The agent's open row goes on, over a gap where there was one. */
static bool go_on(struct history *h, struct cell *row, const struct record *r, struct err *e)
{
    const struct observer *o = h->rule;
    const struct cell *id = &row[h->keys[0]];

    if (is_gap(&row[o->last], &r->now) &&
        !db_do(h->db, e, sql_observe_gap, X(id->value.text, id->length), S(row[o->last].value.text),
               S(r->now.value.text))) {
        return false;
    }
    merge(h, row, r->row);
    row[o->last] = r->now;
    return history_write(h, row, e);
}

static bool take_snapshot(struct history *h, struct record *r, struct err *e)
{
    const struct observer *o = h->rule;
    struct cell any_time = cell_text("~"); /* comes behind any ISO text */
    struct cell previous = cell_text("");
    struct cell *last;

    if (!history_read(h, HISTORY_UPTO, r->row, &any_time, &last, e)) {
        return false;
    }
    bool is_open = last && cell_is_null(&last[h->end]);
    r->row[h->end] = cell_text(NULL);
    if (last) {
        previous = is_open ? last[o->last] : later(&last[o->last], &last[h->end]);
        int age = order(&r->now, &previous);

        if (age <= 0) {
            r->outcome = age < 0 ? PLACED_LATE : PLACED_UNCHANGED;
            return true;
        }
    }
    struct news n = news_of(h, last, r, &previous);
    r->outcome = PLACED_NEW;
    if (is_open) {
        r->outcome = n.left ? PLACED_CHANGED : PLACED_UNCHANGED;
        if (!n.left) {
            return go_on(h, last, r, e);
        }
        bool unknown = order(&n.ended, &r->now) == 0 && is_gap(&previous, &r->now);
        end_row(h, last, unknown ? &previous : &n.ended);
        if (!history_write(h, last, e)) {
            return false;
        }
    }
    r->row[h->start] = n.begins;
    return history_write(h, r->row, e);
}

/* --- intervals --- */

/* A stored row of the record's state that the interval touches goes on to the interval's end. */
static bool extend(struct history *h, struct cell *stored, struct record *r, struct err *e)
{
    const struct observer *o = h->rule;
    const struct cell *end = &r->row[h->end];
    bool is_open = cell_is_null(&stored[h->end]);

    r->outcome = PLACED_UNCHANGED;
    if (!cell_is_null(end)) {
        int more = order(end, is_open ? &stored[o->last] : &stored[h->end]);

        if (more < 0 || (more == 0 && !is_open)) {
            return true;
        }
    }
    if (!cell_same(end, &stored[h->end])) {
        r->outcome = PLACED_CHANGED;
    }
    merge(h, stored, r->row);
    stored[h->end] = *end;
    stored[o->last] = later(&stored[o->last], &r->row[o->last]);
    return history_write(h, stored, e);
}

/* Rows after the interval's start that it touches and that are of its state become part of it: the
 * records of an answer come in any order. Leaves the first row that does not. */
static bool absorb(struct history *h, struct cell *row, struct cell **next, struct err *e)
{
    const struct observer *o = h->rule;
    struct cell *end = &row[h->end];

    while (*next && same_state(h, *next, row) &&
           (cell_is_null(end) || !is_later(&(*next)[h->start], end))) {
        const struct cell *after = *next;

        for (size_t i = 0; i < h->map->column_count; i++) {
            if (!o->is_own[i] && o->reported_by[i] == NOWHERE) {
                row[i] = after[i];
            }
        }
        if (!cell_is_null(end)) {
            *end = cell_is_null(&after[h->end]) ? after[h->end] : later(end, &after[h->end]);
        }
        row[o->first] = earlier(&row[o->first], &after[o->first]);
        row[o->last] = later(&row[o->last], &after[o->last]);
        if (!history_remove(h, after, e) ||
            !history_read(h, HISTORY_AFTER, row, &row[h->start], next, e)) {
            return false;
        }
    }
    return true;
}

/* Puts an interval between the row before it (which may start with it) and the one after it. */
static bool place_interval(struct history *h, struct record *r, struct cell *before,
                           struct cell *after, struct err *e)
{
    const struct observer *o = h->rule;
    struct cell *row = r->row;
    struct cell *start = &row[h->start];
    struct cell *end = &row[h->end];

    row[o->first] = *start;
    row[o->last] = cell_is_null(end) ? r->now : earlier(&r->now, end);
    if (!absorb(h, row, &after, e)) {
        return false;
    }
    if (after && (cell_is_null(end) || is_later(end, &after[h->start]))) {
        end_row(h, row, &after[h->start]);
    }
    r->outcome = before ? PLACED_CHANGED : PLACED_NEW;
    if (before) {
        bool is_open = cell_is_null(&before[h->end]);

        if (!is_later(start, is_open ? &before[o->last] : &before[h->end]) &&
            same_state(h, before, row)) {
            return extend(h, before, r, e);
        }
        if (order(&before[h->start], start) == 0) {
            /* It starts where the interval does, but says something else: it becomes it. */
            merge(h, before, row);
            before[h->end] = *end;
            before[o->first] = row[o->first];
            before[o->last] = row[o->last];
            return history_write(h, before, e);
        }
        if (is_open || is_later(&before[h->end], start)) {
            end_row(h, before, start);
            if (!history_write(h, before, e)) {
                return false;
            }
        }
    }
    return history_write(h, row, e);
}

static bool take_interval(struct history *h, struct record *r, struct err *e)
{
    const struct observer *o = h->rule;
    const struct cell *start = &r->row[h->start];
    struct cell *end = &r->row[h->end];
    struct cell *before;
    struct cell *after;

    if (!cell_is_null(end) && is_later(end, &r->now)) {
        *end = cell_text(NULL); /* not over yet */
    }
    r->outcome = PLACED_UNCHANGED;
    if (cell_same(start, end)) {
        return true;
    }
    r->outcome = PLACED_BAD;
    if (is_later(start, &r->now) || (!cell_is_null(end) && is_later(start, end))) {
        return true;
    }
    if (!history_read(h, HISTORY_UPTO, r->row, start, &before, e) ||
        !history_read(h, HISTORY_AFTER, r->row, start, &after, e)) {
        return false;
    }
    r->outcome = PLACED_LATE;
    if ((before && is_later(&before[o->last], &r->now)) ||
        (after && is_later(&after[o->last], &r->now))) {
        return true;
    }
    return place_interval(h, r, before, after, e);
}

static bool observe(struct history *h, const struct cell *row, uint64_t row_hash,
                    const struct load_page *page, enum placed *outcome, struct err *e)
{
    const struct observer *o = h->rule;
    char now[CLOCK_ISO_BYTES];
    struct record r = {.now = cell_text(clock_format(page->received_ms, now))};

    (void)row_hash; /* what is stored is compared column by column */
    arena_reset(h->arena);
    for (size_t i = 0; i < h->map->column_count; i++) {
        if (o->reported_by[i] != NOWHERE) {
            r.row[i] = row[o->reported_by[i]];
        }
    }
    r.row[o->first] = r.now;
    r.row[o->last] = r.now;
    r.row[o->source] = cell_text(page->plan);
    bool taken = cell_is_null(&r.row[h->start]) ? take_snapshot(h, &r, e) : take_interval(h, &r, e);
    *outcome = r.outcome;
    return taken;
}

/* --- making --- */

static size_t column_of(const struct table_map *map, const char *name)
{
    size_t at = name ? map_column(map, name) : map->column_count;

    return at < map->column_count ? at : NOWHERE;
}

struct history *observer_new(struct db *d, const struct tree_map *tree,
                             const struct table_map *state)
{
    const struct history_columns by = {tree->ids, 1, "state_start", "state_end", {"row_source"}};
    struct history *h = history_new(d, state, &by);
    struct observer *o = arena_alloc(h->fixed, sizeof(*o));

    o->first = column_of(state, "first_observed");
    o->last = column_of(state, "last_observed");
    o->source = state->column_count;
    for (size_t i = 0; i < state->column_count; i++) {
        o->reported_by[i] = column_of(tree->root, state->columns[i].name);
    }
    INVARIANT(o->first != NOWHERE && o->last != NOWHERE);
    const size_t own[] = {h->keys[0], h->start, h->end, o->first, o->last};
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        o->is_own[own[i]] = true;
    }
    INVARIANT(o->reported_by[h->keys[0]] != NOWHERE);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        o->time[i] = column_of(state, changes[i].time);
        for (size_t k = 0; k < ABOUT_MAX; k++) {
            o->about[i][k] = column_of(state, changes[i].about[k]);
        }
    }
    h->sql[HISTORY_END] = words_fill(&h->words, sql_history_close_unseen);
    h->rule = o;
    h->take = observe;
    return h;
}

/* --- distrust --- */

bool observe_distrust(struct db *d, const char *now, int64_t *count, struct err *e)
{
    static const char *const takes_back[] = {sql_observe_remove_ahead, sql_observe_cut_ahead,
                                             sql_observe_gaps_ahead};
    struct rows q = db_ask(d, e, sql_observe_is_ahead, S(now));
    bool ahead = db_next(&q);

    *count = 0;
    if (!db_end(&q)) {
        return false;
    }
    for (size_t i = 0; ahead && i < COUNT_OF(takes_back); i++) {
        if (!db_do(d, e, takes_back[i], S(now))) {
            return false;
        }
        *count += takes_back[i] == sql_observe_gaps_ahead ? 0 : db_changes(d);
    }
    return true;
}
