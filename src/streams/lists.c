/* Lists of names: those of lists.txt. */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

/* How the rows of a step come: all at once; by page numbers; a page after the other, whose cursor
 * the API names in the link to it. */
#define WHOLE .rows = "entities"
#define PAGES .follow = FOLLOW_PAGES, .size = 100, WHOLE
#define AFTER .follow = FOLLOW_CURSOR, .size = 100, .cursor = "nextUri", .cursor_as = "after", WHOLE

#define WFM       "/api/v2/workforcemanagement/"
#define PRESENCES "/api/v2/presence/definitions?localeCode=ALL&deactivated="

#define LIST(n, t, slot, group, map, parent, parts, permission, ...)                               \
    const struct stream stream_##n = {                                                             \
        .name = #n,                                                                                \
        .title = (t),                                                                              \
        .groups = (group),                                                                         \
        .lock_slot = (slot),                                                                       \
        .needs = (parent),                                                                         \
        .scope = (parts),                                                                          \
        .trees = TREES(TREE(map)),                                                                 \
        PASSES({.plan = {.name = "list", .fresh_minutes = FRESH_NIGHT},                            \
                .permissions = (permission),                                                       \
                .steps = STEPS(__VA_ARGS__)})}

PAGED_LISTS;
OTHER_LISTS;
