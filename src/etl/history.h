/*
 * A table of pieces of time: the rows of a key, each from a start to an end (NULL: open). The rules
 * that place rows one by one work on it: LOAD_INTERVALS and LOAD_OBSERVE (observe.c).
 *
 * A row is an array of cells: the map's columns in their order, then those that no map names. Times
 * are ISO texts of one form, which sort as times do.
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

#include "etl/map.h"
#include "etl/walk.h"
#include "etl/words.h"
#include "io/cell.h"
#include "io/db.h"

enum { HISTORY_COLUMNS_MAX = 64 };

enum history_statement {
    HISTORY_UPTO,   /* the key's last row that starts at a time or before it */
    HISTORY_BEFORE, /* its last that starts before */
    HISTORY_AFTER,  /* its first that starts after */
    HISTORY_WRITE,
    HISTORY_REMOVE,
    HISTORY_END, /* closes, or removes, what a whole reading has not seen */
    HISTORY_STATEMENTS
};

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

struct history {
    struct db *db;
    const struct table_map *map;
    size_t keys[HISTORY_COLUMNS_MAX]; /* columns */
    size_t key_count;
    size_t start;
    size_t end;
    size_t width;        /* cells of a row */
    struct arena *fixed; /* lives as long as this */
    struct arena *arena; /* rows that are read; reset with each row that comes */
    struct words words;  /* of the table, for the rule's statements */
    const char *sql[HISTORY_STATEMENTS];

    /* Takes a row of the page (columns of the source's map) inside the caller's transaction. */
    bool (*take)(struct history *h, const struct cell *row, uint64_t row_hash,
                 const struct load_page *page, enum placed *outcome, struct err *e);
    void *rule; /* the rule's */
};

/* The columns that a history goes by. */
struct history_columns {
    const char *const *keys;
    size_t key_count;
    const char *start;
    const char *end;
    const char *unmapped[2]; /* behind its map's; NULL: none */
};

/* A history of `map`'s table in `d` (both borrowed); missing columns are a bug. Free with
 * history_free (NULL is allowed). */
struct history *history_new(struct db *d, const struct table_map *map,
                            const struct history_columns *by);
void history_free(struct history *h);

/* Reads a row of the key that `row` has, beside `time`, as the statement says; *out is in the
 * arena, NULL: there is none. */
bool history_read(struct history *h, enum history_statement statement, const struct cell *row,
                  const struct cell *time, struct cell **out, struct err *e);

/* Writes a row, in place of the one that has its key and start; removes that one. */
bool history_write(struct history *h, const struct cell *row, struct err *e);
bool history_remove(struct history *h, const struct cell *row, struct err *e);

/* LOAD_INTERVALS for rows of `tree`'s root in `d` (both borrowed). Free with history_free. */
struct history *intervals_new(struct db *d, const struct tree_map *tree);

/* --- LOAD_OBSERVE --- */

/* The table of the stretches within a row that nobody observed. */
#define OBSERVE_GAPS "observation_gap"

/* For rows of `tree`'s root, which go into the history table `state` of `d` (all borrowed). A row
 * is new where it is the agent's first, or the first after a row that has ended. Free with
 * history_free. */
struct history *observer_new(struct db *d, const struct tree_map *tree,
                             const struct table_map *state);

/* Takes back observations from times that have not come, made while a clock was ahead: `now` (ISO
 * text) is the latest time that can have come. Rows first observed later go, a row last observed
 * later is cut back to its last credible observation, and goes on. *count: rows changed. Inside the
 * caller's transaction. */
bool observe_distrust(struct db *d, const char *now, int64_t *count, struct err *e);
