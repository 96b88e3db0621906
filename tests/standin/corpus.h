/* The index of all conversations: what is needed to select and order them without building them.
 * A day's index is made when it is first asked for, and never changes. Thread-safe. */
#ifndef STANDIN_CORPUS_H
#define STANDIN_CORPUS_H

#include "conv.h"

#include <stddef.h>

struct entry {
    int64_t day;
    int64_t start;
    int64_t arrive;
    struct period period[CONV_MAX_PERIODS];
    int period_count;
    uint32_t index;
    int division; /* the first one it is in */
};

struct selection {
    const struct entry **entry;
    size_t count;
    size_t capacity;
};
void selection_free(struct selection *s);
void selection_reverse(struct selection *s);

int64_t corpus_first_day(void);
int64_t corpus_last_day(void);

/* A day's entries in the order of (conversationStart, conversationId). */
const struct entry *corpus_day(int64_t day, size_t *count);

/* Whether the client's role covers its division. */
bool corpus_granted(const struct entry *e);

/* Adds the conversations that the client may read, known as of the moment, that began on one of the
 * UTC days. */
void corpus_started(struct selection *s, int64_t from_day, int64_t to_day, int64_t as_of);
/* The same whose lifetime touches [from, to). */
void corpus_overlapping(struct selection *s, int64_t from, int64_t to, int64_t as_of);
/* True if the conversation is known as of the moment and its lifetime touches [from, to). */
bool corpus_overlaps(const struct entry *e, int64_t from, int64_t to, int64_t as_of);

#endif
