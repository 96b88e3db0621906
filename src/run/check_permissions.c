/* Step 5: one cheap real request a stream, and how many divisions the client's roles cover. */
#include <string.h>

#include "api/api_error.h"
#include "api/pager.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "run/check_internal.h"

enum { NAMES_MOST = 5, DIVISIONS_PAGE = 100 };

/* How a stream's request was answered. */
struct tried {
    bool granted;
    bool has_rows;
    int64_t total; /* -1: not said */
    struct err error;
};

static struct pager_spec spec_of(struct check *c, const struct request_plan *plan)
{
    int64_t today_ms = clock_utc_day_start(clock_now_ms());
    struct pager_spec spec = stream_pager_spec(plan);

    spec.page_size = 1;
    spec.ids = &c->user_id;
    spec.id_count = c->user_id ? 1 : 0;
    clock_format(today_ms - MS_PER_DAY, spec.start);
    clock_format(today_ms, spec.end);
    return spec;
}

static void take_answer(struct check *c, struct pager *pager, const struct json_doc *doc,
                        struct tried *t)
{
    struct pager_page page;

    t->granted = pager_answer(pager, 0, doc, c->arena, &page, &t->error);
    t->has_rows = t->granted && page.row_count > 0;
    t->total = t->granted ? page.total_hits : -1;
}

/* Asks for the availability of jobs, which is their cheapest request. */
static void try_availability(struct check *c, const struct request_plan *plan, struct tried *t)
{
    struct check_call call = {.path = plan->availability, .label = plan->availability};
    char code[API_CODE_BYTES];
    struct json_doc *doc;

    t->granted = check_api(c, &call, &doc, code, &t->error);
    t->has_rows = t->granted;
    json_free(doc);
}

/* One request of a plan. */
static void try_plan(struct check *c, const struct request_plan *plan, struct tried *t)
{
    struct pager_spec spec = spec_of(c, plan);
    struct pager_request request;
    char code[API_CODE_BYTES];
    struct json_doc *doc;

    *t = (struct tried){.total = -1};
    if (plan->paging == PAGING_JOB) {
        try_availability(c, plan, t);
        return;
    }
    struct pager *pager = pager_new(c->arena, &spec);
    if (!pager_next(pager, c->arena, &request)) {
        err_set(&t->error, ERR_CONTRACT, "%s: there is no user to ask for", plan->path);
        return;
    }
    struct check_call call = {.path = request.path, .body = request.body, .label = plan->path};
    if (!check_api(c, &call, &doc, code, &t->error)) {
        return;
    }
    take_answer(c, pager, doc, t);
    json_free(doc);
}

/* The names of a plan's permissions, any of which is enough. */
static const char *permission_names(struct arena *a, const struct request_plan *plan)
{
    const char *names = "";

    for (size_t i = 0; i < plan->permission_count; i++) {
        names = arena_printf(a, "%s%s%s", names, i ? " or " : "", plan->permissions[i]);
    }
    return names;
}

static enum cause_id cause_of_error(const struct err *e)
{
    if (e->http_status == 403) {
        return CAUSE_PERMISSION_MISSING;
    }
    if (e->http_status == 429) {
        return CAUSE_PERMISSION_RATE;
    }
    if (e->http_status >= 500 || e->http_status == 408) {
        return CAUSE_PERMISSION_SERVER;
    }
    if (e->http_status == 401) {
        return CAUSE_TOKEN_REFUSED;
    }
    return e->cause ? (enum cause_id)e->cause : CAUSE_PERMISSION_ANSWER;
}

static void refuse(struct check *c, const struct stream *s, const struct request_plan *plan,
                   struct err *e)
{
    enum cause_id cause = cause_of_error(e);

    if (cause == CAUSE_PERMISSION_MISSING && plan->permission_count > 0) {
        err_prefix(e, "%s (wants %s)", plan->name, permission_names(c->arena, plan));
    }
    e->cause = (int)cause;
    check_blame_error(c, STEP_PERMISSIONS, s->name, e, cause);
}

static void note_figures(struct check *c, const struct stream *s, const struct tried *t)
{
    if (str_eq(s->name, "users")) {
        c->users = t->total;
    } else if (str_eq(s->name, "queues")) {
        c->queues = t->total;
    } else if (s->windows == WINDOWS_UTC_DAYS) {
        c->conversations = t->total;
    }
}

static void accept_answer(struct check *c, const struct stream *s, const struct tried *t)
{
    const char *when = s->windows == WINDOWS_UTC_DAYS ? " of yesterday (UTC)" : "";

    if (!t->has_rows && s->load == LOAD_TREE) {
        check_blame(c, STEP_PERMISSIONS, s->name, CAUSE_PERMISSION_EMPTY,
                    arena_printf(c->arena, "HTTP 200, but no %s%s", s->title, when));
    } else if (t->total > 0) {
        check_add(
            c, STEP_PERMISSIONS, s->name, CHECK_OK,
            arena_printf(c->arena, "answered: %lld %s%s", (long long)t->total, s->title, when));
    } else {
        check_add(c, STEP_PERMISSIONS, s->name, CHECK_OK, "answered");
    }
}

/* A stream that all its plans of these roles must read. */
static void check_windowed(struct check *c, const struct stream *s)
{
    enum conversations_method method = c->config->conversations_method;
    struct tried last = {.total = -1};

    for (size_t i = 0; i < s->plan_count; i++) {
        const struct request_plan *plan = &s->plans[i];
        bool used = (plan->role == ROLE_JOB && method != METHOD_QUERY) ||
                    (plan->role == ROLE_QUERY && method != METHOD_JOB);
        if (!used) {
            continue;
        }
        try_plan(c, plan, &last);
        if (!last.granted) {
            refuse(c, s, plan, &last.error);
            return;
        }
    }
    note_figures(c, s, &last);
    accept_answer(c, s, &last);
}

static bool is_source_wanted(const struct check *c, size_t at)
{
    static const enum adherence_source sources[] = {
        ADHERENCE_WORKFORCEMANAGEMENT, ADHERENCE_AGENTS_STATUS, ADHERENCE_REALTIME_INTERVALS};

    return c->config->adherence_realtime == ADHERENCE_AUTO ||
           (at < sizeof(sources) / sizeof(*sources) &&
            c->config->adherence_realtime == sources[at]);
}

/* A stream with several sources: the first that is granted is enough. */
static void check_sources(struct check *c, const struct stream *s)
{
    const struct request_plan *first = NULL;
    struct tried first_tried = {.total = -1};

    for (size_t i = 0; i < s->plan_count; i++) {
        struct tried t;
        if (!is_source_wanted(c, i)) {
            continue;
        }
        try_plan(c, &s->plans[i], &t);
        if (t.granted) {
            check_add(c, STEP_PERMISSIONS, s->name, CHECK_OK,
                      arena_printf(c->arena, "answered, by %s", s->plans[i].name));
            return;
        }
        /* A missing permission says more than a path that is not there. */
        if (!first || (t.error.http_status == 403 && first_tried.error.http_status != 403)) {
            first = &s->plans[i];
            first_tried = t;
        }
    }
    if (first) {
        refuse(c, s, first, &first_tried.error);
    }
}

/* Some user's id, which adherence is asked for; not being allowed to list users shows elsewhere. */
static void find_user(struct check *c)
{
    static const struct check_call call = {
        .path = "/api/v2/users?pageSize=1&pageNumber=1&state=active", .label = "users"};
    char code[API_CODE_BYTES];
    struct json_doc *doc;
    struct err ignored;

    if (check_api(c, &call, &doc, code, &ignored)) {
        struct json_iter it = json_iter(json_get(json_root(doc), "entities"));
        struct json key;
        struct json user;
        if (json_next(&it, &key, &user) && json_str(json_get(user, "id"))) {
            c->user_id = arena_strdup(c->arena, json_str(json_get(user, "id")));
        }
    }
    json_free(doc);
}

static bool is_covered(const struct check *c, const char *division)
{
    for (size_t i = 0; i < c->division_count; i++) {
        if (str_eq(c->divisions[i], division)) {
            return true;
        }
    }
    return false;
}

/* Names of divisions that no role covers, and how many there are of those listed. */
static const char *uncovered(struct check *c, struct json entities, size_t *count)
{
    struct json_iter it = json_iter(entities);
    const char *names = "";
    struct json key;
    struct json division;

    *count = 0;
    while (json_next(&it, &key, &division)) {
        const char *id = json_str(json_get(division, "id"));
        const char *name = json_str(json_get(division, "name"));
        if (id && !is_covered(c, id)) {
            (*count)++;
            if (*count <= NAMES_MOST) {
                names =
                    arena_printf(c->arena, "%s%s%s", names, *names ? ", " : "", name ? name : id);
            }
        }
    }
    return *count > NAMES_MOST ? arena_printf(c->arena, "%s...", names) : names;
}

static void check_divisions(struct check *c)
{
    struct check_call call = {.label = "authorization/divisions"};
    char code[API_CODE_BYTES];
    struct json_doc *doc;
    struct err e;
    size_t missing;

    if (c->all_divisions || c->division_count == 0) {
        return;
    }
    call.path = arena_printf(c->arena, "/api/v2/authorization/divisions?pageSize=%d&pageNumber=1",
                             DIVISIONS_PAGE);
    if (!check_api(c, &call, &doc, code, &e)) {
        check_add(
            c, STEP_PERMISSIONS, "divisions", CHECK_SKIPPED,
            arena_printf(c->arena, "the divisions cannot be listed (HTTP %d)", e.http_status));
        return;
    }
    struct json entities = json_get(json_root(doc), "entities");
    const char *names = uncovered(c, entities, &missing);
    size_t listed = json_count(entities);
    if (missing > 0) {
        check_blame(c, STEP_PERMISSIONS, "divisions", CAUSE_PERMISSION_DIVISIONS,
                    arena_printf(c->arena, "no role covers %zu of %zu divisions: %s", missing,
                                 listed, names));
    } else {
        check_add(c, STEP_PERMISSIONS, "divisions", CHECK_OK,
                  arena_printf(c->arena, "the roles cover all %zu", listed));
    }
    json_free(doc);
}

void check_permissions(struct check *c)
{
    for (size_t i = 0; i < c->request->stream_count; i++) {
        const struct stream *s = c->request->streams[i];

        if (c->report->kind == ERR_STOPPED) {
            return;
        }
        if (stream_plan(s, ROLE_SOURCE, NULL)) {
            find_user(c);
            check_sources(c, s);
        } else if (s->windows == WINDOWS_UTC_DAYS) {
            check_windowed(c, s);
        } else {
            const struct request_plan *plan = stream_plan(s, ROLE_ONLY, NULL);
            struct tried t;
            try_plan(c, plan, &t);
            if (t.granted) {
                note_figures(c, s, &t);
                accept_answer(c, s, &t);
            } else {
                refuse(c, s, plan, &t.error);
            }
        }
    }
    check_divisions(c);
}
