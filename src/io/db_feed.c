#include "io/db_feed.h"

#include <sqlite3.h>

struct feed_table {
    sqlite3_vtab base;
    const struct db_feed *feed;
};

struct feed_cursor {
    sqlite3_vtab_cursor base;
    const struct db_feed *feed;
    size_t at;
};

static int feed_connect(sqlite3 *handle, void *feed, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **message)
{
    struct feed_table *t = sqlite3_malloc(sizeof(*t));
    char *sql = sqlite3_mprintf("CREATE TABLE feed (%s)", ((const struct db_feed *)feed)->columns);
    int code = SQLITE_NOMEM;

    (void)argc, (void)argv, (void)message;
    if (t && sql) {
        code = sqlite3_declare_vtab(handle, sql);
    }
    sqlite3_free(sql);
    if (code != SQLITE_OK) {
        sqlite3_free(t);
        return code;
    }
    *t = (struct feed_table){.feed = feed};
    *out = &t->base;
    return SQLITE_OK;
}

static int feed_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

/* There is one way to read it. The cost keeps a feed the outer loop of a join with a table that has
 * an index. */
static int feed_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

static int feed_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    struct feed_cursor *c = sqlite3_malloc(sizeof(*c));

    if (!c) {
        return SQLITE_NOMEM;
    }
    *c = (struct feed_cursor){.feed = ((struct feed_table *)t)->feed};
    *out = &c->base;
    return SQLITE_OK;
}

static int feed_close(sqlite3_vtab_cursor *c)
{
    sqlite3_free(c);
    return SQLITE_OK;
}

static void skip_rows_left_out(struct feed_cursor *c)
{
    const struct db_feed *f = c->feed;

    while (c->at < *f->row_count && !f->has(f->user, f->table, c->at)) {
        c->at++;
    }
}

static int feed_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
                       sqlite3_value **argv)
{
    struct feed_cursor *c = (struct feed_cursor *)cursor;

    (void)number, (void)text, (void)argc, (void)argv;
    c->at = 0;
    skip_rows_left_out(c);
    return SQLITE_OK;
}

static int feed_next(sqlite3_vtab_cursor *cursor)
{
    struct feed_cursor *c = (struct feed_cursor *)cursor;

    c->at++;
    skip_rows_left_out(c);
    return SQLITE_OK;
}

static int feed_eof(sqlite3_vtab_cursor *cursor)
{
    const struct feed_cursor *c = (const struct feed_cursor *)cursor;

    return c->at >= *c->feed->row_count;
}

static int feed_column(sqlite3_vtab_cursor *cursor, sqlite3_context *out, int column)
{
    const struct feed_cursor *c = (const struct feed_cursor *)cursor;
    const struct cell *cell = &(*c->feed->cells)[c->at * c->feed->width + (size_t)column];

    switch (cell->type) {
    case CELL_NULL:
        break;
    case CELL_INT:
        sqlite3_result_int64(out, cell->value.integer);
        break;
    case CELL_REAL:
        sqlite3_result_double(out, cell->value.real);
        break;
    case CELL_TEXT:
        sqlite3_result_text64(out, cell->value.text, cell->length, SQLITE_STATIC, SQLITE_UTF8);
        break;
    }
    return SQLITE_OK;
}

static int feed_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((const struct feed_cursor *)cursor)->at;
    return SQLITE_OK;
}

const sqlite3_module db_feed_module = {
    .xConnect = feed_connect,
    .xBestIndex = feed_best_index,
    .xDisconnect = feed_disconnect,
    .xDestroy = feed_disconnect,
    .xOpen = feed_open,
    .xClose = feed_close,
    .xFilter = feed_filter,
    .xNext = feed_next,
    .xEof = feed_eof,
    .xColumn = feed_column,
    .xRowid = feed_rowid,
};
