#include "probe/organization.h"

#include <string.h>

#include "api/pager.h"
#include "base/clock.h"
#include "base/str.h"
#include "streams/stream.h"

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
        if (stream_has_days(stream_registry[i]) && rows[i] > 0) {
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

/* One request of a pass, for one row; `id` is of an entity to ask for, where the pass asks by ids.
 * One that goes by an availability date is asked for that, which is its cheapest request. */
static void try_pass(struct access *a, const struct pass *pass, const char *id, struct tried *t)
{
    struct arena *arena = a->report->arena;
    int64_t today_ms = clock_utc_day_start(clock_now_ms());
    char start[CLOCK_ISO_BYTES];
    char end[CLOCK_ISO_BYTES];
    struct pager_spec spec = {
        .steps = pass->steps,
        .label = pass->plan.name,
        .start = clock_format(today_ms - MS_PER_DAY, start),
        .end = clock_format(today_ms, end),
        .zone = a->config->timezone,
        .scope = id,
        .ids = &id,
        .id_count = id ? 1 : 0,
        .at = {.page_size = 1},
    };
    struct pager *pager = pager_new(arena, &spec);
    struct pager_request request = {.path = pass->available};
    struct client_answer answer;
    struct pager_page page;

    *t = (struct tried){.total = -1};
    if (!pass->available && !pager_next(pager, arena, &request)) {
        err_set(&t->error, ERR_CONTRACT, "%s: there is nobody to ask for", pass->steps->path);
        return;
    }
    if (!access_ask(a, request.path, request.body, pass->steps->path, &answer)) {
        t->error = answer.error;
    } else if (pass->available) {
        t->granted = true;
        t->has_rows = true;
    } else if (pager_answer(pager, 0, answer.document, arena, &page, &t->error) == PAGER_TAKEN) {
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

/* The names of a pass's permissions, any of which is enough. */
static const char *permission_names(struct arena *a, const struct pass *pass)
{
    const char *names = "";

    for (const char *at = pass->permissions; *at; at += strspn(at, " ")) {
        int length = (int)strcspn(at, " ");
        names = arena_printf(a, "%s%s%.*s", names, *names ? " or " : "", length, at);
        at += length;
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

static void refuse(struct report *r, const struct stream *s, const struct pass *pass, struct err *e)
{
    enum cause_id cause = cause_of_error(e);

    if (cause == CAUSE_PERMISSION_MISSING && pass->permissions) {
        err_prefix(e, "%s (wants %s)", pass->plan.name, permission_names(r->arena, pass));
    }
    e->cause = (int)cause;
    report_error(r, s->name, e, cause);
}

static void accept(struct report *r, const struct stream *s, const struct tried *t)
{
    const char *when = stream_has_days(s) ? " of yesterday (UTC)" : "";

    if (!t->has_rows && s->load == LOAD_ENTITY) {
        report_add(r, s->name, CAUSE_PERMISSION_EMPTY, "HTTP 200, but no %s%s", s->title, when);
    } else if (t->total > 0) {
        report_add(r, s->name, CAUSE_NONE, "answered: %lld %s%s", (long long)t->total, s->title,
                   when);
    } else {
        report_add(r, s->name, CAUSE_NONE, "answered");
    }
}

/* Whether a run would take this pass; those by id ask what the others ask. */
static bool is_used(const struct access *a, const struct stream *s, size_t p)
{
    return !s->passes[p].plan.whole && (stream_in_force(s, a->config) & 1U << p) != 0;
}

/* The id of some row of the stream whose rows `s` is asked for; NULL: there is none. That it may not
 * be listed shows elsewhere. */
static const char *first_needed(struct access *a, const struct stream *s)
{
    const struct stream *whose = s->needs ? stream_find(s->needs) : NULL;
    struct tried somebody = {.total = -1};

    if (whose) {
        try_pass(a, &whose->passes[0], NULL, &somebody);
    }
    return somebody.first_id;
}

/* A stream that wants all of its passes. */
static void check_all(struct access *a, const struct stream *s, int64_t *rows)
{
    const char *id = first_needed(a, s);
    struct tried last = {.total = -1};

    if (s->scope && !id) {
        report_skip(a->report, s->name, "there is nobody to ask for");
        return;
    }

    for (size_t p = 0; p < s->pass_count; p++) {
        if (!is_used(a, s, p)) {
            continue;
        }
        try_pass(a, &s->passes[p], id, &last);
        if (!last.granted) {
            refuse(a->report, s, &s->passes[p], &last.error);
            return;
        }
    }
    rows[place_of(s)] = last.total;
    accept(a->report, s, &last);
}

/* A stream whose passes stand in for one another: the first that is granted is enough. */
static void check_any(struct access *a, const struct stream *s)
{
    const char *id = first_needed(a, s);
    size_t first = s->pass_count; /* the one whose refusal is told */
    struct tried first_tried = {.total = -1};

    for (size_t p = 0; p < s->pass_count; p++) {
        struct tried t;

        if (!is_used(a, s, p)) {
            continue;
        }
        try_pass(a, &s->passes[p], id, &t);
        if (t.granted) {
            report_add(a->report, s->name, CAUSE_NONE, "answered, by %s", s->passes[p].plan.name);
            return;
        }
        /* A missing permission says more than a path that is not there. */
        if (first == s->pass_count ||
            (t.error.http_status == 403 && first_tried.error.http_status != 403)) {
            first = p;
            first_tried = t;
        }
    }
    if (first < s->pass_count) {
        refuse(a->report, s, &s->passes[first], &first_tried.error);
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
        if (s->pass_count > 1 && s->passes[1].plan.instead) {
            check_any(a, s);
        } else {
            check_all(a, s, rows);
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

/* Requests that a window of a stream takes, by the first of its passes in force. */
static int64_t window_requests(const struct config *c, const struct stream *s, int64_t rows)
{
    size_t p = 0;

    while (p + 1 < s->pass_count && (stream_in_force(s, c) & 1U << p) == 0) {
        p++;
    }
    const struct step *steps = s->passes[p].steps;
    return pages(rows, step_of_rows(steps)->size) + (steps->token ? JOB_OVERHEAD : 0);
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
        const struct stream *whose = s->needs ? stream_find(s->needs) : s;
        int64_t total = rows[place_of(whose)];

        int64_t requests = window_requests(c, s, total);
        if (stream_has_days(s)) {
            *day += requests;
            sum += (c->lookback_days + 3) * requests;
        } else {
            sum += requests;
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
