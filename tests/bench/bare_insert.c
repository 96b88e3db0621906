/*
 * What SQLite alone costs: the conversation rows of an extracted file, read into memory and then
 * inserted by bind and step into a fresh file with the same schema and settings, 100 conversations
 * to a transaction. Only the inserts and their commits are timed.
 *
 *     bare_insert SOURCE.db TARGET.db
 *
 * Prints one JSON object: conversations, rows, seconds, cpu_seconds. It is meant to be hard to
 * beat: nothing is looked up, hashed or compared, rows come in key order, and a NULL is bound only
 * where the row before had a value.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "io/db.h"

enum { TABLES_MAX = 32, COLUMNS_MAX = 128, CONVERSATIONS_PER_COMMIT = 100, FIRST_BYTES = 1 << 20 };

/* A table of both files. The source is read in key order, one row ahead. */
struct table {
    struct db_stmt *read;
    struct db_stmt *insert;
    int columns;
    bool has_row;
    bool is_set[COLUMNS_MAX]; /* by column: the last insert bound a value */
};

/* All rows in the order of their inserts. A row: table, count of values, then the values that are
 * not NULL: column, type, and the bytes of the number, or length and bytes of the text. */
struct row_list {
    char *bytes;
    size_t length;
    size_t capacity;
    int64_t count;
    int64_t conversations;
};

struct bench {
    struct db *source;
    struct db *target;
    struct table tables[TABLES_MAX]; /* the first is conversation */
    size_t table_count;
    struct row_list rows;
};

/* --- rows in memory --- */

static void put(struct row_list *r, const void *bytes, size_t length)
{
    if (r->length + length > r->capacity) {
        r->capacity = r->capacity > 0 ? r->capacity * 2 : FIRST_BYTES;
        while (r->capacity < r->length + length) {
            r->capacity *= 2;
        }
        r->bytes = xrealloc(r->bytes, r->capacity);
    }
    memcpy(r->bytes + r->length, bytes, length);
    r->length += length;
}

static void put_byte(struct row_list *r, int value)
{
    unsigned char byte = (unsigned char)value;

    put(r, &byte, 1);
}

static void put_value(struct row_list *r, struct db_stmt *s, int column, enum db_type type)
{
    int64_t integer = db_int(s, column);
    double real = db_real(s, column);

    put_byte(r, column);
    put_byte(r, type);
    if (type == DB_INT) {
        put(r, &integer, sizeof(integer));
    } else if (type == DB_REAL) {
        put(r, &real, sizeof(real));
    } else {
        const char *text = db_text(s, column);
        size_t length = db_bytes(s, column);

        put(r, &length, sizeof(length));
        put(r, text, length);
    }
}

/* The row that table `at` stands at, and on to its next. */
static bool take_row(struct bench *b, size_t at, struct err *e)
{
    struct table *t = &b->tables[at];
    size_t count_at;
    int values = 0;

    put_byte(&b->rows, (int)at);
    count_at = b->rows.length;
    put_byte(&b->rows, 0);
    for (int i = 0; i < t->columns; i++) {
        enum db_type type = db_column_type(t->read, i);

        if (type != DB_NULL) {
            put_value(&b->rows, t->read, i, type);
            values++;
        }
    }
    b->rows.bytes[count_at] = (char)values;
    b->rows.count++;
    return db_step(t->read, &t->has_row, e);
}

/* The rows of one conversation in table `at`. */
static bool take_rows(struct bench *b, size_t at, int64_t key, struct err *e)
{
    struct table *t = &b->tables[at];

    while (t->has_row && db_int(t->read, 0) == key) {
        if (!take_row(b, at, e)) {
            return false;
        }
    }
    return true;
}

/* Reads all rows, each conversation's together. */
static bool read_rows(struct bench *b, struct err *e)
{
    for (size_t i = 0; i < b->table_count; i++) {
        if (!db_step(b->tables[i].read, &b->tables[i].has_row, e)) {
            return false;
        }
    }
    while (b->tables[0].has_row) {
        int64_t key = db_int(b->tables[0].read, 0);

        b->rows.conversations++;
        for (size_t i = 0; i < b->table_count; i++) {
            if (!take_rows(b, i, key, e)) {
                return false;
            }
        }
    }
    return true;
}

/* --- inserting --- */

static const char *get(const char *at, void *out, size_t length)
{
    memcpy(out, at, length);
    return at + length;
}

static const char *bind_value(struct db_stmt *s, const char *at, int column, enum db_type type)
{
    int64_t integer;
    double real;
    size_t length;

    if (type == DB_INT) {
        at = get(at, &integer, sizeof(integer));
        db_bind_int(s, column + 1, integer);
        return at;
    }
    if (type == DB_REAL) {
        at = get(at, &real, sizeof(real));
        db_bind_real(s, column + 1, real);
        return at;
    }
    at = get(at, &length, sizeof(length));
    db_bind_text(s, column + 1, at, length);
    return at + length;
}

static void bind_nulls(struct table *t, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (t->is_set[i]) {
            db_bind_null(t->insert, i + 1);
            t->is_set[i] = false;
        }
    }
}

/* Inserts the row at *at and moves on. */
static bool insert_row(struct bench *b, const char **at, struct err *e)
{
    struct table *t = &b->tables[(unsigned char)*(*at)++];
    int values = (unsigned char)*(*at)++;
    int next = 0;

    for (int i = 0; i < values; i++) {
        int column = (unsigned char)(*at)[0];
        enum db_type type = (enum db_type)(*at)[1];

        bind_nulls(t, next, column);
        *at = bind_value(t->insert, *at + 2, column, type);
        t->is_set[column] = true;
        next = column + 1;
    }
    bind_nulls(t, next, t->columns);
    return db_run(t->insert, e);
}

static bool insert_rows(struct bench *b, struct err *e)
{
    const char *at = b->rows.bytes;
    const char *end = at + b->rows.length;
    int64_t conversations = 0;

    if (!db_begin(b->target, e)) {
        return false;
    }
    while (at < end) {
        if (*at == 0 && conversations++ % CONVERSATIONS_PER_COMMIT == 0 && conversations > 1 &&
            (!db_commit(b->target, e) || !db_begin(b->target, e))) {
            return false;
        }
        if (!insert_row(b, &at, e)) {
            return false;
        }
    }
    return db_commit(b->target, e);
}

/* --- tables --- */

static bool add_table(struct bench *b, const char *name, struct err *e)
{
    struct table *t = &b->tables[b->table_count++];
    struct arena *a = arena_new(0);
    const char *parameters = "?";

    INVARIANT(b->table_count <= TABLES_MAX);
    t->read = db_prepare(
        b->source, arena_printf(a, "SELECT * FROM \"%s\" ORDER BY conversation_key", name), e);
    if (t->read) {
        t->columns = db_column_count(t->read);
        INVARIANT(t->columns <= COLUMNS_MAX);
        for (int i = 1; i < t->columns; i++) {
            parameters = arena_printf(a, "%s,?", parameters);
        }
        t->insert = db_prepare(
            b->target, arena_printf(a, "INSERT INTO \"%s\" VALUES (%s)", name, parameters), e);
    }
    arena_free(a);
    return t->insert != NULL;
}

/* The root, then what hangs on it. */
static bool add_tables(struct bench *b, struct err *e)
{
    struct db_stmt *names = db_prepare(b->source,
                                       "SELECT name FROM sqlite_schema WHERE type = 'table' "
                                       "AND sql LIKE '%REFERENCES conversation,%' ORDER BY rowid",
                                       e);
    bool row = false;
    bool ok = names && add_table(b, "conversation", e);

    while (ok && db_step(names, &row, e) && row) {
        ok = add_table(b, db_text(names, 0), e);
    }
    db_finalize(names);
    return ok && e->kind == ERR_NONE;
}

static double now_seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool measure(struct bench *b, const char *source, const char *target, struct err *e)
{
    double begun;
    double cpu_begun;

    b->source = db_open(source, DB_READ, e);
    b->target = b->source ? db_open(target, DB_WRITE, e) : NULL;
    if (!b->target || !add_tables(b, e) || !db_begin_read(b->source, e) || !read_rows(b, e)) {
        return false;
    }
    begun = now_seconds(CLOCK_MONOTONIC);
    cpu_begun = now_seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (!insert_rows(b, e)) {
        return false;
    }
    printf("{\"conversations\": %" PRId64 ", \"rows\": %" PRId64
           ", \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n",
           b->rows.conversations, b->rows.count, now_seconds(CLOCK_MONOTONIC) - begun,
           now_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_begun);
    return true;
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct err e;
    bool ok;

    if (argc != 3) {
        fprintf(stderr, "usage: bare_insert SOURCE.db TARGET.db\n");
        return 2;
    }
    err_clear(&e);
    ok = measure(&b, argv[1], argv[2], &e);
    if (!ok) {
        fprintf(stderr, "bare_insert: %s\n", e.message);
    }
    for (size_t i = 0; i < b.table_count; i++) {
        db_finalize(b.tables[i].read);
        db_finalize(b.tables[i].insert);
    }
    db_close(b.source);
    db_close(b.target);
    free(b.rows.bytes);
    return ok ? 0 : 1;
}
