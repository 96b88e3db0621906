#include "streams/stream.h"

#include "base/str.h"
#include "streams/streams.h"

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

const struct request_plan *stream_plan(const struct stream *s, enum plan_role role,
                                       const char *name)
{
    for (size_t i = 0; i < s->plan_count; i++) {
        if (s->plans[i].role == role && (!name || str_eq(s->plans[i].name, name))) {
            return &s->plans[i];
        }
    }
    return NULL;
}
