#include "base/limits.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/str.h"

#define LIMIT_PREFIX "ROLLCALL_LIMIT_"

const struct limit_facts limit_facts[LIMIT_COUNT] = {LIMIT_ROWS};

/* Of those that are moved: what is in force, and whether the environment says so. */
static struct {
    bool is_moved;
    bool by_environment;
    int64_t value;
} moved[LIMIT_COUNT];

/* Takes one NAME=VALUE of the environment, the prefix gone. */
static bool load_one(struct arena *a, const char *setting, struct err *e)
{
    const char *names[LIMIT_COUNT];
    char *value = arena_strdup(a, setting);
    const char *name = strsep(&value, "=");

    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        const struct limit_facts *facts = &limit_facts[i];

        names[i] = facts->name;
        if (!str_eq(name, names[i])) {
            continue;
        }
        if (!str_to_int64(value, facts->min, facts->max, &moved[i].value)) {
            return err_set(e, ERR_CONFIG,
                           "environment variable " LIMIT_PREFIX
                           "%s=%s: not a whole number from %" PRId64 " to %" PRId64,
                           name, str_escaped(a, value), facts->min, facts->max);
        }
        moved[i].is_moved = moved[i].by_environment = true;
        return true;
    }
    const char *near = str_nearest(name, names, LIMIT_COUNT);
    (void)err_set(e, ERR_CONFIG, "environment variable " LIMIT_PREFIX "%s: no such limit",
                  str_escaped(a, name));
    return near ? err_append(e, "; did you mean " LIMIT_PREFIX "%s?", near) : false;
}

bool limits_load(struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);

    memset(moved, 0, sizeof(moved));
    for (char **setting = environ; setting && *setting; setting++) {
        if (str_starts_with(*setting, LIMIT_PREFIX) && strchr(*setting, '=') &&
            !load_one(a, *setting + strlen(LIMIT_PREFIX), e)) {
            return false;
        }
    }
    return true;
}

void limit_set(enum limit id, int64_t value)
{
    if (!moved[id].by_environment) {
        moved[id].is_moved = true;
        moved[id].value = value;
    }
}

int64_t limit_get(enum limit id)
{
    INVARIANT((unsigned)id < LIMIT_COUNT);
    return moved[id].is_moved ? moved[id].value : limit_facts[id].usual;
}
