#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/str.h"
#include "io/config_keys.h"
#include "io/http_internal.h"

/* The fields are written through their offset; an enum's is that of an int. */
_Static_assert(sizeof(enum conversations_method) == sizeof(int) &&
                   sizeof(enum adherence_source) == sizeof(int) &&
                   sizeof(enum log_level) == sizeof(int) && sizeof(enum log_format) == sizeof(int),
               "choices are stored as int");

/* Lists (CONFIG_LIST) and credentials have no entry here: they fill two fields, or a secret. */
static const size_t offsets[CONFIG_KEY_COUNT] = {
    [KEY_REGION] = offsetof(struct config, region),
    [KEY_LOGIN_URL] = offsetof(struct config, login_url),
    [KEY_API_URL] = offsetof(struct config, api_url),
    [KEY_CLIENT_SECRET_FILE] = offsetof(struct config, client_secret_file),
    [KEY_ORGANIZATION] = offsetof(struct config, organization),
    [KEY_PROXY] = offsetof(struct config, proxy),
    [KEY_CA_FILE] = offsetof(struct config, ca_file),
    [KEY_DATABASE_PATH] = offsetof(struct config, database_path),
    [KEY_START] = offsetof(struct config, start_day),
    [KEY_TIMEZONE] = offsetof(struct config, timezone),
    [KEY_LOOKBACK_DAYS] = offsetof(struct config, lookback_days),
    [KEY_REREAD_HOURS] = offsetof(struct config, reread_hours),
    [KEY_IN_FLIGHT] = offsetof(struct config, in_flight),
    [KEY_REQUESTS_PER_MINUTE] = offsetof(struct config, requests_per_minute),
    [KEY_METHOD] = offsetof(struct config, conversations_method),
    [KEY_REALTIME] = offsetof(struct config, adherence_realtime),
    [KEY_DIRECTORY] = offsetof(struct config, export_directory),
    [KEY_GZIP] = offsetof(struct config, export_gzip),
    [KEY_BOM] = offsetof(struct config, export_bom),
    [KEY_NEUTRALIZE_FORMULAS] = offsetof(struct config, neutralize_formulas),
    [KEY_DUE_HOURS] = offsetof(struct config, due_hours),
    [KEY_TEXTFILE] = offsetof(struct config, metrics_textfile),
    [KEY_LEVEL] = offsetof(struct config, log_level),
    [KEY_FORMAT] = offsetof(struct config, log_format),
};

/* One value on its way into the configuration. */
struct applying {
    const struct config_key *key;
    const char *text;
    const char *origin;
    struct arena *a;
    struct err *e;
    void *field;
};

static bool refuse(struct applying *v, const char *what)
{
    return err_set(v->e, ERR_CONFIG, "%s = %s: %s", v->origin, str_escaped(v->a, v->text), what);
}

static void put_text(struct applying *v, const char *text)
{
    memcpy(v->field, &text, sizeof(text));
}

/* --- text, paths, hosts ---------------------------------------------------------------------- */

static bool apply_text(struct applying *v)
{
    for (const char *c = v->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            return refuse(v, "control characters do not belong here");
        }
    }
    if (v->key->type == CONFIG_PATH && (str_eq(v->text, "~") || str_starts_with(v->text, "~/"))) {
        return refuse(v, "~ stands for nothing here; write the whole path");
    }
    put_text(v, v->text);
    return true;
}

/* A file, of which SQLite's own kinds of names (in memory, a URI) are none. */
static bool apply_database(struct applying *v)
{
    struct stat st;
    size_t length = strlen(v->text);

    if (str_eq(v->text, ":memory:") || str_starts_with(v->text, "file:")) {
        return refuse(v, "must be a file's path: what is extracted is kept from run to run");
    }
    if (v->text[length - 1] == '/' || (stat(v->text, &st) == 0 && S_ISDIR(st.st_mode))) {
        return refuse(v, "is a directory; name a file, such as rollcall.db in it");
    }
    return apply_text(v);
}

/* A URL of scheme and host (and port): what the program appends its own paths to. */
static bool apply_url(struct applying *v)
{
    const char *host = strstr(v->text, "://");
    if (host == NULL) {
        return refuse(v, arena_printf(v->a, "write it with its scheme: https://%s",
                                      str_escaped(v->a, v->text)));
    }
    host += strlen("://");
    if (!http_url_allowed(v->text, v->e)) {
        err_cause(v->e, str_starts_with(v->text, "http://") ? CAUSE_CONFIG_PLAIN_HTTP
                                                            : CAUSE_CONFIG_INVALID);
        return err_prefix(v->e, "%s", v->origin);
    }
    size_t length = (size_t)(host - v->text) + strcspn(host, "/?#");
    const char *base = arena_strndup(v->a, v->text, length);
    const char *rest = v->text + length;
    if (rest[strspn(rest, "/")] != '\0') {
        refuse(v, arena_printf(v->a, "only scheme and host belong here: write %s",
                               str_escaped(v->a, base)));
        return err_cause(v->e, CAUSE_CONFIG_TOKEN_PATH);
    }
    put_text(v, base);
    return true;
}

/* The URL may hold a password: it is not repeated in messages. */
static bool apply_proxy(struct applying *v)
{
    if (!http_proxy_check(v->text, v->e)) {
        err_set(v->e, ERR_CONFIG, "%s: is no URL of a proxy, such as http://HOST:PORT", v->origin);
        return err_cause(v->e, CAUSE_CONFIG_PROXY_URL);
    }
    put_text(v, v->text);
    return true;
}

/* --- numbers, days, words -------------------------------------------------------------------- */

static bool apply_int(struct applying *v)
{
    int64_t number = 0;
    if (!str_to_int64(v->text, v->key->min, v->key->max, &number)) {
        return refuse(v, arena_printf(v->a, "must be a whole number from %lld to %lld",
                                      (long long)v->key->min, (long long)v->key->max));
    }
    int value = (int)number;
    memcpy(v->field, &value, sizeof(value));
    return true;
}

static bool apply_bool(struct applying *v)
{
    bool value = false;
    if (!str_to_bool(v->text, &value)) {
        return refuse(v, "must be yes or no");
    }
    memcpy(v->field, &value, sizeof(value));
    return true;
}

static bool apply_day(struct applying *v)
{
    int32_t day = 0;
    if (!clock_parse_day(v->text, &day)) {
        return refuse(v, "must be a day that exists, as YYYY-MM-DD");
    }
    memcpy(v->field, &day, sizeof(day));
    return true;
}

/* The shape alone: whether such a zone is installed is told when it is set. */
static bool apply_zone(struct applying *v)
{
    size_t length = strspn(v->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789_+-/");
    if (v->text[length] != '\0' || v->text[0] == '/' || v->text[0] == '-' || v->text[0] == '+') {
        refuse(v, "must be a time zone's IANA name, such as Asia/Seoul");
        return err_cause(v->e, CAUSE_CONFIG_ZONE);
    }
    put_text(v, v->text);
    return true;
}

static bool apply_choice(struct applying *v)
{
    size_t count = 0;
    char **words = str_split_list(v->a, v->key->words, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(words[i], v->text)) {
            int value = (int)i;
            memcpy(v->field, &value, sizeof(value));
            return true;
        }
    }
    const char *near = str_nearest(str_lower(v->a, v->text), (const char *const *)words, count);
    if (near != NULL) {
        return refuse(v, arena_printf(v->a, "did you mean %s?", near));
    }
    char *list = words[0];
    for (size_t i = 1; i < count; i++) {
        list = arena_printf(v->a, "%s%s%s", list, i + 1 == count ? " or " : ", ", words[i]);
    }
    return refuse(v, arena_printf(v->a, "must be %s", list));
}

/* --- lists ----------------------------------------------------------------------------------- */

static bool is_known(const char *name, const char *const *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(known[i], name)) {
            return true;
        }
    }
    return false;
}

static bool check_item(struct applying *v, const char *item, const char *const *known, size_t count)
{
    if (is_known(item, known, count)) {
        return true;
    }
    const char *near = str_nearest(str_lower(v->a, item), known, count);
    char *text = arena_printf(v->a, "%s: unknown name %s", v->origin, str_escaped(v->a, item));
    if (near != NULL) {
        return err_set(v->e, ERR_CONFIG, "%s; did you mean %s?", text, near);
    }
    for (size_t i = 0; i < count; i++) {
        text = arena_printf(v->a, "%s%s%s", text, i == 0 ? "; known are " : ", ", known[i]);
    }
    return err_set(v->e, ERR_CONFIG, "%s", text);
}

/* Names, each once; `all` alone is the same as none. `known` NULL: any name will do. */
static bool apply_list(struct applying *v, const char *const *known, size_t known_count,
                       const char *const **items, size_t *item_count)
{
    size_t count = 0;
    char **list = str_split_list(v->a, v->text, &count);
    if (count == 1 && str_eq_nocase(list[0], "all")) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_known(list[i], (const char *const *)list, i)) {
            return err_set(v->e, ERR_CONFIG, "%s: %s is named twice", v->origin,
                           str_escaped(v->a, list[i]));
        }
        if (known != NULL && !check_item(v, list[i], known, known_count)) {
            return false;
        }
    }
    *items = (const char *const *)list;
    *item_count = count;
    return true;
}

bool config_value_apply(enum config_key_id id, const struct config_text *value,
                        const struct config_request *request, struct arena *a, struct config *out,
                        struct err *e)
{
    struct applying v = {&config_keys[id], value->text, value->origin, a, e, NULL};
    if (value->text == NULL) {
        return true;
    }
    if (value->text[0] == '\0') {
        /* Somewhere it must be: silence would put it where nobody looks. */
        bool needed = v.key->type == CONFIG_PATH && v.key->default_text != NULL;
        return !needed ||
               err_set(e, ERR_CONFIG, "%s: is empty; give a path, or remove the line for %s",
                       value->origin, v.key->default_text);
    }
    v.field = (char *)out + offsets[id];
    switch (v.key->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        return id == KEY_DATABASE_PATH ? apply_database(&v) : apply_text(&v);
    case CONFIG_URL:
        return apply_url(&v);
    case CONFIG_PROXY:
        return apply_proxy(&v);
    case CONFIG_INT:
        return apply_int(&v);
    case CONFIG_BOOL:
        return apply_bool(&v);
    case CONFIG_DAY:
        return apply_day(&v);
    case CONFIG_ZONE:
        return apply_zone(&v);
    case CONFIG_CHOICE:
        return apply_choice(&v);
    case CONFIG_LIST:
        if (id == KEY_STREAMS) {
            return apply_list(&v, request->known_streams, request->known_stream_count,
                              &out->streams, &out->stream_count);
        }
        return apply_list(&v, NULL, 0, &out->export_tables, &out->export_table_count);
    case CONFIG_CREDENTIAL:
        break;
    }
    return true;
}
