#include "etl/load_row.h"

#include <stdlib.h>

bool row_stmt_init(struct row_stmt *s, struct db *d, const char *sql, struct err *e)
{
    s->stmt = db_prepare(d, sql, e);
    if (!s->stmt) {
        return false;
    }
    s->is_set = xcalloc((size_t)db_param_count(s->stmt) + 1, 1);
    return true;
}

void row_stmt_free(struct row_stmt *s)
{
    db_finalize(s->stmt);
    free(s->is_set);
    s->stmt = NULL;
    s->is_set = NULL;
}

void row_stmt_null(struct row_stmt *s, int at)
{
    if (s->is_set[at]) {
        db_bind_null(s->stmt, at);
        s->is_set[at] = 0;
    }
}

void row_stmt_int(struct row_stmt *s, int at, int64_t value)
{
    db_bind_int(s->stmt, at, value);
    s->is_set[at] = 1;
}

void row_stmt_text(struct row_stmt *s, int at, const char *text, size_t length)
{
    db_bind_text(s->stmt, at, text, length);
    s->is_set[at] = 1;
}

void row_stmt_cell(struct row_stmt *s, int at, const struct cell *c)
{
    switch (c->type) {
    case CELL_NULL:
        row_stmt_null(s, at);
        break;
    case CELL_INT:
        row_stmt_int(s, at, c->value.integer);
        break;
    case CELL_REAL:
        db_bind_real(s->stmt, at, c->value.real);
        s->is_set[at] = 1;
        break;
    case CELL_TEXT:
        row_stmt_text(s, at, c->value.text, c->length);
        break;
    }
}

void row_stmt_cells(struct row_stmt *s, int at, const struct cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        row_stmt_cell(s, at + (int)i, &cells[i]);
    }
}

bool row_stmt_run(struct row_stmt *s, struct err *e)
{
    return db_run(s->stmt, e);
}

struct cell row_column(struct db_stmt *s, int at, struct arena *a)
{
    struct cell c = {.type = CELL_NULL};

    switch (db_column_type(s, at)) {
    case DB_INT:
        c.type = CELL_INT;
        c.value.integer = db_int(s, at);
        break;
    case DB_REAL:
        c.type = CELL_REAL;
        c.value.real = db_real(s, at);
        break;
    case DB_TEXT:
        c.type = CELL_TEXT;
        c.value.text = db_text(s, at);
        c.length = (uint32_t)db_bytes(s, at);
        c.value.text = arena_strndup(a, c.value.text, c.length);
        break;
    case DB_NULL:
    case DB_BLOB:
        break;
    }
    return c;
}
