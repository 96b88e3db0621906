#include "test.h"

#include "base/err.h"
#include "child.h"
#include "utf8.h"

/* Their names and exit codes are in the manual, and in what the program's tests expect of it. */
TEST(some_kinds_end_a_run)
{
    static const enum err_kind ends[] = {ERR_USAGE,  ERR_CONFIG,  ERR_AUTH, ERR_STORE,
                                         ERR_LOCKED, ERR_STOPPED, ERR_BUG};
    size_t next = 0;

    for (enum err_kind kind = ERR_NONE; kind < ERR_KIND_COUNT; kind++) {
        bool ends_run = next < COUNT(ends) && ends[next] == kind;

        assert_int_equal(err_facts[kind].ends_run, ends_run);
        next += ends_run;
    }
}

TEST(facts_are_set_kept_and_cleared)
{
    struct err e;

    memset(&e, 0x5A, sizeof(e));
    assert_false(err_set(&e, ERR_STORE, "disk %s at %d%%", "full", 100));
    assert_int_equal(e.kind, ERR_STORE);
    assert_int_equal(e.http_status, 0);
    assert_int_equal(e.library_code, 0);
    (void)err_set(&e, ERR_TEMPORARY, "%s: timed out", e.message);
    e.http_status = 504;
    e.library_code = 28;
    assert_false(err_prefix(&e, "stream %s", "users"));
    assert_false(err_append(&e, " after %d tries", 3));
    assert_string_equal(e.message, "stream users: disk full at 100%: timed out after 3 tries");
    assert_int_equal(e.kind, ERR_TEMPORARY);
    assert_int_equal(e.http_status, 504);
    assert_int_equal(e.library_code, 28);
    err_clear(&e);
    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(e.message, "");
}

/* `characters` times a character of 1 to 4 bytes, after `shift` plain bytes. */
static void fill(char *out, size_t shift, const char *character, size_t characters)
{
    size_t bytes = strlen(character);

    memset(out, 'x', shift);
    for (size_t i = 0; i < characters; i++) {
        memcpy(out + shift + i * bytes, character, bytes);
    }
    out[shift + characters * bytes] = '\0';
}

static void assert_full_and_whole(const struct err *e, size_t character_bytes)
{
    size_t length = strlen(e->message);

    assert_true(is_utf8(e->message, length));
    assert_true(length < ERR_MESSAGE_BYTES);
    assert_true(length + character_bytes >= ERR_MESSAGE_BYTES);
}

TEST(long_messages_are_cut_between_characters)
{
    static const char *const characters[] = {"a", "\u00e9", "\uac00", "\U0001F600"};
    char text[8192];
    struct err e;

    for (size_t i = 0; i < 4; i++) {
        size_t bytes = strlen(characters[i]);

        for (size_t shift = 0; shift < 4; shift++) {
            fill(text, shift, characters[i], 1600);
            (void)err_set(&e, ERR_CONTRACT, "%s", text);
            assert_full_and_whole(&e, bytes);
            (void)err_set(&e, ERR_CONTRACT, "start ");
            (void)err_append(&e, "%s", text);
            assert_full_and_whole(&e, bytes);
            (void)err_set(&e, ERR_CONTRACT, "%s", text);
            (void)err_prefix(&e, "page %d", 7);
            assert_full_and_whole(&e, bytes);
            assert_true(str_starts_with(e.message, "page 7: "));
        }
    }
}

TEST(what_is_no_text_is_cut_all_the_same)
{
    char text[8192];
    struct err e;

    fill(text, 0, "\x80", 1600);
    (void)err_set(&e, ERR_CONTRACT, "%s", text);
    assert_in_range(strlen(e.message), ERR_MESSAGE_BYTES - 4, ERR_MESSAGE_BYTES - 1);
}

static void break_an_invariant(const void *argument)
{
    const int *value = argument;

    INVARIANT(*value == 1);
}

static void report_a_long_bug(const void *argument)
{
    char what[2000];

    (void)argument;
    fill(what, sizeof(what) - 1, "", 0);
    err_bug("file.c", 7, what);
}

TEST(a_broken_invariant_exits_70)
{
    int right = 1;
    int wrong = 2;

    struct child kept = child_run(break_an_invariant, &right);
    assert_int_equal(kept.exit_code, 0);
    assert_string_equal(kept.text, "");

    struct child broken = child_run(break_an_invariant, &wrong);
    assert_int_equal(broken.exit_code, 70);
    assert_non_null(strstr(broken.text, "*value == 1"));
    assert_non_null(strstr(broken.text, "test_err.c:"));
    assert_ptr_equal(strchr(broken.text, '\n'), broken.text + strlen(broken.text) - 1);

    struct child endless = child_run(report_a_long_bug, NULL);
    assert_int_equal(endless.exit_code, 70);
    assert_ptr_equal(strchr(endless.text, '\n'), endless.text + strlen(endless.text) - 1);
}
