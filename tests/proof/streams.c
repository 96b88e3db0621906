/*
 * A stream of a kind that the program does not have, made of data alone: it stands for those to
 * come. docs/adding-a-stream.md shows it, and others of the program's own;
 * tests/e2e/test_proof.py reads it.
 */
#include "proof_maps.h"
#include "streams/stream.h"

/* --- a report for each management unit and business day --- */

#define REPORTS "/api/v2/workforcemanagement/adherence/historical/bulk"

static const struct tree_map adherence_days = {PROOF_DAY_TREE};

static const struct stream stream_adherence_days = {
    .name = "adherence_days",
    .title = "historical adherence",
    .lock_slot = 60,
    .grid = GRID_BUSINESS_DAY,
    .scope = "SELECT management_unit_id FROM management_unit WHERE deleted_at IS NULL",
    .needs = "management_units",
    .load = LOAD_WINDOW,
    .trees = TREES(&adherence_days),
    PASSES({.plan = {.name = "report", .bound = SEES_ENDED},
            .permissions = "wfm:historicalAdherence:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = REPORTS,
                            .body = "{\"items\":[{\"managementUnitId\":\"{scope}\","
                                    "\"startDate\":\"{start}\",\"endDate\":\"{end}\","
                                    "\"includeExceptions\":true,\"includeActuals\":true}],"
                                    "\"timeZone\":\"{zone}\"}",
                            .token = "job.id"},
                           {.path = REPORTS "/jobs/{token}",
                            .follow = FOLLOW_DONE,
                            .state = "job.status",
                            .done = "Complete",
                            .failed = "Error",
                            .urls = "downloadUrls"},
                           {.path = "{token}", .follow = FOLLOW_URLS, .rows = "userResults"})}),
};

/* --- the registry --- */

enum { STREAMS_MOST = 64 };

static const struct stream *streams[STREAMS_MOST];

/* Before main: they stand behind the program's own. */
__attribute__((constructor)) static void add_streams(void)
{
    static const struct stream *const more[] = {&stream_adherence_days};
    size_t count = stream_registry_count;

    for (size_t i = 0; i < count; i++) {
        streams[i] = stream_registry[i];
    }
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        streams[count++] = more[i];
    }
    stream_registry = streams;
    stream_registry_count = count;
}
