/*
 * A table of pieces of time: the rows of a key, each from a start to an end (NULL: open). The rules
 * that place rows one by one work on it, by SQL: LOAD_INTERVALS and LOAD_OBSERVE. Times are ISO
 * texts of one form, which sort as times do.
 *
 * LOAD_INTERVALS: rows with a start and an end that are put together across windows. The start is
 * the id with "start" in its name, the end the column that has "end" there (spell_start,
 * spell_end); the other ids are the key; there are no tables below.
 *
 * A whole reading rules over what begins in its time: what it has not seen of that goes. What began
 * before is extended, shortened or closed, not deleted: that is for the window of its beginning to
 * say, or for the first one where that has none.
 *
 * A row that comes again with its key and start is extended, shortened or closed. A window that
 * cuts its rows gives pieces: one that starts where the window does goes on the row that reaches up
 * to there, one that ends where the window does is gone on by the row that starts there, if all
 * else that is hashed is equal. Pieces that are open stay by themselves until their own window
 * closes them. A window that says that a row is open, or ends with it (where no other row begins),
 * says nothing of what comes after the time that was read: an end that is stored there stays. A row
 * ends where another one begins with the window. Invariants: whichever window comes first, the same
 * pieces make the same rows; nothing is deleted before the end of a reading but a piece that
 * another row has taken in.
 *
 * LOAD_OBSERVE: a state history built from observations. A row is one unbroken state of one agent.
 *
 * Snapshots (records without a start of their own): the agent's open row goes on while no state
 * column changes and the API names no change since the last observation; a silence of more than 15
 * minutes in it is kept in observation_gap. Else a new row begins at the latest change that the API
 * names since then, where it names none at the observation. The old row ends at the earliest of
 * these; at its last observation where its state was left and entered again, or where nothing says
 * when after such a silence. Intervals (records with a start): rows by their start; a row of
 * another state ends there, rows of the same state that it touches are one with it.
 *
 * Columns that the source's map lacks are not reported: they break nothing and stay. When the
 * source changes, a NULL on either side is no change, since it may mean the same, and erases
 * nothing. State columns are those of the state map that are hashed. Invariants: rows of one agent
 * do not overlap; at most the last is open; state_start <= first_observed <= last_observed; an
 * observation lies in the row whose state it saw; one older than a row's last changes nothing; the
 * same one taken twice changes nothing.
 */
#pragma once

#include "etl/walk.h"

/* What became of a row that came. */
enum placed {
    PLACED_NEW,       /* it made one */
    PLACED_CHANGED,   /* it changed one */
    PLACED_UNCHANGED, /* all that it says is known */
    PLACED_LATE,      /* older than what is stored: not used */
    PLACED_BAD,       /* ends before it starts, or starts after its page came: not used */
};

/* Where the rows of a page come from. */
struct load_page {
    int64_t window_id;
    struct walk_facts facts;
    int64_t until_ms;   /* how far of its window the reading goes */
    const char *stream; /* for notes and messages */
    const char *plan;
    bool brings_attributes; /* a job's page */
    int64_t run_id;
    int64_t received_ms; /* the observation's moment; conversation_change.changed_at */
    bool replays;        /* it came before: what it changes is no change, and noted already; rows
                            keep their runs, and stay gone where they are. New ones have theirs
                            below 0, and nothing else is removed, until all has come */
    int64_t lost_run_id; /* of these: rows that this run or a later one wrote stay; 0: none */
};

/* The run that a new row of the page is of. */
static inline int64_t load_run_id(const struct load_page *page)
{
    return page->replays ? -page->run_id : page->run_id;
}

enum {
    HISTORY_STEPS = 16,
    HISTORY_WHOLE = 0, /* closes, or removes, what a whole reading has not seen */
    HISTORY_CAME,
    HISTORY_OUTCOME,
    HISTORY_ROWS, /* this and the next: up to a NULL what places a row of a time that is known */
    HISTORY_SNAPSHOTS = HISTORY_ROWS + HISTORY_STEPS, /* what places one without a start */
    HISTORY_FILL = HISTORY_SNAPSHOTS + HISTORY_STEPS, /* what fills one by what came before */
    HISTORY_STATEMENTS = HISTORY_FILL + HISTORY_STEPS
};

struct history {
    struct db *db;
    const struct table_map *map; /* of the rows that come */
    bool observes;
    size_t start; /* its column; as many as there are: it has none */
    struct arena *arena;
    const char *temporary; /* SQL, for before rows are taken in a transaction */
    const char *sql[HISTORY_STATEMENTS];
};

/* LOAD_INTERVALS for rows of `tree`'s root in `d`; or LOAD_OBSERVE for those which go into the
 * history table `state` (NULL: the former; all is borrowed). A row is new where it is the agent's
 * first, or the first after a row that has ended. Free with history_free (NULL is allowed). */
struct history *history_new(struct db *d, const struct tree_map *tree,
                            const struct table_map *state);
void history_free(struct history *h);

/* Takes a row of the page (columns of the tree's root) inside the caller's transaction. */
bool history_take(struct history *h, const struct cell *row, uint64_t row_hash,
                  const struct load_page *page, enum placed *outcome, struct err *e);

/* Takes back observations from times that have not come, made while a clock was ahead: `now_ms`
 * is the latest time that can have come. Rows first observed later go, a row last observed later is
 * cut back to its last credible observation, and goes on. *count: rows changed. Inside the caller's
 * transaction. */
bool observe_distrust(struct db *d, int64_t now_ms, int64_t *count, struct err *e);
