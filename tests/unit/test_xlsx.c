#include "test.h"

#include <signal.h>
#include <sys/resource.h>

#include "io/xlsx.h"
#include "tempdir.h"

/* clang-format off */
#define TEXT(t, n) ((struct cell){.type = CELL_TEXT, .length = (uint32_t)(n), .value.text = (t)})
/* clang-format on */

static struct file_aside file;

/* A workbook with its first row. */
static struct xlsx_writer *begin(struct err *e)
{
    assert_true(file_aside_open(&file, "x.xlsx", 0, e));
    struct xlsx_writer *w = xlsx_new(&file);
    xlsx_cell(w, cell_text("name"));
    assert_true(xlsx_end_row(w, e));
    return w;
}

TEST_IN(tempdir_enter, tempdir_leave, a_sheet_has_room_for_so_many_rows)
{
    struct err e;
    struct xlsx_writer *w = begin(&e);

    for (int i = 1; i < 1048576; i++) {
        assert_true(xlsx_end_row(w, &e));
    }
    assert_false(xlsx_end_row(w, &e));
    assert_int_equal(e.kind, ERR_USAGE);
    assert_non_null(strstr(e.message, "x.xlsx: more than 1048576 rows"));
    assert_true(xlsx_finish(w, false, &e));
    file_aside_discard(&file);
}

TEST_IN(tempdir_enter, tempdir_leave, a_cell_has_room_for_so_many_characters)
{
    enum { MOST = 32767 };
    char *text = xmalloc(MOST + 1);
    struct err e;

    memset(text, 'x', MOST + 1);
    for (size_t length = MOST; length <= MOST + 1; length++) {
        struct xlsx_writer *w = begin(&e);
        const struct cell long_text = TEXT(text, length);
        xlsx_cell(w, long_text);
        assert_int_equal(xlsx_end_row(w, &e), length <= MOST);
        assert_true(xlsx_finish(w, length <= MOST, &e));
        file_aside_discard(&file);
    }
    assert_int_equal(e.kind, ERR_USAGE);
    assert_non_null(strstr(e.message, "row 2 has a text of more than 32767 characters"));
    free(text);
}

/* The library says nothing of rows that it could not put aside. */
TEST_IN(tempdir_enter, tempdir_leave, what_was_not_written_is_told)
{
    struct rlimit most;
    struct err e;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &most), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int small = 0; small < 2; small++) {
        const struct rlimit limit = {small ? 65536 : most.rlim_cur, most.rlim_max};
        struct xlsx_writer *w = begin(&e);

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        for (int i = 0; i < 10000; i++) {
            xlsx_cell(w, cell_text("name"));
            assert_true(xlsx_end_row(w, &e));
        }
        assert_int_equal(xlsx_finish(w, true, &e), !small);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &most), 0);
        file_aside_discard(&file);
    }
    assert_int_equal(e.kind, ERR_STORE);
    assert_non_null(strstr(e.message, "x.xlsx"));
}
