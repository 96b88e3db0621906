/*
 * Readers: the requests of one reading each, from its first to the last that clears up. A reader
 * drives a pager over the client and tells what came, in the order of the pager's requests: an
 * answer that is none is asked for again, a batch that is refused is halved, a job that is lost is
 * submitted anew.
 *
 * Invariants: the readers of a set share what may be on the wire and the memory of pages ahead of
 * their turn; a reader runs ahead of its oldest missing page by `in_flight` pages and a few more;
 * pages that wait for their turn are kept as they came, unparsed. Used by one thread.
 */
#pragma once

#include "api/pager.h"

enum news_kind {
    NEWS_PAGE,       /* a page in its turn; its document is the taker's; `last`: nothing follows */
    NEWS_END,        /* all pages were told, if any; perhaps with an answer that brings no rows */
    NEWS_TOKEN,      /* facts.token: what the server calls the reading */
    NEWS_ANEW,       /* the reading begins anew */
    NEWS_REFUSED_ID, /* id: refused by the server, also alone; the reading goes on without it */
    NEWS_CLEANED,    /* nothing of the reading is left at the server */
    NEWS_OVERFLOW,   /* more rows than the pages reach; nothing follows */
    NEWS_FAILED,     /* answer.error; nothing follows */
    NEWS_DROPPED,    /* given up; something may be left at the server */
};

/* What a reader tells, and before that the request it comes from. */
struct news {
    enum news_kind kind;
    bool last;
    bool halts; /* of NEWS_FAILED: everything else would meet the same trouble */
    struct client_answer answer;
    struct pager_page facts; /* texts are in the reader's arena */
    const char *id;          /* borrowed from pager_spec */
    char *path;              /* of the request; owned */

    /* the reader's own */
    struct news *next;
    struct reader *reader; /* NULL: the answer is not waited for any more */
    int64_t sequence;
    int64_t tries; /* of a request whose answers are none */
    bool is_poll;
};

/* News of that kind, otherwise zero. Free with news_free (NULL is allowed). */
struct news *news_new(enum news_kind kind);
void news_free(struct news *n);

/* Whether the API said, in its own words, that it does not know what was asked for. */
bool news_is_gone(const struct news *n);

/* A set of readers over one client (borrowed), with at most `in_flight` requests on the wire. Free
 * with readers_free, once its readers are freed. */
struct readers *readers_new(struct client *client, size_t in_flight);
void readers_free(struct readers *all);

/* Drives the client until an answer has come, `timeout_ms` have passed or it is woken; without
 * `take` no answer is taken. */
void readers_wait(struct readers *all, int64_t timeout_ms, bool take);

/* A reader in memory of `a`, which must outlive it as what `spec` borrows must; nothing is asked
 * yet. reader_free forgets its requests that are on the wire. */
struct reader *reader_new(struct readers *all, struct arena *a, const struct pager_spec *spec);
void reader_free(struct reader *r);

/* Sends one request that may be sent by now; false: there is none. */
bool reader_ask(struct reader *r);

/* What is to be told next; NULL: nothing by now. The caller frees it. */
struct news *reader_next(struct reader *r);

/* How many pages were asked for that were not told yet. */
int64_t reader_ahead(const struct reader *r);

/* Begins the reading anew, from its first page; its job is cleared up, whatever comes of it. */
void reader_anew(struct reader *r);

/* Takes back the page that was told last, with an error: it is too large, so half of it is asked
 * for instead, or the reading fails. */
void reader_take_back(struct reader *r, struct news *n);

/* Clears up what was submitted, once nothing more is wanted of it: NEWS_CLEANED or NEWS_DROPPED
 * follows. */
void reader_clean_up(struct reader *r);
