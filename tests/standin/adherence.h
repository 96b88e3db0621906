/* An agent's day as the workforce management sees it: a function of the seed, the agent and the
 * moment. */
#ifndef STANDIN_ADHERENCE_H
#define STANDIN_ADHERENCE_H

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

/* A part of a planned day: until when, and its activity category. */
struct agent_block {
    int64_t until;
    const char *activity;
};

enum { ADHERENCE_BLOCKS_MAX = 16 };

/* What is planned for an agent's UTC day: what lies before the shift (a day off: all of it), the
 * shift, what lies behind it; returns how many blocks. */
int adherence_plan(int agent, int64_t day, struct agent_block out[ADHERENCE_BLOCKS_MAX]);

/* The id of the activity code that stands for a category. */
const char *adherence_code(const char *activity);

/* OnQueue -> ON_QUEUE, as analytics spell it. */
void adherence_upper_snake(const char *name, char out[32]);

#endif
