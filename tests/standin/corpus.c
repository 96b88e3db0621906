#include "corpus.h"

#include "jw.h"
#include "lock.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DAYS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *days[MAX_DAYS];

void selection_free(struct selection *s)
{
    free(s->entry);
    *s = (struct selection){0};
}

static void add(struct selection *s, const struct entry *e)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 256;
        s->entry = enough(s->entry, s->capacity * sizeof *s->entry);
    }
    s->entry[s->count++] = e;
}

void selection_reverse(struct selection *s)
{
    for (size_t i = 0; i < s->count / 2; i++) {
        const struct entry *e = s->entry[i];
        s->entry[i] = s->entry[s->count - 1 - i];
        s->entry[s->count - 1 - i] = e;
    }
}

int64_t corpus_first_day(void)
{
    return world.first_day - WORLD_EARLIER_DAYS;
}

int64_t corpus_last_day(void)
{
    return world.first_day + world.days - 1;
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    struct conv cx, cy;
    conv_build(&cx, x->day, x->index);
    conv_build(&cy, y->day, y->index);
    return strcmp(cx.id, cy.id);
}

static struct entry *make_day(int64_t day)
{
    struct conv c;
    struct entry *list = enough(NULL, (size_t)world.per_day * sizeof *list + 1);
    for (uint32_t i = 0; i < (uint32_t)world.per_day; i++) {
        conv_build(&c, day, i);
        list[i] = (struct entry){
            .day = day,
            .start = c.start,
            .arrive = c.arrive,
            .period_count = c.period_count,
            .index = i,
            .division = conv_division(&c),
        };
        memcpy(list[i].period, c.period, sizeof c.period);
    }
    qsort(list, (size_t)world.per_day, sizeof *list, compare);
    return list;
}

const struct entry *corpus_day(int64_t day, size_t *count)
{
    *count = 0;
    if (day < corpus_first_day() || day > corpus_last_day() ||
        day - corpus_first_day() >= MAX_DAYS) {
        return NULL;
    }
    HOLD(lock);
    struct entry **slot = &days[day - corpus_first_day()];
    if (!*slot) {
        *slot = make_day(day);
    }
    *count = (size_t)world.per_day;
    return *slot;
}

bool corpus_granted(const struct entry *e)
{
    return e->division < world_divisions();
}

void corpus_started(struct selection *s, int64_t from_day, int64_t to_day, int64_t as_of)
{
    int64_t first = from_day > corpus_first_day() ? from_day : corpus_first_day();
    int64_t last = to_day < corpus_last_day() ? to_day : corpus_last_day();
    for (int64_t day = first; day <= last; day++) {
        size_t count;
        const struct entry *list = corpus_day(day, &count);
        for (size_t i = 0; i < count; i++) {
            if (list[i].arrive <= as_of && corpus_granted(&list[i])) {
                add(s, &list[i]);
            }
        }
    }
}

bool corpus_overlaps(const struct entry *e, int64_t from, int64_t to, int64_t as_of)
{
    return e->arrive <= as_of && e->start < to &&
           conv_end_at(e->period, e->period_count, as_of) >= from;
}

void corpus_overlapping(struct selection *s, int64_t from, int64_t to, int64_t as_of)
{
    for (int64_t day = corpus_first_day(); day <= corpus_last_day() && day <= when_day(to); day++) {
        size_t count;
        const struct entry *list = corpus_day(day, &count);
        for (size_t i = 0; i < count; i++) {
            if (corpus_overlaps(&list[i], from, to, as_of) && corpus_granted(&list[i])) {
                add(s, &list[i]);
            }
        }
    }
}
