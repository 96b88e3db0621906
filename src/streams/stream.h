/*
 * A stream is a constant: how time and scope are cut into windows (grid), which readings a window
 * needs (passes), how each asks (steps), how its rows meet what is stored (load rule), and the map
 * of its tables, made from the schema (scripts/maps.awk). The engine knows these parts and no
 * stream's name. registry.txt lists the streams in the order in which a run begins them (a stream
 * comes after the one it needs).
 *
 * docs/adding-a-stream.md shows what each kind takes; a plain list is an entry of lists.txt, one of
 * registry.txt, one file in schema/ and one fixture in tests/fixtures/.
 */
#pragma once

#include "api/pager.h"
#include "etl/window.h"

/* One reading of a window. */
struct pass {
    struct pass_rule plan;
    int batch;       /* most windows of different scopes that are asked for together; 0: one */
    bool attributes; /* its answers bring what others leave out */
    const struct step *available; /* of SEES_AVAILABLE: asks for the availability date */
    const char *ids;   /* of FOLLOW_IDS: constant SQL that lists them sorted; ?1 is the planning
                          time, ?2 the lookback before this pass's last reading, ?3 the
                          window's start, ?4 its end, ?5 its scope; SQL that may be kept in
                          registry order beside the stream (.sql); ?6 is the most of those
                          without an end that may be asked for */
    const char *asked; /* of FOLLOW_IDS: constant SQL for each id that was asked for, ?1, at the
                          planning time ?2; ?3: whether the server knows it; NULL: nothing is
                          kept of that */
    int one_in; /* of ids in windows: one of so many rows of `needs` has what they ask for, where
                   nothing says how many there are; 0: each */
    const char *permissions; /* any of them is enough; separated by blanks; NULL: none known */
    const struct tree_map *const *trees; /* what its answers hold, NULL-ended; NULL: the stream's */
    const struct step *steps;
};

struct stream {
    const char *name;
    const char *title;  /* for people: "conversation details" */
    const char *groups; /* by which [extract] streams may name it; separated by blanks */
    int lock_slot;      /* fixed for ever: its byte range in the lock file */
    enum grid grid;
    int span_days;     /* most days a window; 0: one */
    int ahead_days;    /* of SEES_AHEAD: windows that begin so far ahead of now are there too */
    const char *scope; /* constant SQL that lists what it is asked for one by one, and perhaps the
                          time zone of each, and what it is part of; NULL: all */
    const char *own_days; /* of GRID_SCOPE_DAY: the word of `setting` under which the days are the
                             scopes' own; else they are business days */
    const char *needs;    /* the stream whose rows `scope` and ids come from; NULL: none */
    int needs_minutes;    /* how old those may be; 0: as old as that stream's own passes say */
    const struct config_key *setting; /* whose words the passes' `when` name */
    int look_days;    /* an age at which its windows are looked at besides the settings'; 0: none */
    const char *list; /* what the mark {list} stands for: words, blanks between... */
    const struct config_key *list_setting; /* ...unless this setting has others */
    enum load_rule load;
    const struct tree_map *const *trees; /* NULL-ended */
    const struct table_map *state;       /* of LOAD_OBSERVE: the history table */
    const struct step *recent; /* what `recent` asks: the newest first, page by page; NULL: it does
                                  not show this stream */
    const struct pass *passes;
    size_t pass_count;
};

/* The streams themselves, for registry.c alone: everyone else goes through what follows. */
extern const struct stream STREAM_NAMES;

/* All streams, in reading order. */
extern const struct stream *const *stream_registry;
extern size_t stream_registry_count;

/* Makes the views that the configuration asks for, and takes away those that it no longer does. A
 * transaction of its own where that changes something. */
bool stream_views(struct db *d, const struct config *c, struct err *e);

/* The stream of that name; NULL when there is none. */
const struct stream *stream_find(const char *name);

/* Its pass of that name, likewise. */
const struct pass *stream_pass(const struct stream *s, const char *plan);

/* What the answers of a pass hold; ends in NULL. */
const struct tree_map *const *stream_trees(const struct stream *s, const struct pass *pass);

/* Whether what a reading of it has not seen is gone, so that one page says nothing by itself. */
bool stream_is_by_reading(const struct stream *s);

/* The stream that `recent` shows. */
const struct stream *stream_recent(void);

/* True when its windows are days, so that it must be known where they begin. */
bool stream_has_days(const struct stream *s);

/* The date of its day that begins at `start_ms` in `zone` (NULL: the business time zone), in the
 * arena; NULL for TIME_NONE. */
const char *stream_day(const struct stream *s, int64_t start_ms, const char *zone, struct arena *a);

/* Whether it is a list, of which others may need names: the state of the moment, of nothing but
 * other lists. */
bool stream_is_list(const struct stream *s);

/* What its windows are made and read by under a configuration. */
struct window_kind stream_windows(const struct stream *s, const struct config *c);

/* What planning goes by under a configuration, besides times: of later looks those that it says and
 * the stream's own, none of either where it says none; of a back-fill (`is_past`) no passes that
 * read the stream as a whole. */
void stream_plan(const struct stream *s, const struct config *c, bool is_past,
                 struct plan_facts *f);

/* Bits of the passes that a word of the stream's setting (config_word) puts in force. */
unsigned stream_in_force(const struct stream *s, const char *word);

/* The words that {list} stands for; NULL: it has none. */
const char *stream_list(const struct stream *s, const struct config *c);

/* Whether it is among words as [extract] streams has them: names of streams and of groups, `all`
 * (but for quality and telephony), each with a minus in front to leave it out, whatever the order.
 * Without words, or with those to leave out alone, all are meant. */
bool stream_is_listed(const struct stream *s, const char *const *words, size_t count);

/* All such words but `all`, in the arena: the streams' names, then the groups'. */
const char **stream_words(struct arena *a, size_t *count);

/* The names of those in a list, a JSON array in the arena. */
const char *stream_names(const struct stream *const *list, size_t count, struct arena *a);

/* The list for [extract] streams that leaves out those of `out` that it has, too: what stands
 * there (else "all"), and -NAME of each, in the arena; NULL when it has none of them, or nothing
 * would be left. */
const char *stream_leave_out(const struct config *c, const struct stream *const *out, size_t count,
                             struct arena *a);

/* The stream whose rows this one is asked for (what is asked for by members goes by what they are
 * members of); NULL: it is asked for as a whole. */
const struct stream *stream_asked_by(const struct stream *s);

/* What a night costs: how many requests a stream needs, as its constants say (grid, passes, steps,
 * scope, looks), for so many rows of it and of the stream that it needs. An estimate for people:
 * answers that are halved, repeated or gone are not in it. */
struct cost_facts {
    int lookback_days;
    int looks;          /* how many later looks the settings ask for */
    const char *counts; /* "users=500 conversations=10000": rows of a stream, those of days a day;
                           zones=3: so many time zones have those that are asked for together */
};

/* Requests of `s` a night by the passes whose bits are in force; *words says how they come about,
 * in the arena. */
int64_t cost_night(const struct stream *s, unsigned in_force, const struct cost_facts *f,
                   struct arena *a, const char **words);

/* Shorthands for lists; and for a map as the build makes it: TREE(TABLE_TREE). */
#define TREES(...) ((const struct tree_map *const[]){__VA_ARGS__, NULL})
#define TREE(...)  (&(const struct tree_map){__VA_ARGS__})
#define PASSES(...)                                                                                \
    .passes = (const struct pass[]){__VA_ARGS__},                                                  \
    .pass_count = sizeof((const struct pass[]){__VA_ARGS__}) / sizeof(struct pass)
#define STEPS(...) ((const struct step[]){__VA_ARGS__, {.path = NULL}})

/* How far the data of such jobs goes. */
#define AVAILABILITY(jobs)                                                                         \
    STEPS({.path = jobs "/availability",                                                           \
           .must = "dataAvailabilityDate",                                                         \
           .available = "dataAvailabilityDate"})

/* The query of details: their path, the order, what its body says besides, the array of rows. */
#define DETAILS_QUERY(details, by, more, array)                                                    \
    .method = HTTP_POST, .path = details "/query",                                                 \
    .body = "{\"interval\":\"{start}/{end}\",\"order\":\"" by "\"" more                            \
            ",\"paging\":{\"pageSize\":{size},\"pageNumber\":{page}}}",                            \
    .follow = FOLLOW_PAGES, .size = 100, .rows = (array), .must = array "|totalHits"

/* The steps of an analytics job of details: path of its jobs, what its body says besides interval
 * and order, rows a page, the array of rows. */
#define DETAILS_JOB(jobs, more, n, array)                                                          \
    STEPS({.method = HTTP_POST,                                                                    \
           .path = (jobs),                                                                         \
           .body = "{\"interval\":\"{start}/{end}\",\"order\":\"asc\"" more "}",                   \
           .token = "jobId"},                                                                      \
          {.path = jobs "/{token}",                                                                \
           .follow = FOLLOW_DONE,                                                                  \
           .state = "state",                                                                       \
           .done = "FULFILLED",                                                                    \
           .failed = "FAILED CANCELLED EXPIRED",                                                   \
           .reason = "errorMessage"},                                                              \
          {.path = jobs "/{token}/results?pageSize={size}",                                        \
           .follow = FOLLOW_CURSOR,                                                                \
           .size = (n),                                                                            \
           .rows = (array),                                                                        \
           .must = array "|cursor|dataAvailabilityDate",                                           \
           .cursor = "cursor",                                                                     \
           .available = "dataAvailabilityDate"},                                                   \
          {.method = HTTP_DELETE, .path = jobs "/{token}", .cleanup = true})

/* The files that a step before it names, by the array of their rows. */
#define DOWNLOADED(array) .path = "{token}", .follow = FOLLOW_URLS, .rows = (array)
