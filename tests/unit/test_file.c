#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/causes.h"
#include "base/limits.h"
#include "child.h"
#include "io/file.h"
#include "tempdir.h"

static struct err e;
static struct file_aside f;

static void assert_content(const char *path, const char *text)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    char *found = file_read_small(a, path, NULL, &e);
    assert_non_null(found);
    assert_string_equal(found, text);
}

static size_t entries(const char *path)
{
    size_t count = 0;
    DIR *open_directory = opendir(path);
    assert_non_null(open_directory);
    for (struct dirent *d; (d = readdir(open_directory)) != NULL;) {
        count += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
    }
    closedir(open_directory);
    return count;
}

/* --- files aside ----------------------------------------------------------------------------- */

/* Also where a run of the same number was killed: its file aside is taken over. */
TEST_IN(tempdir_enter, tempdir_leave, commit)
{
    static const char *const paths[] = {"a.csv", "./b.csv", "sub/c.csv", ".hidden"};
    assert_int_equal(mkdir("sub", 0777), 0);
    for (size_t i = 0; i < COUNT(paths); i++) {
        write_file(paths[i], "old");
        assert_true(file_aside_open(&f, paths[i], 0, &e));
        char *left = strdup(f.aside_path);
        file_aside_discard(&f);
        write_file(left, "left by a killed run");
        assert_true(file_aside_open(&f, paths[i], 0, &e));
        assert_string_equal(f.aside_path, left);
        free(left);
        fputs("new", f.stream);
        assert_content(paths[i], "old");
        assert_true(file_aside_sync(&f, &e));
        assert_content(paths[i], "old");
        assert_true(file_aside_rename(&f, &e));
        assert_content(paths[i], "new");
        file_aside_discard(&f);
        assert_content(paths[i], "new");
    }
    assert_int_equal(entries("."), 4);
    assert_int_equal(entries("sub"), 1);
    struct stat s;
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat("a.csv", &s), 0);
    assert_int_equal(s.st_mode & 0777, FILE_MODE & ~mask);
}

/* Also in the place of a device or a pipe: the rename would put a file there. */
TEST_IN(tempdir_enter, tempdir_leave, open_failures)
{
    static const struct {
        const char *path;
        int error_number;
        const char *message;
    } cases[] = {
        {"none/a.csv", ENOENT, "none/a.csv"},
        {"plain/a.csv", ENOTDIR, "plain/a.csv"},
        {"pipe", 0, "pipe: not a file"},
    };
    write_file("plain", "");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(file_aside_open(&f, cases[i].path, 0, &e));
        assert_int_equal(e.kind, ERR_STORE);
        assert_int_equal(e.library_code, cases[i].error_number);
        assert_non_null(strstr(e.message, cases[i].message));
        file_aside_discard(&f);
    }
    assert_int_equal(entries("."), 2);
}

TEST_IN(tempdir_enter, tempdir_leave, failed_rename_leaves_nothing)
{
    assert_int_equal(mkdir("target", 0777), 0);
    assert_true(file_aside_open(&f, "target", 0, &e));
    assert_false(file_aside_commit(&f, &e));
    assert_int_equal(e.kind, ERR_STORE);
    assert_int_equal(e.library_code, EISDIR);
    file_aside_discard(&f);
    assert_int_equal(entries("."), 1);
}

TEST_IN(tempdir_enter, tempdir_leave, failed_write_leaves_old_file)
{
    write_file("a.csv", "old");
    assert_true(file_aside_open(&f, "a.csv", 0, &e));
    /* A descriptor that refuses writes stands for a full disk. */
    int full = open("/dev/full", O_WRONLY);
    if (full < 0) {
        file_aside_discard(&f);
        skip();
    }
    assert_true(dup2(full, fileno(f.stream)) >= 0);
    close(full);
    fputs("new", f.stream);
    assert_false(file_aside_commit(&f, &e));
    assert_int_equal(e.kind, ERR_STORE);
    assert_int_equal(e.library_code, ENOSPC);
    assert_non_null(strstr(e.message, "free some space"));
    file_aside_discard(&f);
    assert_content("a.csv", "old");
    assert_int_equal(entries("."), 1);
}

static void open_aside_and_die(const void *unused)
{
    (void)unused;
    CHILD_ASSERT(file_aside_open(&f, "killed.csv", 0, &e));
    _exit(0);
}

TEST_IN(tempdir_enter, tempdir_leave, sweep)
{
    struct file_aside at_work;
    static const char *const kept[] = {"a.csv", ".a.csv.tmp-", ".a.csv.tmp-1x", ".tmp-12",
                                       "a.csv.tmp-12"};
    for (size_t i = 0; i < COUNT(kept); i++) {
        write_file(kept[i], "");
    }
    assert_true(file_aside_open(&at_work, "work.csv", 0, &e));
    assert_true(file_aside_sync(&at_work, &e));
    assert_int_equal(child_run(open_aside_and_die, NULL).exit_code, 0);
    write_file(".x.tmp-9.csv.tmp-99999999", "");
    assert_int_equal(entries("."), 8);
    file_sweep_aside(".");
    assert_int_equal(entries("."), 6);
    for (size_t i = 0; i < COUNT(kept); i++) {
        assert_int_equal(access(kept[i], F_OK), 0);
    }
    assert_true(file_aside_rename(&at_work, &e));
    file_aside_discard(&at_work);
    assert_content("work.csv", "");
    file_sweep_aside("none");
}

/* --- directories ----------------------------------------------------------------------------- */

TEST_IN(tempdir_enter, tempdir_leave, make_directory)
{
    static const char *const paths[] = {"a", "a/b/c", "a//b/d/", "./e", ".", "/tmp", "/"};
    struct stat s;
    for (size_t i = 0; i < COUNT(paths); i++) {
        assert_true(file_make_directory(paths[i], 0, &e));
        assert_true(stat(paths[i], &s) == 0 && S_ISDIR(s.st_mode));
    }
    write_file("plain", "");
    assert_false(file_make_directory("plain", 0, &e));
    assert_int_equal(e.kind, ERR_STORE);
    assert_false(file_make_directory("plain/under", 0, &e));
    assert_int_equal(e.kind, ERR_STORE);
    assert_non_null(strstr(e.message, "plain"));
}

TEST(directory_part)
{
    static const struct {
        const char *path;
        const char *directory;
    } cases[] = {
        {"a", "."},    {"a/b", "a"},      {"/a", "/"}, {"/a/b/c", "/a/b"}, {"./a", "."},
        {"a//b", "a"}, {"../x.db", ".."}, {"a/", "."}, {"", "."},
    };
    ARENA_SCOPED struct arena *a = arena_new(0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(file_directory(a, cases[i].path), cases[i].directory);
    }
}

/* --- reading --------------------------------------------------------------------------------- */

TEST_IN(tempdir_enter, tempdir_leave, read_small)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    uint32_t mode = 0;
    write_file("a.ini", "[x]\n");
    assert_int_equal(chmod("a.ini", 0640), 0);
    assert_string_equal(file_read_small(a, "a.ini", &mode, &e), "[x]\n");
    assert_int_equal(mode, 0640);
    write_file("empty", "");
    assert_string_equal(file_read_small(a, "empty", NULL, &e), "");
    assert_null(file_read_small(a, "none", NULL, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    assert_int_equal(e.library_code, ENOENT);
    assert_non_null(strstr(e.message, "none"));
    assert_null(file_read_small(a, ".", NULL, &e));
    assert_int_equal(e.library_code, EISDIR);
    file_aside_discard(&f);
    FILE *file = fopen("utf16.ini", "wb");
    fwrite("\xFF\xFE[\0x\0", 1, 6, file);
    fclose(file);
    assert_null(file_read_small(a, "utf16.ini", NULL, &e));
    assert_non_null(strstr(e.message, "UTF-8"));
}

TEST_IN(tempdir_enter, tempdir_leave, read_limit)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    size_t max = (size_t)limit_get(LIMIT_CONFIG_BYTES);
    for (size_t over = 0; over < 2; over++) {
        FILE *file = fopen("big", "wb");
        for (size_t i = 0; i < max + over; i++) {
            fputc('x', file);
        }
        fclose(file);
        char *text = file_read_small(a, "big", NULL, &e);
        assert_int_equal(text != NULL, over == 0);
    }
    assert_int_equal(e.kind, ERR_CONFIG);
}

/* --- network file systems -------------------------------------------------------------------- */

TEST(network_names)
{
    static const struct {
        uint64_t magic;
        const char *type;
        const char *name;
    } cases[] = {
        {0x6969, NULL, "NFS"},
        {0xFE534D42, NULL, "SMB2"},
        {0xFF534D42, NULL, "CIFS"},
        {0x65735546, "fuse.sshfs", "fuse.sshfs"},
        {0x65735546, "fuse.mergerfs", NULL},
        {0x65735546, "fuseblk", NULL},
        {0x65735546, NULL, NULL},
        {0xEF53, NULL, NULL},     /* ext4 */
        {0x794C7630, NULL, NULL}, /* overlay */
        {0x01021997, NULL, NULL}, /* 9p */
        {0x2FC12FC1, NULL, NULL}, /* zfs */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = file_network_name(cases[i].magic, cases[i].type);
        if (cases[i].name == NULL) {
            assert_null(name);
        } else {
            assert_string_equal(name, cases[i].name);
        }
    }
}
