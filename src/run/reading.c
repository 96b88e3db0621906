#include "run/reading.h"

#include "base/clock.h"
#include "base/str.h"

struct reading *reading_new(struct arena *a, const struct stream *stream,
                            const struct request_plan *plan, struct ledger_window *window,
                            int64_t from_ms, int64_t to_ms)
{
    struct reading *r = arena_alloc(a, sizeof(*r));

    r->stream = stream;
    r->plan = plan;
    r->window = window;
    r->from_ms = from_ms;
    r->to_ms = to_ms;
    r->availability_ms = TIME_NONE;
    r->resubmits = reading_resumes(r) ? window->job_resubmits : 0;
    if (window->kind == WINDOW_DAY) {
        char day[CLOCK_DAY_BYTES];
        r->label = arena_printf(
            a, "%s %s (%s)", stream->name,
            clock_format_day((int32_t)(window->window.start_ms / MS_PER_DAY), day), plan->name);
    } else {
        r->label = arena_printf(a, "%s (%s)", stream->name, plan->name);
    }
    atomic_init(&r->committed, false);
    atomic_init(&r->refused, false);
    return r;
}

bool reading_resumes(const struct reading *r)
{
    return str_eq(r->window->reading_plan, r->plan->name);
}

void reading_make_pager(struct reading *r, bool fresh)
{
    bool resumes = !fresh && reading_resumes(r);
    struct pager_spec spec = stream_pager_spec(r->plan);

    spec.label = r->label;
    spec.row_limit = r->row_limit;
    spec.hits_overflow = r->hits_overflow;
    spec.ids = r->ids;
    spec.id_count = r->id_count;
    if (resumes) {
        spec.first_page = r->window->next_page > 0 ? r->window->next_page : 1;
        spec.job_id = r->window->job_id;
        spec.cursor = r->window->job_cursor;
    }
    if (!r->arena) {
        r->arena = arena_new(0);
    }
    if (r->from_ms != TIME_NONE) {
        clock_format(r->from_ms, spec.start);
        clock_format(r->to_ms, spec.end);
    }
    r->pager = pager_new(r->arena, &spec);
    r->next_to_hand = 0;
    r->outstanding = 0;
    r->asked = 0;
}
