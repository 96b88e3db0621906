#include "run/owner.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

struct owner {
    const char *id; /* NULL: not known */
    const char *name;
};

static const struct {
    const char *path;
    const char *id;
    const char *name;
} sources[] = {
    {"/api/v2/tokens/me", "organization.id", "organization.name"},
    {"/api/v2/organizations/me", "id", "name"},
};

/* Asks one source; *known stays as it is where the source is not granted or says nothing. */
static bool ask(struct run *run, size_t source, struct owner *known, struct err *e)
{
    const struct client_request request = {.method = HTTP_GET,
                                           .path = sources[source].path,
                                           .label = "the client's organization",
                                           .want_document = true};
    struct client_answer answer;
    bool done = client_call(run->client, &request, &answer);

    if (done) {
        struct json root = json_root(answer.document);
        const char *id = json_str(json_path(root, sources[source].id));
        const char *name = json_str(json_path(root, sources[source].name));
        known->id = id && *id ? arena_strdup(run->arena, id) : NULL;
        known->name = arena_strdup(run->arena, name ? name : "");
    } else {
        *e = answer.error;
        done = e->http_status == 403 || e->http_status == 404;
    }
    client_answer_free(&answer);
    return done;
}

/* The stored owner; *asked: this client has asked these hosts on `day`. */
static bool read_stored(struct run *run, const char *day, struct owner *stored, bool *asked,
                        struct err *e)
{
    const struct config *c = run->config;
    struct rows q = db_ask(run->db, e,
                           "SELECT organization_id, name, client_id = ?1 AND login_url = ?2 "
                           "AND api_url = ?3 AND asked_day = ?4 FROM organization",
                           S(c->client_id), S(c->login_url), S(c->api_url), S(day));

    *stored = (struct owner){.id = NULL};
    *asked = db_next(&q) && db_int(&q, 2) != 0;
    if (q.ok) {
        stored->id = db_kept(&q, 0, run->arena);
        stored->name = db_kept(&q, 1, run->arena);
    }
    return db_end(&q);
}

static bool keep(struct run *run, const char *day, const struct owner *o, struct err *e)
{
    const struct config *c = run->config;

    return db_do(run->db, e,
                 "INSERT INTO organization (place, organization_id, name, client_id, login_url, "
                 "api_url, asked_day) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (place) "
                 "DO UPDATE SET organization_id = coalesce(excluded.organization_id, "
                 "organization_id), name = coalesce(excluded.name, name), "
                 "client_id = excluded.client_id, login_url = excluded.login_url, "
                 "api_url = excluded.api_url, asked_day = excluded.asked_day",
                 S(o->id), S(o->name), S(c->client_id), S(c->login_url), S(c->api_url), S(day));
}

/* What must hold of an organization that is known. */
static bool judge(const struct run *run, const struct owner *o, const struct owner *stored,
                  struct err *e)
{
    const char *wanted = run->config->organization;

    if (wanted && !str_eq_nocase(wanted, o->id) && !str_eq_nocase(wanted, o->name)) {
        return err_set(
            e, ERR_CONFIG,
            "this client belongs to the organization %s (%s), and [genesys] organization "
            "is %s: use the client of that organization, or mend the line",
            o->name, o->id, wanted);
    }
    if (stored->id && !str_eq(stored->id, o->id)) {
        return err_set(e, ERR_CONFIG,
                       "%s holds the records of the organization %s (%s), and this client belongs "
                       "to %s (%s): give each organization a file of its own ([database] path)",
                       db_path(run->db), stored->name, stored->id, o->name, o->id);
    }
    return true;
}

bool owner_check(struct run *run, struct err *e)
{
    char day[CLOCK_DAY_BYTES];
    struct owner stored;
    struct owner known = {.id = NULL};
    bool asked;

    clock_format_day((int32_t)(run_now_ms(run) / MS_PER_DAY), day);
    if (!read_stored(run, day, &stored, &asked, e)) {
        return false;
    }
    if (asked && (stored.id || !run->config->organization)) {
        return !stored.id || judge(run, &stored, &stored, e);
    }
    for (size_t i = 0; !known.id && i < COUNT_OF(sources); i++) {
        if (!ask(run, i, &known, e)) {
            return false;
        }
    }
    if (known.id) {
        return judge(run, &known, &stored, e) && keep(run, day, &known, e);
    }
    if (run->config->organization) {
        return err_set(e, ERR_CONFIG,
                       "[genesys] organization is %s, and the API does not say which one this "
                       "client belongs to (%s); remove the line, or give the client's role access",
                       run->config->organization, e->message);
    }
    LOG(LOG_WARN,
        "the API does not say which organization the client belongs to; nothing keeps "
        "another one's records out of this file",
        LOG_S("error", e->message));
    return keep(run, day, &known, e);
}
