/*
 * user_status: users' presences and routing statuses, from their beginning to their end.
 *
 * Jobs bring the days up to the data availability date, the query the hours after it. Both say what
 * overlaps the time asked for, whole: what began earlier too. The query stores a status that spans
 * days more than once, so its pages repeat rows, may be short, and their total is about right only.
 */
#include "maps.h"
#include "streams/stream.h"

#define DETAILS    "/api/v2/analytics/users/details"
#define JOBS       DETAILS "/jobs"
#define PERMISSION "analytics:userDetail:view"

const struct stream stream_user_status = {
    .name = "user_status",
    .title = "users' presences and routing statuses",
    .groups = "agents",
    .lock_slot = 28,
    .grid = GRID_BUSINESS_DAY,
    .load = LOAD_INTERVALS,
    .trees = TREES(TREE(USER_PRESENCE_TREE), TREE(USER_ROUTING_STATUS_TREE)),
    PASSES({.plan = {.name = "job", .bound = SEES_AVAILABLE},
            .available = AVAILABILITY(JOBS),
            .permissions = PERMISSION,
            .steps = DETAILS_JOB(JOBS, "", 300, "userDetails")},
           {.plan = {.name = "query"},
            .permissions = PERMISSION,
            .steps = STEPS({DETAILS_QUERY(DETAILS, "asc", "", "userDetails"), .repeats = true,
                            .sparse = true})}),
};
