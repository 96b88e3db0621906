/* An agent's day as the workforce management sees it: schedule, what the agent does, adherence.
 * A function of the seed, the agent and the moment, so polls at any times agree. */
#ifndef STANDIN_AGENT_DAY_H
#define STANDIN_AGENT_DAY_H

#include <stdbool.h>
#include <stdint.h>

enum { AGENT_DAY_MAX = 320 };

/* One unbroken stretch of [from, to) in which nothing changes. */
struct stretch {
    int64_t from;
    int64_t to;
    const char *scheduled; /* activity categories, as the API names them */
    const char *actual;
    const char *adherence;
    const char *impact;
    const char *presence; /* PascalCase */
    const char *routing;
    bool out_of_office;
    bool explained; /* the lateness has an explanation */
};

/* The stretches of a UTC day, in order, without gaps; returns how many. */
int agent_day(int agent, int64_t day, struct stretch out[AGENT_DAY_MAX]);

/* The stretch that holds the moment, and since when its adherence state, presence and routing
 * status hold (`since` of each may lie in earlier days). */
struct agent_now {
    struct stretch is;
    int64_t adherence_since;
    int64_t presence_since;
    int64_t routing_since;
};
void agent_now(int agent, int64_t at, struct agent_now *out);

/* True if no source knows the agent at the moment: not active, or taken out of the unit. */
bool agent_missing(int agent, int64_t at);

#endif
