#include "etl/intervals.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

enum { COLUMNS_MAX = 64 };

/* FIND takes the columns of `asked`, REMOVE those of the key and the start, WRITE all. */
enum statement {
    FIND, /* the last two rows of a key that start no later than that, the later one first */
    REMOVE,
    WRITE, /* a row, in place of the one of its key and start */
    STATEMENTS
};

struct intervals {
    struct db *db;
    const struct table_map *map;
    struct arena *fixed;
    struct arena *arena; /* reset with each row */
    size_t start;        /* columns */
    size_t end;
    size_t asked[COLUMNS_MAX]; /* those that tell pieces apart, then the key, then the start */
    size_t equal_count;
    size_t asked_count;
    const char *sql[STATEMENTS];
};

/* A row that is stored; without a start there is none. */
struct piece {
    struct cell start;
    struct cell end;
    bool equal; /* to the row that came, but for start and end */
};

/* --- making --- */

static size_t column_of(const struct table_map *map, const char *name)
{
    size_t i = 0;

    while (i < map->column_count && !str_eq(map->columns[i].name, name)) {
        i++;
    }
    return i;
}

/* Finds the id with "start" in its name and the column that has "end" in that place. */
static void find_bounds(struct intervals *o, const struct tree_map *tree)
{
    o->end = o->map->column_count;
    for (size_t i = 0; i < tree->id_count && o->end == o->map->column_count; i++) {
        const char *name = tree->ids[i];
        const char *at = strstr(name, "start");

        if (at) {
            o->start = column_of(o->map, name);
            o->end = column_of(o->map,
                               arena_printf(o->fixed, "%.*send%s", (int)(at - name), name, at + 5));
        }
    }
    INVARIANT(o->end < o->map->column_count);
}

/* Columns with commas between them, or `as` for each. */
static const char *list_of(struct intervals *o, const size_t *columns, size_t count, const char *as)
{
    const char *list = "";

    for (size_t i = 0; i < count; i++) {
        const char *name = arena_printf(o->fixed, "\"%s\"", o->map->columns[columns[i]].name);

        list = arena_printf(o->fixed, "%s%s%s", list, i > 0 ? ", " : "", as ? as : name);
    }
    return list;
}

static void make_statements(struct intervals *o)
{
    const char *table = o->map->table;
    const size_t *key = o->asked + o->equal_count;
    size_t key_count = o->asked_count - o->equal_count - 1;
    const char *of_key = arena_printf(o->fixed, "(%s) = (%s)", list_of(o, key, key_count, NULL),
                                      list_of(o, key, key_count, "?"));
    const char *start = list_of(o, &o->start, 1, NULL);
    const char *end = list_of(o, &o->end, 1, NULL);
    const char *columns = "";
    const char *marks = "";

    for (size_t i = 0; i < o->map->column_count; i++) {
        columns = arena_printf(o->fixed, "%s%s, ", columns, list_of(o, &i, 1, NULL));
        marks = arena_printf(o->fixed, "%s?, ", marks);
    }
    o->sql[FIND] = arena_printf(
        o->fixed,
        "SELECT %s, %s, (%s) IS (%s) FROM \"%s\" WHERE %s AND %s <= ? ORDER BY %s DESC LIMIT 2",
        start, end, list_of(o, o->asked, o->equal_count, NULL),
        list_of(o, o->asked, o->equal_count, "?"), table, of_key, start, start);
    o->sql[REMOVE] =
        arena_printf(o->fixed, "DELETE FROM \"%s\" WHERE %s AND %s = ?", table, of_key, start);
    o->sql[WRITE] = arena_printf(
        o->fixed, "INSERT OR REPLACE INTO \"%s\" (%srow_hash, row_changed_run_id) VALUES (%s?, ?)",
        table, columns, marks);
}

struct intervals *intervals_new(struct db *d, const struct tree_map *tree)
{
    struct intervals *o = xcalloc(1, sizeof(*o));
    const struct table_map *map = tree->root;

    INVARIANT(map->column_count < COLUMNS_MAX && map->child_count == 0 && tree->id_count > 1);
    o->db = d;
    o->map = map;
    o->fixed = arena_new(0);
    o->arena = arena_new(0);
    find_bounds(o, tree);
    for (int keys = 0; keys < 2; keys++) {
        for (size_t i = 0; i < map->column_count; i++) {
            bool is_key = str_is_listed(map->columns[i].name, tree->ids, tree->id_count);
            bool is_told = !is_key && !(map->columns[i].flags & COLUMN_UNHASHED);

            if (i != o->start && i != o->end && (keys > 0 ? is_key : is_told)) {
                o->asked[o->asked_count++] = i;
            }
        }
        o->equal_count = keys > 0 ? o->equal_count : o->asked_count;
    }
    INVARIANT(o->equal_count > 0);
    o->asked[o->asked_count++] = o->start;
    make_statements(o);
    return o;
}

void intervals_free(struct intervals *o)
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

const char *const *intervals_statements(const struct intervals *o, size_t *count)
{
    *count = STATEMENTS;
    return o->sql;
}

/* --- rows in the file --- */

/* The values that FIND and REMOVE take, of a row with another start. */
static void ask(const struct intervals *o, const struct cell *row, const struct cell *start,
                struct db_value *values)
{
    for (size_t i = 0; i < o->asked_count; i++) {
        values[i] = db_value_of(o->asked[i] == o->start ? start : &row[o->asked[i]]);
    }
}

static bool find(struct intervals *o, const struct cell *row, const struct cell *start,
                 struct piece out[2], struct err *e)
{
    struct db_value values[COLUMNS_MAX];

    out[0] = out[1] = (struct piece){.equal = false};
    ask(o, row, start, values);
    struct rows q = db_ask_values(o->db, e, o->sql[FIND], values, o->asked_count);
    for (size_t i = 0; db_next(&q); i++) {
        out[i] = (struct piece){.start = db_cell(&q, 0, o->arena),
                                .end = db_cell(&q, 1, o->arena),
                                .equal = db_int(&q, 2) != 0};
    }
    return db_end(&q);
}

static bool delete_piece(struct intervals *o, const struct cell *row, const struct cell *start,
                         struct err *e)
{
    struct db_value values[COLUMNS_MAX];

    ask(o, row, start, values);
    return db_do_values(o->db, e, o->sql[REMOVE], values + o->equal_count,
                        o->asked_count - o->equal_count);
}

static bool write_row(struct intervals *o, const struct cell *row, const struct cell *start,
                      const struct cell *end, uint64_t row_hash, int64_t run_id, struct err *e)
{
    struct db_value values[COLUMNS_MAX + 2];
    size_t count = o->map->column_count;

    for (size_t i = 0; i < count; i++) {
        values[i] = db_value_of(i == o->start ? start : i == o->end ? end : &row[i]);
    }
    values[count++] = I((int64_t)row_hash);
    values[count++] = I(run_id);
    return db_do_values(o->db, e, o->sql[WRITE], values, count);
}

/* --- times --- */

enum { OPEN_END = -1 };

/* Milliseconds since 1970 of a stored time; OPEN_END: it is NULL. */
static int64_t ms_of(const struct cell *c)
{
    int64_t ms;

    return c->type == CELL_TEXT && clock_parse(c->value.text, false, &ms) ? ms : OPEN_END;
}

/* The end of a row that is stored, after a window that ends at `window_end_ms` has told of it. */
static struct cell told_end(const struct cell *stored, const struct cell *told,
                            int64_t window_end_ms)
{
    int64_t ms = ms_of(told);
    bool stays = ms == OPEN_END || (ms == window_end_ms && ms_of(stored) > ms);

    return stays && ms_of(stored) != OPEN_END ? *stored : *told;
}

/* --- rows --- */

/* Takes in the piece that starts where the window and the row end. */
static bool take_next(struct intervals *o, const struct cell *row, struct cell *end, bool *taken,
                      struct err *e)
{
    struct cell at = *end;
    struct piece next[2];

    if (!find(o, row, &at, next, e)) {
        return false;
    }
    *taken =
        next[0].equal && ms_of(&next[0].start) == ms_of(&at) && ms_of(&next[0].end) != OPEN_END;
    *end = *taken ? next[0].end : at;
    return !*taken || delete_piece(o, row, &at, e);
}

bool intervals_take(struct intervals *o, const struct cell *row, uint64_t row_hash,
                    const struct walk_facts *window, int64_t run_id, bool *is_new, bool *changed,
                    struct err *e)
{
    struct cell start = row[o->start];
    struct cell end = row[o->end];
    struct piece stored[2];
    bool taken = false;

    arena_reset(o->arena);
    if (!find(o, row, &start, stored, e)) {
        return false;
    }
    bool is_there = stored[0].start.type != CELL_NULL && ms_of(&stored[0].start) == ms_of(&start);
    const struct piece *before = &stored[is_there];
    int64_t start_ms = ms_of(&start);
    int64_t reach_ms = ms_of(&before->end); /* an open row does not say how far */
    bool goes_on = before->equal && start_ms == window->start_ms &&
                   (reach_ms > start_ms || (reach_ms == start_ms && end.type != CELL_NULL));
    const struct piece *known = goes_on ? before : is_there ? &stored[0] : NULL;

    end = is_there ? told_end(&stored[0].end, &end, window->end_ms) : end;
    end = goes_on ? told_end(&before->end, &end, window->end_ms) : end;
    start = goes_on ? before->start : start;
    if (ms_of(&end) == window->end_ms && !take_next(o, row, &end, &taken, e)) {
        return false;
    }
    *is_new = !known;
    *changed = known && (!known->equal || ms_of(&known->end) != ms_of(&end) || taken ||
                         (goes_on && is_there));
    return (!(goes_on && is_there) || delete_piece(o, row, &row[o->start], e)) &&
           (!(*is_new || *changed) || write_row(o, row, &start, &end, row_hash, run_id, e));
}
