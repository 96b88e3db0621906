/*
 * Limits for a test: ROLLCALL_LIMIT_<name> set to a value, or back to its default.
 */
#ifndef ROLLCALL_TESTS_LIMIT_H
#define ROLLCALL_TESTS_LIMIT_H

#include "base/limits.h"

/* `value` NULL: the default. Fails the test when the value is none. */
static inline void limit(const char *name, const char *value)
{
    char variable[64];
    struct err e;

    snprintf(variable, sizeof(variable), "ROLLCALL_LIMIT_%s", name);
    if (value) {
        setenv(variable, value, 1);
    } else {
        unsetenv(variable);
    }
    assert_true(limits_load(&e));
}

#endif
