#include "cmd/stream_facts.h"

#include "base/str.h"
#include "streams/stream.h"

enum { TABLES_MAX = 512 };

const struct status_stream_facts *stream_facts(const struct config *c, struct arena *a,
                                               size_t *count)
{
    struct status_stream_facts *facts = arena_array(a, stream_registry_count, sizeof(*facts));

    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        facts[i] = (struct status_stream_facts){
            .name = s->name,
            .title = s->title,
            .table = s->load == LOAD_OBSERVE ? s->state->table : s->tree->root->table,
            .is_snapshot = s->windows == WINDOWS_SNAPSHOT,
            .enabled = c->stream_count == 0 || str_is_listed(s->name, c->streams, c->stream_count),
        };
    }
    *count = stream_registry_count;
    return facts;
}

const char *const *stream_tables(struct arena *a, size_t *count)
{
    const struct table_map **queue = arena_array(a, TABLES_MAX, sizeof(struct table_map *));
    const char **names = arena_array(a, TABLES_MAX, sizeof(*names));
    size_t queued = 0;

    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        INVARIANT(queued < TABLES_MAX);
        queue[queued++] = s->load == LOAD_OBSERVE ? s->state : s->tree->root;
    }
    for (size_t at = 0; at < queued; at++) {
        names[at] = queue[at]->table;
        for (size_t i = 0; i < queue[at]->child_count; i++) {
            INVARIANT(queued < TABLES_MAX);
            queue[queued++] = queue[at]->children[i];
        }
    }
    *count = queued;
    return names;
}
