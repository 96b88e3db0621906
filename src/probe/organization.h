/*
 * What the organization grants the client: its permissions, tried by one cheap request a stream,
 * the divisions its roles cover, and the rate of requests. Streams are those of the registry; what
 * is known of one is its plans, never its name.
 */
#ifndef ROLLCALL_PROBE_ORGANIZATION_H
#define ROLLCALL_PROBE_ORGANIZATION_H

#include <stddef.h>
#include <stdint.h>

#include "probe/access.h"
#include "streams/stream.h"

/* Rows that a stream's answer says there are (of one that is read by days: those of yesterday,
 * UTC), by its place in the registry; -1: not known. */
struct sizes {
    int64_t *rows;
};

/* Room for the sizes of all streams, none of them known yet. */
struct sizes sizes_new(struct arena *a);

/* Rows that one day brings, all streams that are read by days together; 0 when not known. */
int64_t sizes_of_a_day(const struct sizes *sizes);

/* Step 5: permissions for these streams, and divisions; fills the sizes. */
void organization_permissions(struct access *a, const struct stream *const *streams, size_t count,
                              struct sizes *sizes);

/* Step 6: the rate that the organization grants, and whether a night with these streams fits
 * into it. */
void organization_limits(struct access *a, const struct stream *const *streams, size_t count,
                         const struct sizes *sizes);

#endif
