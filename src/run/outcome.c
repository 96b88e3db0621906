#include "run/outcome.h"

void outcome_fail(struct outcome *o, const struct err *error, bool halts)
{
    o->left++;
    if (o->first.kind == ERR_NONE || (halts && !o->halted)) {
        o->first = *error;
    }
    o->halted = o->halted || halts;
}

enum err_kind outcome_kind(const struct outcome *o)
{
    if (o->stopped) {
        return ERR_STOPPED;
    }
    if (o->left == 0 && o->first.kind == ERR_NONE) {
        return ERR_NONE;
    }
    if (err_facts[o->first.kind].ends_run || o->done == 0) {
        return o->first.kind;
    }
    return ERR_PARTIAL;
}
