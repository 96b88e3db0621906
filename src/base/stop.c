#include "base/stop.h"

#include <signal.h>
#include <stdatomic.h>

#include "base/err.h"

/* Whether a signal asked, and whether a SIGINT came. */
static atomic_bool asked;
static atomic_bool interrupted;

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a signal handler may touch lock-free atomics only");

static void on_signal(int number)
{
    atomic_store(&asked, true);
    if (number != SIGINT || !atomic_exchange(&interrupted, true)) {
        return;
    }
    /* Ends as the shell expects of an interrupted program: by the signal, once this returns. */
    (void)signal(SIGINT, SIG_DFL);
    (void)raise(SIGINT);
}

void stop_install(void)
{
    /* Without SA_RESTART, so that waits end when the signal comes. */
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigemptyset(&action.sa_mask);
    INVARIANT(sigaction(SIGINT, &action, NULL) == 0);
    INVARIANT(sigaction(SIGTERM, &action, NULL) == 0);
    /* A closed terminal ends a run as SIGTERM does, unless it was started by nohup. */
    struct sigaction hangup;
    INVARIANT(sigaction(SIGHUP, NULL, &hangup) == 0);
    INVARIANT(hangup.sa_handler == SIG_IGN || sigaction(SIGHUP, &action, NULL) == 0);
    INVARIANT(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    /* A file that may not grow is a full disk, told by the failed write. */
    INVARIANT(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
}

bool stop_requested(void)
{
    return atomic_load(&asked);
}
