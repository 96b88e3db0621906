#include "etl/walk_note.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "io/hash.h"

enum {
    SLOTS = 4096, /* a power of two, well over NOTES_MAX */
    PATH_BYTES = 400,
    KEY_BYTES = 100,
    EXAMPLE_CHARACTERS = 80,
};

struct notes {
    struct arena *arena; /* texts of the notes */
    struct buf scratch;
    size_t count;
    struct walk_note list[NOTES_MAX + 2];
    uint16_t slots[SLOTS]; /* index in the list, plus 1 */
};

struct notes *notes_new(void)
{
    struct notes *n = xcalloc(1, sizeof(*n));

    n->arena = arena_new(0);
    buf_init(&n->scratch, 65536);
    return n;
}

void notes_free(struct notes *n)
{
    if (n) {
        arena_free(n->arena);
        buf_free(&n->scratch);
        free(n);
    }
}

static size_t path_hash(const char *path, const char *problem)
{
    return hash_short(path, strlen(path)) ^ (problem ? (unsigned char)problem[0] * 31U : 0);
}

/* The slot of a note, or the empty one where it belongs. */
static uint16_t *slot_of(struct notes *n, const char *path, const char *problem)
{
    size_t at = path_hash(path, problem) & (SLOTS - 1);

    while (n->slots[at] > 0) {
        const struct walk_note *note = &n->list[n->slots[at] - 1];

        if (str_eq(note->path, path) && str_eq(note->problem, problem)) {
            break;
        }
        at = (at + 1) & (SLOTS - 1);
    }
    return &n->slots[at];
}

/* Counts one; *is_new when the note has just been made and lacks an example. */
static struct walk_note *count_note(struct notes *n, const char *path, const char *problem,
                                    bool *is_new)
{
    uint16_t *slot = slot_of(n, path, problem);
    struct walk_note *note;

    *is_new = false;
    if (*slot == 0 && n->count >= NOTES_MAX) {
        /* Two places are left for these: unknown fields and problems. */
        problem = problem ? "various" : NULL;
        path = "...";
        slot = slot_of(n, path, problem);
    }
    if (*slot == 0) {
        *is_new = true;
        note = &n->list[n->count++];
        *slot = (uint16_t)n->count;
        *note = (struct walk_note){.path = arena_strdup(n->arena, path), .problem = problem};
    } else {
        note = &n->list[*slot - 1];
    }
    note->count++;
    return note;
}

void notes_unknown(struct notes *n, const char *path, const char *key, size_t key_length)
{
    char whole[PATH_BYTES];
    bool is_new;

    buf_clear(&n->scratch);
    str_escape(&n->scratch, key, key_length > KEY_BYTES ? KEY_BYTES : key_length);
    snprintf(whole, sizeof(whole), "%s%s%s%s", path, path[0] ? "." : "", buf_str(&n->scratch),
             key_length > KEY_BYTES ? "..." : "");
    count_note(n, whole, NULL, &is_new);
}

/* The first EXAMPLE_CHARACTERS characters, escaped; escapes count as one. */
static const char *example_of(struct notes *n, const char *text, size_t length)
{
    size_t at = 0;

    for (int i = 0; i < EXAMPLE_CHARACTERS && at < length; i++) {
        uint32_t code;
        size_t step = utf8_next(text + at, length - at, &code);

        at += step > 0 ? step : 1;
    }
    buf_clear(&n->scratch);
    str_escape(&n->scratch, text, at);
    return arena_strdup(n->arena, buf_str(&n->scratch));
}

void notes_problem_text(struct notes *n, const char *path, const char *problem, const char *text,
                        size_t length)
{
    bool is_new;
    struct walk_note *note = count_note(n, path, problem, &is_new);

    if (is_new) {
        note->example = example_of(n, text, length);
    }
}

void notes_problem(struct notes *n, const char *path, const char *problem, struct json value)
{
    bool is_new;
    struct walk_note *note = count_note(n, path, problem, &is_new);

    if (is_new) {
        struct arena *a = arena_new(0);
        size_t length = 0;
        const char *text = json_text(value, &length);

        if (!text) {
            text = json_write(a, value, &length);
        }
        note->example = example_of(n, text, length);
        arena_free(a);
    }
}

const struct walk_note *notes_list(const struct notes *n, size_t *count)
{
    *count = n->count;
    return n->list;
}

void notes_reset(struct notes *n)
{
    if (n->count > 0) {
        n->count = 0;
        memset(n->slots, 0, sizeof(n->slots));
        arena_reset(n->arena);
    }
}
