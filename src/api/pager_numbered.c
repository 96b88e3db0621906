/* Pages by number. */
#include <stdio.h>
#include <string.h>

#include "api/pager_internal.h"
#include "base/limits.h"

/* Page number of a sequence number. */
static int64_t page_of(const struct pager *p, int64_t sequence)
{
    return p->spec.first_page + sequence;
}

void numbered_init(struct pager *p)
{
    if (p->spec.first_page < 1) {
        p->spec.first_page = 1;
    }
    p->of.numbered = (struct pager_numbered){
        .page_rows = p->spec.page_size, .expected_by = -1, .highest_short = -1};
}

/* True when the highest page asked was answered and is the end. */
static bool has_ended(const struct pager_numbered *n)
{
    return n->asked > 0 && n->highest_short == n->asked - 1 && n->asked >= n->expected;
}

enum pager_state numbered_state(const struct pager *p)
{
    const struct pager_numbered *n = &p->of.numbered;
    bool all_answered = n->answered == n->asked;

    if (has_ended(n)) {
        return all_answered ? PAGER_DONE : PAGER_WAITING;
    }
    /* Beyond what is expected a page is asked once all before it came and the highest was full. */
    return all_answered || n->asked < n->expected ? PAGER_READY : PAGER_WAITING;
}

void numbered_next(struct pager *p, struct arena *a, struct pager_request *out)
{
    struct pager_numbered *n = &p->of.numbered;
    struct pager_marks marks = {.page = page_of(p, n->asked)};
    const char *query = pager_fill(p, a, p->spec.query, &marks, true);

    if (!p->spec.post && (!p->spec.query || !strstr(p->spec.query, "{page}"))) {
        const char *paging = arena_printf(a, "pageSize=%d&pageNumber=%lld", p->spec.page_size,
                                          (long long)marks.page);
        query = query && query[0] != '\0' ? arena_printf(a, "%s&%s", query, paging) : paging;
    }
    out->path = pager_join(a, p->spec.path, query);
    out->body = pager_fill(p, a, p->spec.body, &marks, false);
    out->label = arena_printf(a, "%s page %lld", p->spec.label, (long long)marks.page);
    out->sequence = n->asked++;
}

/* Pages of this reading that an answer expects, by its pageCount or total. */
static int64_t expected_pages(const struct pager *p, const struct pager_page *page,
                              int64_t page_count)
{
    const struct pager_numbered *n = &p->of.numbered;
    int64_t pages = 0;

    if (page_count > 0) {
        pages = page_count;
    } else if (page->total_hits >= 0) {
        /* One more than full pages: only a short page tells that it is the last. */
        pages = page->total_hits / n->page_rows + 1;
        if (p->spec.row_limit > 0 && pages > p->spec.row_limit / n->page_rows) {
            pages = p->spec.row_limit / n->page_rows;
        }
    }
    if (pages > limit_get(LIMIT_PAGES_PER_WINDOW)) {
        pages = limit_get(LIMIT_PAGES_PER_WINDOW);
    }
    return pages - (p->spec.first_page - 1);
}

static void see_overflow(struct pager *p, int64_t number, const struct pager_page *page,
                         bool is_short)
{
    int64_t limit = p->spec.row_limit;

    if (limit <= 0) {
        return;
    }
    if (p->spec.hits_overflow && number == 1 && page->total_hits > limit) {
        p->overflow = true;
        snprintf(p->reason, sizeof(p->reason), "%lld rows, and paging reaches %lld",
                 (long long)page->total_hits, (long long)limit);
    } else if (!is_short && (number + 1) * p->of.numbered.page_rows > limit) {
        p->overflow = true;
        snprintf(p->reason, sizeof(p->reason),
                 "page %lld is full, and paging reaches no further than %lld rows",
                 (long long)number, (long long)limit);
    }
}

bool numbered_answer(struct pager *p, int64_t sequence, struct json root, struct pager_page *page,
                     struct err *e)
{
    struct pager_numbered *n = &p->of.numbered;
    int64_t number = page_of(p, sequence);
    int64_t page_size;
    int64_t page_count;

    if (json_int(json_get(root, "pageSize"), &page_size) && page_size > 0 &&
        page_size < n->page_rows) {
        n->page_rows = page_size;
    }
    if (!json_int(json_get(root, "pageCount"), &page_count)) {
        page_count = 0;
    }
    if (sequence > n->expected_by) {
        n->expected_by = sequence;
        n->expected = expected_pages(p, page, page_count);
    }
    bool is_short =
        (int64_t)page->row_count < n->page_rows || (page_count > 0 && number >= page_count);
    if (is_short && sequence > n->highest_short) {
        n->highest_short = sequence;
    }
    n->answered++;
    see_overflow(p, number, page, is_short);
    page->next_page = number + 1;
    page->last = has_ended(n) && sequence == n->asked - 1;
    return page->last || pager_check_pages(p, number, e);
}
