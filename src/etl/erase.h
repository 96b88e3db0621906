/*
 * Whose data was erased, and how it stays out: what is kept of them are hashes (table erased), by
 * which documents are scrubbed before they are walked, so that rows, raw pages and examples come
 * without it.
 *
 * Texts are compared in one form: without case, without "tel:" and the like, numbers as their
 * digits. A text holds what it is as a whole, or what stands in it as a word.
 *
 * Of an entity of the answer: a row is the person's when one of its columns `person` holds an
 * erased id, its column `whose` names a conversation of the person's, or when it is one of the
 * table's `persons` and an erased address stands in it. All that is no plain field goes from it and
 * from what is below it; its first personal field becomes `erasedAt`. From the entity's other rows
 * goes, but from plain fields, what holds an erased text or one of the person's own, and what is
 * marked `note`. Plain is a mapped field that has no mark.
 */
#pragma once

#include "etl/map.h"
#include "io/json.h"

/* What a hash stands for; bits. */
enum erased_kind {
    ERASED_CONTACT = 1,
    ERASED_PARTICIPANT = 2,
    ERASED_ADDRESS = 4,
    ERASED_DERIVED = 8, /* an address that goes where it stands, and makes nobody the person */
    ERASED_CONVERSATION = 16,
    ERASED_TEXTS = 15,
};

struct erased {
    const char *hash;
    unsigned kind;
    const char *at; /* when, ISO */
};

/* All of them, by their hashes. */
struct erasures {
    const char *salt;
    bool *sieve; /* by a quick hash: whether there may be such a text */
    struct erased *list;
    size_t count;
};

/* Reads them, in the arena; in a file without any, with a salt for the first. */
bool erasures_load(struct db *d, struct arena *a, struct erasures *x, struct err *e);

/* Adds one; what is there already stays, but for a derived address that is given. Load again to
 * find it. What is too short, or too long, to be told from others is left out where records name
 * it, and ERR_USAGE where it is given. */
bool erasures_add(struct db *d, const struct erasures *x, enum erased_kind kind, const char *text,
                  struct err *e);

/* The first erased of what a text holds; NULL: it holds nothing of these kinds. */
const struct erased *erasures_find(const struct erasures *x, const char *text, size_t length,
                                   unsigned kinds);

/* What scrubs documents whose entities are rows of `trees` (ends in NULL); all is borrowed. Free
 * with scrubber_free. */
struct scrubber;
struct scrubber *scrubber_new(const struct erasures *x, const struct tree_map *const *trees);
void scrubber_free(struct scrubber *s);

/* Scrubs a document whose entities are `rows`; whether it was changed. */
bool scrub(struct scrubber *s, struct json root, struct json rows);
