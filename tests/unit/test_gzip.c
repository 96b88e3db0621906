#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "io/json.h"
#include "pack.h"

static char *sample(size_t length)
{
    char *text = xmalloc(length + 1);
    uint32_t x = 12345;
    for (size_t i = 0; i < length; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (char)('a' + (x >> 24) % 20);
    }
    return text;
}

static void assert_inflates(const char *gzip, size_t length, const char *text, size_t text_length)
{
    struct err e;
    size_t out_length = 0;
    err_clear(&e);
    char *out = gzip_text(gzip, length, true, &out_length, &e);
    fail_if(!out, "%s", e.message);
    assert_int_equal(out_length, text_length);
    if (text_length > 0) {
        assert_memory_equal(out, text, text_length);
    }
    memset(out + out_length, 0, JSON_PADDING_BYTES);
    free(out);
}

static void assert_refused(const char *gzip, size_t length, enum err_kind kind)
{
    struct err e;
    size_t out_length = 0;
    err_clear(&e);
    assert_null(gzip_text(gzip, length, true, &out_length, &e));
    fail_if(e.kind != kind, "%s: %s", err_facts[e.kind].name, e.message);
}

TEST(round_trip)
{
    static const size_t lengths[] = {0, 1, 100, 4095, 4096, 4097, 100000, 3000000};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char *text = sample(lengths[i]);
        for (int level = 1; level <= 9; level += 4) {
            size_t length = 0;
            char *gzip = pack(text, lengths[i], level, &length);
            assert_inflates(gzip, length, text, lengths[i]);
            free(gzip);
        }
        free(text);
    }
}

/* Two members, one behind the other: whole behind the first, and at the end. */
TEST(every_other_cut_is_temporary)
{
    char *text = sample(2000);
    size_t lengths[2];
    char *members[] = {pack(text, 500, 6, &lengths[0]), pack(text + 500, 1500, 6, &lengths[1])};
    struct buf both;
    both = buf_of(4000);
    for (size_t i = 0; i < 2; i++) {
        buf_add(&both, members[i], lengths[i]);
        free(members[i]);
    }
    for (size_t cut = 0; cut < both.length; cut++) {
        if (cut != lengths[0]) {
            assert_refused(both.data, cut, ERR_TEMPORARY);
        }
    }
    assert_inflates(both.data, lengths[0], text, 500);
    assert_inflates(both.data, both.length, text, 2000);
    buf_free(&both);
    free(text);
}

TEST(corrupt)
{
    size_t length = 0;
    char *gzip = pack("hello world", 11, 6, &length);
    struct buf b;
    b = buf_of(1000);
    static const char *const tails[] = {"garbage", "<html>", "\n\n"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        buf_cut(&b, 0);
        buf_add(&b, gzip, length);
        buf_add_str(&b, tails[i]);
        assert_refused(b.data, b.length, ERR_CONTRACT);
    }
    /* The check sum and the length stand in the last eight bytes; a false length may claim 16 MiB
     * or 4 GiB, and is not believed. */
    for (size_t at = length - 8; at < length; at++) {
        for (int flipped = 1; flipped < 256; flipped += 254) {
            buf_cut(&b, 0);
            buf_add(&b, gzip, length);
            b.data[at] = (char)(b.data[at] ^ flipped);
            assert_refused(b.data, b.length, ERR_CONTRACT);
        }
    }
    assert_refused("{\"plain\":\"json\"}", 16, ERR_CONTRACT);
    buf_free(&b);
    free(gzip);
}

static void assert_bomb(size_t size, bool fine)
{
    char *zeros = xcalloc(size, 1);
    size_t length = 0;
    char *gzip = pack(zeros, size, 9, &length);
    if (fine) {
        assert_inflates(gzip, length, zeros, size);
    } else {
        assert_refused(gzip, length, ERR_CONTRACT);
    }
    free(gzip);
    free(zeros);
}

TEST(limits)
{
    struct err e;
    /* Zeros shrink about a thousandfold: over the ratio, but only past the first MiB. */
    assert_bomb(1048576, true);
    assert_bomb(1048577, false);
    assert_bomb(50000000, false);
    setenv("ROLLCALL_LIMIT_INFLATED_BYTES", "5000", 1);
    assert_true(limits_load(&e));
    assert_bomb(5000, true);
    assert_bomb(5001, false);
    unsetenv("ROLLCALL_LIMIT_INFLATED_BYTES");
    assert_true(limits_load(&e));
}
