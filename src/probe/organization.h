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

/* Rows that a stream's answer says there are, by its place in the registry (of one that is read by
 * days: those of yesterday, UTC). Room for them in the arena, -1: not known. */
int64_t *organization_rows(struct arena *a);

/* Of these, what one day brings: all streams that are read by days together. */
int64_t organization_day_rows(const int64_t *rows);

/* Step 5: permissions for these streams, and divisions; notes the rows. */
void organization_permissions(struct access *a, const struct stream *const *streams, size_t count,
                              int64_t *rows);

/* Step 6: the rate that the organization grants, and whether a night with these streams fits into
 * it. */
void organization_limits(struct access *a, const struct stream *const *streams, size_t count,
                         const int64_t *rows);

#endif
