/* The pager between standard output and the terminal. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "out/render.h"

/* Of this process, as its standard output is; 0: none. */
static pid_t pager;

/* What the shell is to run: the reader's own choice or less, and cat where that is not there; NULL:
 * nothing. */
static const char *wanted(struct arena *a)
{
    const char *terminal = getenv("TERM");
    const char *own = getenv("ROLLCALL_PAGER");

    own = own ? own : getenv("PAGER");
    if (!terminal || str_eq(terminal, "dumb") || (own && (!*own || str_eq(own, "cat")))) {
        return NULL;
    }
    return own ? arena_printf(a, "(%s\n) || [ $? -ne 127 ] || exec cat", own)
               : "command -v less >/dev/null || exec cat; exec less";
}

/* The child's part. */
_Noreturn static void run_pager(const char *command, int input)
{
    (void)dup2(input, STDIN_FILENO);
    (void)close(input);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setenv("LESS", "FRX", 0);
    (void)unsetenv("GENESYS_CLIENT_SECRET");
    (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void render_paged(FILE *out)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *command = wanted(a);
    int ends[2];

    if (command && pager == 0 && out == stdout && isatty(STDOUT_FILENO) == 1 && pipe(ends) == 0) {
        pager = fork();
        if (pager == 0) {
            (void)close(ends[1]);
            run_pager(command, ends[0]);
        }
        if (pager > 0) {
            (void)dup2(ends[1], STDOUT_FILENO);
            (void)signal(SIGINT, SIG_IGN); /* it is the pager's */
        }
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
}

bool render_end(bool *by_reader)
{
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    *by_reader = !written && poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
    if (pager > 0) {
        (void)close(STDOUT_FILENO);
        while (waitpid(pager, NULL, 0) < 0 && errno == EINTR) {
            (void)kill(pager, SIGTERM);
        }
    }
    return written;
}
