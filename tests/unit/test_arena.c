#include "test.h"

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

TEST(pieces_are_zeroed_aligned_and_apart)
{
    enum { PIECES = 3000 };
    static unsigned char *pieces[PIECES];
    struct arena *a = arena_new(64);

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

TEST(reset_gives_the_same_memory_again)
{
    struct arena *a = arena_new(4096);
    const void *first = arena_alloc(a, 100);

    for (int page = 0; page < 100; page++) {
        (void)arena_alloc(a, TEN_MIB);
        for (int i = 0; i < 100; i++) {
            (void)arena_alloc(a, 500);
        }
        arena_reset(a);
        assert_ptr_equal(arena_alloc(a, 100), first);
    }
    arena_free(a);
}

TEST(strings_are_copied)
{
    static const struct {
        const char *text;
        size_t length;
        const char *copy;
    } rows[] = {
        {"", 0, ""}, {"abc", 0, ""}, {"abc", 2, "ab"}, {"abc", 3, "abc"}, {"abc", 99, "abc"},
    };
    ARENA_SCOPED struct arena *a = arena_new(0);

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(arena_strndup(a, rows[i].text, rows[i].length), rows[i].copy);
        assert_string_equal(arena_strdup(a, rows[i].text), rows[i].text);
    }
    /* Bytes that no NUL follows are not read past. */
    static const char bytes[] = {'a', 'b', 'c', 'd'};
    assert_string_equal(arena_strndup(a, bytes, sizeof(bytes)), "abcd");
}

static volatile size_t too_much = PTRDIFF_MAX;

/* Asks for more than there is; `argument` says by which function. */
static void overflow(const void *argument)
{
    switch (*(const int *)argument) {
    case 0:
        (void)arena_array(arena_new(0), too_much, 3);
        break;
    case 1:
        (void)arena_alloc(arena_new(0), SIZE_MAX - (PTRDIFF_MAX - too_much));
        break;
    case 2:
        free(xmalloc(too_much));
        break;
    case 3:
        free(xcalloc(too_much, 3));
        break;
    default:
        free(xrealloc(NULL, too_much));
    }
}

TEST(no_memory_exits_70_with_one_line)
{
    for (int function = 0; function < 5; function++) {
        struct child c = child_run(overflow, &function);

        assert_int_equal(c.exit_code, 70);
        const char *line = strstr(c.text, "rollcall: out of memory");
        assert_non_null(line);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    }
}
