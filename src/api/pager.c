#include "api/pager.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "io/hash.h"

enum {
    REQUEST_BYTES = 1048576,
    LONGEST_TOKEN_BYTES = 200,
    DOUBLED_POLLS = 3,
    NO_SEQUENCE = -1,
};

struct pager {
    struct pager_spec spec;
    struct arena *arena;
    size_t at;     /* step at hand */
    bool over;     /* all steps but a cleanup are done */
    bool descends; /* the newest rows come first */
    bool cleaned;
    bool pending;     /* a request that goes alone is on its way */
    int64_t asked;    /* pages: sequence numbers [0, asked) */
    int64_t answered; /* of them */
    const char *token;
    const char **urls; /* that the step before has found */
    size_t url_count;
    int polls;
    int64_t polled_ms;

    /* pages by number */
    int64_t expected;      /* pages of this pager that the answers expect; 0: not known */
    int64_t expected_by;   /* sequence of the answer that said so */
    int64_t page_rows;     /* rows a full page holds */
    int64_t highest_short; /* highest sequence of a short page; -1: none */
    int64_t empty;         /* pages without rows in a row; of cursors too */

    /* a chain of cursors */
    const char *cursor;    /* NULL: the first page */
    struct idset *cursors; /* all that came */
};

static const struct step *step_of(const struct pager *p)
{
    return &p->spec.steps[p->at];
}

struct json step_find_rows(const struct step *steps, struct json root)
{
    struct json rows = {NULL};

    for (; steps->path; steps++) {
        struct json found = steps->rows ? json_first(root, steps->rows) : rows;
        rows = json_type(found) != JSON_ABSENT ? found : rows;
    }
    return rows;
}

const struct step *step_of_rows(const struct step *steps)
{
    const struct step *last = NULL;

    for (; steps->path; steps++) {
        last = steps->rows ? steps : last;
    }
    INVARIANT(last);
    return last;
}

/* Its requests are the numbered ones: its answers do not say what comes next, in which case rows
 * that they bring themselves are all. */
static bool has_pages(const struct step *s)
{
    return s->rows && !s->token && !s->urls && !s->state;
}

bool step_reads(const struct step *s)
{
    return s->method == HTTP_GET || has_pages(s);
}

/* Rows, or ids, that a request of the step at hand asks for. */
static int size_of(const struct pager *p)
{
    return p->spec.at.page_size > 0 ? p->spec.at.page_size : step_of(p)->size;
}

/* Only the newest rows are wanted. */
static bool is_tail(const struct pager *p)
{
    return step_of(p)->newest && p->spec.since_ms > 0;
}

/* The number of a page, from 1. */
static long long page_number(const struct pager *p, int64_t sequence)
{
    return p->spec.at.page + sequence;
}

/* --- texts of requests ----------------------------------------------------------------------- */

/* Ids that a request asks for. */
struct batch {
    size_t from;
    size_t end;
};

static struct batch batch_of(const struct pager *p, int64_t sequence)
{
    size_t from = p->spec.at.id_from + (size_t)sequence * (size_t)size_of(p);
    size_t end = from + (size_t)size_of(p);

    return (struct batch){from, end < p->spec.id_count ? end : p->spec.id_count};
}

/* Elements of a JSON array: texts or, of a dimension, predicates of a filter
 * (AgentStateAgentQueryPredicate knows dimension and value alone; others infer their type and
 * operator). */
static void add_elements(struct buf *out, const char *const *list, size_t count,
                         const char *dimension)
{
    for (size_t i = 0; i < count; i++) {
        (void)buf_add_str(out, i > 0 ? "," : "");
        if (dimension) {
            (void)buf_add_printf(out, "{\"dimension\":\"%s\",\"value\":", dimension);
        }
        json_quote(out, list[i], strlen(list[i]));
        (void)buf_add_str(out, dimension ? "}" : "");
    }
}

static const char *filled(const struct pager *p, const char *text, int64_t sequence, bool in_path,
                          struct arena *a);

/* The items of all scopes. */
static void add_items(const struct pager *p, struct buf *out, int64_t sequence, struct arena *a)
{
    struct pager one = *p;

    for (size_t i = 0; i < p->spec.scope_count; i++) {
        one.spec.scope = p->spec.scopes[i];
        (void)(i == 0 || buf_add_char(out, ','));
        (void)buf_add_str(out, filled(&one, step_of(p)->item, sequence, false, a));
    }
}

/* A part of a request's one id: before the '/', or behind it. */
static const char *id_part(const struct pager *p, int64_t sequence, int part, struct arena *a)
{
    struct batch ids = batch_of(p, sequence);

    if (!step_of(p)->single || sequence < 0 || ids.from >= ids.end) {
        return "";
    }
    const char *id = p->spec.ids[ids.from];
    size_t first = strcspn(id, "/");
    return part == 1 ? arena_strndup(a, id, first) : id + first + (id[first] == '/' ? 1 : 0);
}

/* Appends the value of the mark that `text` begins with, in a path or in JSON text, and returns the
 * mark's length; 0 when it is none. */
static size_t add_mark(const struct pager *p, struct buf *out, const char *text, int64_t sequence,
                       bool in_path, struct arena *a)
{
    const struct {
        const char *mark;
        bool quote; /* a text from outside: JSON needs its escapes */
        const char *value;
    } known[] = {STEP_MARKS};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        const char *value = known[i].value ? known[i].value : "";
        size_t count;

        if (!str_starts_with(text, known[i].mark)) {
            continue;
        }
        if (str_eq(known[i].mark, "{items}")) {
            add_items(p, out, sequence, a);
        } else if (step_of(p)->follow == FOLLOW_IDS && str_eq(known[i].mark, "{ids}")) {
            struct batch ids = batch_of(p, sequence);
            add_elements(out, p->spec.ids + ids.from, ids.end - ids.from, step_of(p)->ids_as);
        } else if (str_eq(known[i].mark, "{list}")) {
            char **words = str_split_list(a, value, &count);
            add_elements(out, (const char *const *)words, count, NULL);
        } else if (in_path) {
            str_url_encode(out, value);
        } else if (known[i].quote) {
            (void)str_write(out, STR_JSON, value, strlen(value));
        } else {
            (void)buf_add_str(out, value);
        }
        return strlen(known[i].mark);
    }
    return 0;
}

static void add_parameter(struct buf *out, const char *name, const char *value)
{
    const char *query = strchr(buf_str(out), '?');

    (void)buf_add_printf(out, "%s%s=", !query ? "?" : query[1] ? "&" : "", name);
    str_url_encode(out, value);
}

/* What the path of a GET does not name itself. */
static void add_paging(const struct pager *p, struct buf *out, int64_t sequence, struct arena *a)
{
    const struct step *s = step_of(p);

    if (s->follow == FOLLOW_PAGES && !strstr(s->path, "{page}")) {
        add_parameter(out, "pageSize", arena_printf(a, "%d", size_of(p)));
        add_parameter(out, "pageNumber", arena_printf(a, "%lld", page_number(p, sequence)));
    } else if (s->follow == FOLLOW_CURSOR && p->cursor && !strstr(s->path, "{cursor}")) {
        add_parameter(out, s->cursor_as ? s->cursor_as : "cursor", p->cursor);
    } else if (s->follow == FOLLOW_IDS && !s->single) {
        struct batch ids = batch_of(p, sequence);
        for (size_t i = ids.from; i < ids.end; i++) {
            add_parameter(out, s->ids_as, p->spec.ids[i]);
        }
    }
}

/* A path, or JSON text, with its marks replaced. */
static const char *filled(const struct pager *p, const char *text, int64_t sequence, bool in_path,
                          struct arena *a)
{
    BUF_SCOPED struct buf out = buf_of(REQUEST_BYTES);

    while (*text) {
        size_t length = *text == '{' ? add_mark(p, &out, text, sequence, in_path, a) : 0;
        if (length == 0) {
            (void)buf_add_char(&out, *text);
            length = 1;
        }
        text += length;
    }
    if (in_path && step_of(p)->method == HTTP_GET) {
        add_paging(p, &out, sequence, a);
    }
    return arena_strdup(a, buf_str(&out));
}

static const char *label_of(const struct pager *p, int64_t sequence, struct arena *a)
{
    static const char *const numbered[] = {[FOLLOW_PAGES] = "page",
                                           [FOLLOW_CURSOR] = "result page",
                                           [FOLLOW_IDS] = "batch",
                                           [FOLLOW_URLS] = "download"};
    enum follow follow = step_of(p)->follow;
    const char *label = p->spec.label;

    if (numbered[follow]) {
        return arena_printf(a, "%s %s %lld%s", label, numbered[follow],
                            follow == FOLLOW_PAGES ? page_number(p, sequence)
                                                   : (long long)sequence + 1,
                            follow == FOLLOW_URLS ? arena_printf(a, " of %zu", p->url_count) : "");
    }
    if (follow == FOLLOW_DONE && p->token) {
        return arena_printf(a, "%s job %s", label, str_escaped(a, p->token));
    }
    return follow == FOLLOW_ONCE && step_of(p)->token ? arena_printf(a, "%s job submission", label)
                                                      : label;
}

void pager_again(const struct pager *p, int64_t sequence, struct arena *a,
                 struct pager_request *out)
{
    const struct step *s = step_of(p);
    bool is_url = s->follow == FOLLOW_URLS;

    out->request = (struct client_request){
        .target = is_url ? CLIENT_URL : CLIENT_API,
        .method = s->method,
        .path = is_url ? p->urls[sequence] : filled(p, s->path, sequence, true, a),
        .body = s->body ? filled(p, s->body, sequence, false, a) : NULL,
        .label = label_of(p, sequence, a),
        .want_document = !s->cleanup,
    };
    out->sequence = sequence;
}

/* --- making, and what comes next ------------------------------------------------------------- */

/* Keeps a cursor; false when it came before. */
static bool keep_cursor(struct pager *p, const char *cursor, size_t length)
{
    p->cursor = arena_strndup(p->arena, cursor, length);
    return idset_add(p->cursors, cursor, length);
}

/* Goes on to the next step; past the last one, or at a cleanup, all is done. */
static void next_step(struct pager *p)
{
    p->at++;
    p->over = !step_of(p)->path || step_of(p)->cleanup;
    p->page_rows = size_of(p);
}

/* The first `count` words: a reading that was cut goes on behind them where the list still begins
 * so. */
static const char *first_words(const struct pager *p, size_t count)
{
    return arena_printf(p->arena, "%s ", str_join(p->arena, p->spec.ids, count, " "));
}

struct pager *pager_new(struct arena *a, const struct pager_spec *spec)
{
    struct pager *p = arena_alloc(a, sizeof(*p));

    p->spec = *spec;
    p->arena = a;
    p->cursors = idset_new(a);
    if (step_of(p)->follow == FOLLOW_IDS && !step_of(p)->ids_as) {
        p->spec.ids = (const char *const *)str_split_list(a, spec->list, &p->spec.id_count);
        if (spec->at.cursor && str_starts_with(first_words(p, p->spec.id_count), spec->at.cursor)) {
            (void)str_split_list(a, spec->at.cursor, &p->spec.at.id_from);
        }
    }
    p->token = spec->at.token;
    p->spec.at.page = spec->at.page > 1 ? spec->at.page : 1;
    if (p->token && step_of(p)->token) {
        p->at++;
    }
    if (spec->at.cursor) {
        (void)keep_cursor(p, spec->at.cursor, strlen(spec->at.cursor));
        while (!has_pages(step_of(p))) {
            p->at++;
        }
    }
    p->page_rows = size_of(p);
    p->expected_by = p->highest_short = NO_SEQUENCE;
    p->over = step_of(p)->cleanup;
    p->descends = spec->since_ms > 0 && step_of_rows(spec->steps)->newest;
    return p;
}

/* True when the highest page asked was answered and is the end. */
static bool numbered_has_ended(const struct pager *p)
{
    return p->asked > 0 && p->highest_short == p->asked - 1 && p->asked >= p->expected;
}

enum pager_state pager_state(const struct pager *p)
{
    enum follow follow = step_of(p)->follow;
    bool all_answered = p->answered == p->asked && !p->pending;
    /* Of other steps the last answer leads to the next one. */
    bool all_asked = (follow == FOLLOW_PAGES && numbered_has_ended(p)) ||
                     (follow == FOLLOW_IDS && batch_of(p, p->asked).from >= p->spec.id_count) ||
                     (follow == FOLLOW_URLS && p->asked >= (int64_t)p->url_count);

    if (p->over || all_asked) {
        return all_answered ? PAGER_DONE : PAGER_WAITING;
    }
    /* Beyond what is expected a page is asked once all before it came and the highest was full. */
    bool ahead = follow == FOLLOW_IDS || follow == FOLLOW_URLS ||
                 (follow == FOLLOW_PAGES && p->asked < p->expected);
    return all_answered || ahead ? PAGER_READY : PAGER_WAITING;
}

bool pager_next(struct pager *p, struct arena *a, struct pager_request *out)
{
    if (pager_state(p) != PAGER_READY) {
        return false;
    }
    bool is_page = has_pages(step_of(p));

    pager_again(p, is_page ? p->asked : NO_SEQUENCE, a, out);
    p->asked += is_page ? 1 : 0;
    p->pending = !is_page;
    if (step_of(p)->follow == FOLLOW_DONE) {
        /* The first poll after JOB_POLL_FIRST_MS, then after twice it, four times it, then every
         * JOB_POLL_MS. What an earlier run submitted is asked for at once, and so is what was not
         * asked yet. */
        int polls = p->polls++ - (p->spec.at.token || !p->token ? 1 : 0);
        if (polls >= 0) {
            out->request.delay_ms = polls < DOUBLED_POLLS
                                        ? limit_get(LIMIT_JOB_POLL_FIRST_MS) << polls
                                        : limit_get(LIMIT_JOB_POLL_MS);
        }
        p->polled_ms += out->request.delay_ms;
        out->request.poll = p->token ? p->polls : polls + 1;
        out->request.poll_left_ms = limit_get(LIMIT_JOB_WAIT_MS) - p->polled_ms;
    }
    return true;
}

/* --- what answers mean ----------------------------------------------------------------------- */

/* What was submitted is of no use any more. */
static enum pager_taken lose(struct err *e, const char *what, const char *detail)
{
    err_set(e, ERR_TEMPORARY, "%s", what);
    answer_append(e, ": ", detail ? detail : "");
    return PAGER_LOST;
}

/* The answer lacks what it must bring. */
static enum pager_taken say_nothing(const struct pager *p, const char *lacks, struct err *e)
{
    err_set(e, ERR_TEMPORARY, "%s: the answer says nothing: it holds no %s", p->spec.label,
            *lacks ? lacks : "array");
    return PAGER_AGAIN;
}

/* The text that one of `paths` leads to. */
static const char *text_at(struct json root, const char *paths)
{
    return paths ? json_str(json_first(root, paths)) : NULL;
}

/* Keeps a URL that may be fetched; what is wrong with another is not repeated: it may be signed. */
static bool keep_url(struct pager *p, struct json url)
{
    struct http_target target;
    struct err ignored;
    const char *text = json_str(url);

    if (!text || !http_url_allowed(text, &target, &ignored)) {
        return false;
    }
    p->urls[p->url_count++] = arena_strdup(p->arena, text);
    return true;
}

/* The URLs: one text, or an array of them; the step that fetches them is next. */
static enum pager_taken take_urls(struct pager *p, struct json found, struct err *e)
{
    struct json_iter it = json_iter(found);
    bool is_list = json_type(found) == JSON_ARRAY;

    p->urls = arena_array(p->arena, json_count(found) + 1, sizeof(*p->urls));
    bool usable = is_list || keep_url(p, found);
    while (usable && is_list && json_next(&it)) {
        usable = keep_url(p, it.item);
    }
    if (!usable) {
        return err_set(e, ERR_CONTRACT,
                       "%s: no usable URLs at \"%s\" (https, or this machine's loopback address)",
                       p->spec.label, step_of(p)->urls);
    }
    do {
        next_step(p);
    } while (!p->over && step_of(p)->follow != FOLLOW_URLS);
    return PAGER_TAKEN;
}

/* Whether it can be a segment of a path: "." and ".." would change it. */
static bool is_segment(const char *text, size_t length)
{
    return length > 0 && length <= LONGEST_TOKEN_BYTES && text[0] != '.';
}

static enum pager_taken take_submission(struct pager *p, struct json root, struct pager_page *page,
                                        struct err *e)
{
    const struct step *s = step_of(p);

    if (s->token) {
        size_t length = 0;
        const char *token = json_text(json_first(root, s->token), &length);
        if (!token || strlen(token) != length || !is_segment(token, length)) {
            return err_set(e, ERR_CONTRACT, "%s: the submitted job has no usable %s", p->spec.label,
                           s->token);
        }
        p->token = page->token = arena_strdup(p->arena, token);
    }
    next_step(p);
    return PAGER_TAKEN;
}

/* It is not done. What has no job starts anew with each question: it is asked seldom. */
static enum pager_taken wait_on(const struct pager *p, struct pager_page *page, struct err *e)
{
    bool is_long = p->polled_ms >= limit_get(LIMIT_JOB_WAIT_MS);

    if (p->token && (p->spec.at.waited || (p->spec.at.token && is_long))) {
        (void)lose(e, "the job is an earlier run's, and was waited for long enough", NULL);
        return p->spec.scope_count > 1 ? PAGER_FAILED : PAGER_LOST;
    }
    page->waited = p->token && is_long;
    if (page->waited) {
        err_set(e, ERR_TEMPORARY,
                "%s: the job is not done after %lld s (limit JOB_WAIT_MS); the next run asks for "
                "it once more",
                p->spec.label, (long long)(p->polled_ms / MS_PER_SECOND));
    } else if (!p->token && (is_long || p->polls >= limit_get(LIMIT_ASKS))) {
        return err_set(e, ERR_TEMPORARY,
                       "%s: asked %d times, and the answer is still under way (limit %s); the next "
                       "run asks anew",
                       p->spec.label, p->polls, is_long ? "JOB_WAIT_MS" : "ASKS");
    }
    return page->waited ? PAGER_FAILED : PAGER_TAKEN;
}

/* Pages that an answer expects, by its pageCount or total. */
static int64_t expected_pages(const struct pager *p, const struct pager_page *page,
                              int64_t page_count)
{
    int64_t page_rows = p->page_rows;
    int64_t most = limit_get(LIMIT_PAGES_PER_WINDOW);
    int64_t pages = 0;

    if (page_count > 0) {
        pages = page_count;
    } else if (page->total_hits >= 0) {
        /* One more than full pages: only a short page tells that it is the last. */
        pages = page->total_hits / page_rows + 1;
        if (step_of(p)->limited && limit_get(LIMIT_QUERY_ROWS) / page_rows < most) {
            most = limit_get(LIMIT_QUERY_ROWS) / page_rows;
        }
    }
    return (pages < most ? pages : most) - (p->spec.at.page - 1);
}

static bool overflows(const struct pager *p, int64_t number, const struct pager_page *page,
                      bool is_short, struct err *e)
{
    int64_t limit = limit_get(LIMIT_QUERY_ROWS);

    if (!step_of(p)->limited) {
        return false;
    }
    if (p->spec.hits_overflow && number == 1 && page->total_hits > limit) {
        err_set(e, ERR_CONTRACT, "%lld rows, and paging reaches %lld", (long long)page->total_hits,
                (long long)limit);
        return true;
    }
    if (is_short || (number + 1) * p->page_rows <= limit) {
        return false;
    }
    err_set(e, ERR_CONTRACT, "page %lld is full, and paging reaches no further than %lld rows",
            (long long)number, (long long)limit);
    return true;
}

/* Whether pages, of which so many came and more are to come, have no end. */
static enum pager_taken check_end(const struct pager *p, int64_t pages, struct err *e)
{
    bool is_empty = p->empty >= limit_get(LIMIT_EMPTY_PAGES);

    if (!is_empty && pages < limit_get(LIMIT_PAGES_PER_WINDOW)) {
        return PAGER_TAKEN;
    }
    return err_set(e, ERR_TEMPORARY, "%s: no end after %lld pages (limit %s)", p->spec.label,
                   (long long)(is_empty ? p->empty : pages),
                   is_empty ? "EMPTY_PAGES" : "PAGES_PER_WINDOW");
}

/* Of a page with the newest rows first: how many began since the moment that is wanted. Where they
 * are in another order, nothing is known of what follows: all is wanted from here on. */
static void cut_tail(struct pager *p, struct pager_page *page)
{
    int64_t before_ms = INT64_MAX;
    size_t wanted = 0;

    for (struct json_iter it = json_iter(page->rows); json_next(&it);) {
        const char *text = json_str(json_get(it.item, step_of(p)->newest));
        int64_t ms = 0;

        if (!text || !clock_parse(text, true, &ms) || ms > before_ms) {
            p->spec.since_ms = 0;
            return;
        }
        before_ms = ms;
        wanted += ms >= p->spec.since_ms ? 1 : 0;
    }
    page->unwanted = page->row_count - wanted;
    page->total_hits = -1;
}

static enum pager_taken take_numbered(struct pager *p, int64_t sequence, struct json root,
                                      struct pager_page *page, struct err *e)
{
    int64_t number = p->spec.at.page + sequence;
    int64_t page_size;
    int64_t page_count = 0;

    if (json_int(json_get(root, "pageSize"), &page_size) && page_size > 0 &&
        page_size < p->page_rows) {
        p->page_rows = page_size;
    }
    (void)json_int(json_get(root, "pageCount"), &page_count);
    if (is_tail(p)) {
        cut_tail(p, page);
    }
    bool is_cut = is_tail(p) && page->unwanted > 0;
    if (sequence > p->expected_by && !is_tail(p)) {
        p->expected_by = sequence;
        p->expected = expected_pages(p, page, page_count);
    }
    /* A link to the next page says more than rows and counts, which need not be right. */
    const char *next = json_str(json_get(root, "nextUri"));
    bool links_on = next && *next && page->row_count > 0;
    int64_t full = step_of(p)->sparse ? 1 : p->page_rows;
    bool is_short = is_cut || (!links_on && ((int64_t)page->row_count < full ||
                                             (page_count > 0 && number >= page_count)));
    if (is_short && sequence > p->highest_short) {
        p->highest_short = sequence;
    }
    page->next.page = p->descends ? 1 : number + 1;
    enum pager_taken taken =
        numbered_has_ended(p) ? PAGER_TAKEN : check_end(p, is_short ? 0 : number, e);
    bool is_over = taken == PAGER_TAKEN && overflows(p, number, page, is_short, e);
    return is_over ? PAGER_OVERFLOW : taken;
}

static enum pager_taken take_chained(struct pager *p, struct json root, struct pager_page *page,
                                     struct err *e)
{
    size_t length = 0;
    const struct step *s = step_of(p);
    struct json found = json_first(root, s->cursor);
    const char *cursor = json_text(found, &length);

    if (!cursor && json_type(found) != JSON_ABSENT) {
        return err_set(e, ERR_CONTRACT, "%s: what leads to the next page (%s) is no text",
                       p->spec.label, s->cursor);
    }
    if (length == 0) {
        next_step(p);
        return PAGER_TAKEN;
    }
    if (s->cursor_as) {
        cursor = http_parameter(p->arena, cursor, s->cursor_as);
        if (!cursor || !*cursor) {
            return err_set(e, ERR_CONTRACT, "%s: the link to the next page (%s) has no %s",
                           p->spec.label, s->cursor, s->cursor_as);
        }
        length = strlen(cursor);
    }
    if (!keep_cursor(p, cursor, length)) {
        return err_set(e, ERR_TEMPORARY, "%s: result page %lld names a cursor that came before it",
                       p->spec.label, (long long)p->answered);
    }
    page->next.cursor = p->cursor;
    return check_end(p, p->answered, e);
}

/* Whether rows say whose they are, which may be kept from the client. */
static bool has_ids(const struct pager *p, struct json rows, struct err *e)
{
    const struct step *s = step_of(p);

    for (struct json_iter it = json_iter(rows); s->shown_by && json_next(&it);) {
        if (!json_str(json_get(it.item, s->ids_as))) {
            err_set(e, ERR_PERMISSION, "%s: rows come without %s; missing permission: %s",
                    p->spec.label, s->ids_as, s->shown_by);
            snprintf(e->lacks, sizeof(e->lacks), "%s", s->shown_by);
            return diagnosis_append(e, CAUSE_PERMISSION_MISSING);
        }
    }
    return true;
}

/* Finds the rows of an answer, its total and how far its data goes. */
static bool read_rows(const struct pager *p, struct json root, struct pager_page *page,
                      struct err *e)
{
    const struct step *s = step_of(p);

    page->rows = json_first(root, s->rows);
    bool is_one = s->single && json_type(page->rows) == JSON_OBJECT;
    if (!is_one && json_type(page->rows) != JSON_ARRAY && json_type(page->rows) != JSON_ABSENT) {
        return err_set(e, ERR_CONTRACT, "%s: the answer has no array of rows at \"%s\"",
                       p->spec.label, s->rows);
    }
    page->row_count = is_one ? 1 : json_count(page->rows);
    page->has_rows = true;
    if ((!json_int(json_get(root, "totalHits"), &page->total_hits) &&
         !json_int(json_get(root, "total"), &page->total_hits)) ||
        page->total_hits < 0) {
        page->total_hits = -1;
    }
    return has_ids(p, page->rows, e);
}

static enum pager_taken take_page(struct pager *p, int64_t sequence, struct json root,
                                  struct pager_page *page, struct err *e)
{
    struct batch ids = batch_of(p, sequence);

    page->next = (struct pager_at){.token = p->token, .page = 1, .page_size = p->spec.at.page_size};
    p->answered++;
    p->empty = page->row_count > 0 ? 0 : p->empty + 1;
    switch (step_of(p)->follow) {
    case FOLLOW_PAGES:
        return take_numbered(p, sequence, root, page, e);
    case FOLLOW_CURSOR:
        return take_chained(p, root, page, e);
    case FOLLOW_IDS:
        page->id_count = ids.end - ids.from;
        page->next.id_from = ids.end;
        page->next.cursor = step_of(p)->ids_as ? NULL : first_words(p, ids.end);
        return PAGER_TAKEN;
    case FOLLOW_URLS:
        return PAGER_TAKEN;
    default:
        next_step(p);
        return PAGER_TAKEN;
    }
}

/* An answer that is done, as far as it says: it brings the result in one of its ways. */
static enum pager_taken take_result(struct pager *p, struct json root, bool has_state,
                                    struct pager_page *page, struct err *e)
{
    const struct step *s = step_of(p);
    struct json urls = s->urls ? json_first(root, s->urls) : (struct json){NULL};
    bool is_list = json_type(urls) == JSON_ARRAY;

    if (is_list ? json_count(urls) > 0 : json_type(urls) != JSON_ABSENT) {
        return take_urls(p, urls, e);
    }
    bool has_rows = s->rows && json_type(json_first(root, s->rows)) != JSON_ABSENT;
    if (!has_rows && !has_state) {
        return take_submission(p, root, page, e);
    }
    if (s->rows && !has_rows) {
        return say_nothing(p, s->rows, e);
    }
    if (has_rows) {
        if (!read_rows(p, root, page, e)) {
            return PAGER_FAILED;
        }
        page->next = (struct pager_at){.token = p->token, .page = 1};
    }
    if (has_rows || s->urls) {
        p->over = true; /* they are all, or there are no URLs */
    } else {
        next_step(p);
    }
    return PAGER_TAKEN;
}

/* An answer that leads on. */
static enum pager_taken take_lead(struct pager *p, struct json root, struct pager_page *page,
                                  struct err *e)
{
    const struct step *s = step_of(p);
    struct json state = s->state ? json_first(root, s->state) : (struct json){NULL};
    bool has_state = json_type(state) != JSON_ABSENT;
    const char *word = json_str(state);

    if (has_state && !word) {
        return err_set(e, ERR_CONTRACT, "%s: the job's status has no state", p->spec.label);
    }
    if (has_state && str_has_word(s->failed, word)) {
        char what[64];
        snprintf(what, sizeof(what), "the job is %.40s", word);
        enum pager_taken taken = lose(e, what, text_at(root, s->reason));
        return p->spec.scope_count > 1 ? PAGER_FAILED : taken;
    }
    if (!has_state || str_has_word(s->done, word)) {
        return take_result(p, root, has_state, page, e);
    }
    return s->follow == FOLLOW_DONE ? wait_on(p, page, e) : take_submission(p, root, page, e);
}

/* Whether it is an answer: one of what it must bring is there, whatever it is. */
static bool is_answer(const struct step *s, struct json root, const char **lacks)
{
    const char *const any[] = {s->must, s->rows, s->state, s->urls, s->token};
    bool has_any = false;

    *lacks = NULL;
    for (size_t i = 0; i < (s->must ? 1 : COUNT_OF(any)); i++) {
        *lacks = *lacks ? *lacks : any[i];
        has_any = has_any || (any[i] && json_type(json_first(root, any[i])) != JSON_ABSENT);
    }
    return s->must && !*s->must ? json_type(root) == JSON_OBJECT : has_any || !*lacks;
}

enum pager_taken pager_answer(struct pager *p, int64_t sequence, const struct json_doc *doc,
                              struct pager_page *page, struct err *e)
{
    struct json root = json_root(doc);
    const struct step *s = step_of(p);
    const char *lacks;

    *page = (struct pager_page){.total_hits = -1, .available_ms = TIME_NONE};
    err_clear(e);
    if (!is_answer(s, root, &lacks)) {
        return say_nothing(p, lacks, e);
    }
    const char *available = text_at(root, s->available);
    (void)(available && clock_parse(available, true, &page->available_ms));
    if (!has_pages(s)) {
        enum pager_taken taken = take_lead(p, root, page, e);
        p->pending = taken == PAGER_AGAIN;
        return taken;
    }
    if (!read_rows(p, root, page, e)) {
        return PAGER_FAILED;
    }
    if (s->follow == FOLLOW_PAGES && p->spec.at.page + sequence == 1 && page->total_hits > 0 &&
        page->row_count == 0) {
        err_set(e, ERR_TEMPORARY, "%s: the answer says that there are %lld rows, and holds none",
                p->spec.label, (long long)page->total_hits);
        return PAGER_AGAIN;
    }
    return take_page(p, sequence, root, page, e);
}

enum pager_taken pager_refused(struct pager *p, int status, const char *code, struct err *e)
{
    const struct step *s = step_of(p);
    bool is_url = s->follow == FOLLOW_URLS;
    bool is_gone = status == 404 || status == 410 || (is_url && status == 403);
    bool is_cursor = status == 400 && p->cursor;

    if (p->over || (!is_gone && !is_cursor) || !strstr(s->path, "{token}")) {
        return PAGER_FAILED;
    }
    p->cleaned = p->cleaned || (is_gone && !is_url);
    if (is_url) {
        return lose(e, "the download has expired", code);
    }
    return lose(e, is_gone ? "the job is gone" : "the job's cursor is not taken any more", code);
}

bool pager_halve(struct pager *p, int64_t sequence, struct pager_at *at, const char **id)
{
    bool by_number = step_of(p)->follow == FOLLOW_PAGES;
    int size = by_number ? (int)p->page_rows : size_of(p); /* what the server really gives */
    struct batch ids = batch_of(p, sequence);
    size_t count = ids.end - ids.from;

    *at = (struct pager_at){.token = p->token, .page = 1, .page_size = size / 2};
    *id = NULL;
    switch (step_of(p)->follow) {
    case FOLLOW_PAGES:
        at->page = (p->spec.at.page + sequence - 1) * size / (size / 2 > 0 ? size / 2 : 1) + 1;
        return size > 1;
    case FOLLOW_CURSOR:
        at->cursor = p->cursor;
        return size > 1 && sequence >= p->answered; /* else it is the next page's */
    case FOLLOW_IDS:
        at->id_from = ids.from;
        at->page_size = (int)(count / 2);
        if (count > 1 || !step_of(p)->ids_as) {
            return count > 1;
        }
        *id = p->spec.ids[ids.from];
        p->answered += step_of(p)->single ? 1 : 0;
        at->id_from = ids.end;
        at->page_size = 0;
        return false;
    default:
        return false;
    }
}

size_t pager_fit_ids(const struct step *steps, const char **ids, size_t count)
{
    const struct step *s = step_of_rows(steps);
    bool has_parts = strstr(s->path, "{id2}") != NULL;
    size_t fit = 0;

    for (size_t i = 0; i < count; i++) {
        size_t first = has_parts ? strcspn(ids[i], "/") : 0;
        const char *rest = ids[i] + first + (has_parts && ids[i][first] == '/' ? 1 : 0);

        if (!s->single ||
            ((!has_parts || is_segment(ids[i], first)) && is_segment(rest, strlen(rest)))) {
            ids[fit++] = ids[i];
        }
    }
    return fit;
}

bool pager_cleanup(struct pager *p, struct arena *a, struct pager_request *out)
{
    size_t at = p->at;

    while (p->spec.steps[at].path && !p->spec.steps[at].cleanup) {
        at++;
    }
    if (!p->token || p->cleaned || !p->spec.steps[at].path) {
        return false;
    }
    p->cleaned = true;
    p->at = at;
    pager_again(p, NO_SEQUENCE, a, out);
    out->request.label = arena_printf(a, "%s job deletion", p->spec.label);
    return true;
}
