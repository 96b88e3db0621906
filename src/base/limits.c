#include "base/limits.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"

#define LIMIT_PREFIX "ROLLCALL_LIMIT_"

struct limit_facts {
    const char *name;
    int64_t value;
    int64_t min;
    int64_t max;
};

static const struct limit_facts facts[] = {
#define LIMIT_FACTS(id, short_name, default_value, smallest, largest, text)                        \
    [id] = {.name = (short_name), .value = (default_value), .min = (smallest), .max = (largest)},
    LIMITS(LIMIT_FACTS)
#undef LIMIT_FACTS
};

static int64_t in_force[] = {
#define LIMIT_DEFAULT(id, name, value, min, max, text) [id] = (value),
    LIMITS(LIMIT_DEFAULT)
#undef LIMIT_DEFAULT
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
        const struct limit_facts *f = &facts[i];

        names[i] = f->name;
        if (!str_eq(name, f->name)) {
            continue;
        }
        if (!str_to_int64(value, f->min, f->max, &in_force[i])) {
            return err_set(e, ERR_CONFIG,
                           "environment variable " LIMIT_PREFIX
                           "%s=%s: not a whole number from %" PRId64 " to %" PRId64,
                           name, str_escaped(a, value), f->min, f->max);
        }
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
        in_force[i] = facts[i].value;
    }
    for (char **setting = environ; loaded && setting && *setting; setting++) {
        if (str_starts_with(*setting, LIMIT_PREFIX) && strchr(*setting, '=')) {
            loaded = load_one(a, *setting + strlen(LIMIT_PREFIX), e);
        }
    }
    arena_free(a);
    return loaded;
}

int64_t limit_get(enum limit id)
{
    INVARIANT((unsigned)id < LIMIT_COUNT);
    return in_force[id];
}
