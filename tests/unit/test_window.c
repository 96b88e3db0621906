#include "test.h"

#include "etl/window.h"
#include "scratch.h"
#include "sql.h"

#define DAY   MS_PER_DAY
#define HOUR  MS_PER_HOUR
#define START (INT64_C(20000) * DAY) /* 2024-10-04 */

static const struct pass_rule job = {.name = "job", .bound = SEES_AVAILABLE};
static const struct pass_rule query = {.name = "query"};
static const struct pass_rule reread = {.name = "reread", .whole = true};

/* clang-format off */
#define KIND(g, ...)                                                                               \
    {                                                                                              \
        .stream = "s", .grid = (g), .rules = {__VA_ARGS__},       \
        .rule_count = COUNT(((const struct pass_rule *const[]){__VA_ARGS__}))                      \
    }
/* clang-format on */

static const struct window_kind days = KIND(GRID_UTC_DAY, &job, &query);
static const struct window_kind moment = KIND(GRID_MOMENT, &query);

static struct ledger ledger_of(struct scratch *s)
{
    return (struct ledger){.db = s->db, .run_id = 7};
}

static void make(struct scratch *s, const struct window_kind *k, int64_t from_ms, int64_t until_ms)
{
    struct ledger l = ledger_of(s);

    err_clear(&s->e); /* it gets the trouble of a scope, too */
    check(window_make(&l, k, from_ms, until_ms, &s->e, &s->e), s);
}

static struct window *list(struct scratch *s, const struct window_kind *k, int64_t since_ms,
                           size_t *count)
{
    struct ledger l = ledger_of(s);
    struct windows found = {.arena = s->arena};

    check(window_list(&l, k, since_ms, k->rules[0]->name, &found, &s->e), s);
    *count = found.count;
    return found.list;
}

/* The windows as "day scope", in order; "now" is the real moment. */
static const char *listed(struct scratch *s, const struct window_kind *k, int64_t since_ms)
{
    size_t count;
    struct window *w = list(s, k, since_ms, &count);
    const char *text = "";

    for (size_t i = 0; i < count; i++) {
        char start[CLOCK_ISO_BYTES] = "now";

        if (w[i].span.start_ms != TIME_NONE) {
            (void)snprintf(start, sizeof(start), "%lld",
                           (long long)((w[i].span.start_ms - START) / DAY));
        }
        text = arena_printf(s->arena, "%s%s%s%s", text, i ? " " : "", start,
                            w[i].scope ? w[i].scope : "");
    }
    return text;
}

/* --- making ---------------------------------------------------------------------------------- */

/* Each that may be missing is looked for by its place: by the stream alone that takes as long as
 * there are windows. */
TEST_IN_SCRATCH(what_is_missing_is_found_by_its_place)
{
    bool found = false;

    make(s, &days, START, START + DAY);
    struct rows q =
        db_ask(s->db, &s->e, arena_printf(s->arena, "EXPLAIN QUERY PLAN %s", sql_window_add), NONE);
    while (db_next(&q)) {
        found = found ||
                strstr(db_text(&q, 3), "extract_window_place (stream=? AND <expr>=? AND <expr>=?)");
    }
    check(db_end(&q), s);
    assert_true(found);
}

TEST_IN_SCRATCH(the_moment_is_one_window)
{
    const struct window_kind with_whole = KIND(GRID_UTC_DAY, &job, &reread);

    make(s, &moment, 0, 0);
    make(s, &moment, 0, START);
    assert_string_equal(listed(s, &moment, START), "now");
    scratch_exec(s, "DELETE FROM extract_window");
    /* Passes of the whole stream have their place there, beside its days. */
    make(s, &with_whole, START, START + 1);
    make(s, &with_whole, START, START + 1);
    assert_string_equal(listed(s, &with_whole, START), "now 0");
}

TEST_IN_SCRATCH(each_scope_has_its_windows)
{
    struct window_kind scoped = KIND(GRID_UTC_DAY, &query);

    scoped.scope_sql = "SELECT user_id FROM user ORDER BY user_id";
    make(s, &scoped, START, START + DAY);
    assert_string_equal(listed(s, &scoped, TIME_NONE), "");
    scratch_exec(s, "INSERT INTO user (user_id) VALUES ('b'), ('a')");
    make(s, &scoped, START, START + 2 * DAY);
    make(s, &scoped, START, START + 2 * DAY);
    assert_string_equal(listed(s, &scoped, TIME_NONE), "0a 0b 1a 1b");
    scratch_exec(s, "INSERT INTO user (user_id) VALUES ('aa')");
    make(s, &scoped, START, START + DAY);
    assert_string_equal(listed(s, &scoped, TIME_NONE), "0a 0aa 0b 1a 1b");

    /* A scope that is gone owes nothing; what is known of it stays. */
    scratch_exec(s, "UPDATE extract_window SET state = 'provisional' "
                    "WHERE scope = 'b' AND window_start < '2024-10-05'; "
                    "INSERT INTO window_pass (window_id, pass) SELECT window_id, 'query' "
                    "FROM extract_window");
    scratch_exec(s, "DELETE FROM user WHERE user_id IN ('a', 'b')");
    make(s, &scoped, START, START + DAY);
    assert_string_equal(listed(s, &scoped, TIME_NONE), "0aa");
    check_value(s,
                "SELECT group_concat(scope || state) FROM (SELECT * FROM extract_window "
                "ORDER BY scope)",
                "asettled,asettled,aaopen,bsettled,bsettled");
    scratch_exec(s, "INSERT INTO user (user_id) VALUES ('b')");
    make(s, &scoped, START, START + 2 * DAY);
    assert_string_equal(listed(s, &scoped, TIME_NONE), "0aa 0b 1aa 1b");
}

/* Days of each scope's own zone; a zone that is another later has its own, an unknown one none. */
TEST_IN_SCRATCH(days_of_scopes)
{
    struct window_kind k = KIND(GRID_SCOPE_DAY, &query);
    int64_t other;

    check(clock_set_zone("UTC", &s->e), s);
    k.scope_sql = "SELECT user_id, name, department FROM user";
    k.zone = "Asia/Seoul";
    scratch_exec(s,
                 "INSERT INTO user (user_id, name, department) VALUES "
                 "('a', 'America/New_York', 'x'), ('b', NULL, NULL), ('c', 'Mars/Olympus', 'y')");
    make(s, &k, START, START + HOUR);
    check_value(s,
                "SELECT group_concat(scope || ' ' || substr(window_start, 12, 5) || ' ' || "
                "substr(window_end, 12, 5) || ' ' || time_zone) FROM extract_window",
                "a 04:00 04:00 America/New_York,b 15:00 15:00 Asia/Seoul");
    assert_non_null(strstr(s->e.message, "c: unknown time zone \"Mars/Olympus\""));
    size_t count;
    struct window *w = list(s, &k, TIME_NONE, &count);
    assert_int_equal(count, 2);
    assert_string_equal(w[1].zone, "Asia/Seoul");
    assert_null(w[1].parent);
    assert_string_equal(w[0].parent, "x");
    assert_int_equal(clock_zone_offset_seconds(START), 0);

    scratch_exec(s,
                 "INSERT INTO window_pass (window_id, pass) SELECT window_id, 'query' FROM "
                 "extract_window; UPDATE user SET name = CASE user_id WHEN 'a' THEN 'Asia/Tokyo' "
                 "ELSE 'Nowhere' END");
    make(s, &k, START, START + HOUR);
    check_value(s,
                "SELECT group_concat(scope || ' ' || substr(window_start, 12, 5)) FROM (SELECT * "
                "FROM extract_window ORDER BY scope)",
                "a 15:00,b 15:00");
    check_value(s, "SELECT count(*) FROM window_pass", "1");

    for (int of_zone = 0; of_zone < 2; of_zone++) {
        check(db_number(db_ask(s->db, &s->e, sql_window_has_zone, S("s"), I(!of_zone)), &other), s);
        assert_int_equal(other, of_zone);
    }
    k.grid = GRID_BUSINESS_DAY;
    make(s, &k, START, START + HOUR);
    check_value(s, "SELECT count(*) FROM extract_window WHERE time_zone IS NOT NULL", "0");
}

/* Wherever they are made from each has its length, a local day's or several, and none overlaps. */
TEST_IN_SCRATCH(windows_tile_time)
{
    static const struct {
        const char *zone; /* NULL: days of UTC */
        int32_t day;      /* near one of 23 or 25 hours */
        int span_days;
    } cases[] = {
        {NULL, 19800, 7},
        {"Europe/London", 19800, 7},
        {"Europe/London", 19800, 1},
        {"America/New_York", 20020, 1},
        {"Pacific/Apia", 15320, 1}, /* without 2011-12-30 */
    };

    for (size_t n = 0; n < COUNT(cases); n++) {
        struct window_kind k = KIND(cases[n].zone ? GRID_BUSINESS_DAY : GRID_UTC_DAY, &query);
        int32_t day = cases[n].day;

        k.span_days = cases[n].span_days;
        check(clock_set_zone(cases[n].zone ? cases[n].zone : "UTC", &s->e), s);
        scratch_exec(s, "DELETE FROM extract_window");
        for (int i = 0; i < 20; i++, day += i % 3 == 0 ? -11 : 9) {
            int64_t from_ms = clock_zone_day_start_ms(day);

            make(s, &k, from_ms, from_ms + 20 * DAY);
            const char *holding = arena_printf(
                s->arena,
                "SELECT sum(strftime('%%s', window_start) = '%lld' OR %d > 1) FROM extract_window "
                "WHERE strftime('%%s', window_start) <= '%lld' "
                "AND strftime('%%s', window_end) > '%lld'",
                (long long)from_ms / 1000, k.span_days, (long long)from_ms / 1000,
                (long long)from_ms / 1000);
            check_value(s, holding, "1");
        }
        check_value(s,
                    "SELECT count(*) FROM extract_window AS a JOIN extract_window AS b "
                    "ON a.window_start < b.window_start AND a.window_end > b.window_start",
                    "0");
        check_value(s,
                    "SELECT DISTINCT round(julianday(window_end) - julianday(window_start)) "
                    "FROM extract_window",
                    k.span_days > 1 ? "7.0" : "1.0");
    }
    check(clock_set_zone("UTC", &s->e), s);
}

/* --- what a crash may leave, and what becomes of it ------------------------------------------ */

/* A reading of pass `p` up to `to_ms` begins under planning time `time_ms`. */
static bool begin(struct scratch *s, const struct window *w, size_t p, int64_t to_ms,
                  int64_t time_ms)
{
    return db_do(s->db, &s->e, sql_window_begin, I(w->window_id), S(w->now[p].pass), T(to_ms),
                 T(time_ms), I(0));
}

/* What can happen to the reading of a window by its first pass. */
static void happen(struct scratch *s, struct window *w, char what)
{
    const struct ledger l = ledger_of(s);
    const struct cursor next = {.at = "c", .page = 3, .page_size = 50};
    struct err cause;

    err_set(&cause, ERR_PERMISSION, "no permission");
    switch (what) {
    case 'b':
        check(begin(s, w, 0, START + 6 * HOUR, START + 7 * HOUR), s);
        break;
    case 't':
        check(window_token(&l, w, 0, "j", &s->e), s);
        break;
    case 'p':
        check(window_page(&l, w, 0, &next, &(struct window_counts){2, 20, 25}, &s->e), s);
        break;
    case 'e':
        w->span.pass[0] = (struct pass_coverage){START + 6 * HOUR, START + 7 * HOUR};
        w->span.state = WINDOW_PROVISIONAL;
        check(window_end(&l, w, 0, &s->e), s);
        break;
    case 'd': /* what was left at the server is deleted */
    case 'x': /* something else is */
        w->now[0].token = what == 'd' ? NULL : w->now[0].token;
        check(db_do(s->db, &s->e, sql_window_cleared, I(w->window_id), S(w->now[0].pass),
                    S(what == 'd' ? "j" : "x")),
              s);
        break;
    default: /* w: waited in vain, k: trouble of the network, a: begins anew, o: an overflow */
        check(window_fail(&l, w, 0, what == 'o' ? NULL : &cause,
                          (what == 'a' || what == 'o' ? WINDOW_ABANDON : 0U) |
                              (what == 'w' ? WINDOW_WAITED : 0U),
                          &s->e),
              s);
        break;
    }
    check(window_refresh(&l, &days, s->arena, w, &s->e), s);
}

static const char *hour(struct scratch *s, int64_t ms)
{
    return ms == TIME_NONE ? "-"
                           : arena_printf(s->arena, "%02lld", (long long)((ms - START) / HOUR));
}

/* A window and its first pass, as the table below tells them: state, covered/read; target/begun and
 * the cursor where a reading is under way; token, failures. */
static const char *told(struct scratch *s, const struct window *w)
{
    static const char *const states[] = {"open", "provisional", "settled"};
    const struct cursor *c = &w->now[0];
    const char *at = "";

    if (c->target_to_ms != TIME_NONE) {
        at = arena_printf(s->arena, " to %s/%s%s %s %lld/%lld%s", hour(s, c->target_to_ms),
                          hour(s, c->begun_ms), c->waited ? " waited" : "", c->at ? c->at : "-",
                          (long long)c->page, (long long)c->page_size,
                          c->page_ms == TIME_NONE ? "" : " kept");
    }
    return arena_printf(s->arena, "%s %s/%s%s %s !%lld", states[w->span.state],
                        hour(s, w->span.pass[0].covered_to_ms), hour(s, w->span.pass[0].read_ms),
                        at, c->token ? c->token : "-", (long long)w->failures);
}

/* The same from the file. */
static const char *stored(struct scratch *s)
{
    return scratch_value(
        s,
        "SELECT state || ' ' || ifnull(substr(covered_to, 12, 2), '-') || '/' || "
        "ifnull(substr(read_at, 12, 2), '-') || ifnull(' to ' || substr(target_to, 12, 2) || '/' "
        "|| substr(begun_at, 12, 2) || iif(waited, ' waited', '') || ' ' || ifnull(cursor, '-') "
        "|| ' ' || page || '/' || ifnull(page_size, -1) || iif(page_at IS NULL, '', ' kept'), '') "
        "|| ' ' || ifnull(token, '-') || ' !' || failures "
        "FROM extract_window AS w LEFT JOIN window_pass AS p ON p.window_id = w.window_id");
}

TEST_IN_SCRATCH(every_state_that_a_crash_leaves)
{
    static const struct {
        const char *state; /* of etl/window.h */
        const char *happened;
        const char *told;
    } cases[] = {
        {"none", "", "open -/- - !0"},
        {"begun", "b", "open -/- to 06/07 - 1/-1 - !0"},
        {"token", "bt", "open -/- to 06/07 - 1/-1 j !0"},
        {"waited", "btw", "open -/- to 06/07 waited - 1/-1 j !1"},
        {"paged", "btp", "open -/- to 06/07 c 3/50 kept j !0"},
        {"paged, without a token", "bp", "open -/- to 06/07 c 3/50 kept - !0"},
        {"ended, to be cleared up", "btpe", "provisional 06/07 j !0"},
        {"ended", "btped", "provisional 06/07 - !0"},

        {"begins anew, from begun", "bb", "open -/- to 06/07 - 1/-1 - !0"},
        {"from token", "btb", "open -/- to 06/07 - 1/-1 - !0"},
        {"from waited", "btwb", "open -/- to 06/07 - 1/-1 - !1"},
        {"from paged", "btpb", "open -/- to 06/07 - 1/-1 - !0"},
        {"from ended", "btpeb", "provisional 06/07 to 06/07 - 1/-1 - !0"},

        {"goes on, from waited", "btwp", "open -/- to 06/07 waited c 3/50 kept j !1"},
        {"an older job is deleted, from paged", "btpx", "open -/- to 06/07 c 3/50 kept j !0"},
        {"from paged", "btpp", "open -/- to 06/07 c 3/50 kept j !0"},

        {"is whole, from begun", "be", "provisional 06/07 - !0"},
        {"from token", "bte", "provisional 06/07 j !0"},
        {"from waited", "btwe", "provisional 06/07 j !0"},

        {"network trouble, from begun", "bk", "open -/- to 06/07 - 1/-1 - !1"},
        {"from token", "btk", "open -/- to 06/07 - 1/-1 j !1"},
        {"from paged", "btpk", "open -/- to 06/07 c 3/50 kept j !1"},
        {"twice", "btpkk", "open -/- to 06/07 c 3/50 kept j !2"},

        {"to begin anew, from begun", "ba", "open -/- - !1"},
        {"from token", "bta", "open -/- j !1"},
        {"from waited", "btwa", "open -/- j !2"},
        {"from paged", "btpa", "open -/- j !1"},
        {"from ended and begun", "btpeba", "provisional 06/07 - !1"},
        {"an overflow, which is no failure", "bpo", "open -/- - !0"},
    };
    static const char *const places[] = {"the file", "the list", "memory"};
    int wrong = 0;

    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t count;

        scratch_exec(s, "DELETE FROM extract_window; DELETE FROM window_pass");
        make(s, &days, START, START + 1);
        struct window *w = list(s, &days, TIME_NONE, &count);
        for (const char *what = cases[i].happened; *what; what++) {
            happen(s, w, *what);
        }
        /* This run goes on from what is in the file, and from what the next one finds. */
        const char *const all[] = {stored(s), told(s, list(s, &days, TIME_NONE, &count)),
                                   told(s, w)};
        for (size_t k = 0; k < COUNT(all); k++) {
            if (strcmp(all[k], cases[i].told) != 0) {
                print_error("%s (%s), %s: %s\n", cases[i].state, cases[i].happened, places[k],
                            all[k]);
                wrong++;
            }
        }
        assert_int_equal(count, 1);
    }
    assert_int_equal(wrong, 0);
}

TEST_IN_SCRATCH(counts_and_errors_are_of_the_present_reading)
{
    static const char counts[] = "SELECT pages_read || ' ' || rows_read || ' ' || "
                                 "ifnull(total_hits, '-') FROM window_pass";
    static const char error[] = "SELECT ifnull(last_error_kind || ': ' || last_error || "
                                "iif(last_error_at IS NULL, '', ' (when)'), '-') "
                                "FROM extract_window";
    const struct ledger l = ledger_of(s);
    const struct cursor next = {.page = 2, .page_size = -1};
    size_t count;

    make(s, &days, START, START + 1);
    struct window *w = list(s, &days, TIME_NONE, &count);
    happen(s, w, 'b');
    happen(s, w, 'p');
    check(window_page(&l, w, 0, &next, &(struct window_counts){1, 5, 0}, &s->e),
          s); /* says no total */
    check_value(s, counts, "3 25 25");
    happen(s, w, 'o');
    check_value(s, error, "-");
    happen(s, w, 'k');
    check_value(s, error, "permission: no permission (when)");
    happen(s, w, 'b');
    check_value(s, error, "permission: no permission (when)"); /* until it is read */
    check_value(s, counts, "0 0 -");
    happen(s, w, 'e');
    check_value(s, error, "-");

    /* A page's place goes with its rows. */
    happen(s, w, 'b');
    check(db_begin(s->db, &s->e), s);
    happen(s, w, 'p');
    db_rollback(s->db);
    assert_int_equal(list(s, &days, TIME_NONE, &count)->now[0].page, 1);
    check_value(s, counts, "0 0 -");
}

/* What a pass has read may replace what later ones brought; earlier ones' stays. */
TEST_IN_SCRATCH(coverage_is_that_of_each_pass)
{
    const struct ledger l = ledger_of(s);
    int64_t ever = 1;
    size_t count;

    make(s, &days, START, START + 1);
    struct window *w = list(s, &days, TIME_NONE, &count);
    for (size_t p = 0; p < 2; p++) {
        check(begin(s, w, p, START, START), s);
    }
    check(window_ever_read(&l, "s", &ever, &s->e), s);
    assert_false(ever); /* not whole yet */
    w->span.pass[1] = (struct pass_coverage){START + 9 * HOUR, START + 9 * HOUR};
    check(window_end(&l, w, 1, &s->e), s);
    check(window_ever_read(&l, "s", &ever, &s->e), s);
    assert_true(ever);
    check(window_ever_read(&l, "other", &ever, &s->e), s);
    assert_false(ever);
    check_value(s, "SELECT complete_to FROM extract_window", "2024-10-04T09:00:00.000Z");
    assert_int_equal(list(s, &days, TIME_NONE, &count)->now[0].target_to_ms, START);

    w->span.pass[0] = (struct pass_coverage){START + 6 * HOUR, START + 8 * HOUR};
    w->span.pass[1].covered_to_ms = TIME_NONE;
    check(window_end(&l, w, 0, &s->e), s);
    check_value(s, "SELECT complete_to FROM extract_window", "2024-10-04T06:00:00.000Z");
    const struct window *found = list(s, &days, TIME_NONE, &count);
    assert_memory_equal(&found->span, &w->span, sizeof(w->span));
}

/* --- the list -------------------------------------------------------------------------------- */

TEST_IN_SCRATCH(interrupted_windows_come_first_and_failed_ones_last)
{
    struct window_kind scoped = KIND(GRID_UTC_DAY, &job, &query);
    size_t count;

    scoped.scope_sql = "SELECT 'a' UNION SELECT 'b'";
    make(s, &scoped, START, START + 3 * DAY);
    struct window *w = list(s, &scoped, TIME_NONE, &count);
    assert_string_equal(listed(s, &scoped, TIME_NONE), "0a 0b 1a 1b 2a 2b");
    happen(s, &w[0], 'b'); /* 0a has failed, and is to begin anew */
    happen(s, &w[0], 'a');
    happen(s, &w[1], 'b'); /* 0b as well, and goes on at its page */
    happen(s, &w[1], 'k');
    happen(s, &w[3], 'b'); /* 1b was interrupted */
    happen(s, &w[5], 'b'); /* 2b is whole, and was read by its second pass too */
    happen(s, &w[5], 'e');
    check(db_exec(s->db,
                  "INSERT INTO window_pass (window_id, pass) SELECT window_id, 'query' "
                  "FROM extract_window",
                  &s->e),
          s);
    assert_string_equal(listed(s, &scoped, TIME_NONE), "1b 1a 2a 2b 0b 0a");
    happen(s, &w[0], 'b'); /* read at last, it has its place in time again */
    happen(s, &w[0], 'e');
    assert_string_equal(listed(s, &scoped, TIME_NONE), "1b 0a 1a 2a 2b 0b");
    scratch_exec(s, "UPDATE extract_window SET state = 'provisional', complete_to = window_end "
                    "WHERE scope = 'a'");
    assert_string_equal(listed(s, &scoped, TIME_NONE), "1b 2b 2a 1a 0a 0b"); /* read again */
}

TEST_IN_SCRATCH(settled_windows_are_left_out)
{
    size_t count;

    make(s, &days, START, START + 4 * DAY);
    struct window *w = list(s, &days, TIME_NONE, &count);
    happen(s, &w[1], 'b');
    happen(s, &w[1], 't'); /* day 1 has a job of ours at the server yet */
    happen(s, &w[1], 'e');
    scratch_exec(s, "UPDATE extract_window SET state = 'settled' "
                    "WHERE window_start < '2024-10-07'; "
                    "UPDATE extract_window SET state = 'provisional' "
                    "WHERE window_start > '2024-10-07'");
    assert_string_equal(listed(s, &days, START + 5 * DAY), "0 1 2 3"); /* by another setting */
    scratch_exec(s,
                 "INSERT INTO window_pass (window_id, pass, covered_to) SELECT window_id, 'job', "
                 "window_end FROM extract_window WHERE true ON CONFLICT DO UPDATE SET "
                 "covered_to = excluded.covered_to");
    assert_string_equal(listed(s, &days, START + 5 * DAY), "1 3");
    assert_string_equal(listed(s, &days, START + 3 * DAY), "1 3");
    assert_string_equal(listed(s, &days, START + 3 * DAY - 1), "1 2 3"); /* the lookback has it */
    happen(s, &w[1], 'd');
    assert_string_equal(listed(s, &days, START + 5 * DAY), "3");
}

TEST_IN_SCRATCH(a_settled_day_is_owed_once_more)
{
    const struct ledger l = ledger_of(s);
    size_t count;

    make(s, &days, START, START + DAY + 1);
    struct window *w = list(s, &days, TIME_NONE, &count);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        int64_t end_ms = w[i].span.end_ms;

        check(begin(s, &w[i], 0, end_ms, START), s);
        w[i].span.pass[0] = (struct pass_coverage){end_ms, end_ms + 9 * DAY};
        w[i].span.state = WINDOW_SETTLED;
        check(window_end(&l, &w[i], 0, &s->e), s);
    }
    scratch_exec(s, "CREATE TEMP TABLE window_owed AS SELECT 's' AS stream, "
                    "'2024-10-04T06:00:00.000Z' AS utc_from, '2024-10-05T00:00:00.000Z' AS utc_to");
    scratch_exec(s, sql_window_owe);
    w = list(s, &days, START + 9 * DAY, &count);
    assert_int_equal(count, 1);
    assert_int_equal(w->span.start_ms, START);
    assert_int_equal(w->span.state, WINDOW_PROVISIONAL);
    assert_int_equal(w->span.pass[0].covered_to_ms, START + DAY);
    assert_int_equal(w->span.pass[0].read_ms, START + DAY - MS_PER_SECOND);
    check_value(s, "SELECT count(*) FROM extract_window WHERE complete_to = window_end", "2");
}

TEST_IN_SCRATCH(what_is_not_known_is_left_alone_or_refused)
{
    static const char *const broken[] = {
        "UPDATE extract_window SET state = 'odd'",
        "UPDATE extract_window SET window_end = NULL",
        "UPDATE extract_window SET window_start = 'yesterday'",
    };
    const struct ledger l = ledger_of(s);
    struct window *windows = NULL;
    size_t count;

    make(s, &days, START, START + DAY);
    scratch_exec(s, "INSERT INTO window_pass (window_id, pass, covered_to) SELECT window_id, "
                    "'of another version', '2024-10-05T00:00:00.000Z' FROM extract_window");
    windows = list(s, &days, TIME_NONE, &count);
    assert_int_equal(count, 1);
    assert_int_equal(plan_covered(&windows->span), TIME_NONE);
    for (size_t i = 0; i < COUNT(broken); i++) {
        check(db_begin(s->db, &s->e), s);
        scratch_exec(s, broken[i]);
        struct windows found = {.arena = s->arena};
        assert_false(window_list(&l, &days, TIME_NONE, days.rules[0]->name, &found, &s->e));
        assert_int_equal(s->e.kind, ERR_STORE);
        assert_non_null(strstr(s->e.message, "extract_window"));
        db_rollback(s->db);
    }
}

/* --- times that have not come ---------------------------------------------------------------- */

TEST_IN_SCRATCH(coverage_from_a_time_ahead_is_none)
{
    /* Covered and read by the job, then by the query, in hours; what is left of it. */
    static const struct {
        int job[2];
        int query[2];
        const char *left; /* state and coverage of both */
    } cases[] = {
        {{24, 30}, {0, 0}, "settled 24 -"},
        {{24, 48}, {0, 0}, "settled 24 -"}, /* clocks of two hosts may differ by a minute */
        {{24, 49}, {0, 0}, "open - -"},     /* read under a TIME ahead */
        {{6, 30}, {24, 49}, "open 06 -"},
        {{24, 30}, {24, 49}, "open 24 -"}, /* what settled it is none */
        {{24, 49}, {24, 30}, "open - 24"},
        {{24, 49}, {24, 49}, "open - -"},
        {{72, 30}, {0, 0}, "settled 72 -"}, /* read ahead, at a time that has come */
    };
    const struct ledger l = ledger_of(s);

    for (size_t i = 0; i < COUNT(cases); i++) {
        const int *const read[] = {cases[i].job, cases[i].query};
        size_t count;

        scratch_exec(s, "DELETE FROM extract_window; DELETE FROM window_pass");
        make(s, &days, START, START + DAY + 1); /* the second day is not touched */
        struct window *w = list(s, &days, TIME_NONE, &count);
        for (size_t p = 0; p < 2 && read[p][0] > 0; p++) {
            check(begin(s, w, p, START, START), s);
            w->span.pass[p] =
                (struct pass_coverage){START + read[p][0] * HOUR, START + read[p][1] * HOUR};
            w->span.state = WINDOW_SETTLED;
            check(window_end(&l, w, p, &s->e), s);
        }
        check(window_distrust(&l, START + 48 * HOUR - MS_PER_MINUTE, &s->e), s);
        w = list(s, &days, START, &count);
        w += w->span.start_ms == START ? 0 : 1; /* what is read again comes last */
        assert_string_equal(arena_printf(s->arena, "%s %s %s",
                                         w->span.state == WINDOW_SETTLED ? "settled" : "open",
                                         hour(s, w->span.pass[0].covered_to_ms),
                                         hour(s, w->span.pass[1].covered_to_ms)),
                            cases[i].left);
        check_value(s,
                    "SELECT count(*) FROM extract_window AS w WHERE complete_to IS NOT "
                    "(SELECT max(covered_to) FROM window_pass AS p "
                    "WHERE p.window_id = w.window_id)",
                    "0");
    }
}
