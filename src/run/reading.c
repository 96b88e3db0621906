#include "run/reading.h"

enum { ARENA_BYTES = 8192, HOLDERS = 2 };

struct reading *reading_new(void)
{
    struct arena *a = arena_new(ARENA_BYTES);
    struct reading *r = arena_alloc(a, sizeof(*r));

    r->arena = a;
    r->start[0] = r->end[0] = '\0';
    r->facts = (struct walk_facts){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    r->available_ms = TIME_NONE;
    atomic_init(&r->holders, HOLDERS);
    atomic_init(&r->committed, false);
    atomic_init(&r->refused, false);
    return r;
}

void reading_release(struct reading *r)
{
    if (atomic_fetch_sub(&r->holders, 1) == 1) {
        arena_free(r->arena);
    }
}
