/* What the stand-in itself refuses, whatever its scripts say. */
#include "test.h"

#include <signal.h>

#include "../standin/conv.c"
#include "../standin/rng.c"
#include "child.h"

struct world world;

void scenario(struct conv *c, struct rng *r)
{
    (void)c;
    (void)r;
}

static void emits(const void *name)
{
    static struct conv c;
    conv_metric(&c, 0, name, 0, 1);
}

TEST(no_metric_of_aggregates_alone_is_in_a_record)
{
    const char *const none[] = {
        "tWait", "oServiceLevel", "oServiceTarget", "oCallbackServiceLevel", "tAc", "acw", ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct child c = child_run(emits, none[i]);
        assert_int_equal(c.signal, SIGABRT);
        assert_non_null(strstr(c.text, "no detail record has a metric"));
    }
    assert_int_equal(child_run(emits, "tAcd").exit_code, 0);
}
