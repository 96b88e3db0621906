/*
 * What SQLite alone costs: the conversation rows of an extracted file, read into memory and then
 * inserted by bind and step into a fresh file with the same schema and settings, 100 conversations
 * to a transaction. Only the inserts and their commits are timed.
 *
 *     bare_insert SOURCE.db TARGET.db [all]
 *
 * With `all` the rows of all tables that an extraction fills: those of figures kept with the
 * records too, as finished rows, which nothing works out, and a kept answer in each transaction.
 * Prints one JSON object: conversations, rows, seconds, cpu_seconds. It is meant to be hard to
 * beat: nothing is looked up, hashed or compared, rows come in key order, and a NULL is bound only
 * where the row before had a value.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "io/db.h"

enum { TABLES_MAX = 32, COLUMNS_MAX = 128, CONVERSATIONS_PER_COMMIT = 100, FIRST_VALUES = 1 << 16 };

/* A table of both files. The source is read in key order, one row ahead. */
struct table {
    sqlite3_stmt *read;
    sqlite3_stmt *insert;
    int columns;
    bool has_row;
    bool is_set[COLUMNS_MAX]; /* by column: the last insert bound a value */
};

/* A value that is not NULL; a row begins with one that says its table and how many values follow.
 */
struct value {
    unsigned char at; /* the column; the table */
    unsigned char type;
    unsigned length;
    union {
        int64_t integer;
        double real;
        const char *text;
    };
};

struct bench {
    sqlite3 *source;
    sqlite3 *target;
    struct table tables[TABLES_MAX]; /* the first is conversation */
    size_t table_count;
    size_t answers;       /* the table of kept answers, the last; 0: none is */
    struct value *values; /* all rows in the order of their inserts */
    size_t count;
    size_t capacity;
    struct arena *texts;
    int64_t rows;
    int64_t conversations;
};

/* Any failure ends the program. */
static int must(sqlite3 *handle, int code)
{
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        (void)fprintf(stderr, "bare_insert: %s\n", sqlite3_errmsg(handle));
        exit(1);
    }
    return code;
}

/* --- rows in memory --- */

static struct value *add(struct bench *b, size_t at, int type)
{
    if (b->count == b->capacity) {
        b->capacity = b->capacity > 0 ? b->capacity * 2 : FIRST_VALUES;
        b->values = xrealloc(b->values, b->capacity * sizeof(*b->values));
    }
    b->values[b->count] =
        (struct value){.at = (unsigned char)at, .type = (unsigned char)type, .length = 0};
    return &b->values[b->count++];
}

static void add_value(struct bench *b, sqlite3_stmt *s, int column, int type)
{
    struct value *v = add(b, (size_t)column, type);

    if (type == SQLITE_INTEGER) {
        v->integer = sqlite3_column_int64(s, column);
    } else if (type == SQLITE_FLOAT) {
        v->real = sqlite3_column_double(s, column);
    } else {
        const void *text = sqlite3_column_blob(s, column);

        v->length = (unsigned)sqlite3_column_bytes(s, column);
        v->text = memcpy(arena_alloc(b->texts, v->length + 1), text, v->length);
    }
}

/* On to the next row of a table. */
static void step(struct bench *b, struct table *t)
{
    t->has_row = must(b->source, sqlite3_step(t->read)) == SQLITE_ROW;
}

/* The row that table `at` stands at, and on to its next. */
static void take_row(struct bench *b, size_t at)
{
    struct table *t = &b->tables[at];
    size_t head = b->count;

    add(b, at, SQLITE_NULL);
    for (int i = 0; i < t->columns; i++) {
        int type = sqlite3_column_type(t->read, i);

        if (type != SQLITE_NULL) {
            add_value(b, t->read, i, type);
        }
    }
    b->values[head].length = (unsigned)(b->count - head - 1);
    b->rows++;
    step(b, t);
}

/* Reads all rows, each conversation's together. */
static void read_rows(struct bench *b)
{
    size_t count = b->answers ? b->answers : b->table_count;

    for (size_t i = 0; i < b->table_count; i++) {
        step(b, &b->tables[i]);
    }
    while (b->tables[0].has_row) {
        int64_t key = sqlite3_column_int64(b->tables[0].read, 0);

        if (b->answers && b->tables[b->answers].has_row &&
            b->conversations % CONVERSATIONS_PER_COMMIT == 1) {
            take_row(b, b->answers);
        }
        b->conversations++;
        for (size_t i = 0; i < count; i++) {
            struct table *t = &b->tables[i];

            while (t->has_row && sqlite3_column_int64(t->read, 0) == key) {
                take_row(b, i);
            }
        }
    }
}

/* --- inserting --- */

static void bind(sqlite3_stmt *s, const struct value *v)
{
    if (v->type == SQLITE_INTEGER) {
        sqlite3_bind_int64(s, v->at + 1, v->integer);
    } else if (v->type == SQLITE_FLOAT) {
        sqlite3_bind_double(s, v->at + 1, v->real);
    } else if (v->type == SQLITE_BLOB) {
        sqlite3_bind_blob64(s, v->at + 1, v->text, v->length, SQLITE_STATIC);
    } else {
        sqlite3_bind_text64(s, v->at + 1, v->text, v->length, SQLITE_STATIC, SQLITE_UTF8);
    }
}

static void bind_nulls(struct table *t, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (t->is_set[i]) {
            sqlite3_bind_null(t->insert, i + 1);
            t->is_set[i] = false;
        }
    }
}

/* Inserts the row that begins there; where the next one does. */
static const struct value *insert_row(struct bench *b, const struct value *head)
{
    struct table *t = &b->tables[head->at];
    const struct value *end = head + 1 + head->length;
    int next = 0;

    for (const struct value *v = head + 1; v < end; v++) {
        bind_nulls(t, next, v->at);
        bind(t->insert, v);
        t->is_set[v->at] = true;
        next = v->at + 1;
    }
    bind_nulls(t, next, t->columns);
    must(b->target, sqlite3_step(t->insert));
    must(b->target, sqlite3_reset(t->insert));
    return end;
}

static void exec(sqlite3 *handle, const char *sql)
{
    must(handle, sqlite3_exec(handle, sql, NULL, NULL, NULL));
}

static void insert_rows(struct bench *b)
{
    const struct value *at = b->values;
    int64_t conversations = 0;

    exec(b->target, "BEGIN IMMEDIATE");
    while (at < b->values + b->count) {
        if (at->at == 0 && conversations++ % CONVERSATIONS_PER_COMMIT == 0 && conversations > 1) {
            exec(b->target, "COMMIT");
            exec(b->target, "BEGIN IMMEDIATE");
        }
        at = insert_row(b, at);
    }
    exec(b->target, "COMMIT");
}

/* --- tables --- */

static sqlite3_stmt *prepare(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *s = NULL;

    must(handle, sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL));
    return s;
}

static void add_table(struct bench *b, const char *name)
{
    struct table *t = &b->tables[b->table_count++];
    struct arena *a = arena_new(0);
    const char *parameters = "?";

    INVARIANT(b->table_count <= TABLES_MAX);
    t->read = prepare(b->source, arena_printf(a, "SELECT * FROM \"%s\" ORDER BY 1", name));
    t->columns = sqlite3_column_count(t->read);
    INVARIANT(t->columns <= COLUMNS_MAX);
    for (int i = 1; i < t->columns; i++) {
        parameters = arena_printf(a, "%s,?", parameters);
    }
    t->insert =
        prepare(b->target, arena_printf(a, "INSERT INTO \"%s\" VALUES (%s)", name, parameters));
    arena_free(a);
}

/* The root, then what hangs on it, then the figures and the answers. */
static void add_tables(struct bench *b, bool all)
{
    sqlite3_stmt *names =
        prepare(b->source,
                "SELECT name FROM sqlite_master WHERE type = 'table' "
                "AND (sql LIKE '%REFERENCES conversation,%' OR ?1 AND name IN ('interval_figure', "
                "'queue_visit', 'agent_leg', 'conversation_figure')) ORDER BY rowid");

    sqlite3_bind_int(names, 1, all);
    add_table(b, "conversation");
    while (must(b->source, sqlite3_step(names)) == SQLITE_ROW) {
        add_table(b, (const char *)sqlite3_column_text(names, 0));
    }
    sqlite3_finalize(names);
    if (all) {
        b->answers = b->table_count;
        add_table(b, "raw_page");
    }
}

/* The schema is rollcall's; the settings of the connection are those that io/db.c makes. */
static void open_files(struct bench *b, const char *source, const char *target)
{
    struct err e = {0};
    struct db *made = db_open(target, DB_WRITE, &e);

    if (!made) {
        (void)fprintf(stderr, "bare_insert: %s\n", e.message);
        exit(1);
    }
    db_close(made);
    must(b->source, sqlite3_open_v2(source, &b->source, SQLITE_OPEN_READWRITE, NULL));
    must(b->target,
         sqlite3_open_v2(target, &b->target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    exec(b->target, "PRAGMA cache_size = -8192; PRAGMA mmap_size = 0; PRAGMA foreign_keys = OFF;"
                    "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                    "PRAGMA wal_autocheckpoint = 4000");
}

static double now_seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct bench b;
    bool all = argc == 4 && strcmp(argv[3], "all") == 0;

    if (argc != 3 && !all) {
        (void)fprintf(stderr, "usage: bare_insert SOURCE.db TARGET.db [all]\n");
        return 2;
    }
    b.texts = arena_new(0);
    open_files(&b, argv[1], argv[2]);
    add_tables(&b, all);
    read_rows(&b);
    double begun = now_seconds(CLOCK_MONOTONIC);
    double cpu_begun = now_seconds(CLOCK_PROCESS_CPUTIME_ID);
    insert_rows(&b);
    printf("{\"conversations\": %" PRId64 ", \"rows\": %" PRId64
           ", \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n",
           b.conversations, b.rows, now_seconds(CLOCK_MONOTONIC) - begun,
           now_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_begun);
    for (size_t i = 0; i < b.table_count; i++) {
        sqlite3_finalize(b.tables[i].read);
        sqlite3_finalize(b.tables[i].insert);
    }
    sqlite3_close(b.source);
    sqlite3_close(b.target);
    free(b.values);
    arena_free(b.texts);
    return 0;
}
