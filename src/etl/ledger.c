#include "etl/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { HOST_BYTES = 256 };

struct ledger {
    struct db *db;
    int64_t run_id; /* of the run begun last; -1: none */
};

struct ledger *ledger_new(struct db *d)
{
    struct ledger *l = xcalloc(1, sizeof(*l));

    *l = (struct ledger){.db = d, .run_id = -1};
    return l;
}

void ledger_free(struct ledger *l)
{
    free(l);
}

/* --- runs --- */

int64_t ledger_run_begin(struct ledger *l, const char *command, int64_t until_ms,
                         const char *streams, struct err *e)
{
    char host[HOST_BYTES] = "";

    if (gethostname(host, sizeof(host) - 1) != 0) {
        host[0] = '\0';
    }
    if (!db_do(l->db, e,
               "INSERT INTO run (command, started_at, planned_until, version, host, pid, streams) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
               S(command), T(clock_now_ms()), T(until_ms), S(ROLLCALL_VERSION),
               S(host[0] != '\0' ? host : NULL), I(getpid()), S(streams))) {
        return 0;
    }
    l->run_id = db_last_rowid(l->db);
    return l->run_id;
}

bool ledger_run_progress(struct ledger *l, const struct run_totals *totals, struct err *e)
{
    return db_do(l->db, e,
                 "UPDATE run SET requests = ?2, retries = ?3, bytes = ?4, pages = ?5, "
                 "rows_new = ?6, rows_changed = ?7, rows_unchanged = ?8 WHERE run_id = ?1",
                 I(l->run_id), I(totals->requests), I(totals->retries), I(totals->bytes),
                 I(totals->pages), I(totals->rows.rows_new), I(totals->rows.rows_changed),
                 I(totals->rows.rows_unchanged));
}

bool ledger_run_end(struct ledger *l, const struct run_totals *totals, enum err_kind kind,
                    const char *error, struct err *e)
{
    if (!db_begin(l->db, e)) {
        return false;
    }
    bool ended =
        ledger_run_progress(l, totals, e) &&
        db_do(l->db, e,
              "UPDATE run SET ended_at = ?2, exit_code = ?3, exit_name = ?4, error = ?5, "
              "streams_done = ?6, streams_left = ?7, days_whole = ?8 WHERE run_id = ?1",
              I(l->run_id), T(clock_now_ms()), I(err_exit_code(kind)), S(err_kind_name(kind)),
              S(error), I(totals->streams_done), I(totals->streams_left), I(totals->days_whole)) &&
        db_commit(l->db, e);
    db_rollback(l->db);
    return ended;
}

bool ledger_days_whole(struct ledger *l, const char *stream, int64_t *days, struct err *e)
{
    struct rows q = db_ask(
        l->db, e, "SELECT coalesce(sum(whole), 0) FROM freshness WHERE stream = ?1", S(stream));

    *days = db_next(&q) ? db_int(&q, 0) : 0;
    return db_end(&q);
}

bool ledger_route(struct ledger *l, const struct ledger_route *r, struct err *e)
{
    return db_do(l->db, e,
                 "INSERT INTO request_count (run_id, method, route, requests, retries, status_429, "
                 "status_5xx, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
                 "ON CONFLICT (run_id, method, route) DO UPDATE SET requests = excluded.requests, "
                 "retries = excluded.retries, status_429 = excluded.status_429, "
                 "status_5xx = excluded.status_5xx, bytes = excluded.bytes",
                 I(l->run_id), S(r->method), S(r->route), I(r->requests), I(r->retries),
                 I(r->status_429), I(r->status_5xx), I(r->bytes));
}

/* --- windows --- */

static const char *const kind_names[] = {
    [WINDOW_DAY] = "day",
    [WINDOW_SNAPSHOT] = "snapshot",
    [WINDOW_REREAD] = "reread",
};

static const char *const state_names[] = {
    [WINDOW_OPEN] = "open",
    [WINDOW_PROVISIONAL] = "provisional",
    [WINDOW_SETTLED] = "settled",
};

bool ledger_make_days(struct ledger *l, const char *stream, int64_t first_ms, int64_t until_ms,
                      struct err *e)
{
    struct rows q = db_ask(l->db, e,
                           "SELECT count(*) FROM extract_window WHERE stream = ?1 "
                           "AND kind = 'day' AND window_start >= ?2 AND window_start < ?3",
                           S(stream), T(first_ms), T(until_ms));
    int64_t stored = db_next(&q) ? db_int(&q, 0) : 0;

    if (!db_end(&q)) {
        return false;
    }
    if (first_ms + stored * MS_PER_DAY >= until_ms) {
        return true; /* they are all there */
    }
    bool made = db_begin(l->db, e);
    for (int64_t start_ms = first_ms; made && start_ms < until_ms; start_ms += MS_PER_DAY) {
        made = db_do(l->db, e,
                     "INSERT INTO extract_window (stream, kind, window_start, window_end, "
                     "updated_run_id) VALUES (?1, 'day', ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                     S(stream), T(start_ms), T(start_ms + MS_PER_DAY), N(l->run_id));
    }
    made = made && db_commit(l->db, e);
    db_rollback(l->db);
    return made;
}

#define WINDOW_COLUMNS                                                                             \
    "SELECT window_id, window_start, window_end, state, complete_to, job_complete_to, "            \
    "query_complete_to, last_read_at, pending_time, pending_job_to, pending_query_to, "            \
    "reading_plan, job_id, job_cursor, job_resubmits, next_page, last_id FROM extract_window "

/* A row of WINDOW_COLUMNS. */
static bool read_window(const struct rows *q, const struct ledger *l, enum window_kind kind,
                        struct arena *a, struct ledger_window *out, struct err *e)
{
    struct window *w = &out->window;
    size_t state = 0;

    while (state < COUNT_OF(state_names) && !str_eq(db_text(q, 3), state_names[state])) {
        state++;
    }

    *out = (struct ledger_window){
        .window = {.window_id = db_int(q, 0),
                   .start_ms = db_time(q, 1),
                   .end_ms = db_time(q, 2),
                   .complete_to_ms = db_time(q, 4),
                   .job_complete_to_ms = db_time(q, 5),
                   .query_complete_to_ms = db_time(q, 6),
                   .last_read_at_ms = db_time(q, 7)},
        .kind = kind,
        .pending_time_ms = db_time(q, 8),
        .pending_job_to_ms = db_time(q, 9),
        .pending_query_to_ms = db_time(q, 10),
        .reading_plan = db_kept(q, 11, a),
        .job_id = db_kept(q, 12, a),
        .job_cursor = db_kept(q, 13, a),
        .job_resubmits = db_int(q, 14),
        .next_page = db_int(q, 15),
        .last_id = db_kept(q, 16, a),
    };
    if (state == COUNT_OF(state_names) ||
        (kind == WINDOW_DAY && (w->start_ms == TIME_NONE || w->end_ms == TIME_NONE))) {
        return err_set(e, ERR_STORE,
                       "%s: window %lld of table extract_window holds what rollcall never wrote "
                       "there; restore the file from a copy",
                       db_path(l->db), (long long)w->window_id);
    }
    w->state = (enum window_state)state;
    return true;
}

/* Reads the single window; its id is 0 when there is none yet. */
static bool find_single(struct ledger *l, const char *stream, enum window_kind kind,
                        struct arena *a, struct ledger_window *out, struct err *e)
{
    struct rows q = db_ask(l->db, e,
                           WINDOW_COLUMNS "WHERE stream = ?1 AND kind = ?2 "
                                          "AND window_start IS NULL",
                           S(stream), S(kind_names[kind]));

    out->window.window_id = 0;
    if (db_next(&q)) {
        q.ok = read_window(&q, l, kind, a, out, e);
    }
    return db_end(&q);
}

bool ledger_single_window(struct ledger *l, const char *stream, enum window_kind kind,
                          struct arena *a, struct ledger_window *out, struct err *e)
{
    INVARIANT(kind != WINDOW_DAY);
    if (!find_single(l, stream, kind, a, out, e)) {
        return false;
    }
    if (out->window.window_id != 0) {
        return true;
    }
    return db_do(l->db, e,
                 "INSERT INTO extract_window (stream, kind, updated_run_id) VALUES (?1, ?2, ?3)",
                 S(stream), S(kind_names[kind]), N(l->run_id)) &&
           find_single(l, stream, kind, a, out, e);
}

/* A list in the arena that holds `count`, at first with room for one: itself, or a copy twice as
 * long where the next would have no room. */
static void *with_room(void *list, size_t count, size_t size, struct arena *a)
{
    bool is_full = count > 0 && (count & (count - 1)) == 0;

    if (!is_full) {
        return list;
    }
    void *longer = arena_array(a, 2 * count, size);
    memcpy(longer, list, count * size);
    return longer;
}

bool ledger_days(struct ledger *l, const char *stream, struct arena *a, struct ledger_window **out,
                 size_t *count, struct err *e)
{
    struct ledger_window *windows = arena_alloc(a, sizeof(*windows));
    struct rows q =
        db_ask(l->db, e, WINDOW_COLUMNS "WHERE stream = ?1 AND kind = 'day' ORDER BY window_start",
               S(stream));

    *count = 0;
    while (db_next(&q)) {
        windows = with_room(windows, *count, sizeof(*windows), a);
        q.ok = read_window(&q, l, WINDOW_DAY, a, &windows[*count], e);
        *count += 1;
    }
    *out = windows;
    return db_end(&q);
}

bool ledger_plan(struct ledger *l, const struct ledger_window *w, const char *plan, struct err *e)
{
    return db_do(l->db, e,
                 "UPDATE extract_window SET state = ?2, pending_time = ?3, pending_job_to = ?4, "
                 "pending_query_to = ?5 WHERE window_id = ?1",
                 I(w->window.window_id), S(state_names[w->window.state]), T(w->pending_time_ms),
                 T(w->pending_job_to_ms), T(w->pending_query_to_ms)) &&
           ledger_reading_begin(l, w->window.window_id, plan, 0, e);
}

bool ledger_reading_begin(struct ledger *l, int64_t window_id, const char *plan, int64_t resubmits,
                          struct err *e)
{
    return db_do(l->db, e,
                 "UPDATE extract_window SET reading_plan = ?2, job_resubmits = ?3, job_id = NULL, "
                 "job_cursor = NULL, next_page = 1, last_id = NULL, pages_read = 0, "
                 "rows_read = 0, total_hits = NULL, updated_run_id = ?4 WHERE window_id = ?1",
                 I(window_id), S(plan), I(resubmits), N(l->run_id));
}

bool ledger_job(struct ledger *l, int64_t window_id, const char *job_id, struct err *e)
{
    return db_do(l->db, e,
                 "UPDATE extract_window SET job_id = ?2, updated_run_id = ?3 WHERE window_id = ?1",
                 I(window_id), S(job_id), N(l->run_id));
}

bool ledger_page(struct ledger *l, const struct ledger_page *p, struct err *e)
{
    return db_do(l->db, e,
                 "UPDATE extract_window SET job_cursor = ?2, next_page = ?3, last_id = ?4, "
                 "pages_read = pages_read + 1, rows_read = rows_read + ?5, "
                 "total_hits = coalesce(?6, total_hits), updated_run_id = ?7 WHERE window_id = ?1",
                 I(p->window_id), S(p->job_cursor), I(p->next_page), S(p->last_id), I(p->rows_read),
                 N(p->total_hits), N(l->run_id));
}

bool ledger_reading_end(struct ledger *l, const struct ledger_window *w, struct err *e)
{
    return db_do(l->db, e,
                 "UPDATE extract_window SET state = ?2, complete_to = ?3, job_complete_to = ?4, "
                 "query_complete_to = ?5, last_read_at = ?6, pending_time = NULL, "
                 "pending_job_to = NULL, pending_query_to = NULL, reading_plan = NULL, "
                 "job_cursor = NULL, job_resubmits = 0, next_page = 1, last_id = NULL, "
                 "last_error = NULL, last_error_kind = NULL, last_error_at = NULL, "
                 "updated_run_id = ?7 WHERE window_id = ?1",
                 I(w->window.window_id), S(state_names[w->window.state]),
                 T(w->window.complete_to_ms), T(w->window.job_complete_to_ms),
                 T(w->window.query_complete_to_ms), T(w->window.last_read_at_ms), N(l->run_id));
}

bool ledger_job_deleted(struct ledger *l, int64_t window_id, struct err *e)
{
    return db_do(l->db, e, "UPDATE extract_window SET job_id = NULL WHERE window_id = ?1",
                 I(window_id));
}

bool ledger_window_error(struct ledger *l, int64_t window_id, const struct err *cause,
                         struct err *e)
{
    return db_do(l->db, e,
                 "UPDATE extract_window SET last_error = ?2, last_error_kind = ?3, "
                 "last_error_at = ?4, updated_run_id = ?5 WHERE window_id = ?1",
                 I(window_id), S(cause->message), S(err_kind_name(cause->kind)), T(clock_now_ms()),
                 N(l->run_id));
}

bool ledger_raw_page(struct ledger *l, const struct ledger_raw *r, struct err *e)
{
    return db_do(l->db, e,
                 "INSERT INTO raw_page (window_id, run_id, plan, page_no, received_at, url_path, "
                 "encoding, bytes, rows_read) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                 I(r->window_id), I(r->run_id), S(r->plan), I(r->page_no), T(r->received_ms),
                 S(r->path), S(r->gzip ? "gzip" : "identity"), B(r->bytes, r->length),
                 I(r->row_count));
}

/* --- facts --- */

bool ledger_source(struct ledger *l, const char *stream, struct arena *a, const char **plan,
                   struct err *e)
{
    struct rows q = db_ask(l->db, e, "SELECT plan FROM stream_source WHERE stream = ?1", S(stream));

    *plan = db_next(&q) ? db_kept(&q, 0, a) : NULL;
    return db_end(&q);
}

bool ledger_remember_source(struct ledger *l, const char *stream, const char *plan, struct err *e)
{
    return db_do(l->db, e,
                 "INSERT INTO stream_source (stream, plan, chosen_at) VALUES (?1, ?2, ?3) "
                 "ON CONFLICT (stream) DO UPDATE SET plan = excluded.plan, "
                 "chosen_at = excluded.chosen_at WHERE plan <> excluded.plan",
                 S(stream), S(plan), T(clock_now_ms()));
}

/* Ends the rows; their first column goes into the arena. */
static bool read_ids(struct rows *q, struct arena *a, struct ledger_ids *out)
{
    const char **ids = arena_alloc(a, sizeof(*ids));
    size_t count = 0;

    while (db_next(q)) {
        ids = with_room(ids, count, sizeof(*ids), a);
        ids[count++] = db_kept(q, 0, a);
    }
    *out = (struct ledger_ids){.ids = ids, .count = count};
    return db_end(q);
}

bool ledger_open_conversations(struct ledger *l, int64_t since_ms, const char *after,
                               struct arena *a, struct ledger_ids *out, struct err *e)
{
    /* The plus signs keep SQLite from walking the ids of all conversations there are: the few that
     * are open have an index of their own. */
    struct rows q = db_ask(
        l->db, e,
        "SELECT conversation_id FROM conversation WHERE conversation_end IS NULL "
        "AND conversation_start >= ?1 AND +conversation_id > ?2 "
        "AND NOT EXISTS (SELECT 1 FROM extract_window WHERE stream = 'conversations' "
        "AND kind = 'day' AND window_start <= conversation_start "
        "AND window_end > conversation_start AND updated_run_id = ?3 AND reading_plan IS NULL "
        "AND last_error IS NULL AND query_complete_to IS NOT NULL) ORDER BY +conversation_id",
        T(since_ms), S(after ? after : ""), N(l->run_id));

    return read_ids(&q, a, out);
}

bool ledger_user_ids(struct ledger *l, struct arena *a, struct ledger_ids *out, struct err *e)
{
    struct rows q = db_ask(
        l->db, e, "SELECT user_id FROM user WHERE state IS NOT 'deleted' ORDER BY user_id", NONE);

    return read_ids(&q, a, out);
}

/* --- the business time zone --- */

/* A row of zone_offset: a business day, or the part of it that has one offset. */
struct zone_row {
    int64_t from_ms;
    int64_t to_ms;
    int32_t offset_seconds;
    int32_t day;
};

/* The row that begins at `from_ms`, of `day` or, where that is over by then (or, west of the date
 * line once, no day at all), of the next. */
static struct zone_row zone_row(int64_t from_ms, int32_t day)
{
    while (clock_zone_day_start_ms(day + 1) <= from_ms) {
        day++;
    }
    return (struct zone_row){
        .from_ms = from_ms,
        .to_ms = clock_next_transition_ms(from_ms, clock_zone_day_start_ms(day + 1)),
        .offset_seconds = clock_zone_offset_seconds(from_ms),
        .day = day,
    };
}

/* Business days [first, last] that zone_offset is to hold, and how it stands. */
struct zone_span {
    int32_t first;
    int32_t last;
    int64_t stored;  /* rows there are */
    int64_t right;   /* rows there are as they are to be */
    int64_t missing; /* rows that are to be and are not */
};

static bool compare_zone(struct db *d, const char *zone, struct zone_span *z, struct err *e)
{
    struct zone_row r = zone_row(clock_zone_day_start_ms(z->first), z->first);

    z->right = z->missing = 0;
    for (; r.day <= z->last; r = zone_row(r.to_ms, r.day)) {
        char day[CLOCK_DAY_BYTES];
        struct rows q = db_ask(d, e,
                               "SELECT 1 FROM zone_offset WHERE utc_from = ?1 AND utc_to = ?2 "
                               "AND offset_seconds = ?3 AND day = ?4 AND zone = ?5",
                               T(r.from_ms), T(r.to_ms), I(r.offset_seconds),
                               S(clock_format_day(r.day, day)), S(zone));
        if (db_next(&q)) {
            z->right++;
        } else {
            z->missing++;
        }
        if (!db_end(&q)) {
            return false;
        }
    }
    return true;
}

/* What was there stays covered, so that rows read long ago keep their local times. */
static bool read_zone(struct db *d, const char *zone, const int64_t bounds_ms[2],
                      struct zone_span *z, struct err *e)
{
    struct rows q = db_ask(d, e,
                           "SELECT count(*), min(CASE zone WHEN ?1 THEN utc_from END), "
                           "max(CASE zone WHEN ?1 THEN utc_to END) FROM zone_offset",
                           S(zone));
    int64_t from_ms = bounds_ms[0];
    int64_t to_ms = bounds_ms[1];

    if (db_next(&q)) {
        int64_t stored_from_ms = db_time(&q, 1);
        int64_t stored_to_ms = db_time(&q, 2);

        z->stored = db_int(&q, 0);
        from_ms =
            stored_from_ms != TIME_NONE && stored_from_ms < from_ms ? stored_from_ms : from_ms;
        to_ms = stored_to_ms > to_ms ? stored_to_ms - 1 : to_ms;
    }
    if (!db_end(&q)) {
        return false;
    }
    z->first = clock_zone_day(from_ms);
    z->last = clock_zone_day(to_ms);
    return compare_zone(d, zone, z, e);
}

/* Writes the rows that are not there; all anew unless all that is there is right. */
static bool write_zone(struct db *d, const char *zone, const struct zone_span *z, struct err *e)
{
    struct zone_row r = zone_row(clock_zone_day_start_ms(z->first), z->first);

    if (z->right < z->stored && !db_do(d, e, "DELETE FROM zone_offset", NONE)) {
        return false;
    }
    for (; r.day <= z->last; r = zone_row(r.to_ms, r.day)) {
        char day[CLOCK_DAY_BYTES];

        if (!db_do(d, e,
                   "INSERT INTO zone_offset (utc_from, utc_to, offset_seconds, day, zone) "
                   "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                   T(r.from_ms), T(r.to_ms), I(r.offset_seconds), S(clock_format_day(r.day, day)),
                   S(zone))) {
            return false;
        }
    }
    return true;
}

bool ledger_zone(struct db *d, const char *zone, int64_t from_ms, int64_t to_ms, struct err *e)
{
    const int64_t bounds_ms[2] = {from_ms, to_ms};
    struct zone_span z = {0};

    if (!read_zone(d, zone, bounds_ms, &z, e)) {
        return false;
    }
    if (z.missing == 0 && z.right == z.stored) {
        return true;
    }
    /* Another run may be filling it too: what is missing is told anew where nobody else can
     * write. */
    if (!db_begin(d, e)) {
        return false;
    }
    bool done =
        read_zone(d, zone, bounds_ms, &z, e) && write_zone(d, zone, &z, e) && db_commit(d, e);
    db_rollback(d);
    return done;
}
