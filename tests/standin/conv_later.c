/* What changes after the end: the nightly reprocessing, at most three days after it. */
#include "conv.h"
#include "when.h"
#include "world.h"

#include <string.h>

/* Some moment of the three days after the end. */
static int64_t afterwards(struct rng *r, int64_t end)
{
    return end + rng_range(r, WHEN_HOUR, 3 * WHEN_DAY - WHEN_HOUR);
}

/* The last wrap-up comes days later, with the figures that depend on it. */
static void late_wrapup(struct conv *c, struct rng *r)
{
    int64_t arrive =
        c->period[c->period_count - 1].end + rng_range(r, WHEN_DAY, 3 * WHEN_DAY - WHEN_HOUR);
    bool written_then = rng_chance(r, 500);
    for (int i = c->segment_count - 1; i >= 0; i--) {
        struct segment *seg = &c->segment[i];
        if (strcmp(seg->type, "wrapup") != 0 || seg->start < c->period[c->period_count - 1].start) {
            continue;
        }
        seg->arrive = arrive;
        if (written_then) {
            seg->end = arrive - 1000;
            seg->start = arrive - 31000;
        }
        for (int k = 0; k < c->metric_count; k++) {
            struct metric *m = &c->metric[k];
            if (m->session == seg->session &&
                (strcmp(m->name, "tAcw") == 0 || strcmp(m->name, "tHandle") == 0)) {
                m->arrive = arrive;
            }
        }
        return;
    }
}

static void vanish_segment(struct conv *c, struct rng *r, int64_t end)
{
    int n = (int)rng_below(r, (uint64_t)c->segment_count);
    c->segment[n].vanish = afterwards(r, end);
}

static void correct_metric(struct conv *c, struct rng *r, int64_t end)
{
    int n = (int)rng_below(r, (uint64_t)c->metric_count);
    int64_t at = afterwards(r, end);
    struct metric old = c->metric[n];
    if (old.arrive < at) {
        c->metric[n].vanish = at;
        conv_metric(c, old.session, old.name, old.emit, old.value + rng_range(r, 1, 2000));
        c->metric[c->metric_count - 1].arrive = at;
    }
}

static int last_agent(const struct conv *c)
{
    for (int i = c->participant_count - 1; i >= 0; i--) {
        if (c->participant[i].agent >= 0) {
            return c->participant[i].agent;
        }
    }
    return -1;
}

static void assess(struct conv *c, struct rng *r, enum extra_kind kind, int64_t end)
{
    int64_t at = afterwards(r, end);
    struct extra *e = conv_extra(c, kind, at - rng_range(r, 0, 30000));
    e->arrive = at;
    e->agent = last_agent(c);
    e->queue = (int)rng_below(r, (uint64_t)world.queues);
}

static void late_whole(struct conv *c, struct rng *r)
{
    int64_t end = c->period[0].end;
    if (c->period_count == 1 && end - c->start < 12 * WHEN_HOUR) {
        c->arrive = c->start + rng_range(r, 6 * WHEN_HOUR, 3 * WHEN_DAY - WHEN_HOUR);
    }
}

void conv_later(struct conv *c, struct rng *r)
{
    struct period *last = &c->period[c->period_count - 1];
    bool all = c->showcase;
    if (last->end == WHEN_NEVER) {
        return;
    }
    if (all || rng_chance(r, 50)) {
        int64_t before = last->end;
        late_wrapup(c, r);
        last->end = last->start;
        for (int i = 0; i < c->segment_count; i++) {
            const struct segment *seg = &c->segment[i];
            if (seg->arrive <= before && seg->end <= before && seg->end > last->end) {
                last->end = seg->end;
            }
        }
    }
    int64_t end = last->end;
    if (all || rng_chance(r, 20)) {
        vanish_segment(c, r, end);
    }
    if (all || rng_chance(r, 30)) {
        correct_metric(c, r, end);
    }
    if (all || rng_chance(r, 30)) {
        assess(c, r, EXTRA_EVALUATION, end);
    }
    if (all || rng_chance(r, 35)) {
        assess(c, r, EXTRA_SURVEY, end);
    }
    if (all || rng_chance(r, 40)) {
        assess(c, r, EXTRA_RESOLUTION, end);
    }
    if (all || rng_chance(r, 20)) {
        assess(c, r, EXTRA_DIVISION, end);
    }
    if (!all && rng_chance(r, 10)) {
        late_whole(c, r);
    }
}
