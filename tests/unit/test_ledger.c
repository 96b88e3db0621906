#include "test.h"

#include <unistd.h>

#include "base/clock.h"
#include "etl/ledger.h"
#include "scratch.h"

#define DAY   MS_PER_DAY
#define START (INT64_C(20000) * DAY) /* 2024-10-04 */

/* The scratch database with a ledger on it. */
struct fixture {
    struct scratch *scratch;
    struct db *db;
    struct ledger *ledger;
    struct arena *arena;
    struct err e;
};

static void must(bool done, const struct fixture *f)
{
    if (!done) {
        fail_msg("%s", f->e.message);
    }
}

static int open_fixture(void **state)
{
    void *scratch = NULL;

    if (scratch_open(&scratch) != 0) {
        return -1;
    }
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->scratch = scratch;
    f->db = f->scratch->db;
    f->arena = f->scratch->arena;
    f->ledger = ledger_new(f->db);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    void *scratch = f->scratch;

    ledger_free(f->ledger);
    free(f);
    return scratch_close(&scratch);
}

static const char *value(struct fixture *f, const char *sql)
{
    return scratch_value(f->scratch, sql);
}

static void exec(struct fixture *f, const char *sql)
{
    scratch_exec(f->scratch, sql);
}

static int64_t total_changes(struct fixture *f)
{
    return strtoll(value(f, "SELECT total_changes()"), NULL, 10);
}

TEST_IN(open_fixture, close_fixture, a_run_is_recorded)
{
    struct fixture *f = *state;
    struct run_totals totals = {
        .requests = 9, .retries = 2, .bytes = 1234, .pages = 5, .rows = {.rows_new = 3}};
    struct ledger_route route = {.method = "GET", .route = "/api/v2/users", .requests = 4};

    assert_true(ledger_run_begin(f->ledger, "extract", START, "[\"users\"]", &f->e) > 0);
    assert_string_equal(value(f, "SELECT planned_until FROM run"), "2024-10-04T00:00:00.000Z");
    assert_string_equal(value(f, "SELECT version FROM run"), ROLLCALL_VERSION);
    assert_string_equal(value(f, "SELECT ended_at FROM run"), "NULL");

    must(db_begin(f->db, &f->e), f);
    must(ledger_run_progress(f->ledger, &totals, &f->e), f);
    must(ledger_route(f->ledger, &route, &f->e), f);
    must(db_commit(f->db, &f->e), f);
    assert_string_equal(value(f, "SELECT requests || ' ' || retries || ' ' || bytes || ' ' || "
                                 "pages || ' ' || rows_new FROM run"),
                        "9 2 1234 5 3");

    route.requests = 7; /* counters of the whole run, not additions */
    must(ledger_route(f->ledger, &route, &f->e), f);
    assert_string_equal(value(f, "SELECT requests FROM request_count"), "7");

    totals.pages = 6;
    must(ledger_run_end(f->ledger, &totals, ERR_RATE, "too many requests", &f->e), f);
    assert_string_equal(value(f, "SELECT exit_code || ' ' || exit_name || ' ' || error || ' ' || "
                                 "pages FROM run"),
                        "6 rate too many requests 6");
    assert_string_equal(value(f, "SELECT ended_at >= started_at FROM run"), "1");
}

static struct ledger_window *days(struct fixture *f, size_t *count)
{
    struct ledger_window *windows = NULL;

    must(ledger_days(f->ledger, "conversations", f->arena, &windows, count, &f->e), f);
    return windows;
}

TEST_IN(open_fixture, close_fixture, days_are_made_once)
{
    struct fixture *f = *state;
    size_t count = 0;

    must(ledger_make_days(f->ledger, "conversations", START, START + 2 * DAY + 1, &f->e), f);
    struct ledger_window *w = days(f, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(w[i].kind, WINDOW_DAY);
        assert_int_equal(w[i].window.start_ms, START + (int64_t)i * DAY);
        assert_int_equal(w[i].window.end_ms, START + (int64_t)(i + 1) * DAY);
        assert_int_equal(w[i].window.state, WINDOW_OPEN);
        assert_int_equal(w[i].window.complete_to_ms, TIME_NONE);
        assert_int_equal(w[i].pending_time_ms, TIME_NONE);
        assert_int_equal(w[i].next_page, 1);
        assert_null(w[i].reading_plan);
    }

    int64_t before = total_changes(f);
    must(ledger_make_days(f->ledger, "conversations", START, START + 2 * DAY + 1, &f->e), f);
    must(ledger_make_days(f->ledger, "conversations", START, START - DAY, &f->e), f);
    assert_int_equal(total_changes(f), before);

    /* An earlier start adds days in front, and only those. */
    must(ledger_make_days(f->ledger, "conversations", START - DAY, START + DAY, &f->e), f);
    w = days(f, &count);
    assert_int_equal(count, 4);
    assert_int_equal(w[0].window.start_ms, START - DAY);
    assert_int_equal(total_changes(f), before + 1);
}

TEST_IN(open_fixture, close_fixture, a_reading_moves_its_cursor_and_ends)
{
    struct fixture *f = *state;
    struct ledger_page page = {.next_page = 3, .job_cursor = "c2", .rows_read = 10};
    struct err cause;
    size_t count = 0;

    assert_true(ledger_run_begin(f->ledger, "extract", START, NULL, &f->e) > 0);
    must(ledger_make_days(f->ledger, "conversations", START, START + 1, &f->e), f);
    struct ledger_window w = days(f, &count)[0];
    page.window_id = w.window.window_id;

    w.pending_time_ms = START + DAY / 2;
    w.pending_job_to_ms = START + DAY / 4;
    w.pending_query_to_ms = START + DAY / 2;
    must(ledger_plan(f->ledger, &w, "job", &f->e), f);
    must(ledger_reading_begin(f->ledger, page.window_id, "job", 1, &f->e), f);
    must(ledger_job(f->ledger, page.window_id, "job-1", &f->e), f);
    page.total_hits = 25;
    must(ledger_page(f->ledger, &page, &f->e), f);
    page.total_hits = -1;
    must(ledger_page(f->ledger, &page, &f->e), f);
    err_set(&cause, ERR_PERMISSION, "no permission");
    must(ledger_window_error(f->ledger, page.window_id, &cause, &f->e), f);

    w = days(f, &count)[0];
    assert_int_equal(w.pending_time_ms, START + DAY / 2);
    assert_int_equal(w.pending_job_to_ms, START + DAY / 4);
    assert_int_equal(w.pending_query_to_ms, START + DAY / 2);
    assert_string_equal(w.reading_plan, "job");
    assert_string_equal(w.job_id, "job-1");
    assert_string_equal(w.job_cursor, "c2");
    assert_int_equal(w.job_resubmits, 1);
    assert_int_equal(w.next_page, 3);
    assert_null(w.last_id);
    assert_string_equal(value(f, "SELECT pages_read || ' ' || rows_read || ' ' || total_hits || "
                                 "' ' || last_error_kind || ' ' || last_error "
                                 "FROM extract_window"),
                        "2 20 25 permission no permission");

    w.window.job_complete_to_ms = w.pending_job_to_ms;
    w.window.complete_to_ms = w.pending_job_to_ms;
    w.window.last_read_at_ms = w.pending_time_ms;
    w.window.state = WINDOW_PROVISIONAL;
    must(db_begin(f->db, &f->e), f);
    must(ledger_reading_end(f->ledger, &w, &f->e), f);
    must(db_commit(f->db, &f->e), f);
    w = days(f, &count)[0];
    assert_int_equal(w.window.state, WINDOW_PROVISIONAL);
    assert_int_equal(w.window.complete_to_ms, START + DAY / 4);
    assert_int_equal(w.window.job_complete_to_ms, START + DAY / 4);
    assert_int_equal(w.window.query_complete_to_ms, TIME_NONE);
    assert_int_equal(w.window.last_read_at_ms, START + DAY / 2);
    assert_int_equal(w.pending_time_ms, TIME_NONE);
    assert_int_equal(w.pending_job_to_ms, TIME_NONE);
    assert_int_equal(w.pending_query_to_ms, TIME_NONE);
    assert_null(w.reading_plan);
    assert_null(w.job_cursor);
    assert_int_equal(w.next_page, 1);
    assert_string_equal(w.job_id, "job-1"); /* still to be deleted */
    assert_string_equal(value(f, "SELECT last_error FROM extract_window"), "NULL");
    assert_string_equal(value(f, "SELECT updated_run_id FROM extract_window"), "1");

    must(ledger_job_deleted(f->ledger, page.window_id, &f->e), f);
    assert_null(days(f, &count)[0].job_id);
}

static struct ledger_window single(struct fixture *f, enum window_kind kind)
{
    struct ledger_window w;

    must(ledger_single_window(f->ledger, "users", kind, f->arena, &w, &f->e), f);
    return w;
}

TEST_IN(open_fixture, close_fixture, a_page_rolled_back_moves_nothing)
{
    struct fixture *f = *state;
    struct ledger_window w = single(f, WINDOW_SNAPSHOT);
    struct ledger_page page = {.next_page = 2, .last_id = "u9", .rows_read = 1, .total_hits = -1};

    page.window_id = w.window.window_id;
    must(db_begin(f->db, &f->e), f);
    must(ledger_page(f->ledger, &page, &f->e), f);
    db_rollback(f->db);
    w = single(f, WINDOW_SNAPSHOT);
    assert_int_equal(w.next_page, 1);
    must(ledger_page(f->ledger, &page, &f->e), f);
    w = single(f, WINDOW_SNAPSHOT);
    assert_int_equal(w.next_page, 2);
    assert_string_equal(w.last_id, "u9");
}

TEST_IN(open_fixture, close_fixture, single_windows_are_one_a_kind)
{
    struct fixture *f = *state;
    struct ledger_window a = single(f, WINDOW_SNAPSHOT);
    struct ledger_window b = single(f, WINDOW_SNAPSHOT);

    assert_int_equal(a.window.window_id, b.window.window_id);
    assert_int_equal(a.window.start_ms, TIME_NONE);
    b = single(f, WINDOW_REREAD);
    assert_int_not_equal(a.window.window_id, b.window.window_id);
    assert_int_equal(b.kind, WINDOW_REREAD);
    assert_string_equal(value(f, "SELECT count(*) FROM extract_window"), "2");
}

TEST_IN(open_fixture, close_fixture, foreign_window_states_are_refused)
{
    struct fixture *f = *state;
    struct ledger_window *windows = NULL;
    size_t count = 0;

    exec(f, "INSERT INTO extract_window (stream, kind, window_start, window_end, state) VALUES "
            "('conversations', 'day', '2024-10-04T00:00:00.000Z', '2024-10-05T00:00:00.000Z', "
            "'odd')");
    assert_false(ledger_days(f->ledger, "conversations", f->arena, &windows, &count, &f->e));
    assert_int_equal(f->e.kind, ERR_STORE);
    assert_non_null(strstr(f->e.message, "extract_window"));
}

TEST_IN(open_fixture, close_fixture, facts_are_counted_and_kept)
{
    struct fixture *f = *state;
    static const char bytes[] = "\x1f\x8b\0raw";
    struct ledger_raw raw = {.window_id = 1,
                             .run_id = 1,
                             .plan = "only",
                             .page_no = 1,
                             .received_ms = START,
                             .path = "/api/v2/users?pageNumber=1",
                             .gzip = true,
                             .bytes = bytes,
                             .length = sizeof(bytes) - 1,
                             .row_count = 4};

    must(ledger_raw_page(f->ledger, &raw, &f->e), f);
    assert_string_equal(value(f, "SELECT hex(bytes) || encoding || rows_read FROM raw_page"),
                        "1F8B00726177gzip4");

    const char *plan = "none";
    must(ledger_source(f->ledger, "adherence_realtime", f->arena, &plan, &f->e), f);
    assert_null(plan);
    must(ledger_remember_source(f->ledger, "adherence_realtime", "a", &f->e), f);
    must(ledger_remember_source(f->ledger, "adherence_realtime", "b", &f->e), f);
    must(ledger_source(f->ledger, "adherence_realtime", f->arena, &plan, &f->e), f);
    assert_string_equal(plan, "b");
}

TEST_IN(open_fixture, close_fixture, ids_are_those_to_ask_for)
{
    struct fixture *f = *state;
    struct ledger_ids ids;

    exec(f, "INSERT INTO user (user_id, state) VALUES ('u2', 'active'), ('u1', 'inactive'), "
            "('u3', 'deleted'), ('u4', NULL)");
    must(ledger_user_ids(f->ledger, f->arena, &ids, &f->e), f);
    assert_int_equal(ids.count, 3);
    assert_string_equal(ids.ids[0], "u1");
    assert_string_equal(ids.ids[2], "u4");

    exec(f, "INSERT INTO conversation (conversation_id, conversation_start, conversation_end) "
            "VALUES ('c3', '2024-10-04T00:00:00.000Z', NULL), "
            "('c1', '2024-10-05T00:00:00.000Z', NULL), "
            "('c2', '2024-10-03T23:59:59.999Z', NULL), "
            "('c4', '2024-10-05T00:00:00.000Z', '2024-10-05T00:01:00.000Z')");
    must(ledger_open_conversations(f->ledger, START, NULL, f->arena, &ids, &f->e), f);
    assert_int_equal(ids.count, 2);
    assert_string_equal(ids.ids[0], "c1");
    assert_string_equal(ids.ids[1], "c3");
    must(ledger_open_conversations(f->ledger, START, "c1", f->arena, &ids, &f->e), f);
    assert_int_equal(ids.count, 1);
    assert_string_equal(ids.ids[0], "c3");

    /* what this run's query has read needs no second reading */
    assert_true(ledger_run_begin(f->ledger, "extract", START, NULL, &f->e) > 0);
    exec(f, "INSERT INTO extract_window (stream, kind, window_start, window_end, state, "
            "query_complete_to, updated_run_id) SELECT 'conversations', 'day', "
            "'2024-10-05T00:00:00.000Z', '2024-10-06T00:00:00.000Z', 'open', "
            "'2024-10-05T06:00:00.000Z', max(run_id) FROM run");
    must(ledger_open_conversations(f->ledger, START, NULL, f->arena, &ids, &f->e), f);
    assert_int_equal(ids.count, 1);
    assert_string_equal(ids.ids[0], "c3");
    assert_true(ledger_run_begin(f->ledger, "extract", START, NULL, &f->e) > 0);
    must(ledger_open_conversations(f->ledger, START, NULL, f->arena, &ids, &f->e), f);
    assert_int_equal(ids.count, 2);
}

/* --- zone_offset --- */

struct zone_case {
    const char *zone;
    const char *from;
    const char *to;
    int days;
    int rows; /* a day in which the offset changes has two */
};

static int64_t instant(const char *text)
{
    int64_t ms = 0;

    assert_true(clock_parse(text, true, &ms));
    return ms;
}

static void fill_zone(struct fixture *f, const char *zone, const char *from, const char *to)
{
    must(clock_set_zone(zone, &f->e), f);
    must(ledger_zone(f->db, zone, instant(from), instant(to), &f->e), f);
}

/* Every row begins where the one before ends, and days follow each other. */
static void check_zone_tiles(struct fixture *f)
{
    assert_string_equal(value(f, "SELECT count(*) FROM (SELECT utc_to, lead(utc_from) OVER "
                                 "(ORDER BY utc_from) AS next FROM zone_offset) "
                                 "WHERE next <> utc_to"),
                        "0");
    assert_string_equal(value(f, "SELECT count(*) FROM zone_offset WHERE utc_from >= utc_to"), "0");
    assert_string_equal(value(f, "SELECT count(*) FROM zone_offset WHERE day <> "
                                 "date(utc_from, offset_seconds || ' seconds') OR day <> "
                                 "date(utc_to, (offset_seconds - 1) || ' seconds')"),
                        "0");
    assert_string_equal(value(f, "SELECT count(DISTINCT zone) FROM zone_offset"), "1");
}

TEST_IN(open_fixture, close_fixture, zone_rows_tile_in_five_zones)
{
    static const struct zone_case cases[] = {
        {"Asia/Seoul", "2024-01-01T00:00Z", "2024-12-31T00:00Z", 366, 366},
        {"America/New_York", "2024-03-01T12:00Z", "2024-11-30T12:00Z", 275, 277},
        {"Europe/London", "2024-01-01T00:00Z", "2024-12-31T23:59Z", 366, 368},
        {"Australia/Lord_Howe", "2024-01-01T00:00Z", "2024-12-30T00:00Z", 365, 367},
        {"Pacific/Apia", "2011-12-25T12:00Z", "2012-01-05T12:00Z", 12, 12},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct zone_case *c = &cases[i];

        exec(f, "DELETE FROM zone_offset");
        fill_zone(f, c->zone, c->from, c->to);
        check_zone_tiles(f);
        assert_int_equal(strtol(value(f, "SELECT count(*) FROM zone_offset"), NULL, 10), c->rows);
        assert_int_equal(strtol(value(f, "SELECT count(DISTINCT day) FROM zone_offset"), NULL, 10),
                         c->days);
    }
    assert_string_equal(value(f, "SELECT utc_from FROM zone_offset WHERE day = '2011-12-31'"),
                        "2011-12-30T10:00:00.000Z");
    assert_string_equal(value(f, "SELECT offset_seconds FROM zone_offset WHERE day = '2011-12-29'"),
                        "-36000");
}

TEST_IN(open_fixture, close_fixture, zone_rows_grow_and_are_replaced)
{
    struct fixture *f = *state;

    fill_zone(f, "Europe/London", "2024-03-30T12:00Z", "2024-04-01T12:00Z");
    assert_string_equal(value(f, "SELECT count(*) FROM zone_offset"), "4");
    int64_t before = total_changes(f);
    fill_zone(f, "Europe/London", "2024-03-31T12:00Z", "2024-04-01T12:00Z");
    assert_int_equal(total_changes(f), before);
    fill_zone(f, "Europe/London", "2024-03-29T12:00Z", "2024-04-02T12:00Z");
    assert_int_equal(total_changes(f), before + 2);
    check_zone_tiles(f);

    exec(f, "UPDATE zone_offset SET offset_seconds = 7200 WHERE day = '2024-04-01'");
    fill_zone(f, "Europe/London", "2024-04-02T12:00Z", "2024-04-02T12:00Z");
    assert_string_equal(value(f, "SELECT offset_seconds FROM zone_offset WHERE day = '2024-04-01'"),
                        "3600");
    assert_string_equal(value(f, "SELECT count(*) FROM zone_offset"), "6");

    fill_zone(f, "Asia/Seoul", "2024-04-01T12:00Z", "2024-04-01T12:00Z");
    assert_string_equal(value(f, "SELECT group_concat(DISTINCT zone) FROM zone_offset"),
                        "Asia/Seoul");
    check_zone_tiles(f);
}

/* A run's beginning, in a process of its own that waits for the others at the gate. */
static void fill_zone_alone(const char *path, int gate, const char *to)
{
    struct err e;
    char go;
    struct db *d = db_open(path, DB_WRITE, &e);
    bool done = d && read(gate, &go, 1) == 0 &&
                ledger_zone(d, "Asia/Seoul", instant("2024-01-01T00:00Z"), instant(to), &e);

    if (!done) {
        (void)fputs(e.message, stderr);
        _exit(1);
    }
    _exit(0);
}

static void fill_zone_together(const char *path, const char *to)
{
    pid_t pids[3];
    int gate[2];

    assert_int_equal(pipe(gate), 0);
    for (size_t i = 0; i < COUNT_OF(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            (void)close(gate[1]);
            fill_zone_alone(path, gate[0], to);
        }
    }
    (void)close(gate[0]);
    (void)usleep(20000);
    (void)close(gate[1]); /* all of them go */
    for (size_t i = 0; i < COUNT_OF(pids); i++) {
        int status = 0;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
}

/* Runs that begin together, on a new file and then on a later day, fill it once. */
TEST_IN(open_fixture, close_fixture, runs_that_begin_together_fill_the_zone_once)
{
    struct fixture *f = *state;

    must(clock_set_zone("Asia/Seoul", &f->e), f);
    for (int round = 0; round < 6; round++) {
        const char *path = arena_printf(f->arena, "together%d.db", round);

        fill_zone_together(path, "2024-12-01T00:00Z");
        fill_zone_together(path, "2024-12-02T00:00Z");

        struct db *own = f->scratch->db;
        f->scratch->db = db_open(path, DB_READ, &f->e);
        must(f->scratch->db != NULL, f);
        check_zone_tiles(f);
        assert_string_equal(value(f, "SELECT count(*) FROM zone_offset"), "337");
        db_close(f->scratch->db);
        f->scratch->db = own;
    }
}
