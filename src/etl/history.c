#include "etl/history.h"

#include <stdlib.h>

#include "sql.h"

/* Where columns are that must be there. */
static size_t must_have(const struct table_map *map, const char *name)
{
    size_t at = map_column(map, name);

    INVARIANT(at < map->column_count);
    return at;
}

static void make_statements(struct history *h, const char *const *keys, const char *const *columns)
{
    struct arena *a = h->fixed;
    struct words w = {.arena = a};

    words_add(&w, "table", "\"%s\"", h->map->table);
    words_add(&w, "keys", "%s", words_each(a, keys, h->key_count, "$", ", "));
    words_add(&w, "start", "\"%s\"", columns[h->start]);
    words_add(&w, "end", "\"%s\"", columns[h->end]);
    words_add(&w, "columns", "%s", words_each(a, columns, h->width, "$", ", "));
    words_add(&w, "marks", "%s", words_each(a, columns, h->width, "?", ", "));
    words_add(&w, "changes", "%s", words_each(a, columns, h->width, "$ = excluded.$", ", "));
    words_add(&w, "key_marks", "%s", words_each(a, keys, h->key_count, "?", ", "));
    h->words = w;
    h->sql[HISTORY_UPTO] = words_fill(&w, sql_history_upto);
    h->sql[HISTORY_BEFORE] = words_fill(&w, sql_history_before);
    h->sql[HISTORY_AFTER] = words_fill(&w, sql_history_after);
    h->sql[HISTORY_WRITE] = words_fill(&w, sql_history_write);
    h->sql[HISTORY_REMOVE] = words_fill(&w, sql_history_remove);
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
    for (size_t i = 0; i < by->key_count; i++) {
        h->keys[i] = must_have(map, by->keys[i]);
    }
    for (; h->width < map->column_count; h->width++) {
        columns[h->width] = map->columns[h->width].name;
    }
    for (size_t i = 0; i < 2 && by->unmapped[i]; i++) {
        columns[h->width++] = by->unmapped[i];
    }
    make_statements(h, by->keys, columns);
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
