#include "run/pages.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "io/gzip.h"

enum { ARENA_BYTES = 8192, HOLDERS = 2 }; /* of a reading */

struct reading *reading_new(void)
{
    struct arena *a = arena_new(ARENA_BYTES);
    struct reading *r = arena_alloc(a, sizeof(*r));

    r->arena = a;
    r->start[0] = r->end[0] = '\0';
    r->facts = (struct walk_facts){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    r->available_ms = TIME_NONE;
    atomic_init(&r->holders, HOLDERS);
    atomic_init(&r->committed, false);
    atomic_init(&r->refused, false);
    return r;
}

void reading_release(struct reading *r)
{
    if (atomic_fetch_sub(&r->holders, 1) == 1) {
        arena_free(r->arena);
    }
}

struct pages {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct page *first;
    struct page *last;
    struct reading *issued;
    struct reading **issued_end;
    bool closed;
    size_t count; /* messages pushed and not yet done */
    size_t bytes; /* of those messages */
    size_t max_bytes;
    bool was_full;
};

static size_t page_bytes(const struct page *p)
{
    return (p->rows ? p->rows->bytes : 0) + p->raw_length;
}

struct pages *pages_new(size_t max_bytes)
{
    struct pages *q = xcalloc(1, sizeof(*q));

    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->filled, NULL);
    q->max_bytes = max_bytes;
    q->issued_end = &q->issued;
    return q;
}

void pages_free(struct pages *q)
{
    while (q->first) {
        struct page *p = q->first;
        q->first = p->next;
        page_free(p);
    }
    for (struct reading *r = q->issued, *next; r; r = next) {
        next = r->next;
        reading_release(r); /* issued when the network thread had ended: in nobody else's hands */
        reading_release(r);
    }
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->mutex);
    free(q);
}

struct page *page_new(enum page_kind kind, struct reading *reading)
{
    struct page *p = xcalloc(1, sizeof(*p));

    p->kind = kind;
    p->reading = reading;
    return p;
}

void page_free(struct page *p)
{
    if (p) {
        walked_free(p->rows);
        json_free(p->document);
        free(p->raw);
        free(p->path);
        free(p->id);
        free(p);
    }
}

void page_parse(struct page *p)
{
    size_t length = p->raw_length;
    struct err e;
    char *text;

    if (p->raw_gzip) {
        INVARIANT(gzip_inflate(p->raw, p->raw_length, JSON_PADDING_BYTES, &text, &length, &e));
    } else {
        text = xmalloc(length + JSON_PADDING_BYTES);
        memcpy(text, p->raw, length);
    }
    p->document = json_parse(text, length, &e);
    INVARIANT(p->document);
    p->facts.rows = json_first(json_root(p->document), step_of_rows(p->reading->steps)->rows);
}

void pages_issue(struct pages *q, struct reading *r)
{
    r->next = NULL;
    pthread_mutex_lock(&q->mutex);
    *q->issued_end = r;
    q->issued_end = &r->next;
    pthread_mutex_unlock(&q->mutex);
}

struct reading *pages_issued(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    struct reading *issued = q->issued;
    q->issued = NULL;
    q->issued_end = &q->issued;
    pthread_mutex_unlock(&q->mutex);
    return issued;
}

void pages_close(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    pthread_mutex_unlock(&q->mutex);
}

bool pages_closed(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    bool closed = q->closed;
    pthread_mutex_unlock(&q->mutex);
    return closed;
}

bool pages_room(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    bool room = q->count == 0 || q->bytes < q->max_bytes;
    if (!room) {
        q->was_full = true;
    }
    pthread_mutex_unlock(&q->mutex);
    return room;
}

void pages_push(struct pages *q, struct page *p)
{
    pthread_mutex_lock(&q->mutex);
    if (q->last) {
        q->last->next = p;
    } else {
        q->first = p;
    }
    q->last = p;
    q->bytes += page_bytes(p);
    q->count++;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

/* Takes the first message; the mutex is held. */
static struct page *take_first(struct pages *q)
{
    struct page *p = q->first;

    q->first = p->next;
    if (!q->first) {
        q->last = NULL;
    }
    return p;
}

struct page *pages_pop(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    while (!q->first) {
        pthread_cond_wait(&q->filled, &q->mutex);
    }
    struct page *p = take_first(q);
    pthread_mutex_unlock(&q->mutex);
    return p;
}

struct page *pages_pop_more(struct pages *q, const struct reading *r)
{
    pthread_mutex_lock(&q->mutex);
    bool more = q->first && q->first->reading == r && q->first->kind == PAGE_ROWS;
    struct page *p = more ? take_first(q) : NULL;
    pthread_mutex_unlock(&q->mutex);
    return p;
}

bool pages_done(struct pages *q, struct page *p)
{
    size_t bytes = page_bytes(p);

    page_free(p);
    pthread_mutex_lock(&q->mutex);
    q->bytes -= bytes;
    q->count--;
    bool has_room_again = q->was_full && (q->count == 0 || q->bytes < q->max_bytes);
    if (has_room_again) {
        q->was_full = false;
    }
    pthread_mutex_unlock(&q->mutex);
    return has_room_again;
}
