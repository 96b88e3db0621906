/*
 * A scratch directory, which becomes the working directory, with a database of ours in it.
 */
#ifndef ROLLCALL_TESTS_SCRATCH_H
#define ROLLCALL_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/db.h"
#include "tempdir.h"

#define SCRATCH_DATABASE "scratch.db"

struct scratch {
    struct db *db;
    struct arena *arena;
    struct err e;
};

/* Fails the test with the error's message. */
static inline void check(bool done, const struct scratch *s)
{
    fail_if(!done, "%s", s->e.message);
}

/* A new database is made once a program and its bytes are kept: under the sanitizers that takes
 * long.
 */
static inline void scratch_make(struct scratch *s)
{
    static char *bytes;
    static size_t size;
    FILE *file = NULL;

    if (!bytes) {
        db_close(db_open(SCRATCH_DATABASE, DB_WRITE, &s->e));
        file = fopen(SCRATCH_DATABASE, "rb");
        fail_if(!file || fseek(file, 0, SEEK_END) != 0, "%s", s->e.message);
        size = (size_t)ftell(file);
        rewind(file);
        bytes = malloc(size);
        assert_true(bytes && fread(bytes, 1, size, file) == size);
    } else {
        file = fopen(SCRATCH_DATABASE, "wb");
        assert_true(file && fwrite(bytes, 1, size, file) == size);
    }
    assert_int_equal(fclose(file), 0);
    s->db = db_open(SCRATCH_DATABASE, DB_WRITE, &s->e);
    check(s->db != NULL, s);
}

/* cmocka set-up and tear-down. */
static inline int scratch_open(void **state)
{
    struct scratch *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    if (tempdir_enter(state) != 0) {
        return -1;
    }
    scratch_make(s);
    s->arena = arena_new(0);
    *state = s;
    return 0;
}

static inline int scratch_close(void **state)
{
    struct scratch *s = *state;

    db_close(s->db);
    arena_free(s->arena);
    free(s);
    return tempdir_leave(state);
}

#define TEST_IN_SCRATCH(test) TEST_OF(struct scratch *s, scratch_open, scratch_close, test)

static inline void scratch_exec(struct scratch *s, const char *sql)
{
    check(db_exec(s->db, sql, &s->e), s);
}

/* The first column of the first row as text, "NULL" for NULL, "" without a row. */
static inline const char *scratch_value(struct scratch *s, const char *sql)
{
    struct rows q = db_ask(s->db, &s->e, sql, NONE);
    const char *text = "";

    if (db_next(&q)) {
        text = db_text(&q, 0) ? db_kept(&q, 0, s->arena) : "NULL";
    }
    check(db_end(&q), s);
    db_forget(s->db, sql);
    return text;
}

static inline void check_value(struct scratch *s, const char *sql, const char *expected)
{
    assert_string_equal(scratch_value(s, sql), expected);
}

/* The value at a path of a JSON document as text, "NULL" for null and for what is not there. */
static inline const char *scratch_json(struct scratch *s, const char *document, const char *path)
{
    struct rows q = db_ask(s->db, &s->e, "SELECT json_extract(?1, ?2)", S(document), S(path));
    bool row = db_next(&q);
    const char *text = row ? db_kept(&q, 0, s->arena) : NULL;

    check(db_end(&q), s);
    return text ? text : "NULL";
}

/* A file's bytes, NUL-terminated, in the arena. */
static inline const char *scratch_file(struct scratch *s, const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        fail_msg("no file %s", path);
        return "";
    }
    (void)fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *text = arena_alloc(s->arena, (size_t)length + 1);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    (void)fclose(file);
    return text;
}

#endif
