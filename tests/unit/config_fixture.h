/*
 * A configuration loaded from the files and the environment that a test sets up in a directory of
 * its own, which is also the working directory and HOME.
 */
#ifndef ROLLCALL_TESTS_CONFIG_FIXTURE_H
#define ROLLCALL_TESTS_CONFIG_FIXTURE_H

#include "base/str.h"
#include "io/config.h"
#include "tempdir.h"

static const char *const streams[] = {"conversations", "adherence_realtime", "users", "queues"};

static inline int enter(void **state)
{
    static const char *const variables[] = {"GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET",
                                            "GENESYS_REGION", "CREDENTIALS_DIRECTORY",
                                            "XDG_CONFIG_HOME"};
    for (size_t i = 0; i < COUNT(variables); i++) {
        unsetenv(variables[i]);
    }
    return tempdir_enter(state) == 0 ? setenv("HOME", tempdir, 1) : -1;
}

/* One configuration loaded from ./rollcall.ini, .env, the environment. */
struct loaded {
    struct arena *a;
    struct config c;
    struct err e;
    bool good;
};

static inline struct loaded load_as(const char *file, bool needs_login)
{
    struct loaded l = {.a = arena_new(0)};
    struct config_request request = {
        .file = file,
        .needs_login = needs_login,
        .known_streams = streams,
        .known_stream_count = COUNT(streams),
    };
    l.good = config_load(&request, l.a, &l.c, &l.e);
    return l;
}

static inline void unload(struct loaded *l)
{
    config_wipe(&l->c);
    arena_free(l->a);
}

static inline struct loaded load_text(const char *ini, bool needs_login)
{
    write_file("rollcall.ini", ini);
    return load_as(NULL, needs_login);
}

static inline void assert_good(const struct loaded *l)
{
    if (!l->good) {
        fail_msg("%s", l->e.message);
    }
}

#endif
