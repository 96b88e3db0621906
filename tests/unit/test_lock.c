#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/lock.h"
#include "tempdir.h"

static struct err e;

static const char database[] = "r.db";

static struct lock_file *open_lock(void)
{
    struct lock_file *l = lock_open(database, &e);
    assert_non_null(l);
    return l;
}

TEST_IN(tempdir_enter, tempdir_leave, take_and_drop)
{
    char holder[LOCK_HOLDER_BYTES];
    assert_int_equal(lock_is_held(database, 0), -1);
    struct lock_file *one = open_lock();
    struct lock_file *two = open_lock();
    assert_int_equal(lock_is_held(database, 0), 0);
    assert_true(lock_take(one, 0, "users", &e));
    assert_int_equal(lock_is_held(database, 0), 1);
    assert_int_equal(lock_is_held(database, 1), 0);
    assert_int_equal(chmod("r.db.lock", 0400), 0); /* who reads does not write */
    assert_int_equal(lock_is_held(database, 0), 1);
    assert_true(lock_take(one, 0, "users", &e));
    assert_true(lock_take(one, LOCK_SLOTS - 1, "last", &e));
    assert_false(lock_take(two, 0, "users", &e));
    assert_int_equal(e.kind, ERR_LOCKED);
    assert_true(lock_take(two, 1, "queues", &e));
    assert_true(lock_holder(one, 0, holder));
    assert_true(lock_holder(two, 0, holder));
    lock_drop(one, 0);
    lock_drop(one, 0);
    assert_false(lock_holder(two, 0, holder));
    assert_string_equal(holder, "");
    assert_true(lock_take(two, 0, "users", &e));
    assert_false(lock_take(one, 0, "users", &e)); /* what was dropped is to be taken anew */
    lock_close(two);
    assert_true(lock_take(one, 1, "queues", &e));
    lock_close(one);
    lock_close(NULL);
}

/* A process of a PID namespace and a host name of its own says who it is, and ends. */
static void tell_from_container(int out)
{
    char holder[LOCK_HOLDER_BYTES] = "";
    if (unshare(CLONE_NEWPID | CLONE_NEWUTS) == 0 && sethostname("box-7", 5) == 0 && fork() == 0) {
        struct lock_file *l = lock_open(database, &e);
        if (l != NULL && lock_take(l, 0, "users", &e) && lock_holder(l, 0, holder)) {
            _exit(write(out, holder, sizeof(holder)) == sizeof(holder) ? 0 : 1);
        }
        _exit(1);
    }
    _exit(wait(NULL) < 0 ? 1 : 0);
}

TEST_IN(tempdir_enter, tempdir_leave, says_of_which_container)
{
    char holder[LOCK_HOLDER_BYTES] = "";
    int told[2];
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        tell_from_container(told[1]);
    }
    close(told[1]);
    bool may = read(told[0], holder, sizeof(holder)) == sizeof(holder);
    close(told[0]);
    waitpid(pid, NULL, 0);
    if (!may) {
        skip(); /* only root makes namespaces everywhere */
    }
    assert_memory_equal(holder, "process 1 of the container box-7, started 2", 43);
}

TEST_IN(tempdir_enter, tempdir_leave, garbage_in_the_file)
{
    char holder[LOCK_HOLDER_BYTES];
    struct lock_file *one = open_lock();
    struct lock_file *two = open_lock();
    assert_true(lock_take(one, 0, "users", &e));
    assert_int_equal(truncate("r.db.lock", 0), 0);
    assert_true(lock_holder(two, 0, holder));
    assert_string_equal(holder, "another process");
    assert_int_equal(truncate("r.db.lock", 4096), 0);
    assert_true(lock_holder(two, 0, holder));
    assert_string_equal(holder, "another process");
    lock_close(one);
    lock_close(two);
}

TEST_IN(tempdir_enter, tempdir_leave, symbolic_link_shares_the_lock)
{
    write_file(database, "");
    assert_int_equal(symlink(database, "link.db"), 0);
    struct lock_file *one = open_lock();
    struct lock_file *two = lock_open("link.db", &e);
    assert_non_null(two);
    assert_true(lock_take(one, 0, "users", &e));
    assert_false(lock_take(two, 0, "users", &e));
    lock_close(one);
    lock_close(two);
}

/* What is no lock file is not written to. */
TEST_IN(tempdir_enter, tempdir_leave, links_are_not_followed)
{
    int (*const link_as[])(const char *, const char *) = {link, symlink};
    write_file(database, "");
    for (size_t i = 0; i < sizeof(link_as) / sizeof(link_as[0]); i++) {
        write_file("victim", "precious");
        assert_int_equal(link_as[i]("victim", "r.db.lock"), 0);
        assert_null(lock_open(database, &e));
        assert_int_equal(e.kind, ERR_STORE);
        assert_non_null(strstr(e.message, "r.db.lock: a link"));
        assert_int_equal(unlink("r.db.lock"), 0);
    }
    assert_int_equal(symlink("absent", "r.db.lock"), 0);
    assert_null(lock_open(database, &e));
    assert_int_equal(access("absent", F_OK), -1);
}

/* A window is one run's at a time; that of a stream's slot does not matter. */
TEST_IN(tempdir_enter, tempdir_leave, windows_are_claimed_one_by_one)
{
    struct lock_file *one = open_lock();
    struct lock_file *two = open_lock();
    assert_true(lock_claim(one, 7));
    assert_true(lock_claim(one, 7));
    assert_false(lock_claim(two, 7));
    assert_true(lock_claim(two, 8));
    assert_true(lock_claim(two, INT64_C(1) << 40));
    lock_unclaim(one, 7);
    assert_true(lock_claim(two, 7));
    lock_close(two);
    assert_true(lock_claim(one, 7));
    lock_close(one);
}

/* Whatever each of them holds; what is claimed is none of it. */
TEST_IN(tempdir_enter, tempdir_leave, runs_are_counted)
{
    struct lock_file *one = open_lock();
    clock_sleep_ms(2); /* they differ by when they began */
    struct lock_file *two = open_lock();
    clock_sleep_ms(2);
    struct lock_file *three = open_lock();
    assert_true(lock_claim(two, 7));
    assert_int_equal(lock_runs(one), 1);
    assert_true(lock_take(two, LOCK_PAST + 3, "past", &e));
    assert_true(lock_take(two, LOCK_PAST + 4, "past", &e));
    assert_int_equal(lock_runs(one), 2);
    assert_int_equal(lock_runs(two), 1); /* its own is none of another */
    assert_true(lock_take(three, 3, "night", &e));
    assert_true(lock_take(three, LOCK_PAST, "night", &e));
    assert_int_equal(lock_runs(one), 3);
    assert_int_equal(lock_runs(two), 2);
    lock_close(two);
    assert_int_equal(lock_runs(one), 2);
    lock_close(three);
    assert_int_equal(lock_runs(one), 1);
    lock_close(one);
}
