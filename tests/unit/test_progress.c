#include "test.h"

#include "cmd/progress.h"

/* --- what is told ---------------------------------------------------------------------------- */

struct heard {
    struct progress last;
    int count;
};

static void hear(void *user, const struct progress *p)
{
    struct heard *h = user;

    h->last = *p;
    h->count++;
}

TEST(shares_and_counts)
{
    struct heard h = {.count = 0};
    struct progress p = {.stream = "conversations"};
    struct progress_watcher w = {.tell = hear, .user = &h};

    progress_phase(&p, 2);
    assert_int_equal(h.count, 0);
    progress_tell(&p, &w);
    assert_int_equal(h.count, 1);
    assert_string_equal(h.last.stream, "conversations");
    assert_true(h.last.share <= 0); /* nothing says how much there is */

    p.windows_done = 1;
    p.begun = 0.25;
    p.rows = 500;
    progress_tell(&p, &w);
    assert_float_equal(h.last.share, 0.625, 0.001);

    progress_phase(&p, 4); /* counts on */
    p.begun = 1;
    progress_tell(&p, &w);
    assert_int_equal(h.last.phase_began_rows, 500);
    assert_int_equal(h.last.windows_done, 0);
    assert_float_equal(h.last.share, 0.25, 0.001);
}

/* --- what is shown --------------------------------------------------------------------------- */

#define NOW INT64_C(1000000000)

/* A line's state; share 0: not known. */
/* Versions of clang-format lay these out differently. */
/* clang-format off */
#define STATE(name, ...) {.stream = (name), __VA_ARGS__}
/* clang-format on */

static const struct {
    struct progress state;
    const char *text;
} lines[] = {
    {STATE("users", .phase_began_ms = NOW), "users: 0 pages, 0 rows"},
    {STATE("users", .share = 0.5, .pages = 1, .rows = 1, .phase_began_ms = NOW - 999),
     "users: 1 page, 1 row"},
    {STATE("users", .pages = 2, .rows = 300, .phase_began_ms = NOW - 2000),
     "users: 2 pages, 300 rows, 150 rows/s"},
    {STATE("talks", .windows = 30, .windows_done = 10, .share = 0.25, .pages = 40, .rows = 4000,
           .phase_began_rows = 1000, .phase_began_ms = NOW - 10000),
     "talks: 10 of 30 days, 40 pages, 4000 rows, 300 rows/s, about 31 s left"},
    {STATE("c", .share = 0.5, .phase_began_ms = NOW - 600000),
     "c: 0 pages, 0 rows, 0 rows/s, about 10 min left"},
    {STATE("c", .share = 0.1, .phase_began_ms = NOW - 3600000),
     "c: 0 pages, 0 rows, 0 rows/s, about 9 h 0 min left"},
    {STATE("c", .share = 1, .phase_began_ms = NOW - 3600000), "c: 0 pages, 0 rows, 0 rows/s"},
    {STATE("users", .ended = true, .whole = true), "users: up to date"},
    {STATE("users", .ended = true, .began_ms = NOW - 1),
     "users: not all done, 0 pages, 0 rows in 0 s"},
    {STATE("users", .ended = true, .whole = true, .pages = 3, .rows = 250,
           .began_ms = NOW - 130000),
     "users: done, 3 pages, 250 rows in 2 min"},
};

TEST(lines_read_well)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        BUF_SCOPED struct buf b = buf_of(256);
        assert_string_equal(progress_line_text(&lines[i].state, NOW, 80, &b), lines[i].text);
    }
    BUF_SCOPED struct buf b = buf_of(256);
    assert_string_equal(progress_line_text(&lines[0].state, NOW, 9, &b), "users: 0");
}
