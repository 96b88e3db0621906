#include "streams/stream.h"

#include "base/str.h"

const struct stream *const stream_registry[] = {
    &stream_users,
    &stream_queues,
    &stream_adherence_realtime,
    &stream_conversations,
};
const size_t stream_registry_count = COUNT_OF(stream_registry);

const struct stream *stream_find(const char *name)
{
    for (size_t i = 0; i < stream_registry_count; i++) {
        if (str_eq(stream_registry[i]->name, name)) {
            return stream_registry[i];
        }
    }
    return NULL;
}

const struct request_plan *stream_plan(const struct stream *s, enum plan_role role)
{
    for (size_t i = 0; i < s->plan_count; i++) {
        if (s->plans[i].role == role) {
            return &s->plans[i];
        }
    }
    return NULL;
}

struct pager_spec stream_pager_spec(const struct request_plan *plan)
{
    struct pager_spec spec = {
        .kind = plan->id_parameter ? PAGER_IDS : PAGER_NUMBERED,
        .post = plan->paging != PAGING_NUMBERED_GET && plan->paging != PAGING_IDS_GET,
        .path = plan->path,
        .query = plan->query,
        .body = plan->body,
        .entities = plan->tree->entities,
        .id_parameter = plan->id_parameter,
        .label = plan->path,
        .page_size = plan->page_size,
        .first_page = 1,
    };

    if (plan->paging == PAGING_JOB) {
        spec.kind = PAGER_JOB;
    }
    return spec;
}
