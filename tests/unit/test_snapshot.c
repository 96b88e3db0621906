#include "test.h"

#include <signal.h>

#include "base/stop.h"
#include "child.h"
#include "out/out.h"
#include "scratch.h"

/* In a child: the signal stays with the process. */
static void stopped_copy(const void *argument)
{
    const struct scratch *s = argument;
    struct err e;

    stop_install();
    (void)raise(SIGTERM);
    CHILD_ASSERT(!snapshot_write(s->db, "copy.db", 0, false, &e));
    CHILD_ASSERT(e.kind == ERR_STOPPED);
}

TEST_IN_SCRATCH(a_signal_leaves_the_old_copy)
{
    write_file("copy.db", "old");
    assert_int_equal(child_run(stopped_copy, s).exit_code, 0);
    assert_string_equal(scratch_file(s, "copy.db"), "old");
}
