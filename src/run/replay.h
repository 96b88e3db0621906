/*
 * Replay: the answers that are kept are loaded once more, without any request, so that columns that
 * came since are filled. The caller holds the locks of all streams, and its transaction is open: a
 * kill leaves what was.
 *
 * Answers go in the order in which they came, by the one loader, and what is stored ends as it was,
 * but for what the maps say otherwise now: logs of changes, marks of what is gone and the runs of
 * rows stay. Of LOAD_ENTITY every kept answer goes; a row whose last answer is lost stays as it is
 * rather than becoming what it was before. Of LOAD_WINDOW and LOAD_INTERVALS a window's last
 * reading goes that changed anything, if it is kept whole and no other is under way. LOAD_OBSERVE
 * cannot be repeated: polls that saw nothing new are not kept, and they count.
 */
#pragma once

#include "run/run.h"

struct replay_request {
    const struct config *config;
    struct db *db;
    const struct stream *const *streams;
    size_t stream_count;
    const char *from; /* days, both included; NULL: all. Lists have none, and stay then */
    const char *to;
    struct progress_watcher watcher;
};

struct replay_result {
    int64_t pages;
    struct load_counts rows;
    const char *unreadable; /* numbers of raw pages; NULL: none */
    const char **left;      /* a line a stream: what stays as it is */
    size_t left_count;
};

/* Replays; texts of the result are in the arena. ERR_STORE for trouble with the database or too
 * little room, ERR_STOPPED. */
bool replay(const struct replay_request *request, struct arena *a, struct replay_result *result,
            struct err *e);
