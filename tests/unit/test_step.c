#include "test.h"

#include <signal.h>
#include <unistd.h>

#include "base/step.h"
#include "child.h"

static char log_path[] = "/tmp/rollcall-step-XXXXXX";

static int make_log(void **state)
{
    int file = mkstemp(log_path);

    (void)state;
    return file < 0 ? -1 : close(file);
}

static int remove_log(void **state)
{
    (void)state;
    return unlink(log_path);
}

struct run {
    const char *kill_step; /* NULL: not set */
    bool log;
};

static void take_environment(const struct run *run)
{
    if (run->kill_step) {
        CHILD_ASSERT(setenv("ROLLCALL_KILL_STEP", run->kill_step, 1) == 0);
    }
    if (run->log) {
        CHILD_ASSERT(setenv("ROLLCALL_STEP_LOG", log_path, 1) == 0);
    }
}

static void three_steps(const void *argument)
{
    take_environment(argument);
    step("request");
    step("answer");
    /* The environment was read at the first step; later changes do not count. */
    CHILD_ASSERT(setenv("ROLLCALL_KILL_STEP", "3", 1) == 0);
    step("commit");
}

static void read_log(char *out, size_t size)
{
    FILE *in = fopen(log_path, "r");

    assert_non_null(in);
    size_t got = fread(out, 1, size - 1, in);
    out[got] = '\0';
    assert_int_equal(fclose(in), 0);
    assert_int_equal(truncate(log_path, 0), 0);
}

TEST(the_nth_step_kills)
{
    static const struct {
        struct run run;
        int exit_code;
        int signal;
        const char *log;
    } rows[] = {
        {{NULL, false}, 0, 0, ""},
        {{NULL, true}, 0, 0, "request\nanswer\ncommit\n"},
        {{"1", true}, -1, SIGKILL, "request\n"},
        {{"2", true}, -1, SIGKILL, "request\nanswer\n"},
        {{"3", true}, -1, SIGKILL, "request\nanswer\ncommit\n"},
        {{"4", true}, 0, 0, "request\nanswer\ncommit\n"},
        {{"2", false}, -1, SIGKILL, ""},
        {{"4", false}, 0, 0, ""},
        {{"0", false}, 70, 0, ""},
        {{"two", false}, 70, 0, ""},
        {{"", false}, 70, 0, ""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char log[256];
        struct child c = child_run(three_steps, &rows[i].run);

        assert_int_equal(c.exit_code, rows[i].exit_code);
        assert_int_equal(c.signal, rows[i].signal);
        read_log(log, sizeof(log));
        assert_string_equal(log, rows[i].log);
    }
}

TEST_GROUP(make_log, remove_log);
