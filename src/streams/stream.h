/*
 * A stream is a constant: its name, what permission it needs, and how it is asked. What its answers
 * hold is the schema's business: maps.h is made from it (scripts/maps.awk). registry.c lists the
 * streams in the order in which a run reads them (a stream comes after those it depends on).
 *
 * To add an entity: one file in schema/, its request plan here (a plain list: three lines in
 * lists.c), one line in registry.c, one fixture in tests/fixtures/.
 */
#ifndef ROLLCALL_STREAMS_STREAM_H
#define ROLLCALL_STREAMS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/pager.h"
#include "etl/load.h"
#include "etl/map.h"

/* How the time of a stream is cut into windows. */
enum stream_windows {
    WINDOWS_SNAPSHOT, /* one window: the state of the real moment */
    WINDOWS_UTC_DAYS, /* the API's own unit for conversation details */
};

/* How a request plan pages. */
enum plan_paging {
    PAGING_NUMBERED_GET,  /* ?pageSize=&pageNumber= ; ends by pageCount or a short page */
    PAGING_NUMBERED_POST, /* body with "paging":{pageSize,pageNumber}; ends by a short page */
    PAGING_JOB,           /* submit, poll, results by cursor, delete */
    PAGING_IDS_GET,       /* batches of ids in repeated query parameters */
    PAGING_IDS_POST,      /* batches of ids as filter predicates of a body */
};

/* What a plan is for, within its stream. */
enum plan_role {
    ROLE_ONLY,   /* the stream's one way */
    ROLE_JOB,    /* whole windows up to the availability date */
    ROLE_QUERY,  /* the hours after it */
    ROLE_REREAD, /* open entities, by id */
    ROLE_SOURCE, /* one of several ways to the same data: the first that answers is taken */
};

/* One way to fetch a stream's pages. In `body` and `query` the marks {start} {end} (ISO instants of
 * the window), {page} (number) and {size} are replaced; {ids} by the batch. */
struct request_plan {
    const char
        *name; /* short, for the ledger and messages: "job", "query", "workforcemanagement" */
    enum plan_role role;
    enum plan_paging paging;
    const char *path;         /* "/api/v2/..." */
    const char *query;        /* constant part of the query string, without '?'; NULL: none */
    const char *body;         /* JSON template of a POST; NULL: none */
    const char *availability; /* path of the data availability date (jobs); NULL: none */
    const char
        *id_parameter; /* of PAGING_IDS_GET: "userId" ; of PAGING_IDS_POST: predicate's dimension */
    int page_size;     /* rows (or ids) a request */
    const struct tree_map *tree;    /* what its answers hold */
    const char *const *permissions; /* any of them is enough */
    size_t permission_count;
};

struct stream {
    const char *name;
    const char *title; /* for people: "conversation details" */
    enum stream_windows windows;
    enum load_rule load;
    int lock_slot;                 /* fixed for ever: its byte range in the lock file */
    int max_age_hours;             /* snapshots: read again when older; 0: every run */
    bool has_attributes;           /* ROLE_JOB brings attributes that the other roles lack */
    const char *depends_on;        /* stream whose ids it reads; NULL: none */
    const struct tree_map *tree;   /* of LOAD_ENTITY: the tables */
    const struct table_map *state; /* of LOAD_OBSERVE: the history table */
    const struct request_plan *plans;
    size_t plan_count;
};

/* The streams themselves, for registry.c alone: everyone else goes through what follows. */
extern const struct stream stream_users;
extern const struct stream stream_queues;
extern const struct stream stream_adherence_realtime;
extern const struct stream stream_conversations;

/* All streams, in reading order. */
extern const struct stream *const stream_registry[];
extern const size_t stream_registry_count;

/* The stream of that name; NULL when there is none. */
const struct stream *stream_find(const char *name);

/* The first plan of that role; NULL when there is none. */
const struct request_plan *stream_plan(const struct stream *s, enum plan_role role);

/* What a pager of the plan is made from, save its window, its ids and where it goes on; the first
 * page is page 1, the label the plan's path. */
struct pager_spec stream_pager_spec(const struct request_plan *plan);

/* Shorthands for lists and their lengths in streams and plans. */
#define PLANS(a) .plans = (a), .plan_count = COUNT_OF(a)
#define ANY_OF(...)                                                                                \
    .permissions = (const char *const[]){__VA_ARGS__},                                             \
    .permission_count = COUNT_OF(((const char *const[]){__VA_ARGS__}))

/* A list of names: GET, page numbers, "entities". `p` is the path; further fields of the plan
 * follow. */
#define LIST(n, t, slot, map, p, ...)                                                              \
    static const struct tree_map n##_tree = {map, .entities = "entities"};                         \
    static const struct request_plan n##_plans[] = {{.name = "list",                               \
                                                     .role = ROLE_ONLY,                            \
                                                     .paging = PAGING_NUMBERED_GET,                \
                                                     .path = (p),                                  \
                                                     .page_size = 100,                             \
                                                     .tree = &n##_tree,                            \
                                                     __VA_ARGS__}};                                \
    const struct stream stream_##n = {.name = #n,                                                  \
                                      .title = (t),                                                \
                                      .windows = WINDOWS_SNAPSHOT,                                 \
                                      .load = LOAD_ENTITY,                                         \
                                      .lock_slot = (slot),                                         \
                                      .max_age_hours = 6,                                          \
                                      .tree = &n##_tree,                                           \
                                      PLANS(n##_plans)};

#endif
