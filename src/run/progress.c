#include "base/clock.h"
#include "run/run.h"

void progress_phase(struct progress *p, size_t windows)
{
    p->windows = windows;
    p->windows_done = 0;
    p->phase_began_ms = clock_monotonic_ms();
    p->phase_began_rows = p->rows;
}

void progress_tell(const struct progress *p, const struct progress_watcher *watcher,
                   struct reading *const *under_way, size_t count)
{
    struct progress now = *p;
    double done = (double)p->windows_done;

    for (size_t i = 0; i < count; i++) {
        const struct reading *r = under_way[i];
        double share = 0; /* of it; 0 also where nothing says how much there is */

        if (r->ask.id_count > 0) {
            share = (double)r->pages * step_of_rows(r->ask.steps)->size / (double)r->ask.id_count;
        } else if (r->total_hits > 0) {
            share = (double)r->counts.rows_read / (double)r->total_hits;
        }
        done += share < 1 ? share : 1;
        now.pages += r->pages;
        now.rows += r->counts.rows_read;
    }
    now.share = p->windows > 0 ? done / (double)p->windows : 0;
    if (watcher->tell) {
        watcher->tell(watcher->user, &now);
    }
}
