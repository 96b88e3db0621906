#include "conversations.h"

#include "when.h"
#include "world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 2

struct page {
    void *bytes;
    size_t length;
};

static struct page *pages; /* so many a day, of the days with data */
static size_t page_count, per_day;
static int64_t made_for;
static atomic_size_t next_page;

static void make_page(size_t number)
{
    struct selection s = {0};
    struct jw w = {0};
    const struct fault_document none = {0};
    struct view view = {.body = made_for, .attributes = CONV_NO_ATTRIBUTES};
    int64_t day = world.first_day + (int64_t)(number / per_day);
    corpus_started(&s, day, day, made_for);
    size_t from = number % per_day * PRERENDER_PAGE_SIZE, to = from + PRERENDER_PAGE_SIZE;
    jw_object(&w, NULL);
    conversations_write(&w, &s, from, to < s.count ? to : s.count, view, &none);
    JW(&w, COUNT("totalHits", (int64_t)s.count + world.hits_bias), END);
    if (from < s.count) {
        http_gzip(w.data, w.length, &pages[number].bytes, &pages[number].length);
    }
    jw_free(&w);
    selection_free(&s);
}

static void *work(void *unused)
{
    for (size_t i; (i = atomic_fetch_add(&next_page, 1)) < page_count;) {
        make_page(i);
    }
    return unused;
}

void prerender_all(void)
{
    pthread_t threads[THREADS];
    int started = 0;
    made_for = world_moment().now;
    per_day = (size_t)(world.per_day + PRERENDER_PAGE_SIZE - 1) / PRERENDER_PAGE_SIZE;
    pages = calloc(per_day * (size_t)world.days + 1, sizeof *pages);
    page_count = pages ? per_day * (size_t)world.days : 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, work, NULL) == 0) {
        started++;
    }
    work(NULL);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}

bool prerender_find(int64_t day, int64_t number, const void **bytes, size_t *length)
{
    if (day < world.first_day || day > corpus_last_day() || number > (int64_t)per_day ||
        page_count == 0 || world_moment().now != made_for) {
        return false;
    }
    const struct page *p = &pages[(size_t)(day - world.first_day) * per_day + (size_t)number - 1];
    *bytes = p->bytes;
    *length = p->length;
    return *bytes != NULL;
}
