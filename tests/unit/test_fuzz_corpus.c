/* The fuzzers' targets, fed with their kept corpus: what they once found stays found. */
#include "test.h"

#include <dirent.h>

#include "../fuzz/targets.h"

#define CORPUS "tests/fuzz/corpus"

enum { LARGEST_BYTES = 1048576, FEWEST_FILES = 5 };

/* Reads a file whole; its size. The memory is exact, so that a sanitizer sees a step beyond. */
static size_t read_whole(const char *path, uint8_t **out)
{
    static uint8_t bytes[LARGEST_BYTES];
    FILE *file = fopen(path, "rb");

    fail_if(!file, "%s cannot be read", path);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    assert_true(size < sizeof(bytes));
    *out = xmalloc(size > 0 ? size : 1);
    memcpy(*out, bytes, size);
    return size;
}

/* Each file as it is, and cut at some places. */
static void feed(const char *path, int (*target)(const uint8_t *, size_t))
{
    uint8_t *bytes;
    size_t size = read_whole(path, &bytes);
    size_t step = size / 16 + 1;

    for (size_t length = 0; length < size; length += step) {
        uint8_t *part = xmalloc(length > 0 ? length : 1);
        memcpy(part, bytes, length);
        assert_int_equal(target(part, length), 0);
        free(part);
    }
    assert_int_equal(target(bytes, size), 0);
    free(bytes);
}

static void feed_all(const char *name, int (*target)(const uint8_t *, size_t))
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    DIR *directory = opendir(arena_printf(a, CORPUS "/%s", name));
    size_t files = 0;

    if (!directory) {
        fail_msg("no corpus " CORPUS "/%s: is this the source directory?", name);
        return;
    }
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_name[0] != '.') {
            feed(arena_printf(a, CORPUS "/%s/%s", name, entry->d_name), target);
            files++;
        }
    }
    assert_int_equal(closedir(directory), 0);
    assert_true(files >= FEWEST_FILES);
}

TEST(corpus_of_walk)
{
    feed_all("walk", fuzz_walk);
}

TEST(corpus_of_csv)
{
    feed_all("csv", fuzz_csv);
}

TEST(corpus_of_config)
{
    feed_all("config", fuzz_config);
}

TEST(corpus_of_gzip)
{
    feed_all("gzip", fuzz_gzip);
}
