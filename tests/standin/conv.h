/* One invented conversation with its whole history.
 * The model holds every piece that ever exists, each with the moment at which it arrives (and, for
 * the few that reprocessing removes, the moment at which it vanishes). A state of the conversation
 * is what has arrived and not vanished by a moment, with ends that lie later left out. */
#ifndef STANDIN_CONV_H
#define STANDIN_CONV_H

#include "rng.h"

#include <stdbool.h>
#include <stdint.h>

enum media { MEDIA_VOICE, MEDIA_CALLBACK, MEDIA_CHAT, MEDIA_EMAIL, MEDIA_MESSAGE, MEDIA_COUNT };

enum {
    CONV_MAX_PERIODS = 3,
    CONV_MAX_PARTICIPANTS = 20,
    CONV_MAX_SESSIONS = 24,
    CONV_MAX_SEGMENTS = 96,
    CONV_MAX_METRICS = 192,
    CONV_MAX_EXTRAS = 8
};

/* A stretch of activity; the conversation has ended when its last one, of those begun, has. */
struct period {
    int64_t start;
    int64_t end; /* WHEN_NEVER: it stays open */
};

struct participant {
    const char *purpose;
    int agent; /* number of the user, or -1 */
    int64_t arrive;
    uint64_t key;
};

struct session {
    int participant;
    enum media media;
    const char *direction;
    int queue;    /* -1: none; of one that goes on in another queue the last */
    int flow;     /* -1: none */
    int campaign; /* -1: none */
    int64_t arrive;
    int64_t end;
    uint64_t key;
};

struct segment {
    int session;
    const char *type;
    const char *disconnect; /* NULL: none */
    int queue;
    int wrapup; /* number of the code; -1: none; WRAPUP_TIMEOUT */
    bool conference;
    int64_t start;
    int64_t end;
    int64_t arrive;
    int64_t vanish;
    uint64_t key;
};

enum { WRAPUP_NONE = -1, WRAPUP_TIMEOUT = -2 };

struct metric {
    int session;
    int queue; /* for which it counts; -1: none */
    const char *name;
    int64_t emit;
    int64_t value;
    int64_t arrive;
    int64_t vanish;
};

enum extra_kind { EXTRA_EVALUATION, EXTRA_SURVEY, EXTRA_RESOLUTION, EXTRA_DIVISION };

/* An evaluation, survey or resolution, or a second division: things that come afterwards. */
struct extra {
    enum extra_kind kind;
    int agent;
    int queue;
    int64_t event;
    int64_t arrive;
    uint64_t key;
};

struct conv {
    int64_t day;
    uint32_t index;
    uint64_t key;
    char id[RNG_UUID_SIZE];
    int64_t start;
    int64_t arrive;
    int64_t conference; /* start of the conference; WHEN_NEVER: none */
    enum media media;
    const char *direction;
    const char *initiator;
    bool self_served;
    int served;    /* session of the agent who served last */
    bool showcase; /* carries every optional field there is */
    int period_count, participant_count, session_count, segment_count, metric_count, extra_count;
    struct period period[CONV_MAX_PERIODS];
    struct participant participant[CONV_MAX_PARTICIPANTS];
    struct session session[CONV_MAX_SESSIONS];
    struct segment segment[CONV_MAX_SEGMENTS];
    struct metric metric[CONV_MAX_METRICS];
    struct extra extra[CONV_MAX_EXTRAS];
};

/* Builds conversation `index` of a UTC day, 0 .. world.per_day - 1. */
void conv_build(struct conv *c, int64_t day, uint32_t index);
/* The number of the first division that it is in. */
int conv_division(const struct conv *c);
/* The conversation's number from its id; false if no conversation of the corpus has it. */
bool conv_find(const char *id, int64_t *day, uint32_t *index);

/* Adding pieces. */
int conv_participant(struct conv *c, const char *purpose, int agent, int64_t arrive);
int conv_session(struct conv *c, int participant, enum media media, const char *direction,
                 int64_t arrive);
struct segment *conv_segment(struct conv *c, int session, const char *type, int64_t start,
                             int64_t end);
void conv_metric(struct conv *c, int session, const char *name, int64_t emit, int64_t value);
/* Whether a list of names, a blank on either side of each, has it; NULL: that of all metrics of
 * records. */
bool conv_is_listed(const char *list, const char *name);
/* The latest end of the segments that are known when they happen, WHEN_NEVER included. */
int64_t conv_last_end(const struct conv *c);

/* Fills a conversation that has its start (scenario.c). */
void scenario(struct conv *c, struct rng *r);

/* The end as of a moment; WHEN_NEVER: it has none yet. */
int64_t conv_end_at(const struct period *periods, int count, int64_t as_of);

#endif
