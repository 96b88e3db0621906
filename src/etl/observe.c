#include "etl/observe.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "etl/observe_rows.h"

struct observer {
    struct db *db;
    const struct tree_map *tree;
    const struct table_map *state;
    struct history *history;
    const struct history_columns *columns;
    struct arena *fixed;
    struct arena *arena; /* reset with each record */
    size_t *reported_by; /* by state column: column of the source's row; SIZE_MAX: not reported */
};

/* One record on its way into the history. Times are cells of ISO texts. */
struct record {
    struct history_row row; /* in the history's columns; those not reported are NULL */
    struct cell now;
    struct cell first; /* when its state was seen first and last */
    struct cell last;
};

/* --- making --- */

struct observer *observer_new(struct db *d, const struct tree_map *tree,
                              const struct table_map *state, struct err *e)
{
    struct observer *o = xcalloc(1, sizeof(*o));

    o->db = d;
    o->tree = tree;
    o->state = state;
    o->fixed = arena_new(0);
    o->arena = arena_new(0);
    o->reported_by = arena_array(o->fixed, state->column_count, sizeof(*o->reported_by));
    for (size_t i = 0; i < state->column_count; i++) {
        o->reported_by[i] = SIZE_MAX;
        for (size_t k = 0; k < tree->root->column_count; k++) {
            if (str_eq(state->columns[i].name, tree->root->columns[k].name)) {
                o->reported_by[i] = k;
            }
        }
    }
    o->history = history_new(d, state, tree->id, e);
    if (!o->history) {
        observer_free(o);
        return NULL;
    }
    o->columns = history_columns(o->history);
    INVARIANT(o->reported_by[o->columns->id] != SIZE_MAX);
    return o;
}

void observer_free(struct observer *o)
{
    if (o) {
        history_free(o->history);
        arena_free(o->fixed);
        arena_free(o->arena);
        free(o);
    }
}

/* --- cells --- */

static struct cell text_cell(const char *text)
{
    return (struct cell){.type = CELL_TEXT, .length = (uint32_t)strlen(text), .value.text = text};
}

static bool is_null(const struct cell *c)
{
    return c->type == CELL_NULL;
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case CELL_NULL:
        return true;
    case CELL_INT:
    case CELL_REAL:
        return a->value.integer == b->value.integer; /* of a real: the same bits */
    case CELL_TEXT:
        return a->length == b->length && memcmp(a->value.text, b->value.text, a->length) == 0;
    }
    return false;
}

/* Order of two times: ISO texts of one form sort as times do. */
static int order(const struct cell *a, const struct cell *b)
{
    return strcmp(a->value.text, b->value.text);
}

static struct cell earlier(const struct cell *a, const struct cell *b)
{
    return order(a, b) <= 0 ? *a : *b;
}

static struct cell later(const struct cell *a, const struct cell *b)
{
    return order(a, b) >= 0 ? *a : *b;
}

static bool is_later(const struct cell *a, const struct cell *b)
{
    return order(a, b) > 0;
}

/* --- rows --- */

static struct cell *start_of(const struct observer *o, const struct history_row *r)
{
    return &r->cells[o->columns->start];
}

static struct cell *end_of(const struct observer *o, const struct history_row *r)
{
    return &r->cells[o->columns->end];
}

static struct cell *first_of(const struct observer *o, const struct history_row *r)
{
    return &r->cells[o->columns->first_observed];
}

static struct cell *last_of(const struct observer *o, const struct history_row *r)
{
    return &r->cells[o->columns->last_observed];
}

static bool is_own(const struct observer *o, size_t column)
{
    const struct history_columns *c = o->columns;

    return column == c->id || column == c->start || column == c->end ||
           column == c->first_observed || column == c->last_observed;
}

static bool is_state(const struct observer *o, size_t column)
{
    return !is_own(o, column) && !(o->state->columns[column].flags & COLUMN_UNHASHED);
}

/* Whether a stored row's state is the record's, as far as the record's source reports it. */
static bool same_state(const struct observer *o, const struct history_row *stored,
                       const struct history_row *r)
{
    bool other_source = !same_cell(&stored->source, &r->source);

    for (size_t i = 0; i < o->state->column_count; i++) {
        const struct cell *a = &stored->cells[i];
        const struct cell *b = &r->cells[i];

        if (!is_state(o, i) || o->reported_by[i] == SIZE_MAX || same_cell(a, b)) {
            continue;
        }
        if (!other_source || (!is_null(a) && !is_null(b))) {
            return false;
        }
    }
    return true;
}

/* Takes over what the record reports. */
static void merge(const struct observer *o, struct history_row *stored, const struct history_row *r)
{
    for (size_t i = 0; i < o->state->column_count; i++) {
        if (!is_own(o, i) && o->reported_by[i] != SIZE_MAX) {
            stored->cells[i] = r->cells[i];
        }
    }
    stored->source = r->source;
}

static struct record make_record(struct observer *o, const struct cell *cells, const char *now,
                                 const char *source)
{
    struct record r = {.now = text_cell(now)};

    r.row.cells = arena_array(o->arena, o->state->column_count, sizeof(*r.row.cells));
    for (size_t i = 0; i < o->state->column_count; i++) {
        if (o->reported_by[i] != SIZE_MAX) {
            r.row.cells[i] = cells[o->reported_by[i]];
        }
    }
    r.row.source = text_cell(source);
    r.first = r.now;
    r.last = r.now;
    return r;
}

/* --- snapshots --- */

/* When the observed state began: at its reported change, if that lies between the previous
 * observation (NULL: there was none) and now; else now. */
static struct cell start_of_state(const struct observer *o, const struct record *r,
                                  const struct cell *previous)
{
    const struct cell *change;

    if (o->columns->change_time == SIZE_MAX) {
        return r->now;
    }
    change = &r->row.cells[o->columns->change_time];
    if (is_null(change) || is_later(change, &r->now) || (previous && !is_later(change, previous))) {
        return r->now;
    }
    return *change;
}

/* When the record's state was last seen: now, or when it ended. */
static struct cell seen_at(const struct observer *o, const struct record *r)
{
    const struct cell *end = end_of(o, &r->row);

    return is_null(end) ? r->now : earlier(&r->now, end);
}

static bool insert_state(struct observer *o, struct record *r, struct err *e)
{
    *first_of(o, &r->row) = r->first;
    *last_of(o, &r->row) = r->last;
    return history_insert(o->history, &r->row, e);
}

/* Ends a row where the next one starts; what was observed after that belongs to the next. */
static bool end_row(struct observer *o, struct history_row *row, const struct cell *at,
                    struct err *e)
{
    *end_of(o, row) = *at;
    *first_of(o, row) = earlier(first_of(o, row), at);
    *last_of(o, row) = earlier(last_of(o, row), at);
    return history_update(o->history, row, e);
}

static bool take_snapshot(struct observer *o, struct record *r, enum observed *outcome,
                          struct err *e)
{
    struct history_row last;
    struct cell previous;
    int age;

    if (!history_before(o->history, &r->row.cells[o->columns->id], NULL, o->arena, &last, e)) {
        return false;
    }
    *outcome = OBSERVED_NEW;
    *end_of(o, &r->row) = (struct cell){.type = CELL_NULL};
    if (!last.cells) {
        *start_of(o, &r->row) = start_of_state(o, r, NULL);
        return insert_state(o, r, e);
    }
    age = order(&r->now, last_of(o, &last));
    if (age <= 0) {
        *outcome = age < 0 ? OBSERVED_LATE : OBSERVED_UNCHANGED;
        return true;
    }
    previous = *last_of(o, &last);
    if (is_null(end_of(o, &last))) {
        if (same_state(o, &last, &r->row)) {
            *outcome = OBSERVED_UNCHANGED;
            merge(o, &last, &r->row);
            *last_of(o, &last) = r->now;
            return history_update(o->history, &last, e);
        }
        *outcome = OBSERVED_CHANGED;
        *start_of(o, &r->row) = start_of_state(o, r, &previous);
        return end_row(o, &last, start_of(o, &r->row), e) && insert_state(o, r, e);
    }
    *start_of(o, &r->row) = start_of_state(o, r, &previous);
    return insert_state(o, r, e);
}

/* --- intervals --- */

/* A stored row of the record's state that the interval touches goes on to the interval's end. */
static bool extend(struct observer *o, struct history_row *stored, const struct record *r,
                   enum observed *outcome, struct err *e)
{
    const struct cell *end = end_of(o, &r->row);
    struct cell *stored_end = end_of(o, stored);
    const struct cell *known = is_null(stored_end) ? last_of(o, stored) : stored_end;

    *outcome = OBSERVED_UNCHANGED;
    if (!is_null(end)) {
        int more = order(end, known);

        if (more < 0 || (more == 0 && !is_null(stored_end))) {
            return true;
        }
    }
    if (!same_cell(end, stored_end)) {
        *outcome = OBSERVED_CHANGED;
    }
    merge(o, stored, &r->row);
    *stored_end = *end;
    *last_of(o, stored) = later(last_of(o, stored), &r->last);
    return history_update(o->history, stored, e);
}

/* The stored row that starts where the interval does, but says something else, becomes it. */
static bool overwrite(struct observer *o, struct history_row *stored, const struct record *r,
                      enum observed *outcome, struct err *e)
{
    const struct cell *end = end_of(o, &r->row);

    *outcome = OBSERVED_CHANGED;
    merge(o, stored, &r->row);
    *end_of(o, stored) = *end;
    *last_of(o, stored) = r->last;
    *first_of(o, stored) = earlier(first_of(o, stored), &r->last);
    return history_update(o->history, stored, e);
}

static bool touches(const struct observer *o, const struct history_row *stored,
                    const struct cell *start)
{
    const struct cell *end = end_of(o, stored);

    return !is_later(start, is_null(end) ? last_of(o, stored) : end);
}

/* Rows after the interval's start that it touches and that are of its state become part of it: the
 * records of an answer come in any order. Leaves the first row that does not. */
static bool absorb(struct observer *o, struct record *r, struct history_row *after, struct err *e)
{
    struct cell *end = end_of(o, &r->row);

    while (after->cells && same_state(o, after, &r->row) &&
           (is_null(end) || !is_later(start_of(o, after), end))) {
        for (size_t i = 0; i < o->state->column_count; i++) {
            if (!is_own(o, i) && o->reported_by[i] == SIZE_MAX) {
                r->row.cells[i] = after->cells[i];
            }
        }
        if (!is_null(end)) {
            *end = is_null(end_of(o, after)) ? *end_of(o, after) : later(end, end_of(o, after));
        }
        r->first = earlier(&r->first, first_of(o, after));
        r->last = later(&r->last, last_of(o, after));
        if (!history_delete(o->history, after, e) ||
            !history_after(o->history, &r->row.cells[o->columns->id], start_of(o, &r->row),
                           o->arena, after, e)) {
            return false;
        }
    }
    return true;
}

/* Puts an interval between the row before it (which may start with it) and the one after it. */
static bool place_interval(struct observer *o, struct record *r, struct history_row *before,
                           struct history_row *after, enum observed *outcome, struct err *e)
{
    struct cell *start = start_of(o, &r->row);
    struct cell *end = end_of(o, &r->row);

    r->first = seen_at(o, r);
    r->last = r->first;
    if (!absorb(o, r, after, e)) {
        return false;
    }
    if (after->cells && (is_null(end) || is_later(end, start_of(o, after)))) {
        *end = *start_of(o, after);
        r->first = earlier(&r->first, end);
        r->last = earlier(&r->last, end);
    }
    if (before->cells && touches(o, before, start) && same_state(o, before, &r->row)) {
        return extend(o, before, r, outcome, e);
    }
    if (before->cells && order(start_of(o, before), start) == 0) {
        return overwrite(o, before, r, outcome, e);
    }
    *outcome = before->cells ? OBSERVED_CHANGED : OBSERVED_NEW;
    if (before->cells && (is_null(end_of(o, before)) || is_later(end_of(o, before), start)) &&
        !end_row(o, before, start, e)) {
        return false;
    }
    return insert_state(o, r, e);
}

static bool take_interval(struct observer *o, struct record *r, enum observed *outcome,
                          struct err *e)
{
    const struct cell *id = &r->row.cells[o->columns->id];
    const struct cell *start = start_of(o, &r->row);
    struct cell *end = end_of(o, &r->row);
    struct history_row before;
    struct history_row after;

    if (!is_null(end) && is_later(end, &r->now)) {
        *end = (struct cell){.type = CELL_NULL}; /* not over yet */
    }
    *outcome = OBSERVED_UNCHANGED;
    if (same_cell(start, end)) {
        return true;
    }
    *outcome = OBSERVED_BAD;
    if (is_later(start, &r->now) || (!is_null(end) && is_later(start, end))) {
        return true;
    }
    if (!history_before(o->history, id, start, o->arena, &before, e) ||
        !history_after(o->history, id, start, o->arena, &after, e)) {
        return false;
    }
    *outcome = OBSERVED_LATE;
    if ((before.cells && is_later(last_of(o, &before), &r->now)) ||
        (after.cells && is_later(last_of(o, &after), &r->now))) {
        return true;
    }
    return place_interval(o, r, &before, &after, outcome, e);
}

bool observe(struct observer *o, const struct cell *record, const char *now, const char *source,
             enum observed *outcome, struct err *e)
{
    struct record r;

    arena_reset(o->arena);
    r = make_record(o, record, now, source);
    if (is_null(start_of(o, &r.row))) {
        return take_snapshot(o, &r, outcome, e);
    }
    return take_interval(o, &r, outcome, e);
}

/* --- absence --- */

bool observe_absent(struct observer *o, const char *id, const char *now, bool *closed,
                    struct err *e)
{
    struct cell agent = text_cell(id);
    struct cell time = text_cell(now);
    struct history_row last;

    *closed = false;
    arena_reset(o->arena);
    if (!history_before(o->history, &agent, NULL, o->arena, &last, e)) {
        return false;
    }
    if (!last.cells || !is_null(end_of(o, &last)) || !is_later(&time, last_of(o, &last))) {
        return true;
    }
    *closed = true;
    *end_of(o, &last) = later(last_of(o, &last), start_of(o, &last));
    return history_update(o->history, &last, e);
}

bool observe_absent_since(struct observer *o, const char *since, int64_t *closed, struct err *e)
{
    return history_close_since(o->history, o->db, since, closed, e);
}
