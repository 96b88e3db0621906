#include "test.h"

#include "base/buf.h"

static bool add_bytes(struct buf *b)
{
    return buf_add(b, "xxxxx", 5);
}

static bool add_string(struct buf *b)
{
    return buf_add_str(b, "xxxxx");
}

static bool add_print(struct buf *b)
{
    return buf_add_printf(b, "%5d", 1);
}

TEST(the_maximum_refuses_whole_additions)
{
    static bool (*const additions[])(struct buf *) = {add_bytes, add_string, add_print};

    for (size_t max = 0; max < 600; max += 7) {
        for (size_t i = 0; i < COUNT(additions); i++) {
            struct buf b;
            size_t length = 0;

            b = buf_of(max);
            while (additions[i](&b)) {
                length += 5;
                assert_true(length <= max);
                assert_int_equal(b.length, length);
                assert_int_equal(b.data[length], '\0');
            }
            assert_int_equal(b.length, max / 5 * 5);
            assert_true(b.capacity <= max + 1);
            /* What still fits is let in after a refusal. */
            while (b.length < max) {
                assert_true(buf_add_char(&b, '.'));
            }
            assert_false(buf_add_char(&b, '.'));
            assert_true(buf_add_str(&b, ""));
            assert_int_equal(b.length, max);
            buf_free(&b);
            assert_null(b.data);
        }
    }
}

TEST(an_endless_maximum_cannot_overflow)
{
    struct buf b;

    b = buf_of(SIZE_MAX);
    assert_true(buf_add_str(&b, "abc"));
    assert_false(buf_add(&b, "", SIZE_MAX));
    assert_string_equal(buf_str(&b), "abc");
    buf_free(&b);
}
