#include "api/pager.h"

#include <stdio.h>
#include <string.h>

#include "api/pager_internal.h"
#include "base/limits.h"
#include "base/str.h"

struct pager *pager_new(struct arena *a, const struct pager_spec *spec)
{
    struct pager *p = arena_alloc(a, sizeof(*p));

    p->spec = *spec;
    p->arena = a;
    INVARIANT(spec->page_size > 0);
    switch (spec->kind) {
    case PAGER_NUMBERED:
        numbered_init(p);
        break;
    case PAGER_JOB:
        job_init(p);
        break;
    case PAGER_IDS:
        ids_init(p);
        break;
    }
    return p;
}

enum pager_state pager_state(const struct pager *p)
{
    if (p->lost) {
        return PAGER_LOST;
    }
    if (p->overflow) {
        return PAGER_OVERFLOW;
    }
    switch (p->spec.kind) {
    case PAGER_NUMBERED:
        return numbered_state(p);
    case PAGER_JOB:
        return job_state(p);
    case PAGER_IDS:
        break;
    }
    return ids_state(p);
}

bool pager_next(struct pager *p, struct arena *a, struct pager_request *out)
{
    if (pager_state(p) != PAGER_READY) {
        return false;
    }
    *out = (struct pager_request){.method = p->spec.post ? HTTP_POST : HTTP_GET, .is_page = true};
    switch (p->spec.kind) {
    case PAGER_NUMBERED:
        numbered_next(p, a, out);
        break;
    case PAGER_JOB:
        job_next(p, a, out);
        break;
    case PAGER_IDS:
        ids_next(p, a, out);
        break;
    }
    return true;
}

/* Rows and totals, which all kinds of pages have. */
static bool read_rows(const struct pager *p, const struct json_doc *doc, struct pager_page *page,
                      struct err *e)
{
    struct json root = json_root(doc);

    if (!pager_rows(p, doc, &page->rows, &page->row_count, e)) {
        return false;
    }
    page->has_rows = true;
    if (!json_int(json_get(root, "totalHits"), &page->total_hits) &&
        !json_int(json_get(root, "total"), &page->total_hits)) {
        page->total_hits = -1;
    }
    if (page->total_hits < 0) {
        page->total_hits = -1;
    }
    return true;
}

bool pager_answer(struct pager *p, int64_t sequence, const struct json_doc *doc, struct arena *a,
                  struct pager_page *page, struct err *e)
{
    struct json root = json_root(doc);
    bool is_job = p->spec.kind == PAGER_JOB;

    *page = (struct pager_page){.total_hits = -1};
    err_clear(e);
    bool holds_rows = !is_job || p->of.job.phase == JOB_RESULTS;
    bool ok = !holds_rows || read_rows(p, doc, page, e);
    if (ok) {
        switch (p->spec.kind) {
        case PAGER_NUMBERED:
            ok = numbered_answer(p, sequence, root, page, e);
            break;
        case PAGER_JOB:
            ok = job_answer(p, root, a, page, e);
            break;
        case PAGER_IDS:
            ids_answer(p, sequence, page);
            break;
        }
    }
    return ok;
}

bool pager_refused(struct pager *p, int64_t sequence, int status, const char *code)
{
    if (p->spec.kind != PAGER_JOB || sequence != p->of.job.sequence - 1) {
        return false;
    }
    return job_refused(p, status, code);
}

bool pager_delete(struct pager *p, struct arena *a, struct pager_request *out)
{
    return p->spec.kind == PAGER_JOB && job_delete(p, a, out);
}

const char *pager_reason(const struct pager *p)
{
    return p->reason;
}

const char *pager_take(struct arena *a, struct buf *b)
{
    const char *text = arena_strndup(a, buf_str(b), b->length);

    buf_free(b);
    return text;
}

const char *pager_join(struct arena *a, const char *path, const char *query)
{
    if (!query || query[0] == '\0') {
        return arena_strdup(a, path);
    }
    return arena_printf(a, "%s%c%s", path, strchr(path, '?') ? '&' : '?', query);
}

/* Appends the value of the mark that `text` begins with and returns the mark's length; 0 when it is
 * none. */
static size_t add_mark(const struct pager *p, struct buf *out, const char *text,
                       const struct pager_marks *marks, bool encode)
{
    char page[24];
    char size[16];
    const struct {
        const char *mark;
        const char *value;
    } known[] = {{"{start}", p->spec.start},
                 {"{end}", p->spec.end},
                 {"{page}", page},
                 {"{size}", size},
                 {"{ids}", marks->ids}};

    snprintf(page, sizeof(page), "%lld", (long long)marks->page);
    snprintf(size, sizeof(size), "%d", p->spec.page_size);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].value && str_starts_with(text, known[i].mark)) {
            (void)(encode ? str_url_encode(out, known[i].value) : buf_add_str(out, known[i].value));
            return strlen(known[i].mark);
        }
    }
    return 0;
}

const char *pager_fill(const struct pager *p, struct arena *a, const char *text,
                       const struct pager_marks *marks, bool encode)
{
    struct buf out;

    if (!text) {
        return NULL;
    }
    buf_init(&out, PAGER_REQUEST_BYTES);
    while (*text) {
        size_t length = *text == '{' ? add_mark(p, &out, text, marks, encode) : 0;
        if (length == 0) {
            (void)buf_add_char(&out, *text);
            length = 1;
        }
        text += length;
    }
    return pager_take(a, &out);
}

/* The value at one alternative of spec.entities; absent also when it is null. */
static struct json at_alternative(struct json root, const char *name, size_t length)
{
    char path[128];

    if (length == 0) {
        return json_type(root) == JSON_ARRAY ? root : (struct json){NULL};
    }
    snprintf(path, sizeof(path), "%.*s", (int)length, name);
    struct json value = json_path(root, path);
    return json_type(value) == JSON_NULL ? (struct json){NULL} : value;
}

bool pager_rows(const struct pager *p, const struct json_doc *doc, struct json *rows, size_t *count,
                struct err *e)
{
    struct json root = json_root(doc);
    const char *name = p->spec.entities;
    bool only_root = name[0] == '\0';

    *rows = (struct json){NULL};
    *count = 0;
    for (;;) {
        size_t length = strcspn(name, "|");
        *rows = at_alternative(root, name, length);
        if (json_type(*rows) != JSON_ABSENT || name[length] == '\0') {
            break;
        }
        name += length + 1;
    }
    enum json_type type = json_type(*rows);
    if (type == JSON_ARRAY) {
        *count = json_count(*rows);
        return true;
    }
    bool may_lack = json_type(root) == JSON_OBJECT && !only_root;
    if (type == JSON_ABSENT && may_lack) {
        return true;
    }
    return err_set(e, ERR_CONTRACT, "%s: the answer has no array of rows at \"%s\"", p->spec.label,
                   p->spec.entities);
}

bool pager_check_pages(const struct pager *p, int64_t pages, struct err *e)
{
    if (pages < limit_get(LIMIT_PAGES_PER_WINDOW)) {
        return true;
    }
    return err_set(e, ERR_CONTRACT, "%s: no end after %lld pages (limit PAGES_PER_WINDOW)",
                   p->spec.label, (long long)pages);
}
