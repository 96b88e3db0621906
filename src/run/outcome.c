#include "run/outcome.h"

#include "base/stop.h"

static void note(struct outcome *o, const struct err *error, bool halts)
{
    o->left++;
    /* Trouble that concerns everything outranks one window's. */
    if (o->first.kind == ERR_NONE || (halts && !o->halted)) {
        o->first = *error;
    }
    o->halted = o->halted || halts;
}

void outcome_add(struct outcome *o, struct reading *const *readings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct reading *r = readings[i];
        if (r->outcome == READING_FAILED) {
            note(o, &r->error, r->halts);
        }
        o->done += r->outcome == READING_DONE;
        o->left += r->outcome == READING_WAITING;
    }
    o->stopped = o->stopped || stop_requested();
}

void outcome_fail(struct outcome *o, const struct err *error)
{
    note(o, error, error->kind != ERR_CONTRACT);
}

bool outcome_halted(const struct outcome *o)
{
    return o->stopped || o->halted;
}

enum err_kind outcome_kind(const struct outcome *o)
{
    if (o->stopped) {
        return ERR_STOPPED;
    }
    if (o->left == 0 && o->first.kind == ERR_NONE) {
        return ERR_NONE;
    }
    if (err_ends_run(o->first.kind) || o->done == 0) {
        return o->first.kind;
    }
    return ERR_PARTIAL;
}
