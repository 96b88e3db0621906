#include "streams/loaders.h"

struct loader *loaders_get(struct loaders *all, const struct stream *s, const struct pass *pass,
                           struct err *e)
{
    size_t first = 0;

    while (s->passes[first].trees != pass->trees) {
        first++;
    }
    struct loader **l = &all->of[s->lock_slot][first];
    if (!*l) {
        *l = load_new(all->db, stream_trees(s, pass), s->load, s->state, e);
    }
    return *l;
}

bool loaders_close(struct loaders *all, const struct stream *s, bool ok, struct err *e)
{
    for (size_t i = 0; i < PASSES_MAX; i++) {
        struct loader **l = &all->of[s->lock_slot][i];

        ok = ok && (!*l || load_settle(*l, e));
        load_free(*l);
        *l = NULL;
    }
    return ok;
}
