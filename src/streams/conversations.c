/*
 * conversations: conversation details, whole records.
 *
 * Asynchronous jobs bring everything, attributes too, for whole windows up to the data availability
 * date (they match by overlap: also what began earlier and still went on). The query brings what
 * began in the hours after it, or everything where no job is wanted: it answers whole days, so it
 * is read from the newest back to what the job has brought. Single records are read again by id:
 * those without an end, and, where no job re-reads the days of their ends, those that have ended,
 * until the lookback is over.
 */
#include "maps.h"
#include "sql.h"
#include "streams/figures.h"
#include "streams/stream.h"

#define DETAILS    "/api/v2/analytics/conversations/details"
#define JOBS       DETAILS "/jobs"
#define PERMISSION "analytics:conversationDetail:view"
#define EITHER     PERMISSION " analytics:agentConversationDetail:view"

/* A query of what began on the days of a stretch of time, by order. */
#define QUERY(by)                                                                                  \
    DETAILS_QUERY(DETAILS, by, ",\"orderBy\":\"conversationStart\"", "conversations"),             \
        .newest = "conversationStart", .limited = true

/* Single records, 50 ids at a time. */
#define BY_ID                                                                                      \
    .permissions = EITHER, .steps = STEPS({.path = DETAILS,                                        \
                                           .follow = FOLLOW_IDS,                                   \
                                           .size = 50,                                             \
                                           .rows = "conversations",                                \
                                           .ids_as = "id"})

const struct stream stream_conversations = {
    .name = "conversations",
    .title = "conversation details",
    .lock_slot = 3,
    .grid = GRID_UTC_DAY,
    .setting = &config_keys[KEY_METHOD],
    .trees = TREES(TREE(CONVERSATION_TREE, .make = figures_make)),
    .recent = STEPS({QUERY("desc")}),
    PASSES({.plan = {.name = "job", .bound = SEES_AVAILABLE, .when = "auto job"},
            .attributes = true,
            .available = AVAILABILITY(JOBS),
            .permissions = PERMISSION,
            .steps = DETAILS_JOB(JOBS,
                                 ",\"orderBy\":\"conversationStart\","
                                 "\"startOfDayIntervalMatching\":false",
                                 500, "conversations")},
           {.plan = {.name = "query", .when = "auto query"},
            .permissions = EITHER,
            .steps = STEPS({QUERY("{order}")})},
           {.plan = {.name = "reread", .whole = true},
            .ids = sql_conversations_open,
            .asked = sql_conversations_asked,
            BY_ID},
           {.plan = {.name = "late", .whole = true, .when = "query"},
            .ids = sql_conversations_late,
            BY_ID}),
};
