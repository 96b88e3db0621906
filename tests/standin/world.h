/* The invented organization: what the options fix once, and what can change while it runs.
 * `world` is written before the server starts and only read afterwards; the moment and the refusals
 * are behind a lock, for POST /standin/control changes them. */
#ifndef STANDIN_WORLD_H
#define STANDIN_WORLD_H

#include "rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_EARLIER_DAYS 3 /* conversations begin this many days before the first day */
#define WORLD_MAX_DENY     16

enum intervals_shape { INTERVALS_NONE, INTERVALS_ARRAY, INTERVALS_ENTITIES, INTERVALS_RESULTS };

struct world {
    uint64_t seed;
    int64_t first_day; /* UTC day of --start */
    int days;
    int per_day;
    int agents;
    int queues;
    int units; /* management units */
    const char *client_id;
    const char *client_secret;
    int token_seconds;
    bool gzip;
    int page_cap;
    int users_page_cap;
    int job_polls;
    int hits_bias;
    int level; /* bits: what the service level is a share of */
    enum intervals_shape intervals;
    bool prerender;
    bool eventful;   /* much comes late, many e-mails open again */
    bool voice_only; /* no callbacks, chats, messages, e-mails */
    int port;
};

extern struct world world;

/* The organization's switches of the service level. */
enum { LEVEL_FLOW_OUTS = 1, LEVEL_NO_SHORT_ABANDONS = 2, LEVEL_NO_ABANDONS = 4 };

/* The kinds of things that have ids; `world_key` gives the rng_uuid key of number i of a kind. */
enum thing {
    THING_USER,
    THING_QUEUE,
    THING_WRAPUP,
    THING_SKILL,
    THING_LANGUAGE,
    THING_DIVISION,
    THING_TEAM,
    THING_GROUP,
    THING_FLOW,
    THING_OUTCOME,
    THING_CAMPAIGN,
    THING_CONTACT_LIST,
    THING_PRESENCE,
    THING_BUSINESS_UNIT,
    THING_MANAGEMENT_UNIT,
    THING_ORGANIZATION,
    THING_EDGE,
    THING_FORM,
    THING_SURVEY_FORM,
    THING_KNOWLEDGE_BASE,
    THING_OTHER,
    THING_ACTIVITY_CODE,
    THING_MILESTONE,
    THING_DATA_TABLE,
    THING_POLICY,
    THING_LOCATION,
    THING_SITE,
    THING_STATION,
    THING_DID,
    THING_TRUNK,
    THING_MESSAGING_CAMPAIGN
};

enum { WORLD_WRAPUPS = 25, WORLD_SKILLS = 12, WORLD_LANGUAGES = 6, WORLD_DIVISIONS = 3 };
enum { WORLD_FORMS = 4 };
enum { WORLD_TEAMS = 8, WORLD_FLOWS = 6, WORLD_OUTCOMES = 9, WORLD_CAMPAIGNS = 3 };
enum { WORLD_BUSINESS_UNITS = 2 }; /* nobody is in the last management unit */

uint64_t world_key(enum thing kind, uint64_t i);
/* The number of the thing with that id, of the first `count` of a kind; -1: none has it. */
int world_find(enum thing kind, int count, const char *id);

/* What is drawn for an agent's day: `salt` says by whom, `what` for what. */
struct rng world_rng(uint64_t salt, int agent, int64_t day, uint64_t what);

/* What an agent, a queue is called: written to out, which is returned. */
const char *world_user_name(int agent, char out[64]);
const char *world_user_state(int agent);
bool world_user_active(int agent);
const char *world_queue_name(int queue, char out[64]);

/* The management unit, the team that an agent is in; -1: none. Some agents move to the next unit
 * every day at noon (UTC), others to the next team. */
int world_unit_of(int agent, int64_t now);
int world_team_of(int agent, int64_t now);
/* A management unit's time zone. */
const char *world_unit_zone(int unit);

/* What it can be told while it runs; WHEN_NEVER: it is told no longer. */
enum told {
    TOLD_NOW,          /* what time it is; else the wall clock's */
    TOLD_AVAILABILITY, /* before when the datalake is whole; else it trails now by the lag */
    TOLD_LAG,
    TOLD_DATE,      /* what the Date header says; else the wall clock's time */
    TOLD_DIVISIONS, /* how many of the divisions, from the first on, the client's role covers */
    TOLD_RETENTION, /* how many days the organization keeps */
    TOLD_COUNT
};
#define WORLD_DATE_IS_NOW (WHEN_NEVER - 1) /* the date that is told is the time that is */
void world_tell(enum told what, int64_t value);

struct moment {
    int64_t now;
    int64_t availability;
};
struct moment world_moment(void);
int64_t world_date(void);
int world_divisions(void);
bool world_queue_granted(int queue);
int world_retention(void);

/* Paths (prefix, `*` allowed) that answer 403; world_denied tells. Adding is like
 * fault_add. */
void world_clear_denied(void);
bool world_add_denied(const char *prefix, char *why, size_t size);
bool world_denied(const char *path);

/* True if the path begins as the pattern says; `*` in it stands for anything. A pattern that ends
 * in
 * `$` is the whole path. */
bool world_path_matches(const char *pattern, const char *path);

#endif
