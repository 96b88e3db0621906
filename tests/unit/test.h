/*
 * The frame of a unit test program: cmocka, tests that register themselves in the file's order, and
 * main(). Include it once, first; `unit/test_NAME PATTERN` runs the tests whose names match.
 *
 *     TEST(sums_add_up) { assert_int_equal(1 + 1, 2); }
 *     TEST_IN(tempdir_enter, tempdir_leave, a_file_is_made) { ... }    between a set-up and a
 * tear-down TEST_OF(struct scratch *s, scratch_open, scratch_close, a_row_is_made) { ... s->db ...
 * } TEST_GROUP(set_up, tear_down)    what surrounds all of them, at most once
 */
#ifndef ROLLCALL_TESTS_TEST_H
#define ROLLCALL_TESTS_TEST_H

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A row of a table that is longer than a line: clang-format lays it out like a call, several values
 * a line. Its versions differ about the braces.
 */
/* clang-format off */
#define ROW(...) {__VA_ARGS__}
/* clang-format on */

#define fail_if(condition, ...)                                                                    \
    do {                                                                                           \
        if (condition) {                                                                           \
            fail_msg(__VA_ARGS__);                                                                 \
        }                                                                                          \
    } while (0)

enum { TESTS_MAX = 200 };

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static CMFixtureFunction tests_set_up;
static CMFixtureFunction tests_tear_down;

static inline void test_add(const struct CMUnitTest *test)
{
    if (test_count == TESTS_MAX) {
        (void)fprintf(stderr, "more than %d tests in a file\n", TESTS_MAX);
        abort();
    }
    tests[test_count++] = *test;
}

#define TEST_IN(set_up, tear_down, test)                                                           \
    static void test(void **state);                                                                \
    __attribute__((constructor)) static void add_##test(void)                                      \
    {                                                                                              \
        test_add(&(struct CMUnitTest)cmocka_unit_test_setup_teardown(test, set_up, tear_down));    \
    }                                                                                              \
    static void test(__attribute__((unused)) void **state)

#define TEST(test) TEST_IN(NULL, NULL, test)

/* With what the set-up left in the state as a parameter. */
#define TEST_OF(parameter, set_up, tear_down, test)                                                \
    static void test##_of(parameter);                                                              \
    TEST_IN(set_up, tear_down, test)                                                               \
    {                                                                                              \
        test##_of(*state);                                                                         \
    }                                                                                              \
    static void test##_of(__attribute__((unused)) parameter)

#define TEST_GROUP(set_up, tear_down)                                                              \
    __attribute__((constructor)) static void add_group(void)                                       \
    {                                                                                              \
        tests_set_up = (set_up);                                                                   \
        tests_tear_down = (tear_down);                                                             \
    }                                                                                              \
    static_assert(true, "takes the semicolon")

int main(int argc, char **argv)
{
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return _cmocka_run_group_tests(argv[0], tests, test_count, tests_set_up, tests_tear_down);
}

#endif
