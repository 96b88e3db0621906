#include "run/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/limits.h"
#include "run/fetch.h"
#include "run/pages.h"
#include "run/store.h"

static void *fetch_thread(void *argument)
{
    fetch_all(argument);
    return NULL;
}

/* Loads until the network thread has ended; after trouble with the database the rest is thrown
 * away. */
static bool drain(struct run *run, struct fetch *f, struct store *store, struct err *e)
{
    bool ok = true;

    for (;;) {
        struct page *p = pages_pop(f->pages);
        enum page_kind kind = p->kind;
        bool was_end = p->ends;

        if (kind == PAGE_FINAL) {
            run->totals.requests = p->totals.requests;
            run->totals.retries = p->totals.retries;
            run->totals.bytes = p->totals.bytes;
            pages_done(f->pages, p);
            return ok;
        }
        if (ok && !store_take(store, p, e)) {
            ok = false;
            atomic_store(&f->cancelled, true);
            client_wake(f->client);
        }
        progress_page(&run->progress, f->readings, f->count);
        if (pages_done(f->pages, p) || was_end) {
            client_wake(f->client);
        }
    }
}

/* Signals go to the thread that loads: only it knows when a page is committed. */
static bool start_thread(pthread_t *thread, struct fetch *f, struct err *e)
{
    int code = pthread_create(thread, NULL, fetch_thread, f);

    return code == 0 || err_set(e, ERR_BUG, "cannot start the network thread: %s", strerror(code));
}

bool pipeline_run(struct run *run, struct reading *const *readings, size_t count, size_t at_once,
                  struct err *e)
{
    struct fetch f = {
        .client = run->client,
        .pages = pages_new((size_t)limit_get(LIMIT_QUEUE_BYTES)),
        .readings = readings,
        .count = count,
        .at_once = at_once,
        .in_flight = (size_t)run->config->in_flight,
    };
    pthread_t thread;

    atomic_init(&f.cancelled, false);
    if (!start_thread(&thread, &f, e)) {
        pages_free(f.pages);
        return false;
    }
    progress_phase(&run->progress, readings, count);
    struct store *store = store_new(run);
    bool ok = drain(run, &f, store, e);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < count; i++) {
        arena_free(readings[i]->arena);
        readings[i]->arena = NULL;
    }
    store_free(store);
    pages_free(f.pages);
    return ok;
}
