/*
 * Runs a function in a child process and catches how it ended and what it wrote to stderr: for code
 * that ends the process, reads the environment once, or takes signals.
 */
#ifndef ROLLCALL_TESTS_CHILD_H
#define ROLLCALL_TESTS_CHILD_H

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    int exit_code; /* -1 when a signal ended it */
    int signal;    /* 0 when it exited */
    char text[4096];
};

/* A body that returns ends the child with exit code 0. Failures inside are shown by _exit(99). */
static inline struct child child_run(void (*body)(const void *), const void *argument)
{
    struct child c = {.exit_code = -1};
    int ends[2];
    int status = 0;
    size_t length = 0;

    if (pipe(ends) != 0) {
        return c;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        body(argument);
        _exit(0);
    }
    (void)close(ends[1]);
    while (length < sizeof(c.text) - 1) {
        ssize_t got = read(ends[0], c.text + length, sizeof(c.text) - 1 - length);

        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    (void)close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return c;
    }
    if (WIFEXITED(status)) {
        c.exit_code = WEXITSTATUS(status);
    } else {
        c.signal = WTERMSIG(status);
    }
    return c;
}

/* Inside a body: ends the child with 99 unless the condition holds. */
#define CHILD_ASSERT(condition) ((condition) ? (void)0 : _exit(99))

#endif
