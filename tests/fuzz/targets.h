/*
 * What the fuzzers feed, and what must hold beside "no crash": one function a target, all of the
 * shape libFuzzer wants. tests/fuzz/fuzz.c hands them to libFuzzer; tests/unit/test_fuzz_corpus.c
 * hands them the kept corpus.
 */
#ifndef ROLLCALL_TESTS_FUZZ_TARGETS_H
#define ROLLCALL_TESTS_FUZZ_TARGETS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etl/walk.h"
#include "io/csv.h"

#include "../unit/pack.h"
#include "../unit/pass.h"

enum { FUZZ_FIELD_BYTES = 4096 };

/* Unlike assert, never compiled out. */
#define FUZZ_CHECK(condition)                                                                      \
    ((condition) ? (void)0                                                                         \
                 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

/* --- walk: a document becomes rows, by every map there is --- */

static inline void fuzz_check_rows(const struct walked_tree *t)
{
    FUZZ_CHECK(t->sets[0].row_count == t->count);
    for (size_t i = 0; i < t->table_count; i++) {
        const struct row_set *set = &t->sets[i];

        for (size_t k = 0; k < set->row_count * set->cells_per_row; k++) {
            const struct cell *c = &set->cells[k];

            FUZZ_CHECK(c->type != CELL_TEXT || memchr(c->value.text, 0xff, c->length) == NULL);
        }
    }
}

static inline struct json_doc *fuzz_document(const uint8_t *data, size_t size)
{
    char *text = xcalloc(1, size + JSON_PADDING_BYTES);
    struct err e;

    memcpy(text, data, size);
    struct json_doc *doc = json_parse(text, size, &e);
    FUZZ_CHECK(doc || e.kind == ERR_CONTRACT || e.kind == ERR_TEMPORARY);
    return doc;
}

/* The same page gives the same hashes, however often it is walked. */
static inline void fuzz_walk_page(const struct stream *s, size_t pass, const uint8_t *data,
                                  size_t size)
{
    static const struct walk_facts facts = {.scope = NULL};
    struct page_walker *w = page_walker_new(trees_of(s, pass));
    struct walked_page *pages[2] = {NULL};
    struct err e;

    for (int i = 0; i < 2; i++) {
        struct json_doc *doc = fuzz_document(data, size);

        pages[i] = doc ? page_walk(w, doc, rows_of(s, pass, doc), &facts, &e) : NULL;
        FUZZ_CHECK(!doc || pages[i] || e.kind == ERR_CONTRACT);
    }
    page_walker_free(w);
    FUZZ_CHECK(!pages[0] == !pages[1]);
    for (size_t i = 0; pages[0] && i < pages[0]->count; i++) {
        const struct walked *a = &pages[0]->trees->entities[i];
        const struct walked *b = &pages[1]->trees->entities[i];

        FUZZ_CHECK(a->row_hash != 0 && a->attribute_hash != 0);
        FUZZ_CHECK(a->row_hash == b->row_hash && a->attribute_hash == b->attribute_hash);
    }
    if (pages[0]) {
        fuzz_check_rows(pages[0]->trees);
    }
    walked_free(pages[0]);
    walked_free(pages[1]);
}

static inline int fuzz_walk(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        for (size_t p = 0; p < s->pass_count; p++) {
            fuzz_walk_page(s, p, data, size);
        }
    }
    return 0;
}

/* --- csv: what is written reads back as it was --- */

/* Reads one field at *at; moves behind it and its comma or line end. */
static inline size_t fuzz_read_field(const char *csv, size_t length, size_t *at, char *out)
{
    bool quoted = *at < length && csv[*at] == '"';
    size_t used = 0;

    *at += quoted ? 1 : 0;
    while (*at < length) {
        char c = csv[(*at)++];

        if (quoted && c == '"') {
            if (*at < length && csv[*at] == '"') {
                (*at)++;
            } else {
                quoted = false;
                continue;
            }
        } else if (!quoted && (c == ',' || c == '\r')) {
            *at += c == '\r' ? 1 : 0;
            break;
        }
        FUZZ_CHECK(used < FUZZ_FIELD_BYTES);
        out[used++] = c;
    }
    return used;
}

/* The input is fields, each ended by a NUL byte; three to a record. */
static inline void fuzz_csv_as(const char *data, size_t size, bool neutralize)
{
    struct csv_options options = {.neutralize_formulas = neutralize};
    char field[FUZZ_FIELD_BYTES];
    char *csv = NULL;
    size_t length = 0;
    size_t at = 0;
    FILE *file = open_memstream(&csv, &length);

    FUZZ_CHECK(file);
    struct csv_writer *w = csv_new(file, &options);
    for (size_t from = 0, count = 1; from < size; count++) {
        size_t bytes = strnlen(data + from, size - from);
        csv_text(w, data + from, bytes);
        if (count % 3 == 0) {
            csv_end_record(w);
        }
        from += bytes + 1;
    }
    csv_end_record(w);
    FUZZ_CHECK(csv_finish(w) && fclose(file) == 0);
    for (size_t from = 0; from < size;) {
        size_t bytes = strnlen(data + from, size - from);
        size_t got = fuzz_read_field(csv, length, &at, field);
        size_t added = neutralize && got == bytes + 1 && field[0] == '\'' ? 1 : 0;

        FUZZ_CHECK(got == bytes + added && memcmp(field + added, data + from, bytes) == 0);
        from += bytes + 1;
    }
    free(csv);
}

static inline int fuzz_csv(const uint8_t *data, size_t size)
{
    if (size < FUZZ_FIELD_BYTES) {
        fuzz_csv_as((const char *)data, size, false);
        fuzz_csv_as((const char *)data, size, true);
    }
    return 0;
}

/* --- config: a file is taken or refused with its line --- */

static char fuzz_config_path[] = "/tmp/rollcall-fuzz-XXXXXX";

static inline void fuzz_remove_config(void)
{
    (void)unlink(fuzz_config_path);
}

static inline int fuzz_config(const uint8_t *data, size_t size)
{
    static const char *const streams[] = {"conversations", "users"};
    static int file = -1;
    struct config_request request = {
        .file = fuzz_config_path, .known_streams = streams, .known_stream_count = 2};
    struct arena *a = arena_new(0);
    struct config c = {0};
    struct err e;

    if (file < 0) {
        log_setup(LOG_ERROR, LOG_TEXT);
        file = mkstemp(fuzz_config_path);
        FUZZ_CHECK(file >= 0 && atexit(fuzz_remove_config) == 0);
    }
    FUZZ_CHECK(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    err_clear(&e);
    if (config_load(&request, a, &c, &e)) {
        FUZZ_CHECK(c.database_path && c.timezone && c.in_flight >= 1 && c.in_flight <= 64);
    } else {
        FUZZ_CHECK(e.kind == ERR_CONFIG && e.message[0] != '\0');
    }
    config_wipe(&c);
    arena_free(a);
    return 0;
}

/* --- gzip: what inflates is whole, and survives the way back --- */

static inline int fuzz_gzip(const uint8_t *data, size_t size)
{
    size_t length = 0;
    size_t packed_length = 0;
    size_t again_length = 0;
    struct err e;
    char *text = gzip_text(data, size, true, &length, &e);

    if (!text) {
        FUZZ_CHECK(e.kind == ERR_TEMPORARY || e.kind == ERR_CONTRACT);
        return 0;
    }
    char *packed = pack(text, length, 1, &packed_length);
    char *again = gzip_text(packed, packed_length, true, &again_length, &e);
    FUZZ_CHECK(again && again_length == length && memcmp(again, text, length) == 0);
    /* Cut anywhere, it is not whole. */
    free(again);
    FUZZ_CHECK(
        !gzip_text(packed, packed_length - 1 - size % packed_length, true, &again_length, &e));
    free(packed);
    free(text);
    return 0;
}

#endif
