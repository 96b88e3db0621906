#include "etl/observe.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { COLUMNS_MAX = 64 };

enum statement {
    BEFORE, /* the agent's (?1) last row that starts at or before ?2 (NULL: at any time) */
    AFTER,  /* its first that starts after ?2 */
    WRITE,  /* a row, in place of the one of its agent and start */
    REMOVE,
    CLOSE_SINCE,
    STATEMENTS
};

/* The columns that are the history's own; a history may lack the last. */
enum own_column { ID, START, END, FIRST, LAST, CHANGE, OWN_COUNT };

struct observer {
    struct db *db;
    const struct table_map *state;
    size_t own[OWN_COUNT]; /* where they are among the state's columns; SIZE_MAX: nowhere */
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
    for (size_t i = 0; i < map->column_count; i++) {
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
    const char *changes = "";

    for (size_t i = ID; i <= LAST; i++) {
        name[i] = map->columns[o->own[i]].name;
    }
    for (size_t i = 0; i < map->column_count; i++) {
        const char *column = map->columns[i].name;

        columns = arena_printf(a, "%s\"%s\", ", columns, column);
        changes = arena_printf(a, "%s\"%s\" = excluded.\"%s\", ", changes, column, column);
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
                     map->table, columns, marks, name[ID], name[START], changes);
    o->sql[REMOVE] = arena_printf(a, "DELETE FROM \"%s\" WHERE %s = ?1 AND %s = ?2", map->table,
                                  name[ID], name[START]);
    o->sql[CLOSE_SINCE] = arena_printf(a, "UPDATE \"%s\" SET %s = %s WHERE %s IS NULL AND %s < ?1",
                                       map->table, name[END], name[LAST], name[END], name[LAST]);
}

struct observer *observer_new(struct db *d, const struct tree_map *tree,
                              const struct table_map *state)
{
    const char *const own_names[OWN_COUNT] = {
        [ID] = tree->ids[0],        [START] = "state_start",  [END] = "state_end",
        [FIRST] = "first_observed", [LAST] = "last_observed", [CHANGE] = "time_of_adherence_change",
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
        INVARIANT(i == CHANGE || o->own[i] != SIZE_MAX);
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
    for (size_t i = ID; i <= LAST; i++) {
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

    if (o->own[CHANGE] == SIZE_MAX) {
        return r->now;
    }
    change = own(o, &r->row, CHANGE);
    if (is_null(change) || is_later(change, &r->now) || (previous && !is_later(change, previous))) {
        return r->now;
    }
    return *change;
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

static bool take_snapshot(struct observer *o, struct record *r, enum observed *outcome,
                          struct err *e)
{
    struct history_row last;
    struct cell previous;
    int age;

    if (!read_row(o, o->sql[BEFORE], own(o, &r->row, ID), NULL, &last, e)) {
        return false;
    }
    *outcome = OBSERVED_NEW;
    *own(o, &r->row, END) = (struct cell){.type = CELL_NULL};
    if (!last.cells) {
        *own(o, &r->row, START) = start_of_state(o, r, NULL);
        return insert_state(o, r, e);
    }
    age = order(&r->now, own(o, &last, LAST));
    if (age <= 0) {
        *outcome = age < 0 ? OBSERVED_LATE : OBSERVED_UNCHANGED;
        return true;
    }
    previous = *own(o, &last, LAST);
    if (is_null(own(o, &last, END))) {
        if (same_state(o, &last, &r->row)) {
            *outcome = OBSERVED_UNCHANGED;
            merge(o, &last, &r->row);
            *own(o, &last, LAST) = r->now;
            return write_row(o, &last, e);
        }
        *outcome = OBSERVED_CHANGED;
        *own(o, &r->row, START) = start_of_state(o, r, &previous);
        return end_row(o, &last, own(o, &r->row, START), e) && insert_state(o, r, e);
    }
    *own(o, &r->row, START) = start_of_state(o, r, &previous);
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
    *own(o, stored, FIRST) = earlier(own(o, stored, FIRST), &r->last);
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

    r->first = seen_at(o, r);
    r->last = r->first;
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

bool observe_absent(struct observer *o, const char *id, const char *now, bool *closed,
                    struct err *e)
{
    struct cell agent = text_cell(id);
    struct cell time = text_cell(now);
    struct history_row last;

    *closed = false;
    arena_reset(o->arena);
    if (!read_row(o, o->sql[BEFORE], &agent, NULL, &last, e)) {
        return false;
    }
    if (!last.cells || !is_null(own(o, &last, END)) || !is_later(&time, own(o, &last, LAST))) {
        return true;
    }
    *closed = true;
    *own(o, &last, END) = later(own(o, &last, LAST), own(o, &last, START));
    return write_row(o, &last, e);
}

bool observe_absent_since(struct observer *o, const char *since, int64_t *closed, struct err *e)
{
    bool done = db_do(o->db, e, o->sql[CLOSE_SINCE], S(since));

    *closed = done ? db_changes(o->db) : 0;
    return done;
}
