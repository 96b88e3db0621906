#include "base/step.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Set once from the environment (0 and -1: not); `steps` is the mutex's. */
static int64_t kill_step;
static int log_file = -1;
static int64_t steps;

static void read_environment(void)
{
    const char *number = getenv("ROLLCALL_KILL_STEP");
    const char *path = getenv("ROLLCALL_STEP_LOG");

    /* A test that misspells these must not pass because nothing was killed. */
    INVARIANT(!number || str_to_int64(number, 1, INT64_MAX, &kill_step));
    if (path) {
        log_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        INVARIANT(log_file >= 0);
    }
}

void step(const char *name)
{
    (void)pthread_once(&once, read_environment);
    if (kill_step == 0 && log_file < 0) {
        return;
    }

    /* The lock keeps the log in counting order: line N is step N. */
    (void)pthread_mutex_lock(&mutex);
    INVARIANT(log_file < 0 || dprintf(log_file, "%s\n", name) > 0);
    if (++steps == kill_step) {
        (void)kill(getpid(), SIGKILL);
        for (;;) {
            (void)pause();
        }
    }
    (void)pthread_mutex_unlock(&mutex);
}
