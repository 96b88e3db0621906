#include "etl/plan.h"

#include "base/clock.h"

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A job's answer finishes a window under any method, a query's only where no job ever follows. */
static bool is_finished(const struct window *w, enum conversations_method method)
{
    if (w->job_complete_to_ms >= w->end_ms) {
        return true;
    }
    return method == METHOD_QUERY && w->query_complete_to_ms >= w->end_ms;
}

/* The end of the time in which the vendor still changes the window's data. */
static int64_t lookback_end_ms(const struct window *w, const struct plan_facts *f)
{
    return w->end_ms + f->lookback_days * MS_PER_DAY;
}

/* When a reading counts as having taken place: the run's TIME, but where the vendor says how far
 * its data goes, at most a day after that. A TIME in the future thus ends no lookback. */
static int64_t reading_time_ms(const struct plan_facts *f)
{
    if (f->method == METHOD_QUERY || f->availability_ms == TIME_NONE) {
        return f->until_ms;
    }
    return earlier(f->until_ms, f->availability_ms + MS_PER_DAY);
}

/* Whether a finished window is to be read again. A settled one is only when a longer lookback has
 * taken it in again. The last re-reading falls after the lookback, since no earlier one settles. */
static bool is_reread_due(const struct window *w, const struct plan_facts *f)
{
    int64_t now_ms = reading_time_ms(f);

    if (!is_finished(w, f->method) || w->last_read_at_ms == TIME_NONE) {
        return false;
    }
    if (w->state == WINDOW_SETTLED && f->until_ms >= lookback_end_ms(w, f)) {
        return false;
    }
    return now_ms >= w->end_ms && now_ms > w->last_read_at_ms &&
           now_ms - w->last_read_at_ms >= f->reread_hours * MS_PER_HOUR;
}

bool plan_needs_availability(const struct window *w, const struct plan_facts *f)
{
    if (f->method == METHOD_QUERY || w->start_ms >= f->until_ms) {
        return false;
    }
    return w->job_complete_to_ms < earlier(w->end_ms, f->until_ms) || is_reread_due(w, f);
}

struct window_debt plan_debt(const struct window *w, const struct plan_facts *f)
{
    int64_t read_to = earlier(w->end_ms, f->until_ms);
    int64_t job_to = earlier(read_to, f->availability_ms);
    bool uncovered = later(w->job_complete_to_ms, w->query_complete_to_ms) < read_to;
    bool job = false;
    bool query = false;

    if (f->method == METHOD_QUERY) {
        query = read_to > w->start_ms && (uncovered || is_reread_due(w, f));
    } else if (is_finished(w, f->method)) {
        job = is_reread_due(w, f) && f->availability_ms >= w->end_ms;
    } else {
        job = job_to > w->start_ms && w->job_complete_to_ms < job_to;
        query = f->method == METHOD_AUTO && read_to > w->start_ms && job_to < read_to &&
                (job || uncovered);
    }
    return (struct window_debt){.job_to_ms = job ? job_to : TIME_NONE,
                                .query_to_ms = query ? read_to : TIME_NONE};
}

void plan_settle(struct window *w, const struct window_debt *done, const struct plan_facts *f)
{
    if (done->job_to_ms > w->start_ms) {
        w->job_complete_to_ms = later(w->job_complete_to_ms, done->job_to_ms);
        /* A job's answer is as of the availability date: what the query brought may be gone. */
        w->query_complete_to_ms = TIME_NONE;
    }
    w->query_complete_to_ms = later(w->query_complete_to_ms, done->query_to_ms);
    if (done->job_to_ms != TIME_NONE || done->query_to_ms != TIME_NONE) {
        w->last_read_at_ms = later(w->last_read_at_ms, reading_time_ms(f));
    }
    w->complete_to_ms = later(w->job_complete_to_ms, w->query_complete_to_ms);

    if (!is_finished(w, f->method)) {
        w->state = WINDOW_OPEN;
    } else if (w->last_read_at_ms >= lookback_end_ms(w, f)) {
        w->state = WINDOW_SETTLED;
    } else {
        w->state = WINDOW_PROVISIONAL;
    }
}
