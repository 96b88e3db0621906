/* Batches of ids. */
#include <string.h>

#include "api/pager_internal.h"
#include "base/str.h"

void ids_init(struct pager *p)
{
    size_t size = (size_t)p->spec.page_size;

    p->of.ids.batches = (int64_t)(p->spec.id_count / size + (p->spec.id_count % size > 0 ? 1 : 0));
}

enum pager_state ids_state(const struct pager *p)
{
    const struct pager_ids *i = &p->of.ids;

    if (i->answered == i->batches) {
        return PAGER_DONE;
    }
    return i->asked < i->batches ? PAGER_READY : PAGER_WAITING;
}

/* The ids of a batch. */
static void batch_of(const struct pager *p, int64_t sequence, size_t *from, size_t *count)
{
    size_t size = (size_t)p->spec.page_size;

    *from = (size_t)sequence * size;
    *count = p->spec.id_count - *from < size ? p->spec.id_count - *from : size;
}

/* Predicates of a filter: AgentStateAgentQueryPredicate knows dimension and value alone; others
 * infer their type and operator. */
static const char *predicates(const struct pager *p, struct arena *a, size_t from, size_t count)
{
    struct buf out;

    buf_init(&out, PAGER_REQUEST_BYTES);
    for (size_t i = from; i < from + count; i++) {
        (void)buf_add_str(&out, i > from ? ",{\"dimension\":" : "{\"dimension\":");
        (void)json_quote(&out, p->spec.id_parameter, strlen(p->spec.id_parameter));
        (void)buf_add_str(&out, ",\"value\":");
        (void)json_quote(&out, p->spec.ids[i], strlen(p->spec.ids[i]));
        (void)buf_add_char(&out, '}');
    }
    return pager_take(a, &out);
}

/* name=a&name=b, after the constant query. */
static const char *repeated(const struct pager *p, struct arena *a, size_t from, size_t count,
                            const char *query)
{
    struct buf out;

    buf_init(&out, PAGER_REQUEST_BYTES);
    (void)buf_add_str(&out, query ? query : "");
    for (size_t i = from; i < from + count; i++) {
        (void)buf_add_printf(&out, "%s%s=", out.length > 0 ? "&" : "", p->spec.id_parameter);
        (void)str_url_encode(&out, p->spec.ids[i]);
    }
    return pager_take(a, &out);
}

void ids_next(struct pager *p, struct arena *a, struct pager_request *out)
{
    struct pager_ids *i = &p->of.ids;
    struct pager_marks marks = {.page = i->asked + 1};

    out->sequence = i->asked++;
    batch_of(p, out->sequence, &out->id_from, &out->id_count);
    const char *query = pager_fill(p, a, p->spec.query, &marks, true);
    if (p->spec.post) {
        marks.ids = predicates(p, a, out->id_from, out->id_count);
    } else {
        query = repeated(p, a, out->id_from, out->id_count, query);
    }
    out->path = pager_join(a, p->spec.path, query);
    out->body = pager_fill(p, a, p->spec.body, &marks, false);
    out->label = arena_printf(a, "%s batch %lld of %lld", p->spec.label,
                              (long long)out->sequence + 1, (long long)i->batches);
}

void ids_answer(struct pager *p, int64_t sequence, struct pager_page *page)
{
    p->of.ids.answered++;
    batch_of(p, sequence, &page->id_from, &page->id_count);
    page->last = sequence == p->of.ids.batches - 1;
}
