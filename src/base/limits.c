#include "base/limits.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/str.h"

#define LIMIT_PREFIX "ROLLCALL_LIMIT_"

static struct {
    const char *name;
    int64_t in_force;
    int64_t unmoved; /* in force where the environment does not move it */
    bool moved;      /* it does */
    int64_t min;
    int64_t max;
} limits[] = {
#define LIMIT_ROW(id, name, value, min, max, text) [id] = {name, value, value, false, min, max},
    LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

/* Takes one NAME=VALUE of the environment, the prefix gone. */
static bool load_one(struct arena *a, const char *setting, struct err *e)
{
    const char *names[LIMIT_COUNT];
    const char *equals = strchr(setting, '=');

    INVARIANT(equals);
    const char *name = arena_strndup(a, setting, (size_t)(equals - setting));
    const char *value = equals + 1;
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        int64_t min = limits[i].min;
        int64_t max = limits[i].max;

        names[i] = limits[i].name;
        if (!str_eq(name, names[i])) {
            continue;
        }
        if (!str_to_int64(value, min, max, &limits[i].in_force)) {
            return err_set(e, ERR_CONFIG,
                           "environment variable " LIMIT_PREFIX
                           "%s=%s: not a whole number from %" PRId64 " to %" PRId64,
                           name, str_escaped(a, value), min, max);
        }
        limits[i].moved = true;
        return true;
    }
    const char *near = str_nearest(name, names, LIMIT_COUNT);
    (void)err_set(e, ERR_CONFIG, "environment variable " LIMIT_PREFIX "%s: no such limit",
                  str_escaped(a, name));
    return near ? err_append(e, "; did you mean " LIMIT_PREFIX "%s?", near) : false;
}

bool limits_load(struct err *e)
{
    struct arena *a = arena_new(0);
    bool loaded = true;

    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        limits[i].in_force = limits[i].unmoved;
        limits[i].moved = false;
    }
    for (char **setting = environ; loaded && setting && *setting; setting++) {
        if (str_starts_with(*setting, LIMIT_PREFIX) && strchr(*setting, '=')) {
            loaded = load_one(a, *setting + strlen(LIMIT_PREFIX), e);
        }
    }
    arena_free(a);
    return loaded;
}

void limit_set(enum limit id, int64_t value)
{
    if (!limits[id].moved) {
        limits[id].in_force = value;
    }
}

int64_t limit_get(enum limit id)
{
    INVARIANT((unsigned)id < LIMIT_COUNT);
    return limits[id].in_force;
}
