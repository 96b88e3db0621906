/*
 * adherence_historical: adherence as the vendor counts it, an agent's days with exceptions and
 * activities.
 *
 * A report is asked for one day of each management unit, the day being one of the unit's own time
 * zone, so that figures do not depend on what was asked for beside it. Units of one zone share a
 * report, and each gets a file of its own; one without agents gets none. Where bulk reports are not
 * granted each unit is asked for by the older query.
 */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

#define ADHERENCE "/api/v2/workforcemanagement/adherence/historical"
#define BULK      ADHERENCE "/bulk"
#define UNITS     "/api/v2/workforcemanagement/managementunits"

/* An answer that says where its state is, and once that is Complete where the files are. */
#define COMPLETE(at, files) .state = (at), .done = "Complete", .failed = "Error", .urls = (files)

const struct stream stream_adherence_historical = {
    .name = "adherence_historical",
    .title = "historical adherence",
    .groups = "adherence",
    .lock_slot = 26,
    .grid = GRID_SCOPE_DAY,
    .own_days = "unit",
    .setting = &config_keys[KEY_ADHERENCE_DAY],
    .scope = sql_adherence_historical_units,
    .needs = "management_unit_users",
    .trees = TREES(TREE(ADHERENCE_DAY_TREE, .holds = sql_adherence_historical_day_holds),
                   TREE(ADHERENCE_PERIOD_TREE, .holds = sql_adherence_historical_period_holds)),
    PASSES({.plan = {.name = "bulk", .bound = SEES_ENDED},
            .batch = 10,
            .permissions = "wfm:historicalAdherence:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = BULK,
                            .body = "{\"items\":[{items}],\"timeZone\":\"{zone}\"}",
                            .item = "{\"managementUnitId\":\"{scope}\",\"startDate\":\"{start}\","
                                    "\"endDate\":\"{end}\",\"includeExceptions\":true,"
                                    "\"includeActuals\":true}",
                            .token = "job.id",
                            COMPLETE("job.status", "downloadUrls")},
                           {.path = BULK "/jobs/{token}",
                            .follow = FOLLOW_DONE,
                            COMPLETE("job.status", "downloadUrls")},
                           {DOWNLOADED("userResults"), .whose = "managementUnitId"})},
           {.plan = {.name = "query", .bound = SEES_ENDED, .instead = true},
            .permissions = "wfm:historicalAdherence:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = UNITS "/{scope}/historicaladherencequery",
                            .body = "{\"startDate\":\"{start}\",\"endDate\":\"{end}\","
                                    "\"timeZone\":\"{zone}\",\"includeExceptions\":true}",
                            .token = "id",
                            COMPLETE("queryState", "downloadUrls|downloadUrl")},
                           {.path = ADHERENCE "/jobs/{token}",
                            .follow = FOLLOW_DONE,
                            COMPLETE("queryState", "downloadUrls|downloadUrl")},
                           {DOWNLOADED("data")})}),
};
