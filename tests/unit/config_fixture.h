/*
 * A configuration loaded from the files and the environment that a test sets up in a directory of
 * its own, which is also the working directory and HOME.
 */
#ifndef ROLLCALL_TESTS_CONFIG_FIXTURE_H
#define ROLLCALL_TESTS_CONFIG_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "io/config.h"

static const char *const streams[] = {"conversations", "adherence_realtime", "users", "queues"};

static char directory[64];

static inline int enter(void **state)
{
    (void)state;
    static const char *const variables[] = {"GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET",
                                            "GENESYS_REGION", "CREDENTIALS_DIRECTORY",
                                            "XDG_CONFIG_HOME"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        unsetenv(variables[i]);
    }
    snprintf(directory, sizeof(directory), "/tmp/rollcall-config-XXXXXX");
    if (mkdtemp(directory) == NULL || chdir(directory) != 0) {
        return -1;
    }
    setenv("HOME", directory, 1);
    return 0;
}

static inline int leave(void **state)
{
    (void)state;
    char command[] = "rm";
    char option[] = "-rf";
    char *const arguments[] = {command, option, directory, NULL};
    if (chdir("/") != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        execvp(command, arguments);
        _exit(1);
    }
    return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
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
        .known_stream_count = sizeof(streams) / sizeof(streams[0]),
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
