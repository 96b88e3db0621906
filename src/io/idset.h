/*
 * A set of ids, by 64-bit hashes of them: whether a page brings anything new, and how many
 * different rows there were. For counting alone: two ids of one hash count as one.
 */
#ifndef ROLLCALL_IO_IDSET_H
#define ROLLCALL_IO_IDSET_H

#include <stdbool.h>
#include <stddef.h>

struct idset;

/* An empty set. Free with idset_free (NULL is allowed). */
struct idset *idset_new(void);
void idset_free(struct idset *s);

/* Adds an id of `length` bytes; false when it was there. */
bool idset_add(struct idset *s, const char *id, size_t length);

/* How many there are. */
size_t idset_count(const struct idset *s);

#endif
