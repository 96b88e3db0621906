#include "test.h"

#include <signal.h>

#include "base/step.h"
#include "child.h"
#include "tempdir.h"

#define LOG "steps"

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
        CHILD_ASSERT(setenv("ROLLCALL_STEP_LOG", LOG, 1) == 0);
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

/* What stands in the log, if there is one; it is gone then. */
static const char *take_log(void)
{
    static char text[256];
    FILE *file = fopen(LOG, "a+");

    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    assert_int_equal(fclose(file) | unlink(LOG), 0);
    return text;
}

TEST_IN(tempdir_enter, tempdir_leave, the_nth_step_kills)
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
        struct child c = child_run(three_steps, &rows[i].run);

        assert_int_equal(c.exit_code, rows[i].exit_code);
        assert_int_equal(c.signal, rows[i].signal);
        assert_string_equal(take_log(), rows[i].log);
    }
}
