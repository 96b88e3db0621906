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

/* The number of the agent with that id; -1: none. */
int adherence_agent(const char *id);

/* OnQueue -> ON_QUEUE, as analytics spell it. */
void adherence_upper_snake(const char *name, char out[32]);

#endif
