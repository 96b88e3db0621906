/*
 * A directory of a test's own under $TMPDIR or /tmp, which is also the working directory; gone
 * afterwards.
 */
#ifndef ROLLCALL_TESTS_TEMPDIR_H
#define ROLLCALL_TESTS_TEMPDIR_H

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char tempdir[64];        /* its path */
static char tempdir_from[4096]; /* where the test program was started: the source's root */

/* cmocka set-up and tear-down. */
static inline int tempdir_enter(__attribute__((unused)) void **state)
{
    const char *place = getenv("TMPDIR");

    (void)snprintf(tempdir, sizeof(tempdir), "%s/rollcall-test-XXXXXX", place ? place : "/tmp");
    return getcwd(tempdir_from, sizeof(tempdir_from)) && mkdtemp(tempdir) && chdir(tempdir) == 0
               ? 0
               : -1;
}

static inline int tempdir_leave(__attribute__((unused)) void **state)
{
    char command[] = "rm";
    char option[] = "-rf";
    char *const arguments[] = {command, option, tempdir, NULL};
    int status = 0;

    if (chdir(tempdir_from) != 0) {
        return -1;
    }
    pid_t pid = 0; /* a fork would copy the sanitizers' tables */
    return posix_spawnp(&pid, command, NULL, NULL, arguments, NULL) == 0 &&
                   waitpid(pid, &status, 0) == pid && status == 0
               ? 0
               : -1;
}

/* Writes a file with mode 0600. */
static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
    assert_int_equal(chmod(path, 0600), 0);
}

#endif
