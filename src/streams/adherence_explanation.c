/*
 * adherence_explanation: why agents were out of adherence, by business unit.
 *
 * An answer is inline, or names a URL or a job. How long a range may be is published nowhere: a day
 * is what no limit forbids, and business units are few. What begins in the window is taken;
 * explanations come, and are reviewed, days later: the later looks find them.
 */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

#define WFM "/api/v2/workforcemanagement/"

const struct stream stream_adherence_explanation = {
    .name = "adherence_explanation",
    .title = "adherence explanations",
    .groups = "adherence",
    .lock_slot = 27,
    .grid = GRID_BUSINESS_DAY,
    .scope = sql_lists_business_units,
    .needs = "business_units",
    .load = LOAD_WINDOW,
    .trees = TREES(TREE(ADHERENCE_EXPLANATION_TREE)),
    PASSES({.plan = {.name = "query"},
            .permissions = "wfm:adherenceExplanation:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = WFM "businessunits/{scope}/adherence/explanations/query",
                            .body = "{\"startDate\":\"{start}\",\"endDate\":\"{end}\"}",
                            .token = "job.id",
                            .urls = "downloadUrl",
                            .rows = "result.entities"},
                           {.path = WFM "adherence/explanations/jobs/{token}",
                            .follow = FOLLOW_DONE,
                            .state = "status",
                            .done = "Complete",
                            .failed = "Error",
                            .reason = "error.message",
                            .polls = 75, /* where there is a job at all */
                            .urls = "downloadUrl",
                            .rows = "result.entities"},
                           {DOWNLOADED("entities|result.entities")})}),
};
