#include "etl/observe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "sql.h"

enum {
    COLUMNS_MAX = 64,
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

enum statement {
    BEFORE, /* the agent's (?1) last row that starts at or before ?2 (NULL: at any time) */
    AFTER,  /* its first that starts after ?2 */
    WRITE,  /* a row, in place of the one of its agent and start */
    REMOVE,
    CLOSE_UNSEEN,
    GAP,
    STATEMENTS
};

/* The columns that are the history's own. */
enum own_column { ID, START, END, FIRST, LAST, OWN_COUNT };

struct observer {
    struct db *db;
    const struct table_map *state;
    /* Where they are among the state's columns; SIZE_MAX: nowhere. */
    size_t own[OWN_COUNT];
    size_t time[COUNT_OF(changes)];
    size_t about[COUNT_OF(changes)][ABOUT_MAX];
    size_t reported_by[COLUMNS_MAX]; /* by state column: column of the source's row; SIZE_MAX: not
                                        reported */
    struct arena *fixed;
    struct arena *arena; /* reset with each record */
    const char *sql[STATEMENTS];
};

/* A row of the history: cells in the map's order; NULL: there is none. */
struct history_row {
    struct cell *cells;
    struct cell source;
};

/* One record on its way into the history. Times are cells of ISO texts. */
struct record {
    struct history_row row; /* in the history's columns; those not reported are NULL */
    struct cell now;
    struct cell first; /* when its state was seen first and last */
    struct cell last;
};

/* --- making --- */

static size_t column_of(const struct table_map *map, const char *name)
{
    for (size_t i = 0; name && i < map->column_count; i++) {
        if (str_eq(map->columns[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void make_statements(struct observer *o)
{
    const struct table_map *map = o->state;
    struct arena *a = o->fixed;
    const char *name[OWN_COUNT];
    const char *columns = "";
    const char *marks = "";
    const char *updates = "";

    for (size_t i = 0; i < OWN_COUNT; i++) {
        name[i] = map->columns[o->own[i]].name;
    }
    for (size_t i = 0; i < map->column_count; i++) {
        const char *column = map->columns[i].name;

        columns = arena_printf(a, "%s\"%s\", ", columns, column);
        updates = arena_printf(a, "%s\"%s\" = excluded.\"%s\", ", updates, column, column);
        marks = arena_printf(a, "%s?, ", marks);
    }
    const char *select = arena_printf(a, "SELECT %srow_source FROM \"%s\" WHERE %s = ?1 AND %s",
                                      columns, map->table, name[ID], name[START]);
    /* '~' comes behind any ISO text */
    o->sql[BEFORE] =
        arena_printf(a, "%s <= ifnull(?2, '~') ORDER BY %s DESC LIMIT 1", select, name[START]);
    o->sql[AFTER] = arena_printf(a, "%s > ?2 ORDER BY %s LIMIT 1", select, name[START]);
    o->sql[WRITE] =
        arena_printf(a,
                     "INSERT INTO \"%s\" (%srow_source) VALUES (%s?) ON CONFLICT (%s, %s) "
                     "DO UPDATE SET %srow_source = excluded.row_source",
                     map->table, columns, marks, name[ID], name[START], updates);
    o->sql[REMOVE] = arena_printf(a, "DELETE FROM \"%s\" WHERE %s = ?1 AND %s = ?2", map->table,
                                  name[ID], name[START]);
    o->sql[CLOSE_UNSEEN] = arena_printf(a,
                                        "UPDATE \"%s\" SET %s = %s WHERE %s IS NULL AND %s NOT IN "
                                        "(SELECT id FROM reading_seen WHERE window_id = ?1)",
                                        map->table, name[END], name[LAST], name[END], name[ID]);
    o->sql[GAP] = sql_observe_gap;
}

struct observer *observer_new(struct db *d, const struct tree_map *tree,
                              const struct table_map *state)
{
    const char *const own_names[OWN_COUNT] = {
        [ID] = tree->ids[0],        [START] = "state_start",  [END] = "state_end",
        [FIRST] = "first_observed", [LAST] = "last_observed",
    };
    struct observer *o = xcalloc(1, sizeof(*o));

    INVARIANT(state->column_count < COLUMNS_MAX);
    o->db = d;
    o->state = state;
    o->fixed = arena_new(0);
    o->arena = arena_new(0);
    for (size_t i = 0; i < state->column_count; i++) {
        o->reported_by[i] = column_of(tree->root, state->columns[i].name);
    }
    for (size_t i = 0; i < OWN_COUNT; i++) {
        o->own[i] = column_of(state, own_names[i]);
        INVARIANT(o->own[i] != SIZE_MAX);
    }
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        o->time[i] = column_of(state, changes[i].time);
        for (size_t k = 0; k < ABOUT_MAX; k++) {
            o->about[i][k] = column_of(state, changes[i].about[k]);
        }
    }
    INVARIANT(o->reported_by[o->own[ID]] != SIZE_MAX);
    make_statements(o);
    return o;
}

void observer_free(struct observer *o)
{
    if (o) {
        for (size_t i = 0; i < STATEMENTS; i++) {
            db_forget(o->db, o->sql[i]);
        }
        arena_free(o->fixed);
        arena_free(o->arena);
        free(o);
    }
}

const char *const *observe_statements(const struct observer *o, size_t *count)
{
    *count = STATEMENTS;
    return o->sql;
}

/* --- rows in the file --- */

static bool read_row(struct observer *o, const char *sql, const struct cell *id,
                     const struct cell *time, struct history_row *out, struct err *e)
{
    size_t count = o->state->column_count;
    struct rows q =
        db_ask(o->db, e, sql, X(id->value.text, id->length), S(time ? time->value.text : NULL));

    *out = (struct history_row){.cells = NULL};
    if (db_next(&q)) {
        out->cells = arena_array(o->arena, count, sizeof(*out->cells));
        for (size_t i = 0; i < count; i++) {
            out->cells[i] = db_cell(&q, (int)i, o->arena);
        }
        out->source = db_cell(&q, (int)count, o->arena);
    }
    return db_end(&q);
}

/* Inserts a row, or writes all columns of the one that has its id and start. */
static bool write_row(struct observer *o, const struct history_row *row, struct err *e)
{
    struct db_value values[COLUMNS_MAX];
    size_t count = o->state->column_count;

    for (size_t i = 0; i < count; i++) {
        values[i] = db_value_of(&row->cells[i]);
    }
    values[count] = db_value_of(&row->source);
    return db_do_values(o->db, e, o->sql[WRITE], values, count + 1);
}

static bool delete_row(struct observer *o, const struct history_row *row, struct err *e)
{
    const struct cell *id = &row->cells[o->own[ID]];

    return db_do(o->db, e, o->sql[REMOVE], X(id->value.text, id->length),
                 S(row->cells[o->own[START]].value.text));
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

static struct cell *own(const struct observer *o, const struct history_row *r,
                        enum own_column which)
{
    return &r->cells[o->own[which]];
}

static bool is_own(const struct observer *o, size_t column)
{
    for (size_t i = 0; i < OWN_COUNT; i++) {
        if (column == o->own[i]) {
            return true;
        }
    }
    return false;
}

static bool is_state(const struct observer *o, size_t column)
{
    return !is_own(o, column) && !(o->state->columns[column].flags & COLUMN_UNHASHED);
}

/* Whether a state column says something else. Between sources a NULL may mean the same. */
static bool differs(const struct observer *o, const struct history_row *stored,
                    const struct history_row *r, size_t column)
{
    const struct cell *a = &stored->cells[column];
    const struct cell *b = &r->cells[column];

    return is_state(o, column) && o->reported_by[column] != SIZE_MAX && !same_cell(a, b) &&
           (same_cell(&stored->source, &r->source) || (!is_null(a) && !is_null(b)));
}

/* Whether a stored row's state is the record's, as far as the record's source reports it. */
static bool same_state(const struct observer *o, const struct history_row *stored,
                       const struct history_row *r)
{
    for (size_t i = 0; i < o->state->column_count; i++) {
        if (differs(o, stored, r, i)) {
            return false;
        }
    }
    return true;
}

/* Takes over what the record reports. Of another source, a NULL erases nothing; a row of which it
 * says less stays its source's. */
static void merge(const struct observer *o, struct history_row *stored, const struct history_row *r)
{
    bool same_source = same_cell(&stored->source, &r->source);
    bool says_all = true;

    for (size_t i = 0; i < o->state->column_count; i++) {
        if (is_own(o, i) || o->reported_by[i] == SIZE_MAX) {
            continue;
        }
        if (same_source || !is_null(&r->cells[i])) {
            stored->cells[i] = r->cells[i];
        } else if (is_state(o, i) && !is_null(&stored->cells[i])) {
            says_all = false;
        }
    }
    if (says_all) {
        stored->source = r->source;
    }
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

/* What a record says of the time since `previous`, the last observation. */
struct news {
    bool left;          /* the state before was left, and perhaps entered again */
    struct cell ended;  /* when; at `previous` where all that is known is that it was left */
    struct cell begins; /* the record's state */
};

/* `stored` is the row before; without cells the record is the agent's first, `previous` before all.
 */
static struct news news_of(const struct observer *o, const struct history_row *stored,
                           const struct record *r, const struct cell *previous)
{
    struct news n = {.left = stored->cells && !same_state(o, stored, &r->row), .ended = r->now};
    bool again = false;

    n.begins = *previous;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        const struct cell *named = o->time[i] == SIZE_MAX ? &r->now : &r->row.cells[o->time[i]];
        bool changed = false;

        for (size_t k = 0; stored->cells && k < ABOUT_MAX && o->about[i][k] != SIZE_MAX; k++) {
            changed = changed || differs(o, stored, &r->row, o->about[i][k]);
        }
        if (o->time[i] == SIZE_MAX
                ? !changed
                : is_null(named) || !is_later(named, previous) ||
                      (stored->cells && same_cell(named, &stored->cells[o->time[i]]))) {
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

/* Whether nobody looked for so long that what lies between is not known. */
static bool is_gap(const struct cell *from, const struct cell *to)
{
    int64_t from_ms;
    int64_t to_ms;

    return clock_parse(from->value.text, true, &from_ms) &&
           clock_parse(to->value.text, true, &to_ms) && to_ms - from_ms > GAP_MS;
}

/* When the record's state was last seen: now, or when it ended. */
static struct cell seen_at(const struct observer *o, const struct record *r)
{
    const struct cell *end = own(o, &r->row, END);

    return is_null(end) ? r->now : earlier(&r->now, end);
}

static bool insert_state(struct observer *o, struct record *r, struct err *e)
{
    *own(o, &r->row, FIRST) = r->first;
    *own(o, &r->row, LAST) = r->last;
    return write_row(o, &r->row, e);
}

/* Ends a row where the next one starts; what was observed after that belongs to the next. */
static bool end_row(struct observer *o, struct history_row *row, const struct cell *at,
                    struct err *e)
{
    *own(o, row, END) = *at;
    *own(o, row, FIRST) = earlier(own(o, row, FIRST), at);
    *own(o, row, LAST) = earlier(own(o, row, LAST), at);
    return write_row(o, row, e);
}

/* The agent's open row goes on, over a gap where there was one. */
static bool go_on(struct observer *o, struct history_row *row, const struct record *r,
                  struct err *e)
{
    struct cell *last = own(o, row, LAST);
    const struct cell *id = own(o, row, ID);

    if (is_gap(last, &r->now) && !db_do(o->db, e, o->sql[GAP], X(id->value.text, id->length),
                                        S(last->value.text), S(r->now.value.text))) {
        return false;
    }
    merge(o, row, &r->row);
    *last = r->now;
    return write_row(o, row, e);
}

static bool take_snapshot(struct observer *o, struct record *r, enum observed *outcome,
                          struct err *e)
{
    struct history_row last;
    struct cell previous = text_cell("");

    if (!read_row(o, o->sql[BEFORE], own(o, &r->row, ID), NULL, &last, e)) {
        return false;
    }
    *outcome = OBSERVED_NEW;
    *own(o, &r->row, END) = (struct cell){.type = CELL_NULL};
    if (last.cells) {
        bool is_open = is_null(own(o, &last, END));
        previous = is_open ? *own(o, &last, LAST) : later(own(o, &last, LAST), own(o, &last, END));
        int age = order(&r->now, &previous);

        if (age <= 0) {
            *outcome = age < 0 ? OBSERVED_LATE : OBSERVED_UNCHANGED;
            return true;
        }
    }
    struct news n = news_of(o, &last, r, &previous);
    if (last.cells && is_null(own(o, &last, END))) {
        *outcome = n.left ? OBSERVED_CHANGED : OBSERVED_UNCHANGED;
        if (!n.left) {
            return go_on(o, &last, r, e);
        }
        bool unknown = order(&n.ended, &r->now) == 0 && is_gap(&previous, &r->now);
        if (!end_row(o, &last, unknown ? &previous : &n.ended, e)) {
            return false;
        }
    }
    *own(o, &r->row, START) = n.begins;
    return insert_state(o, r, e);
}

/* --- intervals --- */

/* A stored row of the record's state that the interval touches goes on to the interval's end. */
static bool extend(struct observer *o, struct history_row *stored, const struct record *r,
                   enum observed *outcome, struct err *e)
{
    const struct cell *end = own(o, &r->row, END);
    struct cell *stored_end = own(o, stored, END);
    const struct cell *known = is_null(stored_end) ? own(o, stored, LAST) : stored_end;

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
    *own(o, stored, LAST) = later(own(o, stored, LAST), &r->last);
    return write_row(o, stored, e);
}

/* The stored row that starts where the interval does, but says something else, becomes it. */
static bool overwrite(struct observer *o, struct history_row *stored, const struct record *r,
                      enum observed *outcome, struct err *e)
{
    const struct cell *end = own(o, &r->row, END);

    *outcome = OBSERVED_CHANGED;
    merge(o, stored, &r->row);
    *own(o, stored, END) = *end;
    *own(o, stored, LAST) = r->last;
    *own(o, stored, FIRST) = r->first;
    return write_row(o, stored, e);
}

static bool touches(const struct observer *o, const struct history_row *stored,
                    const struct cell *start)
{
    const struct cell *end = own(o, stored, END);

    return !is_later(start, is_null(end) ? own(o, stored, LAST) : end);
}

/* Rows after the interval's start that it touches and that are of its state become part of it: the
 * records of an answer come in any order. Leaves the first row that does not. */
static bool absorb(struct observer *o, struct record *r, struct history_row *after, struct err *e)
{
    struct cell *end = own(o, &r->row, END);

    while (after->cells && same_state(o, after, &r->row) &&
           (is_null(end) || !is_later(own(o, after, START), end))) {
        for (size_t i = 0; i < o->state->column_count; i++) {
            if (!is_own(o, i) && o->reported_by[i] == SIZE_MAX) {
                r->row.cells[i] = after->cells[i];
            }
        }
        if (!is_null(end)) {
            *end =
                is_null(own(o, after, END)) ? *own(o, after, END) : later(end, own(o, after, END));
        }
        r->first = earlier(&r->first, own(o, after, FIRST));
        r->last = later(&r->last, own(o, after, LAST));
        if (!delete_row(o, after, e) ||
            !read_row(o, o->sql[AFTER], own(o, &r->row, ID), own(o, &r->row, START), after, e)) {
            return false;
        }
    }
    return true;
}

/* Puts an interval between the row before it (which may start with it) and the one after it. */
static bool place_interval(struct observer *o, struct record *r, struct history_row *before,
                           struct history_row *after, enum observed *outcome, struct err *e)
{
    struct cell *start = own(o, &r->row, START);
    struct cell *end = own(o, &r->row, END);

    r->first = *start;
    r->last = seen_at(o, r);
    if (!absorb(o, r, after, e)) {
        return false;
    }
    if (after->cells && (is_null(end) || is_later(end, own(o, after, START)))) {
        *end = *own(o, after, START);
        r->first = earlier(&r->first, end);
        r->last = earlier(&r->last, end);
    }
    if (before->cells && touches(o, before, start) && same_state(o, before, &r->row)) {
        return extend(o, before, r, outcome, e);
    }
    if (before->cells && order(own(o, before, START), start) == 0) {
        return overwrite(o, before, r, outcome, e);
    }
    *outcome = before->cells ? OBSERVED_CHANGED : OBSERVED_NEW;
    if (before->cells && (is_null(own(o, before, END)) || is_later(own(o, before, END), start)) &&
        !end_row(o, before, start, e)) {
        return false;
    }
    return insert_state(o, r, e);
}

static bool take_interval(struct observer *o, struct record *r, enum observed *outcome,
                          struct err *e)
{
    const struct cell *id = own(o, &r->row, ID);
    const struct cell *start = own(o, &r->row, START);
    struct cell *end = own(o, &r->row, END);
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
    if (!read_row(o, o->sql[BEFORE], id, start, &before, e) ||
        !read_row(o, o->sql[AFTER], id, start, &after, e)) {
        return false;
    }
    *outcome = OBSERVED_LATE;
    if ((before.cells && is_later(own(o, &before, LAST), &r->now)) ||
        (after.cells && is_later(own(o, &after, LAST), &r->now))) {
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
    if (is_null(own(o, &r.row, START))) {
        return take_snapshot(o, &r, outcome, e);
    }
    return take_interval(o, &r, outcome, e);
}

/* --- absence --- */

bool observe_unseen(struct observer *o, int64_t window_id, int64_t *closed, struct err *e)
{
    bool done = db_do(o->db, e, o->sql[CLOSE_UNSEEN], I(window_id));

    *closed = done ? db_changes(o->db) : 0;
    return done;
}

/* --- distrust --- */

bool observe_distrust(struct db *d, const char *now, int64_t *count, struct err *e)
{
    struct rows q = db_ask(d, e, sql_observe_is_ahead, S(now));
    bool ahead = db_next(&q);

    *count = 0;
    if (!db_end(&q)) {
        return false;
    }
    if (!ahead) {
        return true;
    }
    if (!db_do(d, e, sql_observe_remove_ahead, S(now))) {
        return false;
    }
    *count = db_changes(d);
    if (!db_do(d, e, sql_observe_cut_ahead, S(now))) {
        return false;
    }
    *count += db_changes(d);
    return db_do(d, e, sql_observe_gaps_ahead, S(now));
}
