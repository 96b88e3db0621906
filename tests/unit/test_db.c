#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/limits.h"
#include "child.h"
#include "io/embedded.h"
#include "io/hash.h"
#include "scratch.h"

/* Opens and fails the test when that fails. */
static struct db *open_db(const char *path, enum db_mode mode)
{
    struct err e = {0};
    struct db *d = db_open(path, mode, &e);

    fail_if(!d, "%s", e.message);
    return d;
}

/* Expects a refusal whose message holds `part`. */
static void check_refused(const char *path, enum db_mode mode, const char *part)
{
    struct err e = {0};
    struct db *d = db_open(path, mode, &e);

    assert_null(d);
    assert_int_equal(e.kind, ERR_STORE);
    assert_non_null(strstr(e.message, path));
    fail_if(!strstr(e.message, part), "no \"%s\" in: %s", part, e.message);
}

static int64_t number(struct db *d, const char *sql)
{
    struct err e;
    int64_t value = 0;

    assert_true(db_number(db_ask(d, &e, sql, NONE), &value));
    return value;
}

static void exec(struct db *d, const char *sql)
{
    struct err e;

    fail_if(!db_exec(d, sql, &e), "%s", e.message);
}

/* Makes a database that is none of ours. */
static sqlite3 *open_foreign(const char *path, const char *sql)
{
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
    return other;
}

static void make_foreign(const char *path, const char *sql)
{
    assert_int_equal(sqlite3_close(open_foreign(path, sql)), SQLITE_OK);
}

/* Names and bytes of all files here, to see that nothing changed. */
static const char *contents(struct scratch *s)
{
    struct dirent **names = NULL;
    int count = scandir(".", &names, NULL, alphasort);
    const char *text = "";

    for (int i = 0; i < count; i++) {
        char sum[HASH_TEXT_BYTES] = "";
        long long bytes = hash_file(names[i]->d_name, sum);

        text = arena_printf(s->arena, "%s%s %lld %s\n", text, names[i]->d_name, bytes, sum);
        free(names[i]);
    }
    free(names);
    return text;
}

/* --- opening --- */

enum { IN_MEMORY = 2 }; /* where sorting stays */

TEST_IN_SCRATCH(test_new_file)
{
    assert_true(db_schema_version() >= 5);
    assert_int_equal(number(s->db, "PRAGMA user_version"), db_schema_version());
    assert_int_equal(number(s->db, "PRAGMA application_id"), DB_APPLICATION_ID);
    assert_int_equal(number(s->db, "PRAGMA page_size"), 8192);
    assert_int_equal(number(s->db, "PRAGMA synchronous"), 2);
    assert_string_equal(scratch_value(s, "PRAGMA journal_mode"), "wal");
    assert_int_equal(number(s->db, "PRAGMA foreign_keys"), 0);
    assert_int_equal(number(s->db, "PRAGMA busy_timeout"), 30000);
    assert_int_equal(number(s->db, "PRAGMA temp_store"), IN_MEMORY);
    assert_int_equal(number(s->db, "SELECT count(*) FROM conversation"), 0);
    assert_string_equal(db_path(s->db), SCRATCH_DATABASE);
}

TEST_IN_SCRATCH(test_empty_file_is_taken)
{
    write_file("empty.db", "");
    check_refused("empty.db", DB_READ, "holds nothing yet");
    db_close(open_db("empty.db", DB_WRITE));
    db_close(open_db("empty.db", DB_READ));
}

TEST_IN_SCRATCH(test_reader_beside_a_writer)
{
    struct db *reader = open_db(SCRATCH_DATABASE, DB_READ);
    struct err e;

    assert_int_equal(number(reader, "PRAGMA temp_store"), IN_MEMORY);
    assert_false(db_exec(reader, "INSERT INTO queue (queue_id) VALUES ('q')", &e));
    assert_int_equal(e.kind, ERR_STORE);
    assert_false(db_exec(reader, "CREATE TABLE more (x)", &e));
    exec(reader, "CREATE TEMP TABLE own (x); INSERT INTO own VALUES (1); DROP TABLE own");
    db_rollback(s->db); /* harmless */
    check(db_begin(s->db, &s->e), s);
    exec(s->db, "INSERT INTO queue (queue_id) VALUES ('q')");
    assert_int_equal(number(reader, "SELECT count(*) FROM queue"), 0);
    db_rollback(s->db);
    /* A snapshot does not see what is committed later. */
    assert_true(db_begin_read(reader, &e));
    assert_int_equal(number(reader, "SELECT count(*) FROM queue"), 0);
    check(db_begin(s->db, &s->e), s);
    exec(s->db, "INSERT INTO queue (queue_id) VALUES ('r')");
    check(db_finish(s->db, true, &s->e), s);
    assert_int_equal(number(reader, "SELECT count(*) FROM queue"), 0);
    db_rollback(reader);
    assert_int_equal(number(reader, "SELECT count(*) FROM queue"), 1);
    db_close(reader);
}

/* --- readers without the right to write; more of them in tests/e2e/test_command_line.py --- */

enum { NOBODY = 65534 };

/* Root may write anywhere: then the reader is another user. */
static void become_reader(void)
{
    CHILD_ASSERT(geteuid() != 0 || (setgid(NOBODY) == 0 && setuid(NOBODY) == 0));
}

static void allow_writing(bool allowed)
{
    assert_int_equal(chmod(".", allowed ? 0755 : 0555), 0);
}

static void add_queue(const char *path, const char *id)
{
    struct db *d = open_db(path, DB_WRITE);
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "INSERT INTO queue (queue_id) VALUES ('%s')", id);
    exec(d, sql);
    db_close(d);
    assert_int_equal(chmod(path, 0644), 0);
}

/* What a frozen reader saw before and after another program wrote is of two moments. */
TEST_IN_SCRATCH(test_frozen_reader_sees_changes)
{
    int there[2];
    int back[2];
    int status = 0;
    char byte = 0;

    assert_int_equal(pipe(there) | pipe(back), 0);
    add_queue("quiet.db", "q");
    allow_writing(false);
    pid_t pid = fork();
    if (pid == 0) {
        struct err e = {0};
        become_reader();
        struct db *d = db_open("quiet.db", DB_READ, &e);
        CHILD_ASSERT(d);
        struct rows q = db_ask(d, &e, "SELECT queue_id FROM queue", NONE);
        CHILD_ASSERT(db_next(&q));
        CHILD_ASSERT(write(there[1], "1", 1) == 1 && read(back[0], &byte, 1) == 1);
        CHILD_ASSERT(!db_next(&q) && e.kind == ERR_STORE);
        CHILD_ASSERT(strstr(e.message, "run the command again"));
        _exit(0);
    }
    assert_int_equal(read(there[0], &byte, 1), 1);
    allow_writing(true);
    add_queue("quiet.db", "r");
    assert_int_equal(write(back[1], "1", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* --- refusals; each leaves everything as it is --- */

#define OURS(version)                                                                              \
    "CREATE TABLE t (a); PRAGMA application_id = 1919705964; PRAGMA user_version = " version

static const struct {
    const char *path;
    const char *sql;    /* what another program made there; NULL: nothing, it is there or not */
    const char *writer; /* the message to a writer, and to the look before a run's lock file */
    const char *reader; /* the message to a reader; NULL: not asked */
} places[] = {
    {"missing/x.db", NULL, "directory missing does not exist", NULL},
    {"folder", NULL, "not a file", NULL},
    {"absent.db", NULL, NULL, "extract"},
    {"note.txt", NULL, "not a SQLite database", "not a SQLite database"},
    {"list.txt", NULL, "not a SQLite database", "not a SQLite database"},
    {"other #?%.db", "CREATE TABLE t (a)", "not one of rollcall's", "not one of rollcall's"},
    {"1.db", "PRAGMA application_id = 77", "not one of rollcall's", "not one of rollcall's"},
    {"2.db", "PRAGMA user_version = 3", "not one of rollcall's", "not one of rollcall's"},
    {"3.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)",
     "not one of rollcall's", "not one of rollcall's"},
    {"4.db", "PRAGMA page_size = 1024; PRAGMA application_id = 77; CREATE TABLE t (a)",
     "not one of rollcall's", "not one of rollcall's"},
    {"5.db", OURS("9998"), "newer rollcall (schema 9998", "newer rollcall"},
    {"6.db", OURS("1"), NULL, "older rollcall (schema 1"},
};

TEST_IN_SCRATCH(test_places_that_are_none)
{
    struct err e = {0};
    char list[8000];

    memset(list, '-', sizeof(list) - 1);
    list[sizeof(list) - 1] = '\0';
    write_file("list.txt", list);
    write_file("note.txt", "milk\n");
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_true(db_check(SCRATCH_DATABASE, &e));
    for (size_t i = 0; i < COUNT(places); i++) {
        if (places[i].sql) {
            make_foreign(places[i].path, places[i].sql);
        }
        const char *before = contents(s);
        assert_int_equal(db_check(places[i].path, &e), places[i].writer == NULL);
        if (places[i].writer) {
            assert_non_null(strstr(e.message, places[i].writer));
            check_refused(places[i].path, DB_WRITE, places[i].writer);
        }
        if (places[i].reader) {
            check_refused(places[i].path, DB_READ, places[i].reader);
        }
        assert_string_equal(contents(s), before);
    }
}

/* All there is of it is still in its WAL, while it is open, and after a crash: closing it would
 * write the WAL back. */
TEST_IN_SCRATCH(test_another_programs_wal)
{
    static const char *const paths[] = {"live.db", "left.db"};

    for (size_t i = 0; i < COUNT(paths); i++) {
        sqlite3 *other = open_foreign(paths[i], "PRAGMA journal_mode = WAL; CREATE TABLE t (a)");
        const char *wal = arena_printf(s->arena, "%s-wal", paths[i]);
        int left = i == 1;

        assert_int_equal(sqlite3_db_config(other, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, left, NULL),
                         SQLITE_OK);
        assert_int_equal(left ? sqlite3_close(other) : SQLITE_OK, SQLITE_OK);
        char before[HASH_TEXT_BYTES];
        char after[HASH_TEXT_BYTES];
        assert_true(hash_file(wal, before) > 0);
        check_refused(paths[i], DB_WRITE, "not one of rollcall's");
        check_refused(paths[i], DB_READ, "not one of rollcall's");
        assert_true(hash_file(wal, after) > 0);
        assert_string_equal(after, before);
        if (!left) {
            assert_int_equal(sqlite3_exec(other, "INSERT INTO t VALUES (1)", NULL, NULL, NULL),
                             SQLITE_OK);
            assert_int_equal(sqlite3_close(other), SQLITE_OK);
        }
    }
}

/* While it is in use, and only its WAL says so. */
TEST_IN_SCRATCH(test_newer_schema_in_use)
{
    exec(s->db, "PRAGMA user_version = 9998");
    check_refused(SCRATCH_DATABASE, DB_WRITE, "newer rollcall");
}

/* --- migrations --- */

/* A file that is of schema 6 or claims to be: a table of ours, as it was, and what its owner added.
 * What else of the owner's stays is tests/e2e/test_convert.py's. */
static void make_old(struct scratch *s, int version, const char *more)
{
    db_close(s->db);
    s->db = NULL;
    assert_int_equal(unlink(SCRATCH_DATABASE), 0);
    make_foreign(SCRATCH_DATABASE,
                 arena_printf(s->arena,
                              "CREATE TABLE conversation (conversation_key INTEGER PRIMARY KEY, "
                              "  conversation_id TEXT, external_tag TEXT, gone TEXT);"
                              "INSERT INTO conversation VALUES (7, 'seven', 'a', 'b');"
                              "%s; PRAGMA user_version = %d; PRAGMA application_id = %d",
                              more, version, DB_APPLICATION_ID));
}

/* A conversion that fails leaves the number and the tables that were. */
TEST_IN_SCRATCH(test_conversion_fails_whole)
{
    make_old(s, 6, "INSERT INTO conversation VALUES (8, NULL, 'a', 'b')");
    check_refused(SCRATCH_DATABASE, DB_WRITE, "conversation_id");
    check_refused(SCRATCH_DATABASE, DB_READ, "older rollcall (schema 6");
    make_foreign(SCRATCH_DATABASE, "DELETE FROM conversation WHERE conversation_id IS NULL");
    s->db = open_db(SCRATCH_DATABASE, DB_WRITE);
    assert_int_equal(number(s->db, "SELECT count(*) FROM conversation"), 1);
}

TEST_IN_SCRATCH(test_conversion_knows_one_schema)
{
    make_old(s, 5, "");
    check_refused(SCRATCH_DATABASE, DB_WRITE,
                  "schema 5 is older than this program brings over (6)");
}

/* --- statements and transactions --- */

TEST_IN_SCRATCH(values_stand_with_their_statement)
{
    struct err *e = &s->e;
    char text[] = "SELECT 1";

    check(db_exec(s->db, "CREATE TABLE t (i, n, r, s, t, x, b, absent)", e), s);
    check(db_do(s->db, e, "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", I(-7), N(-1),
                R(0.5), S("text"), T(1000), X("a\0bcd", 3), B("\0b", 2), NONE),
          s);
    assert_int_equal(db_changes(s->db), 1);
    for (int turn = 0; turn < 2; turn++) {
        struct rows q =
            db_ask(s->db, e, "SELECT i, n, r, s, t, x, b, absent FROM t WHERE i = ?1", I(-7));
        assert_int_equal(db_column_count(&q), 8);
        assert_string_equal(db_column_name(&q, 7), "absent");
        assert_true(db_next(&q));
        assert_int_equal(db_cell(&q, 0, s->arena).value.integer, -7);
        assert_int_equal(db_cell(&q, 1, s->arena).type, CELL_NULL);
        assert_true(db_cell(&q, 2, s->arena).value.real == 0.5);
        assert_string_equal(db_kept(&q, 3, s->arena), "text");
        assert_int_equal(db_time(&q, 4), 1000);
        assert_int_equal(db_time(&q, 3), TIME_NONE);
        assert_int_equal(db_cell(&q, 5, s->arena).length, 3);
        assert_memory_equal(db_cell(&q, 5, NULL).value.text, "a\0b", 3);
        assert_int_equal(db_cell(&q, 6, s->arena).type, CELL_NULL);
        assert_null(db_kept(&q, 7, s->arena));
        assert_false(db_next(&q));
        assert_true(db_end(&q));
    }
    assert_int_equal(number(s->db, "SELECT hex(b) = '0062' AND typeof(b) = 'blob' FROM t"), 1);
    /* By name, in any order; a value does not outlast its use. */
    struct db_value named[] = {I(2), I(1)};
    named[0].name = ":two";
    named[1].name = ":one";
    for (size_t n = 2; n > 0; n--) {
        struct rows q = db_ask_values(s->db, e, "SELECT :one, :two", named, n);
        assert_true(db_next(&q));
        assert_int_equal(db_int(&q, 0), n == 2 ? 1 : 0);
        assert_int_equal(db_int(&q, 1), 2);
        assert_true(db_end(&q));
    }
    /* Another statement at the address of one that is kept. */
    for (char digit = '1'; digit <= '3'; digit++) {
        int64_t number = 0;

        text[7] = digit;
        check(db_number(db_ask(s->db, e, text, NONE), &number), s);
        assert_int_equal(number, digit - '0');
    }
}

/* However its text ends, and wherever it stands. */
TEST_IN_SCRATCH(a_statement_is_prepared_once)
{
    static const char *const texts[] = {"SELECT ?1", "SELECT ?1, 2;\n", "SELECT ?1, 3\n"};

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct sqlite3_stmt *first = NULL;

        for (int turn = 0; turn < 4; turn++) {
            const char *text = turn % 2 == 0 ? texts[i] : arena_strdup(s->arena, texts[i]);
            struct rows q = db_ask(s->db, &s->e, text, I(turn));

            assert_true(db_next(&q) && db_int(&q, 0) == turn);
            first = first ? first : q.statement;
            assert_ptr_equal(q.statement, first);
            check(db_end(&q), s);
        }
    }
}

TEST_IN_SCRATCH(an_error_ends_the_rows)
{
    int count = 0;

    struct rows q =
        db_ask(s->db, &s->e, "SELECT abs(column1) FROM (VALUES (1), (?1))", I(INT64_MIN));
    while (db_next(&q)) {
        count++;
    }
    assert_int_equal(count, 1);
    assert_false(db_next(&q));
    assert_false(db_end(&q));
    assert_non_null(strstr(s->e.message, "integer overflow"));
    q = db_ask(s->db, &s->e, "SELECT nothing FROM nowhere", NONE);
    assert_false(db_next(&q));
    assert_false(db_end(&q));
}

static bool odd_rows(const void *user, size_t table, size_t row)
{
    (void)user;
    return table == 5 && row % 2 == 1;
}

TEST(a_feed_is_a_table_of_the_programs_rows)
{
    struct err e = {0};
    struct cell cells[2 * 8];
    struct db_feed feed = {.name = "new_rows",
                           .columns = "number, word",
                           .width = 2,
                           .cells = cells,
                           .row_count = 6,
                           .has = odd_rows,
                           .table = 5};
    struct db *d = db_open_memory(true, &e);
    int64_t sum = 0;

    for (int i = 0; i < 8; i++) {
        cells[2 * i] = (struct cell){.type = CELL_INT, .value.integer = i};
        cells[2 * i + 1] = (struct cell){.type = CELL_TEXT, .length = 2, .value.text = "words"};
    }
    assert_non_null(d);
    assert_true(db_feed(d, &feed, &e));
    for (int turn = 1; turn <= 2; turn++) {
        assert_true(db_exec(d, "CREATE TEMP TABLE IF NOT EXISTS kept (number, word)", &e));
        assert_true(db_do(d, &e, "INSERT INTO kept SELECT number, word FROM new_rows", NONE));
        assert_true(
            db_number(db_ask(d, &e, "SELECT sum(number) FROM kept WHERE word = 'wo'", NONE), &sum));
        assert_int_equal(sum, turn == 1 ? 1 + 3 + 5 : 2 * (1 + 3 + 5) + 7);
        feed.row_count = 8;
    }
    db_close(d);
}

TEST_IN_SCRATCH(test_messages_name_the_statement)
{
    static const char insert[] = "INSERT INTO queue (queue_id) VALUES (?1)";

    assert_false(db_do(s->db, &s->e, "SELECT nothing FROM nowhere", NONE));
    assert_int_equal(s->e.kind, ERR_STORE);
    assert_non_null(strstr(s->e.message, "SELECT nothing FROM nowhere"));
    assert_non_null(strstr(s->e.message, SCRATCH_DATABASE));
    check(db_do(s->db, &s->e, insert, S("q")), s);
    assert_false(db_do(s->db, &s->e, insert, S("q")));
    assert_non_null(strstr(s->e.message, "INSERT INTO queue"));
    assert_non_null(strstr(s->e.message, "UNIQUE"));
    assert_int_equal(s->e.library_code, SQLITE_CONSTRAINT_PRIMARYKEY);
    /* a value that has no place */
    assert_false(db_do(s->db, &s->e, insert, S("s"), S("t")));
    assert_non_null(strstr(s->e.message, "a value cannot be stored"));
    /* it can be run again */
    check(db_do(s->db, &s->e, insert, S("r")), s);
    assert_int_equal(number(s->db, "SELECT count(*) FROM queue"), 2);
}

/* --- no memory --- */

static sqlite3_mem_methods real_memory;
static int allocations_left = -1;

static void *scarce_malloc(int bytes)
{
    return allocations_left >= 0 && allocations_left-- == 0 ? NULL : real_memory.xMalloc(bytes);
}

static void *scarce_realloc(void *old, int bytes)
{
    return allocations_left >= 0 && allocations_left-- == 0 ? NULL
                                                            : real_memory.xRealloc(old, bytes);
}

/* Reads all kinds of values where the n-th allocation of SQLite fails; ends with 0 when none was
 * asked for, 1 when an error was told. */
static void read_in_need(const void *nth)
{
    static const char *const values[] = {"q", NULL, "7", "0.5", "Q"};
    sqlite3_mem_methods scarce;
    struct err e = {0};

    CHILD_ASSERT(sqlite3_shutdown() == SQLITE_OK &&
                 sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) == SQLITE_OK);
    scarce = real_memory;
    scarce.xMalloc = scarce_malloc;
    scarce.xRealloc = scarce_realloc;
    CHILD_ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce) == SQLITE_OK &&
                 sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK);
    struct db *d = db_open(SCRATCH_DATABASE, DB_READ, &e);
    CHILD_ASSERT(d);
    allocations_left = *(const int *)nth;
    struct rows q =
        db_ask(d, &e, "SELECT queue_id, NULL, 7, 0.5, upper(queue_id) FROM queue", NONE);
    while (db_next(&q)) {
        for (int i = 0; i < 5; i++) {
            const char *text = db_text(&q, i);
            CHILD_ASSERT(text ? values[i] && strcmp(text, values[i]) == 0 : !values[i]);
        }
    }
    CHILD_ASSERT(db_end(&q) || e.kind == ERR_BUG);
    _exit(q.ok ? allocations_left < 0 : 1);
}

/* Whatever cannot be had ends the statement or the process; it is never taken for a NULL. */
TEST_IN_SCRATCH(test_no_memory_is_no_null)
{
    int told[100] = {0};
    int code = -1;

    exec(s->db, "INSERT INTO queue (queue_id) VALUES ('q')");
    db_close(s->db);
    s->db = NULL;
    for (int n = 0; code != 0; n++) {
        code = child_run(read_in_need, &n).exit_code;
        assert_true(code == 0 || code == 1 || code == 70);
        told[code]++;
    }
    assert_true(told[1] > 0 && told[70] > 0);
}

static void nest(const void *unused)
{
    struct err e;
    struct db *d = db_open(SCRATCH_DATABASE, DB_WRITE, &e);

    (void)unused;
    CHILD_ASSERT(d && db_begin(d, &e));
    (void)db_begin(d, &e);
}

TEST_IN_SCRATCH(test_nesting_is_a_bug)
{
    assert_int_equal(child_run(nest, NULL).exit_code, 70);
}

/* --- the write-ahead log --- */

static bool log_is_younger(void)
{
    struct stat file, log;

    return stat(SCRATCH_DATABASE, &file) == 0 && stat(SCRATCH_DATABASE "-wal", &log) == 0 &&
           (log.st_mtim.tv_sec > file.st_ctim.tv_sec ||
            (log.st_mtim.tv_sec == file.st_ctim.tv_sec &&
             log.st_mtim.tv_nsec > file.st_ctim.tv_nsec));
}

static void write_often(const void *unused)
{
    enum { COMMITS = 60, FRAMES = 20, FRAME_BYTES = 8192 + 24 };
    struct err e;

    (void)unused;
    (void)setenv("ROLLCALL_LIMIT_WAL_FRAMES", "20", 1);
    CHILD_ASSERT(limits_load(&e));
    struct db *d = db_open(SCRATCH_DATABASE, DB_WRITE, &e);
    CHILD_ASSERT(d && db_exec(d, "CREATE TABLE own (a)", &e));
    for (int i = 0; i < COMMITS; i++) {
        CHILD_ASSERT(db_do(d, &e, "INSERT INTO own VALUES (zeroblob(200000))", NONE));
    }
    /* It gains more in each commit than is copied at a time. */
    CHILD_ASSERT(db_wal_bytes(SCRATCH_DATABASE) < (int64_t)6 * FRAMES * FRAME_BYTES);
    /* A run that waits, and is killed then, leaves a log that is younger than the file. */
    for (int64_t until_ms = clock_monotonic_ms() + 10000; !log_is_younger(); clock_sleep_ms(5)) {
        CHILD_ASSERT(clock_monotonic_ms() < until_ms);
    }
    CHILD_ASSERT(kill(getpid(), SIGKILL) == 0);
}

TEST_IN_SCRATCH(test_the_log_begins_anew)
{
    struct child c = child_run(write_often, NULL);

    assert_int_equal(c.signal, SIGKILL);
    db_close(s->db);
    s->db = open_db(SCRATCH_DATABASE, DB_WRITE);
    assert_int_equal(number(s->db, "SELECT count(*) FROM own WHERE length(a) = 200000"), 60);
    assert_int_equal(number(s->db, "SELECT count(*) FROM pragma_integrity_check "
                                   "WHERE integrity_check <> 'ok'"),
                     0);
}

static void write_to_what_was(const void *unused)
{
    struct err e;

    (void)unused;
    (void)setenv("ROLLCALL_LIMIT_WAL_FRAMES", "1", 1);
    CHILD_ASSERT(limits_load(&e));
    struct db *d = db_open(SCRATCH_DATABASE, DB_WRITE, &e);
    CHILD_ASSERT(d && db_exec(d, "PRAGMA user_version", &e) && db_empty_wal(d) == 0);
    CHILD_ASSERT(db_exec(d, "VACUUM INTO 'another.db'", &e));
    CHILD_ASSERT(rename("another.db", SCRATCH_DATABASE) == 0);
    CHILD_ASSERT(db_exec(d, "CREATE TABLE own (a); INSERT INTO own VALUES (1)", &e));
    db_close(d);
}

/* A file may be replaced at any moment, also just before its log is copied. */
TEST_IN_SCRATCH(test_another_file_gets_nothing_of_the_log)
{
    struct child c = child_run(write_to_what_was, NULL);

    assert_int_equal(c.exit_code, 0);
    db_close(s->db);
    s->db = open_db(SCRATCH_DATABASE, DB_WRITE);
    assert_int_equal(number(s->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'own'"), 0);
}

/* --- a checkpoint that was cut --- */

static void put_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void check_recovered(const char *page, const char *old, const char *wal, size_t wal_bytes,
                            size_t old_bytes)
{
    for (int mode = DB_WRITE; mode <= DB_READ; mode++) {
        put_file("torn.db", old, old_bytes);
        put_file("torn.db-wal", wal, wal_bytes);
        int fd = open("torn.db", O_WRONLY);
        assert_int_equal(pwrite(fd, page, 8192, 0), 8192);
        (void)close(fd);
        struct db *d = open_db("torn.db", (enum db_mode)mode);
        assert_int_equal(number(d, "SELECT count(*) FROM own"), 1);
        assert_int_equal(number(d, "SELECT count(*) FROM pragma_integrity_check "
                                   "WHERE integrity_check = 'ok'"),
                         1);
        db_close(d);
    }
}

/* Whatever of the first page reached the disk: sectors old or new (each at full size), some of it
 * garbage, and each field of the header. SQLite has the page from the WAL. */
TEST_IN_SCRATCH(test_torn_first_page)
{
    char page[8192];
    struct stat st;

    db_close(s->db);
    assert_int_equal(stat(SCRATCH_DATABASE, &st), 0);
    size_t old_bytes = (size_t)st.st_size;
    const char *old = scratch_file(s, SCRATCH_DATABASE);
    s->db = open_db(SCRATCH_DATABASE, DB_WRITE);
    exec(s->db, "CREATE TABLE own (a); INSERT INTO own VALUES (1)");
    assert_int_equal(stat(SCRATCH_DATABASE "-wal", &st), 0);
    size_t wal_bytes = (size_t)st.st_size;
    const char *wal = scratch_file(s, SCRATCH_DATABASE "-wal");
    exec(s->db, "PRAGMA wal_checkpoint");
    const char *new = scratch_file(s, SCRATCH_DATABASE);
    size_t sectors = getenv("ROLLCALL_TEST_FULL") ? 512 : 2048;
    for (size_t cut = 0; cut <= sizeof(page); cut += cut < 16    ? 4 /* the magic word */
                                                     : cut < 24  ? 1
                                                     : cut < 100 ? 4
                                                                 : sectors - cut % sectors) {
        memcpy(page, new, cut);
        memcpy(page + cut, old + cut, sizeof(page) - cut);
        check_recovered(page, old, wal, wal_bytes, old_bytes);
        memset(page + cut, 0, cut < sizeof(page) ? 512 - cut % 512 : 0);
        check_recovered(page, old, wal, wal_bytes, old_bytes);
    }
}

TEST_IN_SCRATCH(test_damaged)
{
    char noise[8192];

    db_close(s->db);
    s->db = NULL;
    memset(noise, 0x5a, sizeof(noise));
    int fd = open(SCRATCH_DATABASE, O_WRONLY);
    assert_true(fd >= 0);
    for (off_t page = 1; page < 20; page++) {
        assert_int_equal(pwrite(fd, noise, sizeof(noise), page * 8192), sizeof(noise));
    }
    (void)close(fd);
    struct err e = {0};
    struct db *d = db_open(SCRATCH_DATABASE, DB_WRITE, &e);
    if (d) {
        assert_false(db_exec(d, "SELECT * FROM conversation; SELECT * FROM queue", &e));
    }
    assert_int_equal(e.kind, ERR_STORE);
    assert_non_null(strstr(e.message, "damaged"));
    db_close(d);
    /* What was being done is of no use then. */
    assert_int_equal(truncate(SCRATCH_DATABASE, 9000), 0);
    check_refused(SCRATCH_DATABASE, DB_READ,
                  SCRATCH_DATABASE ": database disk image is malformed;");
}
