#include "test.h"

#include "base/arena.h"
#include "base/clock.h"
#include "cmd/progress.h"
#include "run/progress.h"

/* --- what is told ---------------------------------------------------------------------------- */

struct heard {
    struct progress_facts last;
    int count;
};

static void hear(void *user, const struct progress_facts *facts)
{
    struct heard *h = user;

    h->last = *facts;
    h->count++;
}

static const struct request_plan by_ids = {.name = "ids", .page_size = 50};
static const struct request_plan by_pages = {.name = "query", .page_size = 100};
static const struct stream talks = {.name = "conversations"};
static const struct stream people = {.name = "users"};

static struct reading *reading(struct arena *a, const struct stream *s,
                               const struct request_plan *plan)
{
    struct reading *r = arena_alloc(a, sizeof(*r));

    r->stream = s;
    r->plan = plan;
    return r;
}

TEST(shares_and_counts)
{
    struct arena *a = arena_new(0);
    struct heard h = {.count = 0};
    struct progress p = {.watcher = {.tell = hear, .user = &h}};
    struct reading *two[] = {reading(a, &talks, &by_pages), reading(a, &talks, &by_pages)};

    progress_stream(&p, "conversations");
    assert_int_equal(h.count, 0);
    progress_phase(&p, two, 2);
    assert_int_equal(h.count, 1);
    assert_true(h.last.share < 0); /* nothing says how much there is */

    two[0]->pages = 1;
    two[0]->counts.rows_read = 100;
    two[0]->total_hits = 400;
    progress_page(&p, two, 2);
    assert_true(h.last.share > 0.12 && h.last.share < 0.13);
    two[1]->outcome = READING_FAILED;
    progress_page(&p, two, 2);
    assert_true(h.last.share > 0.62 && h.last.share < 0.63);
    assert_int_equal(h.last.windows_done, 1);
    /* The hint was too low. */
    two[0]->counts.rows_read = 500;
    progress_page(&p, two, 2);
    assert_true(h.last.share >= 1);

    /* The next phase counts on; ids say how much there is. */
    struct reading *one[] = {reading(a, &talks, &by_ids)};
    one[0]->id_count = 200;
    progress_phase(&p, one, 1);
    one[0]->pages = 1;
    one[0]->counts.rows_read = 49;
    progress_page(&p, one, 1);
    assert_int_equal(h.last.pages, 2);
    assert_int_equal(h.last.rows, 549);
    assert_int_equal(h.last.phase_rows, 49);
    assert_true(h.last.share > 0.24 && h.last.share < 0.26);
    progress_end(&p, "conversations", true);
    assert_true(h.last.ended && h.last.whole);
    arena_free(a);
}

TEST(a_dependency_counts_for_itself)
{
    struct arena *a = arena_new(0);
    struct heard h = {.count = 0};
    struct progress p = {.watcher = {.tell = hear, .user = &h}};
    struct reading *needed[] = {reading(a, &people, &by_pages)};

    progress_stream(&p, "conversations");
    progress_phase(&p, needed, 1);
    needed[0]->pages = 3;
    progress_page(&p, needed, 1);
    assert_string_equal(h.last.stream, "users");
    assert_int_equal(h.last.pages, 3);
    progress_end(&p, "conversations", false);
    assert_string_equal(h.last.stream, "conversations");
    assert_int_equal(h.last.pages, 0);
    arena_free(a);
}

TEST(nobody_watches)
{
    struct progress p = {.watcher = {.tell = NULL}};

    progress_stream(&p, "users");
    progress_phase(&p, NULL, 0);
    progress_page(&p, NULL, 0);
    progress_end(&p, "users", true);
    assert_true(p.facts.ended);
}

/* --- what is shown --------------------------------------------------------------------------- */

static const struct {
    struct progress_facts facts;
    int width;
    const char *text;
} lines[] = {
    {{.stream = "users", .share = -1}, 79, "users: 0 pages, 0 rows"},
    {{.stream = "users", .share = 0.5, .pages = 1, .rows = 1, .phase_rows = 1, .phase_ms = 999},
     79,
     "users: 1 page, 1 row"},
    {{.stream = "users", .share = -1, .pages = 2, .rows = 300, .phase_rows = 300, .phase_ms = 2000},
     79,
     "users: 2 pages, 300 rows, 150 rows/s"},
    {{.stream = "conversations",
      .windows = 30,
      .windows_done = 10,
      .share = 0.25,
      .pages = 40,
      .rows = 4000,
      .phase_rows = 3000,
      .phase_ms = 10000},
     79,
     "conversations: 10 of 30 days, 40 pages, 4000 rows, 300 rows/s, about 31 s left"},
    {{.stream = "c", .share = 0.5, .phase_ms = 600000},
     79,
     "c: 0 pages, 0 rows, 0 rows/s, about 10 min left"},
    {{.stream = "c", .share = 0.1, .phase_ms = 3600000},
     79,
     "c: 0 pages, 0 rows, 0 rows/s, about 9 h 0 min left"},
    {{.stream = "c", .share = 1, .phase_ms = 3600000}, 79, "c: 0 pages, 0 rows, 0 rows/s"},
    {{.stream = "users", .ended = true, .whole = true}, 79, "users: up to date"},
    {{.stream = "users", .ended = true}, 79, "users: not all done, 0 pages, 0 rows in 0 s"},
    {{.stream = "users",
      .ended = true,
      .whole = true,
      .pages = 3,
      .rows = 250,
      .stream_ms = 130000},
     79,
     "users: done, 3 pages, 250 rows in 2 min"},
    {{.stream = "users", .ended = true, .whole = true}, 8, "users: u"},
};

TEST(lines_read_well)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[256];

        progress_line_text(&lines[i].facts, lines[i].width, text, sizeof(text));
        assert_string_equal(text, lines[i].text);
    }
}
