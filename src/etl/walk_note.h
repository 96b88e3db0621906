/*
 * The walker's notes: what was odd, each path and problem once, with a count.
 *
 * Invariants: at most NOTES_MAX distinct notes are kept; what comes after is counted under the path
 * "...", so that a hostile document costs no memory.
 */
#ifndef ROLLCALL_ETL_WALK_NOTE_H
#define ROLLCALL_ETL_WALK_NOTE_H

#include "base/arena.h"
#include "etl/walk.h"
#include "io/json.h"

enum { NOTES_MAX = 1000 };

struct notes;

/* No notes. Free with notes_free. */
struct notes *notes_new(void);
void notes_free(struct notes *n);

/* Counts an unknown member `key` of the object at `path`. */
void notes_unknown(struct notes *n, const char *path, const char *key, size_t key_length);

/* Counts a value at `path` that has `problem` (static text); it is kept, shortened, as the first
 * example. */
void notes_problem(struct notes *n, const char *path, const char *problem, struct json value);

/* The same with an example that is a text. */
void notes_problem_text(struct notes *n, const char *path, const char *problem, const char *text,
                        size_t length);

/* The notes since the last reset, in the order in which they came up. */
const struct walk_note *notes_list(const struct notes *n, size_t *count);
/* Empties the list; its texts are gone. */
void notes_reset(struct notes *n);

#endif
