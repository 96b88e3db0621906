/*
 * schedules: the published schedules of each management unit, of weeks that were and of the two to
 * come.
 *
 * An answer is inline, or names a URL, or is under way; that one names nothing to poll, so the same
 * is asked again. Weeks keep the requests few; the API does not say how long a range may be.
 * Whether a shift that only reaches into the range is told, and whether whole, it does not say
 * either: each is taken from the answer for the week in which it begins.
 */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

const struct stream stream_schedules = {
    .name = "schedules",
    .title = "schedules",
    .groups = "agents",
    .lock_slot = 29,
    .grid = GRID_BUSINESS_DAY,
    .span_days = 7,
    .ahead_days = 14,
    .scope = sql_lists_management_units,
    .needs = "management_units",
    .load = LOAD_WINDOW,
    .trees = TREES(TREE(SCHEDULE_SHIFT_TREE), TREE(SCHEDULE_TIME_OFF_TREE)),
    PASSES({.plan = {.name = "search", .bound = SEES_AHEAD},
            .permissions = "wfm:publishedSchedule:view wfm:schedule:view",
            .steps =
                STEPS({.method = HTTP_POST,
                       .path = "/api/v2/workforcemanagement/managementunits/{scope}/agentschedules/"
                               "search",
                       .body = "{\"startDate\":\"{start}\",\"endDate\":\"{end}\"}",
                       .follow = FOLLOW_DONE,
                       .state = "status",
                       .done = "Complete",
                       .failed = "Canceled Error",
                       .polls = 25,
                       .urls = "downloadUrl",
                       .rows = "result.agentSchedules"},
                      {DOWNLOADED("agentSchedules|result.agentSchedules")})}),
};
