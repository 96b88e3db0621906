#include "conversations.h"

#include "http.h"
#include "when.h"
#include "world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 2

struct page {
    int64_t day;
    int64_t number;
    void *bytes;
    size_t length;
};

static struct page *pages;
static size_t page_count;
static int64_t made_for;
static atomic_size_t next_page;

static void make_page(struct page *p)
{
    struct selection s = {0};
    struct jw w = {0};
    const struct fault_document none = {0};
    struct view view = {.body = made_for, .attributes = CONV_NO_ATTRIBUTES};
    corpus_started(&s, p->day, p->day, made_for);
    size_t from = (size_t)(p->number - 1) * PRERENDER_PAGE_SIZE, to = from + PRERENDER_PAGE_SIZE;
    jw_object(&w, NULL);
    conversations_write(&w, &s, from, to < s.count ? to : s.count, view, &none);
    jw_count(&w, "totalHits", (int64_t)s.count + world.hits_bias);
    jw_end(&w);
    if (!http_gzip(w.data, w.length, &p->bytes, &p->length)) {
        p->bytes = NULL;
    }
    jw_free(&w);
    selection_free(&s);
}

static void *work(void *unused)
{
    for (size_t i; (i = atomic_fetch_add(&next_page, 1)) < page_count;) {
        make_page(&pages[i]);
    }
    return unused;
}

static void plan(void)
{
    size_t per_day = (size_t)(world.per_day + PRERENDER_PAGE_SIZE - 1) / PRERENDER_PAGE_SIZE;
    size_t days = (size_t)world.days;
    pages = calloc(per_day * days + 1, sizeof *pages);
    if (!pages) {
        return;
    }
    for (int64_t day = world.first_day; day <= corpus_last_day(); day++) {
        struct selection s = {0};
        corpus_started(&s, day, day, made_for);
        for (size_t n = 0; n * PRERENDER_PAGE_SIZE < s.count; n++) {
            pages[page_count++] = (struct page){.day = day, .number = (int64_t)n + 1};
        }
        selection_free(&s);
    }
}

void prerender_all(void)
{
    pthread_t threads[THREADS];
    int started = 0;
    made_for = world_moment().now;
    plan();
    while (started < THREADS && pthread_create(&threads[started], NULL, work, NULL) == 0) {
        started++;
    }
    work(NULL);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}

bool prerender_find(int64_t day, int64_t page_number, const void **bytes, size_t *length)
{
    if (page_count == 0 || world_moment().now != made_for) {
        return false;
    }
    size_t low = 0, high = page_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct page *p = &pages[middle];
        if (p->day < day || (p->day == day && p->number < page_number)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == page_count || pages[low].day != day || pages[low].number != page_number) {
        return false;
    }
    *bytes = pages[low].bytes;
    *length = pages[low].length;
    return *bytes != NULL;
}
