#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "child.h"

#ifdef __SANITIZE_ADDRESS__
/* Asking for too much must answer NULL, as malloc does, instead of ending the test. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

#define TEN_MIB ((size_t)10 << 20)

static bool all_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    enum { PIECES = 3000 };
    static unsigned char *pieces[PIECES];
    struct arena *a = arena_new(64);

    (void)state;
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            pieces[i] = arena_alloc(a, i);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            assert_true(all_zero(pieces[i], i));
            memset(pieces[i], (int)(i % 255) + 1, i);
        }
        for (size_t i = 0; i < PIECES; i++) {
            for (size_t j = 0; j < i; j++) {
                assert_int_equal(pieces[i][j], i % 255 + 1);
            }
        }
        arena_reset(a);
    }
    arena_free(a);
    arena_free(NULL);
}

static void reset_keeps_the_first_block_alone(void **state)
{
    struct arena *a = arena_new(4096);
    size_t start = arena_held_bytes(a);
    void *first = arena_alloc(a, 100);

    (void)state;
    assert_true(start >= 4096);
    for (int page = 0; page < 100; page++) {
        (void)arena_alloc(a, 1000);
        (void)arena_alloc(a, TEN_MIB);
        for (int i = 0; i < 100; i++) {
            (void)arena_alloc(a, 500);
        }
        assert_true(arena_held_bytes(a) >= TEN_MIB + 50000);
        assert_true(arena_held_bytes(a) < TEN_MIB + (2U << 20));
        arena_reset(a);
        assert_int_equal(arena_held_bytes(a), start);
        assert_ptr_equal(arena_alloc(a, 100), first);
    }
    arena_free(a);
}

static void what_fits_the_first_block_takes_no_other(void **state)
{
    struct arena *a = arena_new(4096);
    size_t start = arena_held_bytes(a);

    (void)state;
    for (int i = 0; i < 4; i++) {
        (void)arena_alloc(a, 1024);
    }
    assert_int_equal(arena_held_bytes(a), start);
    (void)arena_alloc(a, 1);
    assert_true(arena_held_bytes(a) > start);
    arena_free(a);
}

static void a_large_piece_leaves_the_block_in_use(void **state)
{
    struct arena *a = arena_new(4096);

    (void)state;
    (void)arena_alloc(a, 16);
    (void)arena_alloc(a, 100000);
    size_t held = arena_held_bytes(a);
    (void)arena_alloc(a, 4000);
    assert_int_equal(arena_held_bytes(a), held);
    arena_free(a);
}

static void strings_are_copied(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *copy;
    } rows[] = {
        {"", 0, ""}, {"abc", 0, ""}, {"abc", 2, "ab"}, {"abc", 3, "abc"}, {"abc", 99, "abc"},
    };
    struct arena *a = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(arena_strndup(a, rows[i].text, rows[i].length), rows[i].copy);
        assert_string_equal(arena_strdup(a, rows[i].text), rows[i].text);
    }
    /* Bytes that no NUL follows are not read past. */
    char *bytes = xmalloc(4);
    memcpy(bytes, "abcd", 4);
    assert_string_equal(arena_strndup(a, bytes, 4), "abcd");
    free(bytes);
    arena_free(a);
}

static void printf_has_any_length(void **state)
{
    struct arena *a = arena_new(64);
    char *wide = arena_printf(a, "%*d|", 100000, 7);

    (void)state;
    assert_int_equal(strlen(wide), 100001);
    assert_string_equal(wide + 99999, "7|");
    assert_string_equal(arena_printf(a, "%s-%d", "page", 12), "page-12");
    assert_string_equal(arena_printf(a, "%s", ""), "");
    arena_free(a);
}

static void arrays_are_zeroed(void **state)
{
    struct arena *a = arena_new(0);
    const unsigned char *array = arena_array(a, 1000, 24);

    (void)state;
    assert_true(all_zero(array, 24000));
    assert_non_null(arena_array(a, 0, 24));
    arena_free(a);
}

static void x_functions_give_memory(void **state)
{
    unsigned char *zeroes = xcalloc(10, 10);
    char *text = xstrdup("hello");

    (void)state;
    assert_true(all_zero(zeroes, 100));
    free(zeroes);
    text = xrealloc(text, 1000);
    assert_string_equal(text, "hello");
    free(text);
    void *nothing[] = {xmalloc(0), xcalloc(0, 8), xrealloc(NULL, 0)};
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(nothing[i]);
        free(nothing[i]);
    }
}

static volatile size_t too_much = PTRDIFF_MAX;

static void overflow_array(const void *argument)
{
    (void)argument;
    (void)arena_array(arena_new(0), too_much, 3);
}

static void overflow_alloc(const void *argument)
{
    (void)argument;
    (void)arena_alloc(arena_new(0), SIZE_MAX - (PTRDIFF_MAX - too_much));
}

static void overflow_malloc(const void *argument)
{
    (void)argument;
    free(xmalloc(too_much));
}

static void overflow_calloc(const void *argument)
{
    (void)argument;
    free(xcalloc(too_much, 3));
}

static void overflow_realloc(const void *argument)
{
    (void)argument;
    free(xrealloc(NULL, too_much));
}

static void no_memory_exits_70_with_one_line(void **state)
{
    static void (*const bodies[])(const void *) = {
        overflow_array, overflow_alloc, overflow_malloc, overflow_calloc, overflow_realloc,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct child c = child_run(bodies[i], NULL);

        assert_int_equal(c.exit_code, 70);
        const char *line = strstr(c.text, "rollcall: out of memory");
        assert_non_null(line);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(reset_keeps_the_first_block_alone),
        cmocka_unit_test(what_fits_the_first_block_takes_no_other),
        cmocka_unit_test(a_large_piece_leaves_the_block_in_use),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(printf_has_any_length),
        cmocka_unit_test(arrays_are_zeroed),
        cmocka_unit_test(x_functions_give_memory),
        cmocka_unit_test(no_memory_exits_70_with_one_line),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
