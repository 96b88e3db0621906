#include "run/progress.h"

#include "base/clock.h"
#include "base/str.h"

void progress_stream(struct progress *p, const char *stream)
{
    p->facts = (struct progress_facts){.stream = stream, .share = -1};
    p->stream_began_ms = clock_monotonic_ms();
    p->phase_began_ms = p->stream_began_ms;
    p->earlier_pages = 0;
    p->earlier_rows = 0;
}

static void tell(struct progress *p)
{
    int64_t now_ms = clock_monotonic_ms();

    p->facts.phase_ms = now_ms - p->phase_began_ms;
    p->facts.stream_ms = now_ms - p->stream_began_ms;
    if (p->watcher.tell) {
        p->watcher.tell(p->watcher.user, &p->facts);
    }
}

/* How much of a reading is done; 0 where nothing says how much there is. */
static double share_of(const struct reading *r)
{
    double share = 0;

    if (r->outcome != READING_WAITING) {
        return 1;
    }
    if (r->id_count > 0) {
        share = (double)r->pages * r->plan->page_size / (double)r->id_count;
    } else if (r->total_hits > 0) {
        share = (double)r->counts.rows_read / (double)r->total_hits;
    }
    return share < 1 ? share : 1;
}

static void measure(struct progress *p, struct reading *const *readings, size_t count)
{
    struct progress_facts *f = &p->facts;
    double done = 0;

    f->windows = count;
    f->windows_done = 0;
    f->phase_rows = 0;
    f->pages = p->earlier_pages;
    for (size_t i = 0; i < count; i++) {
        done += share_of(readings[i]);
        f->windows_done += readings[i]->outcome != READING_WAITING;
        f->pages += readings[i]->pages;
        f->phase_rows += readings[i]->counts.rows_read;
    }
    f->rows = p->earlier_rows + f->phase_rows;
    f->share = done > 0 ? done / (double)count : -1;
}

void progress_phase(struct progress *p, struct reading *const *readings, size_t count)
{
    if (!p->watcher.tell || count == 0) {
        return;
    }
    if (!str_eq(p->facts.stream, readings[0]->stream->name)) {
        progress_stream(p, readings[0]->stream->name);
    }
    p->earlier_pages = p->facts.pages;
    p->earlier_rows = p->facts.rows;
    p->phase_began_ms = clock_monotonic_ms();
    progress_page(p, readings, count);
}

void progress_page(struct progress *p, struct reading *const *readings, size_t count)
{
    if (p->watcher.tell) {
        measure(p, readings, count);
        tell(p);
    }
}

void progress_end(struct progress *p, const char *stream, bool whole)
{
    if (!str_eq(p->facts.stream, stream)) {
        progress_stream(p, stream);
    }
    p->facts.ended = true;
    p->facts.whole = whole;
    tell(p);
}
