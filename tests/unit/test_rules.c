#include "test.h"

#include <time.h>

#include "base/clock.h"
#include "doc.h"
#include "etl/load.h"
#include "scratch.h"

/* The load rules on tables of the tests' own, by random sequences of readings against what a naive
 * model says. A sequence is known by its seed, which is printed where it fails. */

/* 2026-03-01T00:00:00Z */
#define EPOCH INT64_C(1772323200000)

enum { SEQUENCES = 20, STEPS = 40, NAMES = 8, PAGE = 3, DAYS = 5, HOURS = 24 * DAYS };

/* clang-format off */
#define FIELD(n, p, t, f) {.name = (n), .path = (p), .type = COLUMN_##t, .flags = (f)}
#define FACT(n, s)        {.name = (n), .path = "", .type = COLUMN_TEXT, .source = SOURCE_##s, .flags = COLUMN_UNHASHED}
/* clang-format on */

static const char schema[] =
    "CREATE TABLE crew (crew_id TEXT PRIMARY KEY, name TEXT, row_hash BIGINT, "
    "row_changed_run_id INTEGER, deleted_at TEXT);"
    "CREATE TABLE stint (stint_key INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, place TEXT NOT "
    "NULL, note TEXT, day_start TEXT, unit TEXT, row_hash BIGINT, row_changed_run_id INTEGER, "
    "UNIQUE (agent_id, place));"
    "CREATE TABLE stint_part (stint_key INTEGER, part_no INTEGER, part TEXT, "
    "PRIMARY KEY (stint_key, part_no)) WITHOUT ROWID;"
    "CREATE TABLE spell (user_id TEXT NOT NULL, spell_start TEXT NOT NULL, spell_end TEXT, "
    "status TEXT, row_hash BIGINT, row_changed_run_id INTEGER, PRIMARY KEY (user_id, spell_start));"
    "CREATE TABLE stint_log (agent_id TEXT, place TEXT, field TEXT, old_value TEXT, "
    "new_value TEXT, seen_at TEXT, run_id INTEGER);"
    "CREATE TABLE shift (shift_id TEXT PRIMARY KEY, begins TEXT NOT NULL, unit TEXT, "
    "row_hash BIGINT, row_changed_run_id INTEGER);"
    "CREATE TABLE shift_part (shift_id TEXT, part_no INTEGER, part TEXT, "
    "PRIMARY KEY (shift_id, part_no)) WITHOUT ROWID;"
    "INSERT INTO crew (crew_id, deleted_at) VALUES ('old', 'long ago');";

static const struct column_map crew_columns[] = {FIELD("crew_id", "id", TEXT, COLUMN_REQUIRED),
                                                 FIELD("name", "name", TEXT, 0)};
static const struct table_map crew_table = {.table = "crew", COLUMNS(crew_columns)};
static const char *const crew_ids[] = {"crew_id"};
static const struct tree_map crew = {.root = &crew_table, IDS(crew_ids)};

static const struct column_map part_columns[] = {
    {.name = "part", .path = "", .type = COLUMN_TEXT, .source = SOURCE_ELEMENT}};
static const struct table_map part_table = {.table = "stint_part",
                                            .rows = "parts",
                                            .shape = ROWS_ARRAY,
                                            .ordinal = "part_no",
                                            COLUMNS(part_columns)};
static const struct table_map *const stint_children[] = {&part_table};
static const struct column_map stint_columns[] = {FIELD("agent_id", "agent", TEXT, COLUMN_REQUIRED),
                                                  FIELD("place", "place", TEXT, COLUMN_REQUIRED),
                                                  FIELD("note", "note", TEXT, 0),
                                                  FACT("day_start", START), FACT("unit", SCOPE)};
static const struct table_map stint_table = {
    .table = "stint", COLUMNS(stint_columns), CHILDREN(stint_children)};
static const char *const stint_ids[] = {"agent_id", "place"};
static const struct tree_map stint = {
    .root = &stint_table, .key = "stint_key", IDS(stint_ids), .changes = "stint_log"};

static const struct column_map spell_columns[] = {
    FIELD("user_id", "user", TEXT, COLUMN_REQUIRED),
    FIELD("spell_start", "from", TIME, COLUMN_REQUIRED), FIELD("spell_end", "to", TIME, 0),
    FIELD("status", "status", TEXT, 0)};
static const struct table_map spell_table = {.table = "spell", COLUMNS(spell_columns)};
static const char *const spell_ids[] = {"user_id", "spell_start"};
static const struct tree_map spell = {.root = &spell_table, IDS(spell_ids)};

static const struct table_map shift_part_table = {.table = "shift_part",
                                                  .rows = "parts",
                                                  .shape = ROWS_ARRAY,
                                                  .ordinal = "part_no",
                                                  COLUMNS(part_columns)};
static const struct table_map *const shift_children[] = {&shift_part_table};
static const struct column_map shift_columns[] = {FIELD("shift_id", "id", TEXT, COLUMN_REQUIRED),
                                                  FIELD("begins", "from", TIME, COLUMN_WITHIN),
                                                  FACT("unit", SCOPE)};
static const struct table_map shift_table = {
    .table = "shift", COLUMNS(shift_columns), CHILDREN(shift_children)};
static const char *const shift_ids[] = {"shift_id"};
static const struct tree_map shift = {.root = &shift_table, IDS(shift_ids)};

struct fixture {
    struct scratch *s;
    struct arena *arena;
    const struct tree_map *trees[2];
    enum load_rule rule;
    struct page_walker *walker;
    struct loader *loader;
    struct load_page page;
    struct load_counts counts;
    uint32_t random;
    uint32_t seed;
};

static unsigned draw(struct fixture *f, unsigned below)
{
    f->random = f->random * 1103515245U + 12345U;
    return (f->random >> 16) % below;
}

/* Kills the loader and its walker, and starts new ones. */
static void restart(struct fixture *f)
{
    load_free(f->loader);
    page_walker_free(f->walker);
    f->walker = page_walker_new(f->trees);
    f->loader = load_new(f->s->db, f->trees, f->rule, NULL, &f->s->e);
    check(f->loader != NULL, f->s);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    if (scratch_open(state) != 0) {
        return -1;
    }
    f->s = *state;
    f->arena = f->s->arena;
    scratch_exec(f->s, schema);
    f->page = (struct load_page){.window_id = 1,
                                 .facts = {.start_ms = TIME_NONE, .end_ms = TIME_NONE},
                                 .stream = "test",
                                 .plan = "list"};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    *state = f->s;
    load_free(f->loader);
    page_walker_free(f->walker);
    free(f);
    return scratch_close(state);
}

#define TEST_IN_FIXTURE(test) TEST_OF(struct fixture *f, set_up, tear_down, test)

static void use(struct fixture *f, const struct tree_map *tree, enum load_rule rule)
{
    f->trees[0] = tree;
    f->rule = rule;
    restart(f);
}

static void begin(struct fixture *f)
{
    check(load_begin(f->loader, f->page.window_id, &f->s->e), f->s);
}

/* Loads a page of entities with commas between them; now and then in vain before. The reading's end
 * comes with it or not. */
static void load(struct fixture *f, const char *entities, bool ends)
{
    struct json_doc *doc = doc_of(arena_printf(f->arena, "[%s]", entities));
    struct walked_page *rows = page_walk(f->walker, doc, json_root(doc), &f->page.facts, &f->s->e);

    check(rows != NULL, f->s);
    f->page.run_id++;
    f->page.received_ms = EPOCH + f->page.run_id;
    for (bool kept = draw(f, 3) > 0;; kept = true) {
        check(db_begin(f->s->db, &f->s->e) &&
                  load_page(f->loader, rows, &f->page, &f->counts, &f->s->e) &&
                  (!ends || load_end(f->loader, &f->page, &f->counts, &f->s->e)),
              f->s);
        if (kept) {
            break;
        }
        db_rollback(f->s->db);
    }
    check(db_finish(f->s->db, true, &f->s->e), f->s);
    walked_free(rows);
}

/* Loads a reading of `count` entities in pages. `upto` pages alone are loaded of one that is cut;
 * it goes on in `from`. */
static void read_pages(struct fixture *f, const char *const *entities, size_t count, size_t from,
                       size_t upto)
{
    size_t pages = count / PAGE + 1;

    for (size_t i = from; i < pages && i < upto; i++) {
        const char *text = "";

        for (size_t k = i * PAGE; k < count && k < (i + 1) * PAGE; k++) {
            text = arena_printf(f->arena, "%s%s%s", text, text[0] ? "," : "", entities[k]);
        }
        load(f, text, i + 1 == pages);
    }
}

/* Reads all entities, perhaps after a reading that is cut, and goes on or begins anew. */
static void read_all(struct fixture *f, const char *const *entities, size_t count)
{
    size_t from = 0;

    begin(f);
    while (draw(f, 3) == 0) {
        size_t upto = from + draw(f, 3);

        upto = upto > count / PAGE ? count / PAGE : upto;
        read_pages(f, entities, count, from, upto);
        restart(f);
        from = upto;
        if (draw(f, 2)) {
            begin(f);
            from = 0;
        }
    }
    read_pages(f, entities, count, from, SIZE_MAX);
}

/* Runs `sequence` by a number of seeds, the last of them fresh. */
static void by_seeds(struct fixture *f, void (*sequence)(struct fixture *))
{
    for (uint32_t i = 1; i <= SEQUENCES; i++) {
        f->seed = i < SEQUENCES ? i : (uint32_t)time(NULL);
        f->random = f->seed;
        scratch_exec(f->s, "DELETE FROM crew WHERE crew_id <> 'old'; DELETE FROM stint; "
                           "DELETE FROM stint_part; DELETE FROM spell; DELETE FROM "
                           "dimension_change; DELETE FROM shift; DELETE FROM shift_part");
        sequence(f);
        check_value(f->s, "SELECT count(*) FROM reading_seen", "0");
    }
}

static void check_rows(struct fixture *f, const char *sql, const char *expected)
{
    const char *rows = scratch_value(f->s, sql);

    fail_if(strcmp(rows, expected) != 0, "seed %u:\n%s\nnot\n%s", f->seed, rows, expected);
}

/* --- entities of a list that has deleted_at --- */

/* A team: what a list says of it, when it was first missing, and its changes, a line each. */
struct named {
    bool known;
    int name; /* 0: it is not there */
    int last_name;
    int64_t deleted;
    const char *log;
};

/* A reading has ended. */
static void note(struct fixture *f, int i, struct named *t)
{
    int64_t was = t->deleted;
    char iso[CLOCK_ISO_BYTES];

    t->deleted = t->name ? 0 : was ? was : f->page.received_ms;
    if (t->known && t->name && t->name != t->last_name) {
        t->log = arena_printf(f->arena, "%st%d name %d %d\n", t->log, i, t->last_name, t->name);
    }
    if (t->known && (was != 0) != (t->deleted != 0)) {
        clock_format(was ? was : t->deleted, iso);
        t->log = arena_printf(f->arena, "%st%d deleted_at %s %s\n", t->log, i, was ? iso : "-",
                              was ? "-" : iso);
    }
    t->known = t->known || t->name;
    t->last_name = t->name ? t->name : t->last_name;
}

static void list_sequence(struct fixture *f)
{
    struct named teams[NAMES];

    for (int i = 0; i < NAMES; i++) {
        teams[i] = (struct named){.log = ""};
    }
    use(f, &crew, LOAD_ENTITY);
    for (int step = 0; step < STEPS; step++) {
        const char *entities[NAMES];
        const char *expected = "";
        size_t count = 0;

        for (int changes = 0; changes < 2; changes++) {
            teams[draw(f, NAMES)].name = (int)draw(f, 3);
        }
        for (int i = 0; i < NAMES; i++) {
            if (teams[i].name) {
                entities[count++] =
                    arena_printf(f->arena, "{'id':'t%d','name':'%d'}", i, teams[i].name);
            }
        }
        read_all(f, entities, count);
        for (int i = 0; i < NAMES; i++) {
            char iso[CLOCK_ISO_BYTES] = "";

            note(f, i, &teams[i]);
            if (teams[i].deleted) {
                clock_format(teams[i].deleted, iso);
            }
            expected = teams[i].known ? arena_printf(f->arena, "%st%d %d%s ", expected, i,
                                                     teams[i].last_name, iso)
                                      : expected;
        }
        check_rows(
            f,
            "SELECT ifnull(group_concat(crew_id || ' ' || name || ifnull(deleted_at, '') || "
            "' ', ''), '') FROM (SELECT * FROM crew WHERE crew_id <> 'old' ORDER BY crew_id)",
            expected);
    }
    check_value(f->s, "SELECT deleted_at FROM crew WHERE crew_id = 'old'", "long ago");
    const char *all = "";
    for (int i = 0; i < NAMES; i++) {
        all = arena_printf(f->arena, "%s%s", all, teams[i].log);
    }
    check_rows(f,
               "SELECT group_concat(id || ' ' || field || ' ' || ifnull(old_value, '-') || ' ' || "
               "ifnull(new_value, '-') || char(10), '') FROM (SELECT * FROM dimension_change "
               "WHERE table_name = 'crew' ORDER BY id, rowid)",
               all);
}

TEST_IN_FIXTURE(test_lists_mark_what_is_gone)
{
    by_seeds(f, list_sequence);
}

/* What returns is a change, what stays is none. */
TEST_IN_FIXTURE(test_counts_of_a_list)
{
    static const char *const entities[] = {"{'id':'a'},{'id':'b'}", "{'id':'a'}", "{'id':'a'}",
                                           "{'id':'a'},{'id':'b'}"};
    static const int changed[] = {0, 1, 0, 1};

    f->random = 1;
    use(f, &crew, LOAD_ENTITY);
    for (size_t i = 0; i < COUNT_OF(entities); i++) {
        begin(f);
        load(f, entities[i], true);
        assert_int_equal(f->counts.rows_changed, changed[i]);
        assert_int_equal(f->counts.rows_new, i == 0 ? 2 : 0);
    }
}

/* --- rows that are replaced by window and scope --- */

enum { WINDOWS = 3, SCOPES = 2 };

/* The agents' notes, 0: none, and where they are. */
struct board {
    int note[WINDOWS][SCOPES][NAMES];
};

static const char *board_text(struct fixture *f, const struct board *b)
{
    const char *text = "";

    for (int w = 0; w < WINDOWS; w++) {
        for (int u = 0; u < SCOPES; u++) {
            for (int i = 0; i < NAMES; i++) {
                int note = b->note[w][u][i];

                text = note ? arena_printf(f->arena, "%s2026-03-0%d/u%d/a%d/%d/%d ", text, w + 1, u,
                                           i, note, note - 1)
                            : text;
            }
        }
    }
    return text;
}

static void check_board(struct fixture *f, const struct board *b)
{
    check_rows(f,
               "SELECT ifnull(group_concat(text, ''), '') FROM (SELECT substr(day_start, 1, 10) || "
               "'/' || unit || '/' || agent_id || '/' || note || '/' || "
               "(SELECT count(*) FROM stint_part AS p WHERE p.stint_key = s.stint_key) || ' ' AS "
               "text FROM stint AS s ORDER BY 1)",
               board_text(f, b));
    check_value(f->s,
                "SELECT count(*) FROM stint_part WHERE stint_key NOT IN "
                "(SELECT stint_key FROM stint)",
                "0");
}

static void window_sequence(struct fixture *f)
{
    struct board board = {0};

    use(f, &stint, LOAD_WINDOW);
    for (int step = 0; step < STEPS; step++) {
        unsigned w = draw(f, WINDOWS);
        unsigned u = draw(f, SCOPES);
        const char *entities[NAMES];
        size_t count = 0;

        for (int changes = 0; changes < 3; changes++) {
            board.note[w][u][draw(f, NAMES)] = (int)draw(f, 4);
        }
        for (int i = 0; i < NAMES; i++) {
            static const char *const parts[] = {"", "", "'x'", "'x','y'"};
            int note = board.note[w][u][i];

            if (note) {
                entities[count++] = arena_printf(
                    f->arena, "{'agent':'a%d','place':'%u %u','note':'%d','parts':[%s]}", i, w, u,
                    note, parts[note]);
            }
        }
        f->page.window_id = 1 + w * SCOPES + u;
        f->page.facts = (struct walk_facts){.start_ms = EPOCH + w * MS_PER_DAY,
                                            .end_ms = EPOCH + (w + 1) * MS_PER_DAY,
                                            .scope = u ? "u1" : "u0"};
        read_all(f, entities, count);
        check_board(f, &board);
    }
}

TEST_IN_FIXTURE(test_windows_are_replaced)
{
    by_seeds(f, window_sequence);
}

/* Once a window has been read whole, what moves in its rows leaves a row a field, the scope of the
 * window too; what comes or goes leaves none. */
TEST_IN_FIXTURE(test_changes_of_rows_of_a_window)
{
    static const char log[] =
        "SELECT ifnull(group_concat(agent_id || ' ' || place || ' ' || field || ' ' || "
        "ifnull(old_value, '-') || ' ' || ifnull(new_value, '-') || ' ' || run_id, ','), '') FROM "
        "(SELECT * FROM stint_log ORDER BY rowid)";

    f->random = 1;
    use(f, &stint, LOAD_WINDOW);
    f->page.facts = (struct walk_facts){.start_ms = EPOCH, .scope = "u1"};
    load(f, "{'agent':'a','place':'p','note':'1'}", false);
    load(f, "{'agent':'a','place':'p','note':'2'},{'agent':'b','place':'p'}", true);
    check_value(f->s, log, "");
    scratch_exec(f->s,
                 "INSERT INTO window_pass (window_id, pass, read_at) VALUES (1, 'p', 'then')");
    load(f, "{'agent':'a','place':'p','note':'2'},{'agent':'c','place':'p','note':'1'}", true);
    check_value(f->s, log, "");
    load(f, "{'agent':'a','place':'p'},{'agent':'c','place':'p','note':'3'}", true);
    check_value(f->s, log, "a p note 2 - 4,c p note 1 3 4");
    f->page.window_id = 2;
    f->page.facts.scope = "u2";
    load(f, "{'agent':'a','place':'p'}", true);
    f->page.window_id = 1;
    f->page.facts.scope = "u1";
    load(f, "{'agent':'a','place':'p','parts':['x']}", true);
    check_value(f->s, log, "a p note 2 - 4,c p note 1 3 4,a p unit u2 u1 6");
}

/* Shifts that begin at an hour of a window and are one unit's; parts: 0: it is not there. */
struct shift {
    unsigned hour;
    unsigned unit;
    unsigned parts;
};

static void check_shifts(struct fixture *f, const struct shift *stored)
{
    const char *text = "";

    for (int i = 0; i < NAMES; i++) {
        const struct shift *s = &stored[i];
        text = s->parts
                   ? arena_printf(f->arena, "%ss%d/%u/u%u/%u ", text, i, s->hour, s->unit, s->parts)
                   : text;
    }
    check_rows(f,
               "SELECT ifnull(group_concat(text, ''), '') FROM (SELECT shift_id || '/' || "
               "cast(round((julianday(begins) - julianday('2026-03-01')) * 24) AS INTEGER) || '/' "
               "|| unit || '/' || (SELECT count(*) FROM shift_part AS p WHERE p.shift_id = "
               "s.shift_id) || ' ' AS text FROM shift AS s ORDER BY 1)",
               text);
    check_value(
        f->s, "SELECT count(*) FROM shift_part WHERE shift_id NOT IN (SELECT shift_id FROM shift)",
        "0");
}

/* Answers hold whatever a unit has, those that begin before or after the window too; shifts move in
 * time and between units. A reading takes and removes what begins within its window. */
static void shift_sequence(struct fixture *f)
{
    struct shift now[NAMES] = {{0}};
    struct shift stored[NAMES] = {{0}};

    use(f, &shift, LOAD_WINDOW);
    for (int step = 0; step < STEPS; step++) {
        unsigned w = draw(f, WINDOWS);
        unsigned u = draw(f, SCOPES);
        const char *entities[NAMES];
        size_t count = 0;

        for (int changes = 0; changes < 3; changes++) {
            now[draw(f, NAMES)] =
                (struct shift){draw(f, 24 * WINDOWS), draw(f, SCOPES), draw(f, 4)};
        }
        for (int i = 0; i < NAMES; i++) {
            static const char *const parts[] = {"", "'x'", "'x','y'", "'x','y','z'"};
            bool is_read = now[i].parts && now[i].unit == u;

            if (is_read) {
                entities[count++] = arena_printf(
                    f->arena, "{'id':'s%d','from':'2026-03-0%uT%02u:00:00Z','parts':[%s]}", i,
                    now[i].hour / 24 + 1, now[i].hour % 24, parts[now[i].parts]);
            }
            if (is_read && now[i].hour / 24 == w) {
                stored[i] = now[i];
            } else if (stored[i].unit == u && stored[i].hour / 24 == w) {
                stored[i].parts = 0;
            }
        }
        f->page.window_id = 1 + w * SCOPES + u;
        f->page.facts = (struct walk_facts){.start_ms = EPOCH + w * MS_PER_DAY,
                                            .end_ms = EPOCH + (w + 1) * MS_PER_DAY,
                                            .scope = u ? "u1" : "u0"};
        read_all(f, entities, count);
        check_shifts(f, stored);
    }
}

TEST_IN_FIXTURE(test_rows_are_of_the_window_in_which_they_begin)
{
    by_seeds(f, shift_sequence);
    /* One that says no instant is none's. */
    load(f, "{'id':'odd'},{'id':'null','from':null,'parts':['x']},{'id':'text','from':'soon'}",
         false);
    check_value(f->s, "SELECT count(*) FROM shift WHERE shift_id NOT LIKE 's%'", "0");
    check_value(f->s,
                "SELECT group_concat(path || ' ' || kind || ' ' || count, ', ') FROM "
                "(SELECT * FROM data_problem ORDER BY kind)",
                "from bad time 1, from no instant: left out 3");
}

/* --- intervals --- */

enum { USERS = 3, SPELLS_MAX = 40 };

struct truth {
    int user;
    int from; /* hours */
    int to;
    int status;
};

/* Users' spells up to HOURS, with gaps; no two that touch are of one status. */
static size_t make_truth(struct fixture *f, struct truth *spells)
{
    size_t count = 0;

    for (int user = 0; user < USERS; user++) {
        int status = 0;

        for (int at = (int)draw(f, 20); at < HOURS && count < SPELLS_MAX;) {
            int to = at + 1 + (int)draw(f, 40);
            int gap = draw(f, 3) ? 0 : 1 + (int)draw(f, 12);

            to = to > HOURS ? HOURS : to;
            spells[count++] = (struct truth){user, at, to, status};
            status = (status + (gap ? 0 : 1) + (int)draw(f, 2)) % 3;
            at = to + gap;
        }
    }
    return count;
}

static const char *hour(struct fixture *f, int at)
{
    char *iso = arena_alloc(f->arena, CLOCK_ISO_BYTES);

    clock_format(EPOCH + at * MS_PER_HOUR, iso);
    return iso;
}

/* How a day is read: what crosses midnight is cut there, or is whole; or whole, and days begin half
 * an hour late, so that nothing begins or ends with them. */
enum days { DAYS_CUT, DAYS_WHOLE, DAYS_LATE };

/* Reads a day as it is at `now`: what has not ended is open. */
static void read_day(struct fixture *f, const struct truth *spells, size_t count, int day, int now,
                     enum days days)
{
    int from = day * 24;
    int to = from + 24;
    bool cuts = days == DAYS_CUT;
    int64_t late_ms = days == DAYS_LATE ? MS_PER_HOUR / 2 : 0;
    int64_t now_ms = EPOCH + now * MS_PER_HOUR;
    const char *entities[SPELLS_MAX];
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        const struct truth *s = &spells[i];
        int end = cuts && s->to > to && now >= to ? to : s->to;

        if (s->from < to + (late_ms > 0) && s->to > from && s->from < now) {
            const char *ends = end <= now ? arena_printf(f->arena, "'%s'", hour(f, end)) : "null";

            entities[found++] =
                arena_printf(f->arena, "{'user':'u%d','from':'%s','to':%s,'status':'%d'}", s->user,
                             hour(f, cuts && s->from < from ? from : s->from), ends, s->status);
        }
    }
    for (size_t i = found; i > 1; i--) { /* in any order */
        size_t k = draw(f, (unsigned)i);
        const char *other = entities[k];

        entities[k] = entities[i - 1];
        entities[i - 1] = other;
    }
    f->page.window_id = day;
    f->page.facts.start_ms = EPOCH + from * MS_PER_HOUR + late_ms;
    f->page.facts.end_ms = EPOCH + to * MS_PER_HOUR + late_ms;
    f->page.until_ms = now_ms < f->page.facts.end_ms ? now_ms : f->page.facts.end_ms;
    read_all(f, entities, found);
}

/* Days in any order. */
static void shuffle_days(struct fixture *f, int order[DAYS])
{
    for (int i = 0; i < DAYS; i++) {
        int k = (int)draw(f, (unsigned)i + 1);

        order[i] = order[k];
        order[k] = i;
    }
}

/* The rows that begin `from` hours after the first day, and those that are true at `now`. */
static void check_spells(struct fixture *f, const struct truth *spells, size_t count, int from,
                         int now)
{
    const char *expected = "";

    for (size_t i = 0; i < count; i++) {
        if (spells[i].from >= from && spells[i].from < now) {
            expected = arena_printf(
                f->arena, "%su%d %s %s %d\n", expected, spells[i].user, hour(f, spells[i].from),
                spells[i].to <= now ? hour(f, spells[i].to) : "-", spells[i].status);
        }
    }
    check_rows(f,
               arena_printf(f->arena,
                            "SELECT ifnull(group_concat(user_id || ' ' || spell_start || ' ' || "
                            "ifnull(spell_end, '-') || ' ' || status || char(10), ''), '') FROM "
                            "(SELECT * FROM spell WHERE spell_start >= '%s' "
                            "ORDER BY user_id, spell_start)",
                            hour(f, from)),
               expected);
}

static void interval_sequence(struct fixture *f)
{
    struct truth spells[SPELLS_MAX];
    size_t count = make_truth(f, spells);
    enum days days = draw(f, 2) ? DAYS_CUT : DAYS_WHOLE;
    int order[DAYS];

    use(f, &spell, LOAD_INTERVALS);
    for (int now = 1; now < HOURS; now += (int)draw(f, 16)) {
        read_day(f, spells, count, (int)draw(f, (unsigned)now / 24 + 1), now, days);
    }
    shuffle_days(f, order);
    for (int i = 0; i < DAYS; i++) {
        read_day(f, spells, count, order[i], HOURS, days);
    }
    check_spells(f, spells, count, 0, HOURS);
    /* once more: nothing is written */
    const char *written =
        scratch_value(f->s, "SELECT count(*) || max(row_changed_run_id) FROM spell");
    read_day(f, spells, count, (int)draw(f, DAYS), HOURS, days);
    check_rows(f, "SELECT count(*) || max(row_changed_run_id) FROM spell", written);
}

TEST_IN_FIXTURE(test_intervals_span_days)
{
    by_seeds(f, interval_sequence);
}

/* What was told is put right: a start moves, or an end, or a spell has never been. */
static void put_right(struct fixture *f, struct truth *spells, size_t *count)
{
    size_t i = *count > 0 ? draw(f, (unsigned)*count) : 0;
    struct truth *s = &spells[i];
    bool follows = i > 0 && s[-1].user == s->user;
    bool precedes = i + 1 < *count && s[1].user == s->user;
    int after = follows ? s[-1].to : 0;
    int before = precedes ? s[1].from : HOURS;

    if (*count == 0) {
        return;
    }
    switch (draw(f, 3)) {
    case 0:
        s->from = after + (int)draw(f, (unsigned)(s->to - after));
        break;
    case 1:
        s->to = s->from + 1 + (int)draw(f, (unsigned)(before - s->from));
        break;
    default:
        memmove(s, s + 1, (--*count - i) * sizeof(*s));
        break;
    }
}

/* Whatever was told before, and in whichever order days are read at last: the rows that begin in
 * them are what is true then. */
static void correction_sequence(struct fixture *f)
{
    struct truth spells[SPELLS_MAX];
    size_t count = make_truth(f, spells);
    int last = HOURS - (int)draw(f, 20);
    int order[DAYS];

    use(f, &spell, LOAD_INTERVALS);
    for (int now = 1; now < last; now += (int)draw(f, 16)) {
        if (draw(f, 3) == 0) {
            put_right(f, spells, &count);
        }
        read_day(f, spells, count, (int)draw(f, (unsigned)(now - 1) / 24 + 1), now, DAYS_LATE);
    }
    shuffle_days(f, order);
    for (int i = 0; i < DAYS; i++) {
        read_day(f, spells, count, order[i], last, DAYS_LATE);
    }
    check_spells(f, spells, count, 1, last);
}

TEST_IN_FIXTURE(test_intervals_are_put_right)
{
    by_seeds(f, correction_sequence);
}

/* An end that is put right to midnight, where another spell begins, is one. */
TEST_IN_FIXTURE(test_an_end_at_midnight)
{
    struct truth spells[] = {{0, 22, 25, 0}, {0, 25, 30, 1}};

    f->random = 1;
    use(f, &spell, LOAD_INTERVALS);
    for (int i = 0; i < 4; i++) { /* the days in either order */
        spells[0].to = spells[1].from = i % 2 ? 24 : 25;
        for (int k = 0; k < 2; k++) {
            read_day(f, spells, 2, i < 2 ? k : 1 - k, HOURS, DAYS_WHOLE);
        }
        check_spells(f, spells, 2, 0, HOURS);
    }
}
