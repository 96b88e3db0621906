#include "agent_day.h"

#include "rng.h"
#include "when.h"
#include "world.h"

#include <string.h>

#define BLOCKS    16
#define LOOK_BACK 8 /* days */

struct block {
    int64_t until;
    const char *activity;
};

/* A shift from its beginning: minutes and activities. */
static const struct {
    int minutes;
    const char *activity;
} shift[] = {{115, "OnQueueWork"}, {15, "Break"},      {90, "OnQueueWork"}, {45, "Meal"},
             {85, "OnQueueWork"},  {30, "Meeting"},    {60, "OnQueueWork"}, {15, "Break"},
             {45, "OffQueueWork"}, {40, "OnQueueWork"}};

enum { SHIFT_BLOCKS = sizeof shift / sizeof *shift };

static struct rng rng_of(int agent, int64_t day, uint64_t what)
{
    return (struct rng){
        rng_pair(rng_pair(world.seed ^ 0xadUL, (uint64_t)agent), (uint64_t)day * 8 + what)};
}

/* The planned day, and by its side what happens: each change up to a few minutes late. */
static int plan_day(int agent, int64_t day, struct block planned[BLOCKS], struct block done[BLOCKS])
{
    struct rng r = rng_of(agent, day, 0);
    int64_t start = day * WHEN_DAY;
    int64_t t = start + (5 + agent % 9) * WHEN_HOUR + agent % 4 * (15 * WHEN_MINUTE);
    bool off = (day + agent) % 7 < 2, training = agent % 6 == (int)(day % 6);
    int n = 0;
    if (off) {
        const char *why = agent % 10 == 0 ? "TimeOff" : "Unscheduled";
        planned[0] = (struct block){start + WHEN_DAY, why};
        done[0] = (struct block){start + WHEN_DAY, "Unavailable"};
        return 1;
    }
    planned[n] = (struct block){t, "Unscheduled"};
    done[n++] = (struct block){t + rng_range(&r, -240, 480) * WHEN_SECOND, "Unavailable"};
    for (int i = 0; i < SHIFT_BLOCKS; i++) {
        const char *activity = training && i == 8 ? "Training" : shift[i].activity;
        int64_t late = rng_chance(&r, 250) ? rng_range(&r, 180, 600) : rng_range(&r, 0, 90);
        t += shift[i].minutes * WHEN_MINUTE;
        planned[n] = (struct block){t, activity};
        done[n++] = (struct block){t + late * WHEN_SECOND, activity};
    }
    planned[n] = (struct block){start + WHEN_DAY, "Unscheduled"};
    done[n++] = (struct block){start + WHEN_DAY, "Unavailable"};
    return n;
}

static const char *presence_of(const char *activity)
{
    static const char *const pairs[][2] = {
        {"OnQueueWork", "OnQueue"}, {"Break", "Break"},       {"Meal", "Meal"},
        {"Meeting", "Meeting"},     {"Training", "Training"}, {"OffQueueWork", "Available"}};
    for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (strcmp(pairs[i][0], activity) == 0) {
            return pairs[i][1];
        }
    }
    return "Offline";
}

/* Fills what follows from the schedule and the deed. */
static void judge(struct stretch *s, int agent)
{
    bool same = strcmp(s->scheduled, s->actual) == 0;
    s->presence = presence_of(s->actual);
    s->routing = "OFF_QUEUE";
    s->out_of_office = strcmp(s->scheduled, "TimeOff") == 0;
    if (strcmp(s->scheduled, "Unscheduled") == 0) {
        s->adherence = "Unscheduled";
        s->impact = "Neutral";
    } else if (s->out_of_office) {
        s->adherence = agent % 20 == 0 ? "Unknown" : "InAdherence";
        s->impact = agent % 20 == 0 ? "Unknown" : "Neutral";
    } else if (same) {
        s->adherence = "InAdherence";
        s->impact = "Neutral";
    } else if (strcmp(s->scheduled, "Training") == 0) {
        s->adherence = "Ignored";
        s->impact = "Neutral";
    } else if (agent % 23 == 5) {
        s->adherence = "Explained";
        s->impact = "Neutral";
        s->explained = true;
    } else {
        s->adherence = "OutOfAdherence";
        s->impact = strcmp(s->actual, "OnQueueWork") == 0 ? "Positive" : "Negative";
    }
}

/* Cuts time on queue into calls and waiting. */
static int add_on_queue(struct stretch s, struct rng *r, struct stretch *out, int n)
{
    int64_t to = s.to;
    bool busy = rng_chance(r, 500);
    while (s.from < to && n < AGENT_DAY_MAX - BLOCKS) {
        int64_t length = busy ? rng_range(r, 120, 540) : rng_range(r, 30, 240);
        s.to = s.from + length * WHEN_SECOND < to ? s.from + length * WHEN_SECOND : to;
        s.routing = busy                ? "INTERACTING"
                    : rng_chance(r, 20) ? "NOT_RESPONDING"
                    : rng_chance(r, 15) ? "COMMUNICATING"
                                        : "IDLE";
        out[n++] = s;
        s.from = s.to;
        busy = !busy;
    }
    if (s.from < to) {
        s.to = to;
        out[n++] = s;
    }
    return n;
}

int agent_day(int agent, int64_t day, struct stretch out[AGENT_DAY_MAX])
{
    struct block planned[BLOCKS], done[BLOCKS];
    struct rng r = rng_of(agent, day, 1);
    int blocks = plan_day(agent, day, planned, done), n = 0, p = 0, d = 0;
    int64_t t = day * WHEN_DAY;
    while (p < blocks && d < blocks) {
        int64_t to = planned[p].until < done[d].until ? planned[p].until : done[d].until;
        if (to > t) {
            struct stretch s = {
                .from = t, .to = to, .scheduled = planned[p].activity, .actual = done[d].activity};
            judge(&s, agent);
            if (strcmp(s.actual, "OnQueueWork") == 0) {
                n = add_on_queue(s, &r, out, n);
            } else {
                out[n++] = s;
            }
            t = to;
        }
        p += planned[p].until <= to;
        d += done[d].until <= to;
    }
    return n;
}

/* Moves *since back over the stretches before index i while `same` says so; true if it reached
 * the beginning of the list. */
static bool walk_back(const struct stretch *list, int i, const struct stretch *is, int what,
                      int64_t *since)
{
    for (; i >= 0; i--) {
        const struct stretch *s = &list[i];
        if (strcmp(what == 0   ? s->adherence
                   : what == 1 ? s->presence
                               : s->routing,
                   what == 0   ? is->adherence
                   : what == 1 ? is->presence
                               : is->routing) != 0) {
            return false;
        }
        *since = s->from;
    }
    return true;
}

void agent_now(int agent, int64_t at, struct agent_now *out)
{
    struct stretch list[AGENT_DAY_MAX] = {{0}};
    int64_t day = when_day(at),
            *since[] = {&out->adherence_since, &out->presence_since, &out->routing_since};
    bool going[] = {true, true, true};
    int n = agent_day(agent, day, list), i = 0;
    while (i + 1 < n && list[i].to <= at) {
        i++;
    }
    out->is = list[i];
    for (int back = 0; back < LOOK_BACK; back++) {
        for (int what = 0; what < 3; what++) {
            going[what] = going[what] && walk_back(list, i, &out->is, what, since[what]);
        }
        n = agent_day(agent, --day, list);
        i = n - 1;
    }
}

bool agent_missing(int agent, int64_t at)
{
    int64_t minute = (at - when_day(at) * WHEN_DAY) / WHEN_MINUTE;
    return !world_user_active(agent) || (agent % 29 == 3 && minute >= 780 && minute < 840);
}
