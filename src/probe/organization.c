#include "probe/organization.h"

#include "api/pager.h"
#include "base/clock.h"
#include "base/str.h"

enum {
    NAMES_MOST = 5,
    DIVISIONS_PAGE = 100,
    DEFAULT_PER_MINUTE = 300,
    JOB_OVERHEAD = 6, /* requests: submission, polls, deletion */
    NIGHT_MINUTES = 8 * 60,
};

int64_t *organization_rows(struct arena *a)
{
    int64_t *rows = arena_array(a, stream_registry_count, sizeof(*rows));

    for (size_t i = 0; i < stream_registry_count; i++) {
        rows[i] = -1;
    }
    return rows;
}

int64_t organization_day_rows(const int64_t *rows)
{
    int64_t sum = 0;

    for (size_t i = 0; i < stream_registry_count; i++) {
        if (stream_registry[i]->windows == WINDOWS_UTC_DAYS && rows[i] > 0) {
            sum += rows[i];
        }
    }
    return sum;
}

static size_t place_of(const struct stream *s)
{
    size_t at = 0;

    while (stream_registry[at] != s) {
        at++;
    }
    return at;
}

/* --- permissions ----------------------------------------------------------------------------- */

/* How a plan's request was answered. */
struct tried {
    bool granted;
    bool has_rows;
    int64_t total;        /* -1: not said */
    const char *first_id; /* of the first row; NULL: none */
    struct err error;
};

static struct pager_spec spec_of(const struct request_plan *plan, const char *const *id)
{
    int64_t today_ms = clock_utc_day_start(clock_now_ms());
    struct pager_spec spec = stream_pager_spec(plan);

    spec.page_size = 1;
    spec.ids = id;
    spec.id_count = *id ? 1 : 0;
    clock_format(today_ms - MS_PER_DAY, spec.start);
    clock_format(today_ms, spec.end);
    return spec;
}

/* One request of a plan; `id` is of an entity to ask for, where the plan asks by ids. Jobs are
 * asked for their availability, which is their cheapest request. */
static void try_plan(struct access *a, const struct request_plan *plan, const char *id,
                     struct tried *t)
{
    struct arena *arena = a->report->arena;
    struct pager_spec spec = spec_of(plan, &id);
    struct pager *pager = pager_new(arena, &spec);
    struct pager_request request = {.path = plan->availability};
    struct client_answer answer;
    struct pager_page page;

    *t = (struct tried){.total = -1};
    if (plan->paging != PAGING_JOB && !pager_next(pager, arena, &request)) {
        err_set(&t->error, ERR_CONTRACT, "%s: there is nobody to ask for", plan->path);
        return;
    }
    if (!access_ask(a, request.path, request.body, plan->path, &answer)) {
        t->error = answer.error;
    } else if (plan->paging == PAGING_JOB) {
        t->granted = true;
        t->has_rows = true;
    } else if (pager_answer(pager, 0, answer.document, arena, &page, &t->error)) {
        struct json_iter rows = json_iter(page.rows);
        struct json key;
        struct json row;

        t->granted = true;
        t->has_rows = page.row_count > 0;
        t->total = page.total_hits;
        if (json_next(&rows, &key, &row) && json_str(json_get(row, "id"))) {
            t->first_id = arena_strdup(arena, json_str(json_get(row, "id")));
        }
    }
    client_answer_free(&answer);
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

static void refuse(struct report *r, const struct stream *s, const struct request_plan *plan,
                   struct err *e)
{
    enum cause_id cause = cause_of_error(e);

    if (cause == CAUSE_PERMISSION_MISSING && plan->permission_count > 0) {
        err_prefix(e, "%s (wants %s)", plan->name, permission_names(r->arena, plan));
    }
    e->cause = (int)cause;
    report_error(r, s->name, e, cause);
}

static void accept(struct report *r, const struct stream *s, const struct tried *t)
{
    const char *when = s->windows == WINDOWS_UTC_DAYS ? " of yesterday (UTC)" : "";

    if (!t->has_rows && s->load == LOAD_ENTITY) {
        report_add(r, s->name, CAUSE_PERMISSION_EMPTY, "HTTP 200, but no %s%s", s->title, when);
    } else if (t->total > 0) {
        report_add(r, s->name, CAUSE_NONE, "answered: %lld %s%s", (long long)t->total, s->title,
                   when);
    } else {
        report_add(r, s->name, CAUSE_NONE, "answered");
    }
}

/* Whether a run would take this plan. */
static bool is_used(const struct config *c, const struct request_plan *plan)
{
    switch (plan->role) {
    case ROLE_ONLY:
        return true;
    case ROLE_JOB:
        return c->conversations_method != METHOD_QUERY;
    case ROLE_QUERY:
        return c->conversations_method != METHOD_JOB;
    case ROLE_REREAD:
    case ROLE_SOURCE:
        break;
    }
    return false;
}

/* A stream that wants all of its plans. */
static void check_plans(struct access *a, const struct stream *s, int64_t *rows)
{
    struct tried last = {.total = -1};

    for (size_t i = 0; i < s->plan_count; i++) {
        const struct request_plan *plan = &s->plans[i];
        if (!is_used(a->config, plan)) {
            continue;
        }
        try_plan(a, plan, NULL, &last);
        if (!last.granted) {
            refuse(a->report, s, plan, &last.error);
            return;
        }
    }
    rows[place_of(s)] = last.total;
    accept(a->report, s, &last);
}

/* A stream with several sources: the first that is granted is enough. They stand in the order of
 * enum adherence_source. */
static void check_sources(struct access *a, const struct stream *s)
{
    const struct stream *whose = s->depends_on ? stream_find(s->depends_on) : NULL;
    size_t first = s->plan_count; /* the one whose refusal is told */
    struct tried first_tried = {.total = -1};
    struct tried somebody = {.total = -1};

    /* Not being allowed to list them shows elsewhere. */
    if (whose) {
        try_plan(a, stream_plan(whose, ROLE_ONLY), NULL, &somebody);
    }
    for (size_t i = 0; i < s->plan_count; i++) {
        const struct request_plan *plan = &s->plans[i];
        struct tried t;

        if (a->config->adherence_realtime != ADHERENCE_AUTO &&
            a->config->adherence_realtime != (enum adherence_source)(i + 1)) {
            continue;
        }
        try_plan(a, plan, somebody.first_id, &t);
        if (t.granted) {
            report_add(a->report, s->name, CAUSE_NONE, "answered, by %s", plan->name);
            return;
        }
        /* A missing permission says more than a path that is not there. */
        if (first == s->plan_count ||
            (t.error.http_status == 403 && first_tried.error.http_status != 403)) {
            first = i;
            first_tried = t;
        }
    }
    if (first < s->plan_count) {
        refuse(a->report, s, &s->plans[first], &first_tried.error);
    }
}

/* Names of divisions that no role covers, and how many there are of those listed. */
static const char *uncovered(struct access *a, struct json entities, size_t *count)
{
    struct arena *arena = a->report->arena;
    struct json_iter it = json_iter(entities);
    const char *names = "";
    struct json key;
    struct json division;

    *count = 0;
    while (json_next(&it, &key, &division)) {
        const char *id = json_str(json_get(division, "id"));
        const char *name = json_str(json_get(division, "name"));
        if (!id || str_is_listed(id, a->divisions, a->division_count)) {
            continue;
        }
        if (++*count <= NAMES_MOST) {
            names = arena_printf(arena, "%s%s%s", names, *names ? ", " : "", name ? name : id);
        }
    }
    return *count > NAMES_MOST ? arena_printf(arena, "%s...", names) : names;
}

static void check_divisions(struct access *a)
{
    struct report *r = a->report;
    struct client_answer answer;
    size_t missing;

    if (a->all_divisions || a->division_count == 0) {
        return;
    }
    const char *path = arena_printf(
        r->arena, "/api/v2/authorization/divisions?pageSize=%d&pageNumber=1", DIVISIONS_PAGE);
    if (!access_ask(a, path, NULL, "authorization/divisions", &answer)) {
        report_skip(r, "divisions",
                    arena_printf(r->arena, "the divisions cannot be listed (HTTP %d)",
                                 answer.error.http_status));
        client_answer_free(&answer);
        return;
    }
    struct json entities = json_get(json_root(answer.document), "entities");
    const char *names = uncovered(a, entities, &missing);
    size_t listed = json_count(entities);
    if (missing > 0) {
        report_add(r, "divisions", CAUSE_PERMISSION_DIVISIONS,
                   "no role covers %zu of %zu divisions: %s", missing, listed, names);
    } else {
        report_add(r, "divisions", CAUSE_NONE, "the roles cover all %zu", listed);
    }
    client_answer_free(&answer);
}

void organization_permissions(struct access *a, const struct stream *const *streams, size_t count,
                              int64_t *rows)
{
    for (size_t i = 0; i < count; i++) {
        const struct stream *s = streams[i];

        if (a->report->kind == ERR_STOPPED) {
            return;
        }
        if (stream_plan(s, ROLE_SOURCE)) {
            check_sources(a, s);
        } else {
            check_plans(a, s, rows);
        }
    }
    check_divisions(a);
}

/* --- limits ---------------------------------------------------------------------------------- */

static int64_t divided_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t pages(int64_t rows, int64_t page_rows)
{
    return rows <= 0 ? 1 : divided_up(rows, page_rows);
}

/* Requests that one day of a stream that is read by days takes. */
static int64_t day_requests(const struct config *c, const struct stream *s, int64_t rows)
{
    const struct request_plan *job = stream_plan(s, ROLE_JOB);

    if (job && c->conversations_method != METHOD_QUERY) {
        return pages(rows, job->page_size) + JOB_OVERHEAD;
    }
    return pages(rows, stream_plan(s, ROLE_QUERY)->page_size);
}

/* Requests of a night, from what the answers said about sizes: of days the last one, the lookback
 * and the hours after the availability date, of the others all rows, or those of the stream whose
 * ids they are asked for. *day receives the part of one day. */
static int64_t night_requests(const struct config *c, const struct stream *const *streams,
                              size_t count, const int64_t *rows, int64_t *day)
{
    int64_t sum = 1;

    *day = 0;
    for (size_t i = 0; i < count; i++) {
        const struct stream *s = streams[i];
        const struct stream *whose = s->depends_on ? stream_find(s->depends_on) : s;
        int64_t total = rows[place_of(whose)];

        if (s->windows == WINDOWS_UTC_DAYS) {
            const struct request_plan *query = stream_plan(s, ROLE_QUERY);
            int64_t requests = day_requests(c, s, total);
            *day += requests;
            sum += (c->lookback_days + 2) * requests + pages(total, query->page_size);
        } else {
            sum += pages(total, s->plans[0].page_size);
        }
    }
    return sum;
}

/* The requests a minute that a token may make; -1, and why in the report, when that is not known.
 */
static int64_t read_limit(struct access *a)
{
    struct client_answer answer;
    int64_t limit = -1;

    if (!access_ask(a, "/api/v2/organizations/limits/namespaces/platform.api", NULL,
                    "organizations/limits", &answer)) {
        report_add(a->report, "rate limit", CAUSE_LIMITS_UNREAD, "HTTP %d",
                   answer.error.http_status);
        client_answer_free(&answer);
        return limit;
    }
    struct json_iter it = json_iter(json_get(json_root(answer.document), "entities"));
    struct json key;
    struct json entity;
    while (json_next(&it, &key, &entity)) {
        const char *name = json_str(json_get(entity, "key"));
        int64_t value = 0;
        bool is_clients = str_eq(name, "client.credentials.token.rate.per.minute");
        if ((is_clients || (str_eq(name, "token.rate.per.minute") && limit < 0)) &&
            json_int(json_get(entity, "value"), &value) && value > 0) {
            limit = value;
        }
    }
    client_answer_free(&answer);
    if (limit < 0) {
        report_add(a->report, "rate limit", CAUSE_LIMITS_UNREAD, "the answer does not hold it");
    }
    return limit;
}

/* What the first run will take, when there are many days before it. */
static const char *first_run_text(struct arena *a, const struct config *c, int64_t day,
                                  int64_t pace)
{
    if (day == 0 || c->start_day == INT32_MIN) {
        return "";
    }
    int64_t days = (clock_now_ms() - clock_zone_day_start_ms(c->start_day)) / MS_PER_DAY + 1;
    int64_t requests = days * day;
    return days < 1 ? ""
                    : arena_printf(a,
                                   "; the %lld days since start, all read anew: about %lld "
                                   "requests, %lld min",
                                   (long long)days, (long long)requests,
                                   (long long)divided_up(requests, pace));
}

void organization_limits(struct access *a, const struct stream *const *streams, size_t count,
                         const int64_t *rows)
{
    int64_t pace = a->config->requests_per_minute;
    int64_t limit = read_limit(a);
    int64_t day;

    if (limit > 0) {
        report_add(a->report, "rate limit", pace > limit ? CAUSE_LIMITS_PACE : CAUSE_NONE,
                   "%lld requests a minute a token; requests_per_minute is %lld", (long long)limit,
                   (long long)pace);
    } else {
        limit = DEFAULT_PER_MINUTE;
    }
    pace = pace < limit ? pace : limit;
    int64_t requests = night_requests(a->config, streams, count, rows, &day);
    int64_t minutes = divided_up(requests, pace);
    report_add(a->report, "night", minutes > NIGHT_MINUTES ? CAUSE_LIMITS_NIGHT : CAUSE_NONE,
               "about %lld requests a night, %lld min at this pace%s", (long long)requests,
               (long long)minutes, first_run_text(a->report->arena, a->config, day, pace));
}
