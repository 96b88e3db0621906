/*
 * SQLite: one connection wrapper, statements that remember their SQL, and transactions that cannot
 * be left open.
 *
 * Invariants: WAL, synchronous FULL, busy timeout LIMIT_DB_BUSY_MS, page size 8192 for new files;
 * application_id marks the file as ours, user_version is the schema's number; every failure is
 * ERR_STORE (message: SQLite's text, the path, what was being done, and for a full disk or a
 * read-only file what to do). A connection belongs to one thread at a time. Values are always
 * bound.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "io/cell.h"

enum { DB_APPLICATION_ID = 0x726c636c }; /* "rlcl" */

struct db;

enum db_mode {
    DB_WRITE, /* open or make, migrate to the newest schema */
    DB_READ,  /* open existing, read-only, of the program's own schema; TEMP tables may be made */
};

/* Opens `path`. DB_WRITE makes the file (its directory must exist) and runs the missing migrations,
 * one transaction each. Refused with a clear message: a network file system, a file that is no
 * database or not ours, a newer schema; in DB_READ also an absent file or an older schema (the next
 * extract migrates it). A reader needs no right to write: without it the file is read by the
 * writer's WAL or, where nobody writes, by itself; then a run that writes meanwhile makes the next
 * step fail (ERR_STORE). Close with db_close. */
struct db *db_open(const char *path, enum db_mode mode, struct err *e);

/* A database in memory; `is_ours`: with our schema. */
struct db *db_open_memory(bool is_ours, struct err *e);

/* Whether `path` can hold a database of ours: refuses what db_open with DB_WRITE refuses because of
 * the place or the file's header, and makes nothing. For before a lock file is made. */
bool db_check(const char *path, struct err *e);

/* Rolls back what is open and closes; NULL is allowed. Statements are finalized before: one that is
 * left keeps the file open. */
void db_close(struct db *d);
/* Before the declaration of a connection: it is closed where the block that declares it is left. */
#define DB_SCOPED __attribute__((cleanup(db_leave)))
static inline void db_leave(struct db **d)
{
    db_close(*d);
}

/* As it was given to db_open. */
const char *db_path(const struct db *d);

/* The newest schema number the program knows. */
int db_schema_version(void);

/* A value on its way into a statement, made by the macros below, so that the compiler checks its
 * type. Texts and bytes are borrowed until the statement has run. */
struct db_value {
    char type;
    int64_t number;
    double real;
    const void *bytes;
    size_t length;
    const char *name; /* ":name" of the parameter; NULL: the one of its place among the values */
};
/* I integer, N integer that is NULL when negative, R real, S string (NULL: NULL), T instant
 * (TIME_NONE: NULL) as ISO text, X text of n bytes, B bytes, NONE none or NULL. */
#define I(v)    ((struct db_value){.type = 'i', .number = (v)})
#define N(v)    ((v) < 0 ? NONE : I(v))
#define R(v)    ((struct db_value){.type = 'r', .real = (v)})
#define S(v)    ((struct db_value){.type = 's', .bytes = (v)})
#define T(v)    ((struct db_value){.type = 't', .number = (v)})
#define X(p, n) ((struct db_value){.type = 'x', .bytes = (p), .length = (n)})
#define B(p, n) ((struct db_value){.type = 'b', .bytes = (p), .length = (n)})
#define NONE    ((struct db_value){.type = 0})
#define DB_VALUES(...)                                                                             \
    (const struct db_value[]){__VA_ARGS__},                                                        \
        (sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))

/* The rows of a statement:
 *
 *     struct rows q = db_ask(d, e, "SELECT name FROM user WHERE user_id = ?1", S(id));
 *     while (db_next(&q)) { ... db_text(&q, 0) ... }
 *     return db_end(&q);
 *
 * The statement is prepared once and kept by the connection, so one text is asked by one reader at
 * a time. Errors stick: db_next is false at the end and after an error, db_end says which it was,
 * and sets the statement free whatever happened. */
struct rows {
    struct db *db;
    struct sqlite3_stmt *statement;
    struct err *e;
    bool ok; /* a caller that cannot go on may clear it: db_end is false then */
};
#define db_ask(d, e, sql, ...) db_ask_values((d), (e), (sql), DB_VALUES(__VA_ARGS__))
struct rows db_ask_values(struct db *d, struct err *e, const char *sql, const struct db_value *v,
                          size_t n);
bool db_next(struct rows *q);
bool db_end(struct rows *q);

/* db_do(d, e, sql, I(id), S(name)...) runs a statement that gives no rows, kept likewise. Where no
 * transaction is open it is one by itself (a crash-test step before and after it). */
#define db_do(d, e, sql, ...) db_do_values((d), (e), (sql), DB_VALUES(__VA_ARGS__))
bool db_do_values(struct db *d, struct err *e, const char *sql, const struct db_value *v, size_t n);

/* Ends `q` with the first column of its first row, 0 where there is none. */
bool db_number(struct rows q, int64_t *out);

/* End `q` with what is kept of it in the arena: the first row's columns as texts (NULLs where there
 * is no row); the texts of all rows' first column. */
bool db_texts(struct rows q, struct arena *a, const char **texts, size_t count);
bool db_list(struct rows q, struct arena *a, const char ***texts, size_t *count);

/* Runs the statements that `q` writes, column by column, once all of them have been read (each a
 * crash-test step), and ends it. */
bool db_run_written(struct rows q);

/* Whether there is room for `bytes` beside the file, as far as the system can tell; else ERR_STORE,
 * which says what takes them ("erasing"). */
bool db_has_room(struct db *d, int64_t bytes, const char *doing, struct err *e);

/* Runs SQL text of one or more statements without parameters (constant text only). */
bool db_exec(struct db *d, const char *sql, struct err *e);

/* Finalizes the statement that is kept for a text (NULL: for none), if any. */
void db_forget(struct db *d, const char *sql);

/* The columns of an answer, there before its first row too. */
int db_column_count(const struct rows *q);
const char *db_column_name(const struct rows *q, int column);

/* Of the present row, columns from 0: an integer; a text, borrowed until the next step (NULL for
 * NULL), or in the arena; an instant (TIME_NONE for NULL or what is none); all that a cell can be,
 * its text in the arena or, where that is NULL, borrowed. BLOBs have no cell. */
int64_t db_int(const struct rows *q, int column);
const char *db_text(const struct rows *q, int column);
const char *db_kept(const struct rows *q, int column, struct arena *a);
int64_t db_time(const struct rows *q, int column);
struct cell db_cell(const struct rows *q, int column, struct arena *a);

/* A BLOB, borrowed until the next step. */
const void *db_bytes(const struct rows *q, int column, size_t *length);

/* A cell as a value. */
struct db_value db_value_of(const struct cell *c);

/* Makes SQL know a function of one text, whose answer is an integer; of NULL it is 0. All is
 * borrowed. */
struct db_function {
    const char *name;
    int64_t (*answer)(void *user, const char *text, size_t length);
    void *user;
};
bool db_function(struct db *d, const struct db_function *f, struct err *e);

/* A feed: rows of the program's own as a table of a connection, for INSERT .. SELECT: `width` cells
 * each, one row after the other. All is borrowed; where the rows are and how many may change while
 * the table is not read. It is read from the first to the last; the rowid is their place from 0. */
struct db_feed {
    const char *name;    /* of the table */
    const char *columns; /* as in CREATE TABLE; `width` of them */
    size_t width;
    const struct cell *cells;
    size_t row_count;
    /* Called with `user` and `table`; false: the row is left out. */
    bool (*has)(const void *user, size_t table, size_t row);
    const void *user;
    size_t table;
};

/* Makes `f` a table of this connection, and takes the table away. `f` is borrowed until then;
 * statements that read it are to be gone before. */
bool db_feed(struct db *d, const struct db_feed *f, struct err *e);
void db_unfeed(struct db *d, const char *name);

/* Transactions: write ones begin IMMEDIATE; read ones pin a snapshot. Nesting is a bug. db_finish
 * commits what was begun where it is `ok` (a crash-test step before and after), else, and where
 * that fails, rolls back; whether it is committed. db_rollback is harmless outside one. */
bool db_begin(struct db *d, struct err *e);
bool db_begin_read(struct db *d, struct err *e);
bool db_finish(struct db *d, bool ok, struct err *e);
void db_rollback(struct db *d);

/* Bytes of the write-ahead log beside the file at `path`. */
int64_t db_wal_bytes(const char *path);

/* Brings that of `d` into the file and empties it, as far as that takes no waiting for others; the
 * bytes that are left: readers that keep an old state open need them. */
int64_t db_empty_wal(struct db *d);

/* Copies the database, as of one moment, into the existing empty file `path`, by SQLite's backup
 * API: readers and writers go on. The copy is a plain single file (no WAL) that needs no writing to
 * be read; it is not fsynced. `d` must not be in a transaction. Errors: ERR_STORE naming `shown`,
 * ERR_STOPPED. */
bool db_backup(struct db *d, const char *path, const char *shown, struct err *e);

/* Rows changed by the last statement. */
int64_t db_changes(struct db *d);
