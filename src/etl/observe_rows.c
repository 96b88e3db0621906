#include "etl/observe_rows.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/str.h"
#include "etl/load_row.h"

enum { SQL_BYTES = 65536 };

struct history {
    const struct table_map *map;
    struct history_columns columns;
    struct db_stmt *before;
    struct db_stmt *after;
    struct row_stmt insert;
    struct row_stmt update;
    struct db_stmt *remove;
    struct db_stmt *close_since;
};

/* --- statements --- */

static void add(struct buf *b, const char *before, const char *text, const char *behind)
{
    bool fits = buf_add_printf(b, "%s%s%s", before, text, behind);

    INVARIANT(fits);
}

static void add_columns(struct buf *b, const struct table_map *map)
{
    for (size_t i = 0; i < map->column_count; i++) {
        add(b, "\"", map->columns[i].name, "\",");
    }
    add(b, "row_source", "", "");
}

static const char *name_of(const struct history *h, size_t column)
{
    return h->map->columns[column].name;
}

static void select_sql(const struct history *h, struct buf *b, const char *condition,
                       const char *order)
{
    buf_clear(b);
    add(b, "SELECT ", "", "");
    add_columns(b, h->map);
    add(b, " FROM \"", h->map->table, "\"");
    add(b, " WHERE \"", name_of(h, h->columns.id), "\" = ?1");
    add(b, " AND \"", name_of(h, h->columns.start), "\"");
    add(b, condition, " ORDER BY \"", name_of(h, h->columns.start));
    add(b, "\"", order, " LIMIT 1");
}

static void insert_sql(const struct history *h, struct buf *b)
{
    buf_clear(b);
    add(b, "INSERT INTO \"", h->map->table, "\" (");
    add_columns(b, h->map);
    add(b, ") VALUES (?", "", "");
    for (size_t i = 0; i < h->map->column_count; i++) {
        add(b, ",?", "", "");
    }
    add(b, ")", "", "");
}

static void update_sql(const struct history *h, struct buf *b)
{
    size_t count = h->map->column_count;

    buf_clear(b);
    add(b, "UPDATE \"", h->map->table, "\" SET ");
    for (size_t i = 0; i < count; i++) {
        bool fits = buf_add_printf(b, "\"%s\" = ?%zu, ", name_of(h, i), i + 1);

        INVARIANT(fits);
    }
    bool fits = buf_add_printf(b, "row_source = ?%zu WHERE \"%s\" = ?%zu AND \"%s\" = ?%zu",
                               count + 1, name_of(h, h->columns.id), h->columns.id + 1,
                               name_of(h, h->columns.start), h->columns.start + 1);
    INVARIANT(fits);
}

static void delete_sql(const struct history *h, struct buf *b)
{
    buf_clear(b);
    add(b, "DELETE FROM \"", h->map->table, "\" WHERE ");
    add(b, "\"", name_of(h, h->columns.id), "\" = ?1 AND ");
    add(b, "\"", name_of(h, h->columns.start), "\" = ?2");
}

static void close_since_sql(const struct history *h, struct buf *b)
{
    const char *end = name_of(h, h->columns.end);
    const char *last = name_of(h, h->columns.last_observed);

    buf_clear(b);
    add(b, "UPDATE \"", h->map->table, "\" SET ");
    add(b, "\"", end, "\" = ");
    add(b, "\"", last, "\"");
    add(b, " WHERE \"", end, "\" IS NULL AND ");
    add(b, "\"", last, "\" < ?1");
}

static bool prepare(struct history *h, struct db *d, struct buf *b, struct err *e)
{
    select_sql(h, b, " <= ?2", " DESC");
    h->before = db_prepare(d, buf_str(b), e);
    if (!h->before) {
        return false;
    }
    select_sql(h, b, " > ?2", "");
    h->after = db_prepare(d, buf_str(b), e);
    if (!h->after) {
        return false;
    }
    insert_sql(h, b);
    if (!row_stmt_init(&h->insert, d, buf_str(b), e)) {
        return false;
    }
    update_sql(h, b);
    if (!row_stmt_init(&h->update, d, buf_str(b), e)) {
        return false;
    }
    delete_sql(h, b);
    h->remove = db_prepare(d, buf_str(b), e);
    if (!h->remove) {
        return false;
    }
    close_since_sql(h, b);
    h->close_since = db_prepare(d, buf_str(b), e);
    return h->close_since != NULL;
}

static size_t column_of(const struct table_map *map, const char *name)
{
    for (size_t i = 0; i < map->column_count; i++) {
        if (str_eq(map->columns[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

struct history *history_new(struct db *d, const struct table_map *map, const char *id,
                            struct err *e)
{
    struct history *h = xcalloc(1, sizeof(*h));
    struct buf b;
    bool ok;

    h->map = map;
    h->columns = (struct history_columns){
        .id = column_of(map, id),
        .start = column_of(map, "state_start"),
        .end = column_of(map, "state_end"),
        .first_observed = column_of(map, "first_observed"),
        .last_observed = column_of(map, "last_observed"),
        .change_time = column_of(map, "time_of_adherence_change"),
    };
    INVARIANT(h->columns.id != SIZE_MAX && h->columns.start != SIZE_MAX &&
              h->columns.end != SIZE_MAX && h->columns.first_observed != SIZE_MAX &&
              h->columns.last_observed != SIZE_MAX);
    buf_init(&b, SQL_BYTES);
    ok = prepare(h, d, &b, e);
    buf_free(&b);
    if (!ok) {
        history_free(h);
        return NULL;
    }
    return h;
}

void history_free(struct history *h)
{
    if (h) {
        db_finalize(h->before);
        db_finalize(h->after);
        row_stmt_free(&h->insert);
        row_stmt_free(&h->update);
        db_finalize(h->remove);
        db_finalize(h->close_since);
        free(h);
    }
}

const struct history_columns *history_columns(const struct history *h)
{
    return &h->columns;
}

/* --- rows --- */

static bool select_row(struct history *h, struct db_stmt *s, struct arena *a,
                       struct history_row *out, struct err *e)
{
    bool row = false;
    bool ok = db_step(s, &row, e);

    *out = (struct history_row){0};
    if (ok && row) {
        size_t count = h->map->column_count;

        out->cells = arena_array(a, count, sizeof(*out->cells));
        for (size_t i = 0; i < count; i++) {
            out->cells[i] = row_column(s, (int)i, a);
        }
        out->source = row_column(s, (int)count, a);
    }
    db_reset(s);
    return ok;
}

bool history_before(struct history *h, const struct cell *id, const struct cell *time,
                    struct arena *a, struct history_row *out, struct err *e)
{
    static const char end_of_time[] = "~"; /* behind any ISO text */

    db_bind_text(h->before, 1, id->value.text, id->length);
    if (time) {
        db_bind_text(h->before, 2, time->value.text, time->length);
    } else {
        db_bind_str(h->before, 2, end_of_time);
    }
    return select_row(h, h->before, a, out, e);
}

bool history_after(struct history *h, const struct cell *id, const struct cell *time,
                   struct arena *a, struct history_row *out, struct err *e)
{
    db_bind_text(h->after, 1, id->value.text, id->length);
    db_bind_text(h->after, 2, time->value.text, time->length);
    return select_row(h, h->after, a, out, e);
}

static bool write_row(struct history *h, struct row_stmt *s, const struct history_row *row,
                      struct err *e)
{
    row_stmt_cells(s, 1, row->cells, h->map->column_count);
    row_stmt_cell(s, (int)h->map->column_count + 1, &row->source);
    return row_stmt_run(s, e);
}

bool history_insert(struct history *h, const struct history_row *row, struct err *e)
{
    return write_row(h, &h->insert, row, e);
}

bool history_update(struct history *h, const struct history_row *row, struct err *e)
{
    return write_row(h, &h->update, row, e);
}

bool history_delete(struct history *h, const struct history_row *row, struct err *e)
{
    const struct cell *id = &row->cells[h->columns.id];
    const struct cell *start = &row->cells[h->columns.start];
    bool ok;

    db_bind_text(h->remove, 1, id->value.text, id->length);
    db_bind_text(h->remove, 2, start->value.text, start->length);
    ok = db_run(h->remove, e);
    db_reset(h->remove);
    return ok;
}

bool history_close_since(struct history *h, struct db *d, const char *since, int64_t *closed,
                         struct err *e)
{
    bool ok;

    db_bind_str(h->close_since, 1, since);
    ok = db_run(h->close_since, e);
    *closed = ok ? db_changes(d) : 0;
    db_reset(h->close_since);
    return ok;
}
