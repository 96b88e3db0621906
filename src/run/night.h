/*
 * One stream brought up to the run's time: the loop over its windows and passes. Knows no stream.
 *
 * The order: what a crash left at the server is cleared up beside everything else; then each pass
 * in turn reads the windows that owe it something, first what was interrupted, last what failed;
 * passes that stand in for one another are taken until one is granted; passes of the whole stream
 * come last. Nothing is asked twice in one run but what grew meanwhile.
 */
#ifndef ROLLCALL_RUN_NIGHT_H
#define ROLLCALL_RUN_NIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "run/run.h"
#include "run/store.h"
#include "streams/stream.h"

/* What became of a stream in a run. */
struct outcome {
    size_t done;      /* readings that reached what they owed */
    size_t left;      /* readings that did not */
    bool stopped;     /* by a signal */
    bool halted;      /* nothing more is asked for this stream */
    struct err first; /* the first error; ERR_NONE when there was none */
};

/* Notes an error and one thing left; `halts`: nothing more is asked. Trouble that halts outranks
 * one window's. */
void outcome_fail(struct outcome *o, const struct err *error, bool halts);

/* The run's kind: ERR_NONE when nothing was left; ERR_STOPPED after a signal; the kind itself when
 * it ends a run or nothing at all was done; else ERR_PARTIAL. */
enum err_kind outcome_kind(const struct outcome *o);

struct night;

/* A night of the stream, in the run's arena; nothing happens yet. `fresh_minutes`: readings of the
 * real moment may be that old at most, whatever the stream says; 0: what it says. */
struct night *night_new(struct run *run, struct store *store, const struct stream *s,
                        int fresh_minutes);

/* Plans and issues the first readings. False only for trouble that ends the run at once. */
bool night_begin(struct night *n, struct err *e);

/* The last message of one of its readings was taken: issues what follows. As night_begin. */
bool night_go_on(struct night *n, struct reading *r, bool halts, struct err *e);

/* A page was taken, or a reading ended: tells who watches. */
void night_tell(struct night *n);

/* True when nothing is under way and nothing more is to be asked. */
bool night_is_over(const struct night *n);

/* The night ends, whatever is left of it. */
void night_end(struct night *n);

/* What became of it so far. */
struct outcome *night_outcome(struct night *n);

#endif
