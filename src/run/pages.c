#include "run/pages.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"

struct pages {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct page *first;
    struct page *last;
    size_t bytes;
    size_t max_bytes;
    bool was_full;
};

static size_t page_bytes(const struct page *p)
{
    return (p->document ? json_held_bytes(p->document) : 0) + p->raw_length;
}

struct pages *pages_new(size_t max_bytes)
{
    struct pages *q = xcalloc(1, sizeof(*q));

    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->filled, NULL);
    q->max_bytes = max_bytes;
    return q;
}

void pages_free(struct pages *q)
{
    if (!q) {
        return;
    }
    while (q->first) {
        struct page *p = q->first;
        q->first = p->next;
        page_free(p);
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
        json_free(p->document);
        free(p->raw);
        free(p);
    }
}

bool pages_room(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    bool room = q->bytes < q->max_bytes;
    if (!room) {
        q->was_full = true;
    }
    pthread_mutex_unlock(&q->mutex);
    return room;
}

void pages_push(struct pages *q, struct page *p)
{
    pthread_mutex_lock(&q->mutex);
    p->next = NULL;
    if (q->last) {
        q->last->next = p;
    } else {
        q->first = p;
    }
    q->last = p;
    q->bytes += page_bytes(p);
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

struct page *pages_pop(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    while (!q->first) {
        pthread_cond_wait(&q->filled, &q->mutex);
    }
    struct page *p = q->first;
    q->first = p->next;
    if (!q->first) {
        q->last = NULL;
    }
    q->bytes -= page_bytes(p);
    pthread_mutex_unlock(&q->mutex);
    p->next = NULL;
    return p;
}

bool pages_drained(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    bool drained = q->was_full && q->bytes <= q->max_bytes / 2;
    if (drained) {
        q->was_full = false;
    }
    pthread_mutex_unlock(&q->mutex);
    return drained;
}
