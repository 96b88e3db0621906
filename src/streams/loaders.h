/*
 * The loaders of the streams, made when first needed; each holds prepared statements and tables of
 * its own, so it lives until its stream is done.
 */
#pragma once

#include "io/lock.h"
#include "streams/stream.h"

struct loaders {
    struct db *db; /* given */
    /* of a stream's slot and the first of its passes with those trees; NULL: not needed yet */
    struct loader *of[LOCK_PAST][PASSES_MAX];
};

/* What loads the rows of a pass, until loaders_close; NULL: trouble with the database. */
struct loader *loaders_get(struct loaders *all, const struct stream *s, const struct pass *pass,
                           struct err *e);

/* Nothing more of a stream will come: writes what is counted at its end (unless `ok` is false), and
 * frees what its loaders hold. False for trouble with the database, or when `ok` was. */
bool loaders_close(struct loaders *all, const struct stream *s, bool ok, struct err *e);
