/* What others tell of the agents' days, too. */
#ifndef STANDIN_ADHERENCE_H
#define STANDIN_ADHERENCE_H

#include <stdint.h>

enum { ADHERENCE_PARTS_MAX = 320 };

/* A stretch of a day: since when, presence in PascalCase, routing status. */
struct agent_part {
    int64_t from;
    const char *presence;
    const char *routing;
};

/* An agent's UTC day without gaps, in order; returns how many parts. */
int adherence_parts(int agent, int64_t day, struct agent_part out[ADHERENCE_PARTS_MAX]);

/* The number of the agent with that id; -1: none. */
int adherence_agent(const char *id);

/* OnQueue -> ON_QUEUE, as analytics spell it. */
void adherence_upper_snake(const char *name, char out[32]);

#endif
