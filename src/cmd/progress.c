#include "cmd/progress.h"

#include <unistd.h>

#include "base/limits.h"
#include "out/render.h"

enum {
    BETWEEN_MS = 200,   /* between two changes */
    SETTLING_MS = 1000, /* before this a rate says nothing */
    LINE_BYTES = 512,
    BAR_LEAST = 5,
    BAR_MOST = 40,
    PERCENT = 100,
    UP_MS = 999, /* what is left is rounded up to seconds */
    SECONDS_A_MINUTE = 60,
    TWO_MINUTES = 120, /* seconds */
    TWO_HOURS = 7200,
};

#define BAR_DONE "########################################" /* BAR_MOST of them */
#define BAR_LEFT "----------------------------------------"

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

static void add_counts(struct buf *b, int64_t pages, int64_t rows)
{
    (void)buf_add_printf(b, "%lld %s, %lld %s", (long long)pages, pages == 1 ? "page" : "pages",
                         (long long)rows, rows == 1 ? "row" : "rows");
}

/* How fast so many rows came within that time, and how long it takes from a share (0: not known) to
 * all. */
static void add_pace(struct buf *b, int64_t rows, int64_t ms, double share)
{
    if (ms < SETTLING_MS) {
        return;
    }
    (void)buf_add_printf(b, ", %lld rows/s", (long long)(rows * 1000 / ms));
    if (share > 0 && share < 1) {
        (void)buf_add_str(b, ", about ");
        add_duration(b, (int64_t)((double)ms * (1 - share) / share / 1000) + 1);
        (void)buf_add_str(b, " left");
    }
}

/* The text of a line, cut to `width` columns, of which the last stays free: some terminals begin a
 * new line when it is written. */
static const char *cut(struct buf *b, int width)
{
    size_t most = width > 2 ? (size_t)width - 1 : 1;

    buf_cut(b, b->length < most ? b->length : most);
    return buf_str(b);
}

const char *progress_line_text(const struct progress *p, int64_t now_ms, int width, struct buf *b)
{
    (void)buf_add_printf(b, "%s: ", p->stream);
    if (!p->ended) {
        if (p->windows > 1) {
            (void)buf_add_printf(b, "%zu of %zu days, ", p->windows_done, p->windows);
        }
        add_counts(b, p->pages, p->rows);
        add_pace(b, p->rows - p->phase_began_rows, now_ms - p->phase_began_ms, p->share);
    } else if (p->whole && p->pages == 0) {
        (void)buf_add_str(b, "up to date");
    } else {
        (void)buf_add_str(b, p->whole ? "done, " : "not all done, ");
        add_counts(b, p->pages, p->rows);
        (void)buf_add_str(b, " in ");
        add_duration(b, (now_ms - p->began_ms) / 1000);
    }
    return cut(b, width);
}

/* Puts a text, its first word in bold, on the status line; or, when it stays, on a line. */
static void put(const char *text, bool stays)
{
    char shown[LINE_BYTES + 16];
    size_t name = strcspn(text, ":");
    bool has_colour = render_has_colours(stderr);

    (void)snprintf(shown, sizeof(shown), "%s%.*s%s%s", has_colour ? "\033[1m" : "", (int)name, text,
                   has_colour ? "\033[0m" : "", text + name);
    if (stays) {
        log_status(NULL);
        (void)fprintf(stderr, "%s\n", shown);
    } else {
        log_status(shown);
    }
}

/* All streams as one bar. */
static const char *bar_text(const struct progress_line *bar, int64_t now_ms, int width,
                            struct buf *b)
{
    struct progress all = {0};
    BUF_SCOPED struct buf counts = buf_of(LINE_BYTES);

    for (size_t i = 0; i < bar->count; i++) {
        all.pages += bar->parts[i].pages;
        all.rows += bar->parts[i].rows;
        all.share += bar->parts[i].share / (double)bar->count;
    }
    (void)buf_add_printf(&counts, " %d %%: ", (int)(all.share * PERCENT));
    add_counts(&counts, all.pages, all.rows);
    add_pace(&counts, all.rows, now_ms - bar->began_ms, all.share);
    int room = width - (int)counts.length - (int)sizeof("backfill: []");
    room = room > BAR_MOST ? BAR_MOST : room;
    int done = (int)(all.share * room);
    (void)buf_add_str(b, "backfill:");
    if (bar->draws && room >= BAR_LEAST) {
        (void)buf_add_printf(b, " [%.*s%.*s]", done, BAR_DONE, room - done, BAR_LEFT);
    }
    (void)buf_add_str(b, buf_str(&counts));
    return cut(b, width);
}

/* The part of a stream is kept, and all of them shown; each stream leaves a line at its end. */
static void show(void *user, const struct progress *p)
{
    struct progress_line *line = user;
    int64_t now_ms = clock_monotonic_ms();
    int64_t between_ms = line->draws ? BETWEEN_MS : limit_get(LIMIT_TELL_MS);
    int width = line->draws ? render_terminal_width(stderr) : LINE_BYTES;
    BUF_SCOPED struct buf b = buf_of(LINE_BYTES);

    for (size_t i = 0; i < line->count; i++) {
        double share = line->parts[i].share;

        if (str_eq(line->streams[i]->name, p->stream)) {
            line->parts[i] = *p;
            share = p->share > share ? p->share : share;
            line->parts[i].share = p->ended ? 1 : share;
        }
    }
    if (!p->ended && line->shown_ms != 0 && now_ms - line->shown_ms < between_ms) {
        return;
    }
    line->shown_ms = now_ms;
    put(p->ended || line->count == 0 ? progress_line_text(p, now_ms, width, &b)
                                     : bar_text(line, now_ms, width, &b),
        p->ended || !line->draws);
}

/* What is waited for stands last: a narrow terminal cuts it. */
static void add_wait(struct buf *b, const struct client_wait *w)
{
    bool is_answer = w->kind == WAIT_ANSWER;

    if (w->kind == WAIT_RETRY || w->kind == WAIT_POLL) {
        (void)buf_add_printf(b, "%s %d in ", w->kind == WAIT_POLL ? "poll" : "try", w->number);
    } else {
        (void)buf_add_str(b, is_answer ? "no answer for " : "next request in ");
    }
    add_duration(b, (w->ms + (is_answer ? 0 : UP_MS)) / 1000);
    if (is_answer) {
        (void)buf_add_printf(b, " (try %d", w->number);
    } else {
        (void)buf_add_printf(b, " (%s",
                             w->kind == WAIT_RETRY  ? w->why
                             : w->kind == WAIT_POLL ? "the job is not done"
                                                    : "the rate limit is used up");
    }
    if (w->left_ms > 0) {
        (void)buf_add_str(b, "; given up in ");
        add_duration(b, (w->left_ms + UP_MS) / 1000);
    }
    (void)buf_add_printf(b, "): %s", w->what);
}

static void show_wait(const struct client_wait *wait)
{
    BUF_SCOPED struct buf b = buf_of(LINE_BYTES);

    if (wait) {
        add_wait(&b, wait);
    }
    log_status(wait ? cut(&b, render_terminal_width(stderr)) : NULL);
}

static bool can_draw(bool quiet)
{
    return !quiet && isatty(STDERR_FILENO) && !str_eq(getenv("TERM"), "dumb");
}

client_watcher *progress_waits(bool quiet)
{
    return can_draw(quiet) ? show_wait : NULL;
}

struct progress_watcher progress_watch(struct progress_line *line,
                                       const struct stream *const *streams, size_t count,
                                       bool quiet)
{
    *line = (struct progress_line){.draws = can_draw(quiet),
                                   .streams = streams,
                                   .count = count,
                                   .began_ms = clock_monotonic_ms()};
    line->shown_ms = line->draws ? 0 : line->began_ms;
    bool tells = !quiet && (line->draws || count > 0);
    return (struct progress_watcher){.tell = tells ? show : NULL, .user = line};
}
