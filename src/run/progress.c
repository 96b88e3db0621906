#include "run/progress.h"

#include "base/clock.h"

void progress_begin(struct progress *p, struct progress_watcher watcher, const char *stream)
{
    int64_t now_ms = clock_monotonic_ms();

    *p = (struct progress){.watcher = watcher,
                           .facts = {.stream = stream, .share = -1},
                           .stream_began_ms = now_ms,
                           .phase_began_ms = now_ms};
}

void progress_phase(struct progress *p, size_t windows)
{
    p->facts.windows = windows;
    p->facts.windows_done = 0;
    p->phase_began_ms = clock_monotonic_ms();
    p->rows_before = p->rows;
}

void progress_done(struct progress *p, const struct reading *r)
{
    p->facts.windows_done++;
    p->pages += r->pages;
    p->rows += r->counts.rows_read;
}

/* How much of a reading is done; 0 where nothing says how much there is. */
static double share_of(const struct reading *r)
{
    double share = 0;

    if (r->id_count > 0) {
        share = (double)r->pages * step_of_rows(r->steps)->size / (double)r->id_count;
    } else if (r->total_hits > 0) {
        share = (double)r->counts.rows_read / (double)r->total_hits;
    }
    return share < 1 ? share : 1;
}

static void tell(struct progress *p)
{
    int64_t now_ms = clock_monotonic_ms();

    p->facts.phase_ms = now_ms - p->phase_began_ms;
    p->facts.stream_ms = now_ms - p->stream_began_ms;
    p->facts.phase_rows = p->facts.rows - p->rows_before;
    if (p->watcher.tell) {
        p->watcher.tell(p->watcher.user, &p->facts);
    }
}

void progress_tell(struct progress *p, struct reading *const *under_way, size_t count)
{
    double done = (double)p->facts.windows_done;

    p->facts.pages = p->pages;
    p->facts.rows = p->rows;
    for (size_t i = 0; i < count; i++) {
        done += share_of(under_way[i]);
        p->facts.pages += under_way[i]->pages;
        p->facts.rows += under_way[i]->counts.rows_read;
    }
    p->facts.share = done > 0 && p->facts.windows > 0 ? done / (double)p->facts.windows : -1;
    tell(p);
}

void progress_end(struct progress *p, bool whole)
{
    p->facts.ended = true;
    p->facts.whole = whole;
    p->facts.pages = p->pages;
    p->facts.rows = p->rows;
    tell(p);
}
