#include "test.h"

#include <signal.h>
#include <sys/stat.h>

#include "base/stop.h"
#include "base/str.h"
#include "child.h"
#include "out/snapshot.h"
#include "scratch.h"

TEST_IN(scratch_open, scratch_close, the_copy_is_plain_and_of_one_moment)
{
    struct scratch *s = *state;

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

TEST_IN(scratch_open, scratch_close, what_is_alive_is_refused)
{
    struct scratch *s = *state;
    static const char *const names[] = {SCRATCH_DATABASE,         SCRATCH_DATABASE "-wal",
                                        SCRATCH_DATABASE "-shm",  SCRATCH_DATABASE "-journal",
                                        SCRATCH_DATABASE ".lock", "./" SCRATCH_DATABASE};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_false(snapshot_write(s->db, names[i], &s->e));
        assert_int_equal(s->e.kind, ERR_USAGE);
    }
    assert_int_equal(mkdir("elsewhere", 0777), 0);
    check(snapshot_write(s->db, "elsewhere/" SCRATCH_DATABASE, &s->e), s);
    assert_false(snapshot_write(s->db, "elsewhere", &s->e));
    assert_int_equal(s->e.kind, ERR_STORE);
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

TEST_IN(scratch_open, scratch_close, a_signal_leaves_the_old_copy)
{
    struct scratch *s = *state;
    FILE *old = fopen("copy.db", "wb");

    assert_non_null(old);
    (void)fputs("old", old);
    (void)fclose(old);
    assert_int_equal(child_run(stopped_copy, s).exit_code, 0);
    assert_string_equal(scratch_file(s, "copy.db"), "old");
}
