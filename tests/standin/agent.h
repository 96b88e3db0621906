/* An agent's day as the workforce management sees it: a function of the seed, the agent and the
 * moment. */
#ifndef STANDIN_AGENT_H
#define STANDIN_AGENT_H

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

#endif
