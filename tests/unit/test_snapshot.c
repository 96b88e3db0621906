#include "test.h"

#include <signal.h>

#include "base/stop.h"
#include "child.h"
#include "out/out.h"
#include "scratch.h"

TEST_IN_SCRATCH(the_copy_is_plain_and_of_one_moment)
{
    scratch_exec(s, "INSERT INTO user (user_id) VALUES ('u1'), ('u2')");
    check(snapshot_write(s->db, "copy.db", &s->e), s);
    scratch_exec(s, "INSERT INTO user (user_id) VALUES ('u3')");
    const char *bytes = scratch_file(s, "copy.db");
    assert_int_equal(bytes[18], 1);
    assert_int_equal(bytes[19], 1);

    struct db *copy = db_open("copy.db", DB_READ, &s->e);
    check(copy != NULL, s);
    struct scratch other = {.db = copy, .arena = s->arena};
    assert_string_equal(scratch_value(&other, "SELECT count(*) FROM user"), "2");
    assert_string_equal(scratch_value(&other, "PRAGMA integrity_check"), "ok");
    db_close(copy);
    /* The connection can be used on, also for writing. */
    check(snapshot_write(s->db, "copy.db", &s->e), s);
    check_value(s, "SELECT count(*) FROM user", "3");
}

/* In a child: the signal stays with the process. */
static void stopped_copy(const void *argument)
{
    const struct scratch *s = argument;
    struct err e;

    stop_install();
    (void)raise(SIGTERM);
    CHILD_ASSERT(!snapshot_write(s->db, "copy.db", &e));
    CHILD_ASSERT(e.kind == ERR_STOPPED);
}

TEST_IN_SCRATCH(a_signal_leaves_the_old_copy)
{
    write_file("copy.db", "old");
    assert_int_equal(child_run(stopped_copy, s).exit_code, 0);
    assert_string_equal(scratch_file(s, "copy.db"), "old");
}
