#include "cmd/progress.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "out/render.h"

enum {
    BETWEEN_MS = 200,   /* between two changes */
    SETTLING_MS = 1000, /* before this a rate says nothing */
    LINE_BYTES = 512,
    UP_MS = 999, /* what is left is rounded up to seconds */
    SECONDS_A_MINUTE = 60,
    TWO_MINUTES = 120, /* seconds */
    TWO_HOURS = 7200,
};

/* "42 s", "7 min", "3 h 20 min". */
static void add_duration(struct buf *b, int64_t seconds)
{
    long long minutes = (seconds + SECONDS_A_MINUTE / 2) / SECONDS_A_MINUTE;

    if (seconds < TWO_MINUTES) {
        (void)buf_add_printf(b, "%lld s", (long long)seconds);
    } else if (seconds < TWO_HOURS) {
        (void)buf_add_printf(b, "%lld min", minutes);
    } else {
        (void)buf_add_printf(b, "%lld h %lld min", minutes / SECONDS_A_MINUTE,
                             minutes % SECONDS_A_MINUTE);
    }
}

static void add_counts(struct buf *b, const struct progress *p)
{
    (void)buf_add_printf(b, "%lld %s, %lld %s", (long long)p->pages,
                         p->pages == 1 ? "page" : "pages", (long long)p->rows,
                         p->rows == 1 ? "row" : "rows");
}

static void add_under_way(struct buf *b, const struct progress *p, int64_t now_ms)
{
    int64_t phase_ms = now_ms - p->phase_began_ms;

    if (p->windows > 1) {
        (void)buf_add_printf(b, "%zu of %zu days, ", p->windows_done, p->windows);
    }
    add_counts(b, p);
    if (phase_ms < SETTLING_MS) {
        return;
    }
    (void)buf_add_printf(b, ", %lld rows/s",
                         (long long)((p->rows - p->phase_began_rows) * 1000 / phase_ms));
    if (p->share > 0 && p->share < 1) {
        double left_ms = (double)phase_ms * (1 - p->share) / p->share;
        (void)buf_add_str(b, ", about ");
        add_duration(b, (int64_t)(left_ms / 1000) + 1);
        (void)buf_add_str(b, " left");
    }
}

void progress_line_text(const struct progress *p, int64_t now_ms, int width, char *out, size_t size)
{
    BUF_SCOPED struct buf b = buf_of(LINE_BYTES);

    (void)buf_add_printf(&b, "%s: ", p->stream);
    if (!p->ended) {
        add_under_way(&b, p, now_ms);
    } else if (p->whole && p->pages == 0) {
        (void)buf_add_str(&b, "up to date");
    } else {
        (void)buf_add_str(&b, p->whole ? "done, " : "not all done, ");
        add_counts(&b, p);
        (void)buf_add_str(&b, " in ");
        add_duration(&b, (now_ms - p->began_ms) / 1000);
    }
    (void)snprintf(out, size, "%.*s", width, buf_str(&b));
}

static void show(void *user, const struct progress *p)
{
    struct progress_line *line = user;
    int64_t now_ms = clock_monotonic_ms();
    char text[LINE_BYTES];
    char shown[LINE_BYTES + 16];

    if (!p->ended && line->shown_ms != 0 && now_ms - line->shown_ms < BETWEEN_MS) {
        return;
    }
    line->shown_ms = now_ms;
    int width = render_terminal_width(stderr);
    /* The last column stays free: some terminals begin a new line when it is written. */
    progress_line_text(p, now_ms, width > 2 ? width - 1 : 1, text, sizeof(text));
    /* The stream's name stands out. */
    size_t name = strcspn(text, ":");
    bool has_colour = render_has_colours(stderr);
    (void)snprintf(shown, sizeof(shown), "%s%.*s%s%s", has_colour ? "\033[1m" : "", (int)name, text,
                   has_colour ? "\033[0m" : "", text + name);
    if (p->ended) {
        log_status(NULL);
        (void)fprintf(stderr, "%s\n", shown);
    } else {
        log_status(shown);
    }
}

/* What is waited for stands last: a narrow terminal cuts it. */
static void wait_text(const struct client_wait *w, int width, char *out, size_t size)
{
    bool is_answer = w->kind == WAIT_ANSWER;
    BUF_SCOPED struct buf b = buf_of(LINE_BYTES);

    if (w->kind == WAIT_RETRY || w->kind == WAIT_POLL) {
        (void)buf_add_printf(&b, "%s %d in ", w->kind == WAIT_POLL ? "poll" : "try", w->number);
    } else {
        (void)buf_add_str(&b, is_answer ? "no answer for " : "next request in ");
    }
    add_duration(&b, (w->ms + (is_answer ? 0 : UP_MS)) / 1000);
    if (is_answer) {
        (void)buf_add_printf(&b, " (try %d", w->number);
    } else {
        (void)buf_add_printf(&b, " (%s",
                             w->kind == WAIT_RETRY  ? w->why
                             : w->kind == WAIT_POLL ? "the job is not done"
                                                    : "the rate limit is used up");
    }
    if (w->left_ms > 0) {
        (void)buf_add_str(&b, "; given up in ");
        add_duration(&b, (w->left_ms + UP_MS) / 1000);
    }
    (void)buf_add_printf(&b, "): %s", w->what);
    (void)snprintf(out, size, "%.*s", width, buf_str(&b));
}

static void show_wait(void *user, const struct client_wait *wait)
{
    int width = render_terminal_width(stderr);
    char text[LINE_BYTES];

    (void)user;
    if (wait) {
        wait_text(wait, width > 2 ? width - 1 : 1, text, sizeof(text));
    }
    log_status(wait ? text : NULL);
}

static bool can_draw(bool quiet)
{
    return !quiet && isatty(STDERR_FILENO) && !str_eq(getenv("TERM"), "dumb");
}

struct client_watcher progress_waits(bool quiet)
{
    return (struct client_watcher){.tell = can_draw(quiet) ? show_wait : NULL};
}

struct progress_watcher progress_line_watcher(struct progress_line *line, bool quiet)
{
    *line = (struct progress_line){0};
    return (struct progress_watcher){.tell = can_draw(quiet) ? show : NULL, .user = line};
}
