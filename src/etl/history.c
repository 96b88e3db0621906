#include "etl/history.h"

#include "base/clock.h"
#include "sql.h"

enum { OPEN_END = -1 };

/* --- the table --- */

/* Where columns are that must be there. */
static size_t must_have(const struct table_map *map, const char *name)
{
    size_t at = map_column(map, name);

    INVARIANT(at < map->column_count);
    return at;
}

struct history *history_new(struct db *d, const struct table_map *map,
                            const struct history_columns *by)
{
    struct history *h = xcalloc(1, sizeof(*h));
    const char *columns[HISTORY_COLUMNS_MAX];

    INVARIANT(map->column_count + 2 <= HISTORY_COLUMNS_MAX);
    *h = (struct history){.db = d,
                          .map = map,
                          .key_count = by->key_count,
                          .start = must_have(map, by->start),
                          .end = must_have(map, by->end),
                          .fixed = arena_new(0),
                          .arena = arena_new(0)};
    h->words.arena = h->fixed;
    for (size_t i = 0; i < by->key_count; i++) {
        h->keys[i] = must_have(map, by->keys[i]);
    }
    for (; h->width < map->column_count; h->width++) {
        columns[h->width] = map->columns[h->width].name;
    }
    for (size_t i = 0; i < 2 && by->unmapped[i]; i++) {
        columns[h->width++] = by->unmapped[i];
    }
    struct arena *a = h->fixed;
    struct words *w = &h->words;
    words_add(w, "table", "\"%s\"", map->table);
    words_add(w, "keys", "%s", words_each(a, by->keys, h->key_count, "$", ", "));
    words_add(w, "start", "\"%s\"", by->start);
    words_add(w, "end", "\"%s\"", by->end);
    words_add(w, "columns", "%s", words_each(a, columns, h->width, "$", ", "));
    words_add(w, "marks", "%s", words_each(a, columns, h->width, "?", ", "));
    words_add(w, "changes", "%s", words_each(a, columns, h->width, "$ = excluded.$", ", "));
    words_add(w, "key_marks", "%s", words_each(a, by->keys, h->key_count, "?", ", "));
    h->sql[HISTORY_UPTO] = words_fill(w, sql_history_upto);
    h->sql[HISTORY_BEFORE] = words_fill(w, sql_history_before);
    h->sql[HISTORY_AFTER] = words_fill(w, sql_history_after);
    h->sql[HISTORY_WRITE] = words_fill(w, sql_history_write);
    h->sql[HISTORY_REMOVE] = words_fill(w, sql_history_remove);
    return h;
}

void history_free(struct history *h)
{
    if (!h) {
        return;
    }
    for (size_t i = 0; i < HISTORY_STATEMENTS; i++) {
        if (h->sql[i]) {
            db_forget(h->db, h->sql[i]);
        }
    }
    arena_free(h->fixed);
    arena_free(h->arena);
    free(h);
}

/* The values of a row's key, and a time. */
static size_t ask(const struct history *h, const struct cell *row, const struct cell *time,
                  struct db_value *values)
{
    for (size_t i = 0; i < h->key_count; i++) {
        values[i] = db_value_of(&row[h->keys[i]]);
    }
    values[h->key_count] = db_value_of(time);
    return h->key_count + 1;
}

bool history_read(struct history *h, enum history_statement statement, const struct cell *row,
                  const struct cell *time, struct cell **out, struct err *e)
{
    struct db_value values[HISTORY_COLUMNS_MAX];
    struct rows q = db_ask_values(h->db, e, h->sql[statement], values, ask(h, row, time, values));

    *out = NULL;
    if (db_next(&q)) {
        *out = arena_array(h->arena, h->width, sizeof(**out));
        for (size_t i = 0; i < h->width; i++) {
            (*out)[i] = db_cell(&q, (int)i, h->arena);
        }
    }
    return db_end(&q);
}

bool history_write(struct history *h, const struct cell *row, struct err *e)
{
    struct db_value values[HISTORY_COLUMNS_MAX];

    for (size_t i = 0; i < h->width; i++) {
        values[i] = db_value_of(&row[i]);
    }
    return db_do_values(h->db, e, h->sql[HISTORY_WRITE], values, h->width);
}

bool history_remove(struct history *h, const struct cell *row, struct err *e)
{
    struct db_value values[HISTORY_COLUMNS_MAX];

    return db_do_values(h->db, e, h->sql[HISTORY_REMOVE], values,
                        ask(h, row, &row[h->start], values));
}

/* --- LOAD_INTERVALS --- */

/* Milliseconds since 1970 of a stored time; OPEN_END: it is NULL. */
static int64_t ms_of(const struct cell *c)
{
    int64_t ms;

    return c->type == CELL_TEXT && clock_parse(c->value.text, false, &ms) ? ms : OPEN_END;
}

/* Whether a stored row of the key is equal to one that came, but for start and end. */
static bool is_equal(const struct history *h, const struct cell *stored, const struct cell *row)
{
    for (size_t i = 0; i < h->map->column_count; i++) {
        if (i != h->start && i != h->end && !(h->map->columns[i].flags & COLUMN_UNHASHED) &&
            !cell_same(&stored[i], &row[i])) {
            return false;
        }
    }
    return true;
}

/* The end of a row that is stored, after a page has told of it. */
static struct cell told_end(const struct cell *stored, const struct cell *told, bool ends,
                            const struct load_page *page)
{
    int64_t ms = ms_of(told);
    bool stays = ms == OPEN_END ? ms_of(stored) >= page->until_ms
                                : !ends && ms == page->facts.end_ms && ms_of(stored) > ms;

    return stays && ms_of(stored) != OPEN_END ? *stored : *told;
}

/* Finds the stored row that starts where the window ends, for a row that may reach up to there;
 * NULL: there is none. */
static bool find_next(struct history *h, const struct cell *row, int64_t window_end_ms,
                      struct cell **next, struct err *e)
{
    int64_t end_ms = ms_of(&row[h->end]);
    char text[CLOCK_ISO_BYTES];
    struct cell window_end = cell_text(clock_format(window_end_ms, text));

    *next = NULL;
    if (end_ms != OPEN_END && end_ms != window_end_ms) {
        return true;
    }
    bool done = history_read(h, HISTORY_UPTO, row, &window_end, next, e);
    *next = done && *next && cell_same(&(*next)[h->start], &window_end) ? *next : NULL;
    return done;
}

/* Finds the stored row that starts where `row` does, and the one before that it goes on; NULL:
 * there is none. */
static bool find_stored(struct history *h, const struct cell *row, int64_t window_start_ms,
                        struct cell **same, struct cell **before, struct err *e)
{
    int64_t start_ms = ms_of(&row[h->start]);

    if (!history_read(h, HISTORY_UPTO, row, &row[h->start], same, e)) {
        return false;
    }
    *before = *same;
    if (*same && !cell_same(&(*same)[h->start], &row[h->start])) {
        *same = NULL;
    } else if (*same && start_ms == window_start_ms &&
               !history_read(h, HISTORY_BEFORE, row, &row[h->start], before, e)) {
        return false;
    }
    /* An open row does not say how far it reaches. */
    int64_t reach_ms = *before ? ms_of(&(*before)[h->end]) : OPEN_END;
    if (*before && reach_ms > start_ms && start_ms == window_start_ms &&
        !is_equal(h, *before, row)) {
        (*before)[h->end] = row[h->start]; /* another row begins there */
        if (!history_write(h, *before, e)) {
            return false;
        }
    }
    if (!*before || *before == *same || start_ms != window_start_ms || !is_equal(h, *before, row) ||
        reach_ms < start_ms || (reach_ms == start_ms && cell_is_null(&row[h->end]))) {
        *before = NULL;
    }
    return true;
}

static bool take_interval(struct history *h, const struct cell *row, uint64_t row_hash,
                          const struct load_page *page, enum placed *outcome, struct err *e)
{
    struct cell made[HISTORY_COLUMNS_MAX];
    struct cell *end = &made[h->end];
    struct cell *same;
    struct cell *before;
    struct cell *next;

    arena_reset(h->arena);
    memcpy(made, row, h->map->column_count * sizeof(*made));
    made[h->map->column_count] = cell_int((int64_t)row_hash);
    made[h->map->column_count + 1] = cell_int(load_run_id(page));
    if (!find_stored(h, row, page->facts.start_ms, &same, &before, e) ||
        !find_next(h, row, page->facts.end_ms, &next, e)) {
        return false;
    }
    /* Another row begins there: this one was not cut. */
    bool ends = next && !cell_is_null(end) && !is_equal(h, next, row);
    if (same) {
        *end = told_end(&same[h->end], end, ends, page);
    }
    if (before) {
        *end = told_end(&before[h->end], end, ends, page);
        made[h->start] = before[h->start];
    }
    /* The piece that goes on where the window ends is part of it. */
    bool taken = next && ms_of(end) == page->facts.end_ms && is_equal(h, next, row) &&
                 !cell_is_null(&next[h->end]);
    *end = taken ? next[h->end] : *end;
    const struct cell *known = before ? before : same;
    bool merged = taken || (before && same);
    if (page->replays && known) {
        made[h->map->column_count + 1] = known[h->map->column_count + 1];
    }
    *outcome = known ? PLACED_UNCHANGED : PLACED_NEW;
    if (known && (merged || !is_equal(h, known, row) || !cell_same(&known[h->end], end))) {
        *outcome = PLACED_CHANGED;
    }
    return (!taken || history_remove(h, next, e)) &&
           (!before || !same || history_remove(h, same, e)) &&
           (*outcome == PLACED_UNCHANGED || history_write(h, made, e));
}

struct history *intervals_new(struct db *d, const struct tree_map *tree)
{
    const char *keys[HISTORY_COLUMNS_MAX];
    const char *start = NULL;
    size_t key_count = 0;

    INVARIANT(tree->root->child_count == 0 && tree->id_count < HISTORY_COLUMNS_MAX);
    for (size_t i = 0; i < tree->id_count; i++) {
        if (!start && strstr(tree->ids[i], "start")) {
            start = tree->ids[i];
        } else {
            keys[key_count++] = tree->ids[i];
        }
    }
    INVARIANT(start && key_count > 0);
    const char *at = strstr(start, "start");
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *end = arena_printf(a, "%.*send%s", (int)(at - start), start, at + strlen("start"));
    const struct history_columns by = {
        keys, key_count, start, end, {"row_hash", "row_changed_run_id"}};
    struct history *h = history_new(d, tree->root, &by);
    words_add(&h->words, "one_id", "%s",
              words_each(h->fixed, tree->ids, tree->id_count, "$", " || char(31) || "));
    h->sql[HISTORY_END] = words_fill(&h->words, sql_history_remove_unseen);
    h->take = take_interval;
    return h;
}
