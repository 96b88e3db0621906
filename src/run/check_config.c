/* Step 1: the configuration, and whether its values can be what they should be. */
#include <string.h>
#include <sys/stat.h>

#include "api/region.h"
#include "base/str.h"
#include "run/check_internal.h"

static void check_file(struct check *c)
{
    const char *path = c->config->path;
    struct stat st;

    if (!path) {
        check_add(c, STEP_CONFIGURATION, "file", CHECK_OK,
                  "none; all values come from the environment");
        return;
    }
    unsigned mode = stat(path, &st) == 0 ? (unsigned)(st.st_mode & 0777U) : 0;
    check_add(c, STEP_CONFIGURATION, "file", CHECK_OK,
              arena_printf(c->arena, "%s, mode %03o", path, mode));
}

/* One result for the credentials when nothing is odd, else one an oddity. */
static void check_credentials(struct check *c)
{
    const struct config *config = c->config;

    for (size_t i = 0; i < config->doubt_count; i++) {
        const struct config_doubt *d = &config->doubts[i];
        check_blame(c, STEP_CONFIGURATION, "credentials", d->cause, d->where);
    }
    if (config->doubt_count == 0 && !c->request->setup_error) {
        check_add(c, STEP_CONFIGURATION, "credentials", CHECK_OK,
                  arena_printf(c->arena, "client id %s; secret from %s", config->client_id,
                               config->client_secret_origin));
    }
}

/* True when `text` names an AWS region as one of its labels, and its domain is another region's. */
static bool is_mixed(struct check *c, const char *text, const char **aws)
{
    struct err ignored;
    bool known = false;

    for (size_t i = 0; i < region_count; i++) {
        const char *at = strstr(text, region_table[i].aws);
        const char *domain =
            at && strchr(at, '.') ? region_domain(c->arena, text, &known, &ignored) : NULL;
        if (domain && !str_eq(domain, region_table[i].domain)) {
            *aws = region_table[i].aws;
            return true;
        }
    }
    return false;
}

static void check_hosts(struct check *c)
{
    const struct config *config = c->config;
    const char *const texts[] = {config->region, config->login_url, config->api_url};
    const char *aws = NULL;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (texts[i] && is_mixed(c, str_lower(c->arena, texts[i]), &aws)) {
            check_blame(c, STEP_CONFIGURATION, "region", CAUSE_CONFIG_REGION_MIXED,
                        arena_printf(c->arena, "%s (%s has a domain of its own)", texts[i], aws));
            return;
        }
    }
    check_add(c, STEP_CONFIGURATION, "region", CHECK_OK,
              arena_printf(c->arena, "%s%s%s, %s", config->region ? config->region : "",
                           config->region ? ": " : "", config->login_url, config->api_url));
}

static void check_start(struct check *c)
{
    for (size_t i = 0; i < c->request->stream_count; i++) {
        if (c->request->streams[i]->windows == WINDOWS_UTC_DAYS &&
            c->config->start_day == INT32_MIN) {
            check_blame(c, STEP_CONFIGURATION, "start", CAUSE_CONFIG_START,
                        arena_printf(c->arena, "[extract] start is missing, and %s are wanted",
                                     c->request->streams[i]->title));
            return;
        }
    }
}

void check_configuration(struct check *c)
{
    const struct err *error = c->request->setup_error;
    struct http_options options = {
        .user_agent = "rollcall/" ROLLCALL_VERSION,
        .proxy = c->config->proxy,
        .ca_file = c->config->ca_file,
        .max_connections = 2,
    };
    struct err e;

    if (error) {
        check_credentials(c);
        check_blame_error(c, STEP_CONFIGURATION, "file", error, CAUSE_CONFIG_INVALID);
        return;
    }
    check_file(c);
    check_credentials(c);
    check_hosts(c);
    check_start(c);
    c->http = http_new(&options, &e);
    if (!c->http) {
        check_blame_error(c, STEP_CONFIGURATION, "certificates", &e, CAUSE_CONFIG_CA_FILE);
    }
    c->config_good = !check_step_failed(c, STEP_CONFIGURATION);
}
