#include "base/progress.h"

#include "base/clock.h"

void progress_phase(struct progress *p, size_t windows)
{
    p->windows = windows;
    p->windows_done = 0;
    p->begun = 0;
    p->phase_began_ms = clock_monotonic_ms();
    p->phase_began_rows = p->rows;
}

void progress_tell(struct progress *p, const struct progress_watcher *watcher)
{
    p->share = p->windows > 0 ? ((double)p->windows_done + p->begun) / (double)p->windows : 0;
    if (watcher->tell) {
        watcher->tell(watcher->user, p);
    }
}
