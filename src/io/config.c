#include "io/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/config_keys.h"
#include "io/file.h"

enum { READABLE_BY_GROUP = 040, READABLE_BY_OTHERS = 04 };

/* What config_load works on. */
struct loading {
    const struct config_request *request;
    struct arena *a;
    struct config *out;
    struct config_texts texts; /* the value of each key that counts, and where it came from */
    const char *searched;      /* where the INI file was looked for: for messages */
    struct err *e;
};

static bool is_absent(const struct err *e)
{
    return e->library_code == ENOENT || e->library_code == ENOTDIR;
}

static void warn_readable(struct config *c, const char *path, uint32_t mode, uint32_t bits)
{
    if ((mode & bits) != 0) {
        config_doubt(c, CAUSE_CONFIG_READABLE, path);
        LOG(LOG_WARN, "a file with a secret is readable by other users", LOG_S("file", path),
            LOG_S("remedy", "chmod 600, with the user that runs rollcall as owner"));
    }
}

/* --- the INI file ---------------------------------------------------------------------------- */

/* Reads the INI file at `path`. *absent tells a missing file from other failures. */
static bool read_ini(struct loading *l, const char *path, bool *absent)
{
    uint32_t mode = 0;
    char *text = file_read_small(l->a, path, &mode, l->e);
    *absent = text == NULL && is_absent(l->e);
    if (text == NULL) {
        return false;
    }
    l->out->path = arena_strdup(l->a, path);
    bool good = config_ini_read(l->a, l->out->path, text, &l->texts, l->e);
    secret_wipe(text, strlen(text));
    const char *proxy = l->texts.of[KEY_PROXY].text;
    if (l->texts.of[KEY_CLIENT_SECRET].text != NULL || (proxy != NULL && strchr(proxy, '@'))) {
        warn_readable(l->out, path, mode, READABLE_BY_OTHERS);
    }
    return good;
}

/* Reads the first INI file found at the known places; none at all is fine. */
static bool search_ini(struct loading *l)
{
    const char *home = getenv("HOME");
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *user_path = NULL;
    if (xdg != NULL && xdg[0] == '/') {
        user_path = arena_printf(l->a, "%s/rollcall/rollcall.ini", xdg);
    } else if (home != NULL && home[0] == '/') {
        user_path = arena_printf(l->a, "%s/.config/rollcall/rollcall.ini", home);
    }
    const char *const places[] = {"rollcall.ini", user_path, "/etc/rollcall/rollcall.ini"};
    l->searched = "";
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i] == NULL) {
            continue;
        }
        bool absent = false;
        if (read_ini(l, places[i], &absent)) {
            return true;
        }
        if (!absent) {
            return false;
        }
        l->searched = arena_printf(l->a, "%s%s%s", l->searched, i == 0 ? "./" : ", ", places[i]);
    }
    err_clear(l->e);
    return true;
}

/* --- sources of credentials, the strongest first --------------------------------------------- */

static bool is_given(const struct config_text *value)
{
    return value->text != NULL && value->text[0] != '\0';
}

static void wipe_text(const struct config_text *value)
{
    if (value->text != NULL) {
        secret_wipe(value->text, strlen(value->text));
    }
}

/* Takes a value unless a stronger source gave one; one that is not taken is wiped. */
static void offer(struct loading *l, enum config_key_id id, const struct config_text *value)
{
    struct config_text *taken = &l->texts.of[id];
    if (!is_given(taken)) {
        *taken = *value;
    } else {
        wipe_text(value);
    }
}

static void take_environment(struct loading *l)
{
    static const char *const names[] = {"GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET",
                                        "GENESYS_REGION"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL) {
            struct config_text text = {
                .text = arena_strdup(l->a, value),
                .origin = arena_printf(l->a, "environment variable %s", names[i]),
            };
            offer(l, config_env_key(names[i], strlen(names[i])), &text);
        }
    }
}

/* A file that holds the secret alone; the line end behind it is no part of it. */
static bool take_secret_file(struct loading *l, const char *path, uint32_t *mode)
{
    char *text = file_read_small(l->a, path, mode, l->e);
    if (text == NULL) {
        return false;
    }
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '\n') {
        text[--length] = '\0';
    }
    if (length > 0 && text[length - 1] == '\r') {
        text[--length] = '\0';
    }
    struct config_text secret = {.text = text, .origin = path};
    offer(l, KEY_CLIENT_SECRET, &secret);
    return true;
}

/* systemd's LoadCredential=client_secret:... */
static bool take_systemd_credential(struct loading *l)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory == NULL || directory[0] == '\0' || is_given(&l->texts.of[KEY_CLIENT_SECRET])) {
        return true;
    }
    const char *path = arena_printf(l->a, "%s/client_secret", directory);
    return take_secret_file(l, path, NULL) || is_absent(l->e);
}

/* The .env file beside the configuration. */
static bool take_env_file(struct loading *l)
{
    const char *beside = l->out->path == NULL ? "" : l->out->path;
    const char *slash = strrchr(beside, '/');
    const char *path =
        arena_printf(l->a, "%.*s.env", slash == NULL ? 0 : (int)(slash + 1 - beside), beside);
    uint32_t mode = 0;
    char *text = file_read_small(l->a, path, &mode, l->e);
    if (text == NULL) {
        return is_absent(l->e);
    }
    struct config_texts found = {0};
    bool good = config_env_read(l->a, path, text, &found, l->e);
    secret_wipe(text, strlen(text));
    if (!good) {
        return false;
    }
    if (is_given(&found.of[KEY_CLIENT_SECRET])) {
        warn_readable(l->out, path, mode, READABLE_BY_OTHERS);
    }
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        offer(l, (enum config_key_id)id, &found.of[id]);
    }
    return true;
}

/* [genesys] client_secret or client_secret_file of the INI file. */
static bool take_ini_secret(struct loading *l, const struct config_text *secret)
{
    const struct config_text *file = &l->texts.of[KEY_CLIENT_SECRET_FILE];
    if (is_given(file) && is_given(secret)) {
        return err_set(l->e, ERR_CONFIG, "%s: client_secret is set too (%s); keep one of them",
                       file->origin, secret->origin);
    }
    offer(l, KEY_CLIENT_SECRET, secret);
    if (!is_given(file) || is_given(&l->texts.of[KEY_CLIENT_SECRET])) {
        return true;
    }
    uint32_t mode = 0;
    if (!take_secret_file(l, file->text, &mode)) {
        err_prefix(l->e, "%s", file->origin);
        return err_cause(l->e, CAUSE_CONFIG_SECRET_FILE);
    }
    warn_readable(l->out, file->text, mode, READABLE_BY_GROUP | READABLE_BY_OTHERS);
    return true;
}

/* Finds the values that may come from elsewhere than the INI file. */
static bool take_credentials(struct loading *l)
{
    static const enum config_key_id ids[] = {KEY_CLIENT_ID, KEY_REGION, KEY_CLIENT_SECRET};
    struct config_text ini[sizeof(ids) / sizeof(ids[0])];
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        ini[i] = l->texts.of[ids[i]];
        l->texts.of[ids[i]] = (struct config_text){0};
    }
    take_environment(l);
    if (!take_systemd_credential(l) || !take_env_file(l)) {
        return false;
    }
    offer(l, KEY_CLIENT_ID, &ini[0]);
    offer(l, KEY_REGION, &ini[1]);
    return take_ini_secret(l, &ini[2]);
}

/* --- credentials ----------------------------------------------------------------------------- */

/* What users paste along with a credential: blanks around it, quotes. Cut off, with a warning. */
static char *clean_credential(struct loading *l, const struct config_text *value)
{
    bool trimmed = false;
    char *text = str_trim(l->a, value->text, &trimmed);
    size_t length = strlen(text);
    bool quoted = value->was_quoted;
    if (length >= 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0]) {
        text[length - 1] = '\0';
        text++;
        quoted = true;
    }
    wipe_text(value);
    if (trimmed || quoted) {
        LOG(LOG_WARN, "cut off what does not belong to a credential",
            LOG_S("what", quoted ? "quotes" : "blanks around it"), LOG_S("where", value->origin));
        config_doubt(l->out, quoted ? CAUSE_CONFIG_QUOTES : CAUSE_CONFIG_BLANKS, value->origin);
    }
    return text;
}

/* Credentials are printable ASCII without blanks; the id also goes before a colon. */
static bool check_credential(struct loading *l, const char *text, bool is_id, const char *origin)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') {
            err_set(l->e, ERR_CONFIG, "%s: holds more than one line; it must hold the %s alone",
                    origin, is_id ? "client id" : "client secret");
            return err_cause(l->e, CAUSE_CONFIG_LINES);
        }
        if (*c <= ' ' || *c >= 0x7F || (is_id && *c == ':')) {
            err_set(l->e, ERR_CONFIG,
                    "%s: has a character that no %s has (position %zu); paste it again from "
                    "Genesys Cloud (Admin > Integrations > OAuth)",
                    origin, is_id ? "client id" : "client secret", (size_t)(c - text) + 1);
            return err_cause(l->e, *c == ':' ? CAUSE_CONFIG_PAIR : CAUSE_CONFIG_CHARACTER);
        }
    }
    return true;
}

static bool apply_credentials(struct loading *l)
{
    struct config_text *id = &l->texts.of[KEY_CLIENT_ID];
    struct config_text *secret = &l->texts.of[KEY_CLIENT_SECRET];
    if (id->text != NULL) {
        char *text = clean_credential(l, id);
        id->text = NULL;
        if (!check_credential(l, text, true, id->origin)) {
            return false;
        }
        l->out->client_id = text[0] == '\0' ? NULL : text;
    }
    if (secret->text != NULL) {
        char *text = clean_credential(l, secret);
        secret->text = NULL;
        bool good = check_credential(l, text, false, secret->origin);
        if (good) {
            config_doubt_credentials(l->out, l->out->client_id, id->origin, text, secret->origin);
        }
        if (good && text[0] != '\0') {
            l->out->client_secret = secret_new(text, strlen(text));
            l->out->client_secret_origin = secret->origin;
        }
        secret_wipe(text, strlen(text));
        return good;
    }
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool apply_values(struct loading *l)
{
    const char **origins = arena_array(l->a, CONFIG_KEY_COUNT, sizeof(*origins));
    l->out->start_day = INT32_MIN;
    l->out->origins = origins;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const char *text = config_keys[id].default_text;
        struct config_text by_default = {
            .text = text == NULL ? NULL : arena_strdup(l->a, text),
            .origin = config_keys[id].name,
        };
        bool good = config_value_apply((enum config_key_id)id, &by_default, l->request, l->a,
                                       l->out, l->e) &&
                    config_value_apply((enum config_key_id)id, &l->texts.of[id], l->request, l->a,
                                       l->out, l->e);
        if (!good) {
            return false;
        }
        origins[id] = l->texts.of[id].origin;
    }
    return true;
}

/* Where a missing value belongs. */
static bool fail_missing(struct loading *l, enum cause_id cause, const char *what)
{
    if (l->out->path != NULL) {
        err_set(l->e, ERR_CONFIG, "%s: %s", l->out->path, what);
        return err_cause(l->e, cause);
    }
    err_set(l->e, ERR_CONFIG, "no configuration file (looked for %s), and %s", l->searched, what);
    return err_cause(l->e, CAUSE_CONFIG_ABSENT);
}

static bool check_login(struct loading *l)
{
    const struct config *c = l->out;
    if (c->region == NULL && (c->login_url == NULL || c->api_url == NULL)) {
        return fail_missing(l, CAUSE_CONFIG_REGION_MISSING,
                            "[genesys] region is missing: give the AWS region, the login domain "
                            "or any URL of your Genesys Cloud (or set GENESYS_REGION)");
    }
    if (c->client_id == NULL) {
        return fail_missing(l, CAUSE_CONFIG_ID_MISSING,
                            "[genesys] client_id is missing (or set GENESYS_CLIENT_ID)");
    }
    if (c->client_secret == NULL) {
        return fail_missing(l, CAUSE_CONFIG_SECRET_MISSING,
                            "the client secret is missing: set [genesys] client_secret_file or "
                            "client_secret, or GENESYS_CLIENT_SECRET");
    }
    return true;
}

static bool load(struct loading *l)
{
    if (l->request->file != NULL) {
        bool absent = false;
        if (!read_ini(l, l->request->file, &absent)) {
            return false;
        }
    } else if (!search_ini(l)) {
        return false;
    }
    /* Who reads the database alone need not be able to read the credentials. */
    if (!l->request->needs_login) {
        wipe_text(&l->texts.of[KEY_CLIENT_SECRET]);
        return apply_values(l);
    }
    if (!take_credentials(l)) {
        return false;
    }
    err_clear(l->e);
    return apply_values(l) && apply_credentials(l) && check_login(l);
}

/* What a failure to read a file, or any other, is called in the list of causes. */
static void note_cause(struct err *e)
{
    if (e->cause != CAUSE_NONE) {
        return;
    }
    if (is_absent(e)) {
        err_cause(e, CAUSE_CONFIG_ABSENT);
    } else {
        err_cause(e, e->library_code == EACCES ? CAUSE_CONFIG_UNREADABLE : CAUSE_CONFIG_INVALID);
    }
}

bool config_load(const struct config_request *request, struct arena *a, struct config *out,
                 struct err *e)
{
    *out = (struct config){0};
    err_clear(e);
    struct loading l = {.request = request, .a = a, .out = out, .searched = "", .e = e};
    if (!load(&l)) {
        note_cause(e);
        config_wipe(out);
        return false;
    }
    return true;
}

bool config_blame(const struct config *c, const char *section, const char *key, struct err *e)
{
    enum config_key_id id = config_key_find(section, key);
    INVARIANT(id != CONFIG_KEY_COUNT);
    e->kind = ERR_CONFIG;
    if (c->origins != NULL && c->origins[id] != NULL) {
        return err_prefix(e, "%s", c->origins[id]);
    }
    return err_prefix(e, "[%s] %s", section, key);
}

void config_wipe(struct config *c)
{
    secret_free(c->client_secret);
    c->client_secret = NULL;
}
