/* Step 6: the rate the organization grants, and whether a night fits into it. */
#include "api/api_error.h"
#include "base/clock.h"
#include "base/str.h"
#include "run/check_internal.h"

enum {
    DEFAULT_PER_MINUTE = 300,
    JOB_ROWS = 1000,  /* rows of a job's page, at best */
    JOB_OVERHEAD = 6, /* submission, polls, deletion */
    PAGE_ROWS = 100,  /* rows of other pages */
    NIGHT_MINUTES = 8 * 60,
};

static int64_t pages(int64_t rows, int64_t page_rows)
{
    return rows <= 0 ? 1 : (rows + page_rows - 1) / page_rows;
}

static bool is_wanted(const struct check *c, const char *name)
{
    for (size_t i = 0; i < c->request->stream_count; i++) {
        if (str_eq(c->request->streams[i]->name, name)) {
            return true;
        }
    }
    return false;
}

/* Requests that one UTC day of conversations takes. */
static int64_t day_requests(const struct check *c)
{
    return c->config->conversations_method == METHOD_QUERY
               ? pages(c->conversations, PAGE_ROWS)
               : pages(c->conversations, JOB_ROWS) + JOB_OVERHEAD;
}

/* Requests of a night, from what the streams' answers said about sizes: the day, the lookback, the
 * hours after the availability date, the snapshots. */
static int64_t night_requests(const struct check *c)
{
    int64_t sum = 1;

    if (is_wanted(c, "conversations")) {
        sum +=
            (c->config->lookback_days + 2) * day_requests(c) + pages(c->conversations, PAGE_ROWS);
    }
    sum += is_wanted(c, "users") ? pages(c->users, PAGE_ROWS) : 0;
    sum += is_wanted(c, "queues") ? pages(c->queues, PAGE_ROWS) : 0;
    sum += is_wanted(c, "adherence_realtime") ? pages(c->users, PAGE_ROWS) : 0;
    return sum;
}

/* Minutes that requests take at a pace. */
static int64_t minutes_of(int64_t requests, int64_t per_minute)
{
    return (requests + per_minute - 1) / per_minute;
}

static void read_limit(struct check *c)
{
    static const struct check_call call = {
        .path = "/api/v2/organizations/limits/namespaces/platform.api",
        .label = "organizations/limits"};
    char code[API_CODE_BYTES];
    struct json_doc *doc;
    struct err e;

    if (!check_api(c, &call, &doc, code, &e)) {
        check_blame(c, STEP_LIMITS, "rate limit", CAUSE_LIMITS_UNREAD,
                    arena_printf(c->arena, "HTTP %d", e.http_status));
        return;
    }
    struct json_iter it = json_iter(json_get(json_root(doc), "entities"));
    struct json key;
    struct json limit;
    while (json_next(&it, &key, &limit)) {
        const char *name = json_str(json_get(limit, "key"));
        int64_t value = 0;
        bool is_clients = str_eq(name, "client.credentials.token.rate.per.minute");
        if ((is_clients || (str_eq(name, "token.rate.per.minute") && c->limit_per_minute < 0)) &&
            json_int(json_get(limit, "value"), &value) && value > 0) {
            c->limit_per_minute = value;
        }
    }
    json_free(doc);
    if (c->limit_per_minute < 0) {
        check_blame(c, STEP_LIMITS, "rate limit", CAUSE_LIMITS_UNREAD,
                    "the answer does not hold it");
    }
}

static void check_pace(struct check *c)
{
    int64_t pace = c->config->requests_per_minute;
    const char *evidence =
        arena_printf(c->arena, "%lld requests a minute a token; requests_per_minute is %lld",
                     (long long)c->limit_per_minute, (long long)pace);

    if (pace > c->limit_per_minute) {
        check_blame(c, STEP_LIMITS, "rate limit", CAUSE_LIMITS_PACE, evidence);
    } else {
        check_add(c, STEP_LIMITS, "rate limit", CHECK_OK, evidence);
    }
}

/* What the first run will take, when there are many days before it. */
static const char *first_run_text(const struct check *c, int64_t pace)
{
    if (!is_wanted(c, "conversations") || c->config->start_day == INT32_MIN) {
        return "";
    }
    int64_t days =
        (clock_now_ms() - clock_zone_day_start_ms(c->config->start_day)) / MS_PER_DAY + 1;
    int64_t requests = days * day_requests(c);
    return days < 1 ? ""
                    : arena_printf(c->arena,
                                   "; the %lld days since start, all read anew: about %lld "
                                   "requests, %lld min",
                                   (long long)days, (long long)requests,
                                   (long long)minutes_of(requests, pace));
}

void check_limits(struct check *c)
{
    int64_t pace = c->config->requests_per_minute;

    read_limit(c);
    if (c->limit_per_minute > 0) {
        check_pace(c);
    }
    int64_t limit = c->limit_per_minute > 0 ? c->limit_per_minute : DEFAULT_PER_MINUTE;
    pace = pace < limit ? pace : limit;
    int64_t requests = night_requests(c);
    const char *evidence = arena_printf(
        c->arena, "about %lld requests a night, %lld min at this pace%s", (long long)requests,
        (long long)minutes_of(requests, pace), first_run_text(c, pace));
    if (minutes_of(requests, pace) > NIGHT_MINUTES) {
        check_blame(c, STEP_LIMITS, "night", CAUSE_LIMITS_NIGHT, evidence);
    } else {
        check_add(c, STEP_LIMITS, "night", CHECK_OK, evidence);
    }
}
