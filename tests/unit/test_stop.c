#include "test.h"

#include <signal.h>

#include "base/stop.h"
#include "child.h"

enum { SIGNALS_MAX = 4 };

struct signals {
    int sent[SIGNALS_MAX]; /* ended by 0 */
    int ended_by;          /* the signal that ends the process, 0 when it lives on */
};

static void take_signals(const void *argument)
{
    const struct signals *signals = argument;

    stop_install();
    CHILD_ASSERT(!stop_requested());
    for (int i = 0; i < SIGNALS_MAX && signals->sent[i]; i++) {
        (void)raise(signals->sent[i]);
        CHILD_ASSERT(signals->ended_by || stop_requested());
    }
}

TEST(signals_ask_and_a_second_interrupt_ends)
{
    static const struct signals rows[] = {
        {{0}, 0},
        {{SIGTERM}, 0},
        {{SIGINT}, 0},
        {{SIGTERM, SIGTERM, SIGTERM}, 0},
        {{SIGTERM, SIGINT}, 0},
        {{SIGINT, SIGTERM}, 0},
        {{SIGINT, SIGINT}, SIGINT},
        {{SIGTERM, SIGINT, SIGINT}, SIGINT},
        {{SIGINT, SIGTERM, SIGINT}, SIGINT},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct child c = child_run(take_signals, &rows[i]);

        assert_int_equal(c.signal, rows[i].ended_by);
        assert_int_equal(c.exit_code, rows[i].ended_by ? -1 : 0);
    }
}
