#include "io/config.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "io/file.h"
#include "io/http.h"

#define BLANKS " \t\r"

enum {
    READABLE_BY_GROUP = 040,
    READABLE_BY_OTHERS = 04,
    WRITABLE = 022,
    UUID_BYTES = 36,
    READABLE_LEAST = 12
};

/* The fields are written through their offset; an enum's is that of an int. */
_Static_assert(sizeof(enum log_level) == sizeof(int) && sizeof(enum log_format) == sizeof(int),
               "choices are stored as int");

const struct config_key config_keys[CONFIG_KEY_COUNT] = {
#define CONFIG_KEY_ROW(id, section, name, field, type, value, min, max, words)                     \
    [id] = {section, name, offsetof(struct config, field), type, value, min, max, words},
    CONFIG_KEYS(CONFIG_KEY_ROW)
#undef CONFIG_KEY_ROW
};

/* A value as it was found, before it is checked. */
struct config_text {
    char *text;         /* NULL: absent; in the arena; wiped once used when it is a credential */
    const char *origin; /* "rollcall.ini:12: [extract] timezone"; in the arena */
    bool was_quoted;
};

/* What config_load works on. */
struct loading {
    const struct config_request *request;
    struct arena *a;
    struct config *out;
    struct config_text texts[CONFIG_KEY_COUNT]; /* of each key the one that counts so far */
    const char *searched; /* where the INI file was looked for: for messages */
    struct err *e;
};

static enum config_key_id find_key(const char *section, const char *name)
{
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (str_eq(config_keys[id].section, section) && str_eq(config_keys[id].name, name)) {
            return (enum config_key_id)id;
        }
    }
    return CONFIG_KEY_COUNT;
}

static bool is_absent(const struct err *e)
{
    return e->library_code == ENOENT || e->library_code == ENOTDIR;
}

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

/* Names one after the other, `between` them. */
static char *join(struct arena *a, const char *const *names, size_t count, const char *between)
{
    char *text = arena_strdup(a, count == 0 ? "" : names[0]);
    for (size_t i = 1; i < count; i++) {
        text = arena_printf(a, "%s%s%s", text, between, names[i]);
    }
    return text;
}

/* What may have been meant by an unknown name: the nearest one, else all there are. */
static const char *advice(struct arena *a, const char *name, const char *const *known, size_t count)
{
    const char *near = str_nearest(name, known, count);
    if (near != NULL) {
        return arena_printf(a, "; did you mean %s?", near);
    }
    return count == 0 ? "" : arena_printf(a, "; known are %s", join(a, known, count, ", "));
}

/* Notes something odd, for `rollcall check`. */
static void doubt(struct config *c, enum cause_id cause, const char *where)
{
    if (c->doubt_count < CONFIG_DOUBTS_MOST) {
        c->doubts[c->doubt_count++] = (struct config_doubt){cause, where};
    }
}

static void warn_readable(struct config *c, const char *path, uint32_t mode, uint32_t bits)
{
    if ((mode & bits) != 0) {
        doubt(c, CAUSE_CONFIG_READABLE, path);
        LOG(LOG_WARN, "a file with a secret is readable by other users", LOG_S("file", path),
            LOG_S("remedy", "chmod 600, with the user that runs rollcall as owner"));
    }
}

/* --- lines of the INI file and of .env ------------------------------------------------------- */

/* A text on its way in: cut up line by line, and wiped after. */
struct reading {
    const char *path;
    uint32_t mode;
    char *text;
    size_t length;
    char *rest;          /* what was not handed out yet */
    int line;            /* the number of the line handed out last */
    const char *section; /* of an INI file */
    enum config_key_id above;
};

static bool reading_open(struct loading *l, const char *path, struct reading *r)
{
    static const char bom[] = "\xEF\xBB\xBF";
    *r = (struct reading){.path = path, .section = "", .above = CONFIG_KEY_COUNT};
    r->text = file_read_small(l->a, path, &r->mode, l->e);
    if (r->text == NULL) {
        return false;
    }
    r->length = strlen(r->text);
    r->rest = r->text + (str_starts_with(r->text, bom) ? sizeof(bom) - 1 : 0);
    return true;
}

/* The next line; NULL at the end. */
static char *next_line(struct reading *r)
{
    char *line = r->rest;
    if (*line == '\0') {
        return NULL;
    }
    r->rest += strcspn(line, "\n");
    if (*r->rest == '\n') {
        *r->rest++ = '\0';
    }
    r->line++;
    return line;
}

static bool is_blank(char c)
{
    return c != '\0' && strchr(BLANKS, c) != NULL;
}

/* A value without quotes: it ends before a blank and one of `marks`, or at the line's end. */
static char *plain_value(struct arena *a, const char *value, const char *marks)
{
    size_t length = 0;
    while (value[length] != '\0' && !(strchr(marks, value[length]) != NULL &&
                                      (length == 0 || is_blank(value[length - 1])))) {
        length++;
    }
    while (length > 0 && is_blank(value[length - 1])) {
        length--;
    }
    return arena_strndup(a, value, length);
}

/* --- the INI file ---------------------------------------------------------------------------- */

static bool enter_section(struct loading *l, struct reading *r, char *header)
{
    const char *names[CONFIG_KEY_COUNT];
    size_t count = 0;
    char *end = strchr(header, ']');
    if (end == NULL) {
        return err_set(l->e, ERR_CONFIG, "the section's closing bracket ] is missing");
    }
    *end = '\0';
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (count == 0 || !str_eq(names[count - 1], config_keys[id].section)) {
            names[count++] = config_keys[id].section;
        }
    }
    r->section = header;
    r->above = CONFIG_KEY_COUNT;
    if (str_is_listed(header, names, count)) {
        return true;
    }
    const char *near = str_nearest(header, names, count);
    const char *shown = str_escaped(l->a, header);
    if (near != NULL) {
        return err_set(l->e, ERR_CONFIG, "unknown section [%s]; did you mean [%s]?", shown, near);
    }
    return err_set(l->e, ERR_CONFIG, "unknown section [%s]; known are [%s]", shown,
                   join(l->a, names, count, "], ["));
}

/* True for a key or a value about scopes, whatever the key is called. */
static bool is_about_scopes(const char *name, const char *value)
{
    static const char *const signs[] = {":readonly", ":read", "api:platform",
                                        "urn:genesys:cloud:", "analytics:report:"};
    return str_eq_nocase(name, "scope") || str_eq_nocase(name, "scopes") ||
           str_has_any(value, signs, COUNT_OF(signs));
}

/* Where a name that its section does not have belongs, or what it may be a misspelling of. */
static const char *key_advice(struct arena *a, const char *section, const char *name)
{
    const char *names[CONFIG_KEY_COUNT];
    size_t count = 0;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (str_eq(config_keys[id].section, section)) {
            names[count++] = config_keys[id].name;
        } else if (str_eq_nocase(config_keys[id].name, name)) {
            return arena_printf(a, "; it belongs below [%s]", config_keys[id].section);
        }
    }
    return advice(a, name, names, count);
}

static bool fail_key(struct loading *l, const char *section, const char *name, const char *value)
{
    const char *shown = str_escaped(l->a, name);
    const char *hint = key_advice(l->a, section, name);
    if (is_about_scopes(name, value)) {
        err_set(l->e, ERR_CONFIG,
                "%s: scopes do not apply to the client credentials grant; what the client may read "
                "is set by its roles and their divisions (Genesys Cloud: Admin > Integrations > "
                "OAuth > the client > Roles). Remove the line",
                shown);
        return err_cause(l->e, CAUSE_CONFIG_SCOPE);
    }
    return section[0] == '\0'
               ? err_set(l->e, ERR_CONFIG, "%s stands before the first [section]%s", shown, hint)
               : err_set(l->e, ERR_CONFIG, "unknown key %s in [%s]%s", shown, section, hint);
}

/* True when nothing but a comment follows. */
static bool is_end(const char *text)
{
    text += strspn(text, BLANKS);
    return *text == '\0' || *text == '#' || *text == ';';
}

/* A value without its comment and one pair of quotes around it. */
static char *ini_value(struct arena *a, const char *value, bool *was_quoted)
{
    const char *end = *value == '"' || *value == '\'' ? strchr(value + 1, *value) : NULL;
    while (end != NULL && !is_end(end + 1)) {
        end = strchr(end + 1, *value);
    }
    *was_quoted = end != NULL;
    return end == NULL ? plain_value(a, value, "#;")
                       : arena_strndup(a, value + 1, (size_t)(end - value) - 1);
}

/* A line that begins with a blank: the value of the key above goes on, if that is a list. */
static bool go_on(struct loading *l, struct reading *r, const char *more)
{
    const struct config_key *key = &config_keys[r->above];
    struct config_text *known = &l->texts[r->above];
    bool was_quoted;
    if (key->type != CONFIG_LIST) {
        return err_set(
            l->e, ERR_CONFIG,
            "a line that begins with a blank goes on with the key above (%s), which takes "
            "one line; begin it at the margin, as key = value",
            key->name);
    }
    known->text = arena_printf(l->a, "%s %s", known->text, ini_value(l->a, more, &was_quoted));
    return true;
}

static bool read_entry(struct loading *l, struct reading *r, char *name)
{
    size_t length = strcspn(name, "=:");
    if (name[length] == '\0') {
        return err_set(l->e, ERR_CONFIG, "neither [section] nor key = value nor a comment");
    }
    const char *value = name + length + 1;
    value += strspn(value, BLANKS);
    while (length > 0 && is_blank(name[length - 1])) {
        length--;
    }
    name[length] = '\0';
    r->above = find_key(r->section, name);
    if (r->above == CONFIG_KEY_COUNT) {
        return fail_key(l, r->section, name, value);
    }
    struct config_text *known = &l->texts[r->above];
    if (known->origin != NULL) {
        return err_set(l->e, ERR_CONFIG, "%s is set a second time (first in %s); remove one", name,
                       known->origin);
    }
    known->origin = arena_printf(l->a, "%s:%d: [%s] %s", r->path, r->line, r->section, name);
    known->text = ini_value(l->a, value, &known->was_quoted);
    return true;
}

/* A header or a `key = value` that somebody indented is still one, and no continuation. */
static bool read_ini_line(struct loading *l, struct reading *r, char *line)
{
    char *start = line + strspn(line, BLANKS);
    if (is_end(start)) {
        return true;
    }
    if (*start == '[') {
        return enter_section(l, r, start + 1);
    }
    if (start > line && r->above != CONFIG_KEY_COUNT && strchr(start, '=') == NULL) {
        return go_on(l, r, start);
    }
    return read_entry(l, r, start);
}

static bool read_ini(struct loading *l, const char *path)
{
    struct reading r;
    if (!reading_open(l, arena_strdup(l->a, path), &r)) {
        return false;
    }
    l->out->path = r.path;
    /* The first error counts; a secret further down is still warned about. */
    struct err *first = l->e;
    struct err later;
    for (char *line = next_line(&r); line != NULL; line = next_line(&r)) {
        if (!read_ini_line(l, &r, line)) {
            err_prefix(l->e, "%s:%d", r.path, r.line);
            l->e = &later;
        }
    }
    bool good = l->e == first;
    l->e = first;
    secret_wipe(r.text, r.length);
    const char *proxy = l->texts[KEY_PROXY].text;
    if (l->texts[KEY_CLIENT_SECRET].text != NULL || (proxy != NULL && strchr(proxy, '@'))) {
        warn_readable(l->out, r.path, r.mode, READABLE_BY_OTHERS);
    }
    return good;
}

/* Who may write a configuration says where the secret goes; the one of the current directory may be
 * anybody's. */
static bool check_writers(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) != 0 ||
        ((st.st_mode & WRITABLE) == 0 && (st.st_uid == geteuid() || st.st_uid == 0))) {
        return true;
    }
    return err_set(e, ERR_CONFIG,
                   "./%s: other users may write to it, and so choose where the secret is sent; "
                   "`chmod go-w %s` and make its user the owner, or name it with -c if it is right",
                   path, path);
}

/* Reads the file that was asked for, or the first one found at the known places; none at all is
 * fine there. */
static bool find_ini(struct loading *l)
{
    if (l->request->file != NULL) {
        return read_ini(l, l->request->file);
    }
    const char *home = getenv("HOME");
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *of_user = NULL;
    if (xdg != NULL && xdg[0] == '/') {
        of_user = arena_printf(l->a, "%s/rollcall/rollcall.ini", xdg);
    } else if (home != NULL && home[0] == '/') {
        of_user = arena_printf(l->a, "%s/.config/rollcall/rollcall.ini", home);
    }
    const char *const places[] = {"rollcall.ini", of_user, "/etc/rollcall/rollcall.ini"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (places[i] == NULL) {
            continue;
        }
        if (i == 0 && !check_writers(places[i], l->e)) {
            return false;
        }
        if (read_ini(l, places[i])) {
            return true;
        }
        if (!is_absent(l->e)) {
            return false;
        }
        l->searched = arena_printf(l->a, "%s%s%s", l->searched, i == 0 ? "./" : ", ", places[i]);
    }
    err_clear(l->e);
    return true;
}

/* --- sources stronger than the INI file ------------------------------------------------------ */

static const struct {
    const char *name;
    enum config_key_id id;
} variables[] = {
    {"GENESYS_CLIENT_ID", KEY_CLIENT_ID},
    {"GENESYS_CLIENT_SECRET", KEY_CLIENT_SECRET},
    {"GENESYS_REGION", KEY_REGION},
};

enum { VARIABLE_COUNT = COUNT_OF(variables) };

/* Puts a value, unless it is empty, in place of what weaker sources gave. */
static void override(struct loading *l, enum config_key_id id, struct config_text value)
{
    if (is_given(&value)) {
        wipe_text(&l->texts[id]);
        l->texts[id] = value;
    }
}

/* A value in quotes; in double ones \" and \\ stand for the second character. NULL when the closing
 * quote is missing or text follows it. */
static char *unquote(struct arena *a, const char *value)
{
    char quote = *value++;
    char *text = arena_alloc(a, strlen(value) + 1);
    size_t length = 0;
    while (*value != quote) {
        if (quote == '"' && *value == '\\' && (value[1] == '"' || value[1] == '\\')) {
            value++;
        }
        if (*value == '\0') {
            return NULL;
        }
        text[length++] = *value++;
    }
    const char *rest = value + 1 + strspn(value + 1, BLANKS);
    return *rest == '\0' || *rest == '#' ? text : NULL;
}

/* The variable that a line of .env assigns to and its value, which may be in quotes; VARIABLE_COUNT
 * when it is none of ours. */
static size_t find_assignment(const char *line, const char **value)
{
    const char *start = line + strspn(line, BLANKS);
    const char *behind = start + strlen("export");
    if (str_starts_with(start, "export") && is_blank(*behind)) {
        start = behind + strspn(behind, BLANKS);
    }
    size_t length = strcspn(start, BLANKS "=");
    const char *equals = start + length + strspn(start + length, BLANKS);
    for (size_t i = 0; *equals == '=' && i < VARIABLE_COUNT; i++) {
        if (strlen(variables[i].name) == length && str_starts_with(start, variables[i].name)) {
            *value = equals + 1 + strspn(equals + 1, BLANKS);
            return i;
        }
    }
    return VARIABLE_COUNT;
}

/* The .env file beside the configuration: our variables count, other lines are passed over. */
static bool take_env_file(struct loading *l)
{
    const char *beside = l->out->path == NULL ? "" : l->out->path;
    const char *slash = strrchr(beside, '/');
    int directory = slash == NULL ? 0 : (int)(slash + 1 - beside);
    struct reading r;
    if (!reading_open(l, arena_printf(l->a, "%.*s.env", directory, beside), &r)) {
        return is_absent(l->e);
    }
    /* As in a shell, the last assignment counts, also when it is empty. */
    struct config_text found[VARIABLE_COUNT] = {0};
    bool good = true;
    for (char *line = next_line(&r); good && line != NULL; line = next_line(&r)) {
        const char *value;
        size_t i = find_assignment(line, &value);
        if (i == VARIABLE_COUNT) {
            continue;
        }
        found[i].text =
            *value == '"' || *value == '\'' ? unquote(l->a, value) : plain_value(l->a, value, "#");
        found[i].origin = arena_printf(l->a, "%s:%d: %s", r.path, r.line, variables[i].name);
        good = found[i].text != NULL ||
               err_set(l->e, ERR_CONFIG, "%s: the closing quote is missing or text follows it",
                       found[i].origin);
    }
    secret_wipe(r.text, r.length);
    for (size_t i = 0; good && i < VARIABLE_COUNT; i++) {
        override(l, variables[i].id, found[i]);
        if (variables[i].id == KEY_CLIENT_SECRET && is_given(&found[i])) {
            warn_readable(l->out, r.path, r.mode, READABLE_BY_OTHERS);
        }
    }
    return good;
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
    override(l, KEY_CLIENT_SECRET, (struct config_text){.text = text, .origin = path});
    return true;
}

/* systemd's LoadCredential=client_secret:... */
static bool take_systemd_credential(struct loading *l)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory == NULL || directory[0] == '\0') {
        return true;
    }
    return take_secret_file(l, arena_printf(l->a, "%s/client_secret", directory), NULL) ||
           is_absent(l->e);
}

/* The file that the INI file names counts where nothing else gave a secret, and need not be there
 * otherwise. */
static bool take_named_file(struct loading *l)
{
    const struct config_text *file = &l->texts[KEY_CLIENT_SECRET_FILE];
    uint32_t mode = 0;
    if (!is_given(file) || is_given(&l->texts[KEY_CLIENT_SECRET])) {
        return true;
    }
    if (!take_secret_file(l, file->text, &mode)) {
        err_prefix(l->e, "%s", file->origin);
        return err_cause(l->e, CAUSE_CONFIG_SECRET_FILE);
    }
    warn_readable(l->out, file->text, mode, READABLE_BY_GROUP | READABLE_BY_OTHERS);
    return true;
}

/* The weakest source first: what comes later overrides. */
static bool take_credentials(struct loading *l)
{
    const struct config_text *file = &l->texts[KEY_CLIENT_SECRET_FILE];
    const struct config_text *secret = &l->texts[KEY_CLIENT_SECRET];
    const char *of_environment = getenv("GENESYS_CLIENT_SECRET");
    bool is_in_environment = of_environment != NULL && of_environment[0] != '\0';
    if (is_given(file) && is_given(secret)) {
        return err_set(l->e, ERR_CONFIG, "%s: client_secret is set too (%s); keep one of them",
                       file->origin, secret->origin);
    }
    if (!take_env_file(l) || (!is_in_environment && !take_systemd_credential(l))) {
        return false;
    }
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const char *value = getenv(variables[i].name);
        if (value != NULL) {
            struct config_text text = {
                .text = arena_strdup(l->a, value),
                .origin = arena_printf(l->a, "environment variable %s", variables[i].name),
            };
            override(l, variables[i].id, text);
        }
    }
    if (!take_named_file(l)) {
        return false;
    }
    err_clear(l->e);
    return true;
}

/* --- values: text, paths, hosts -------------------------------------------------------------- */

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

static bool put(struct applying *v, const void *value, size_t size)
{
    memcpy(v->field, value, size);
    return true;
}

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
    return put(v, &v->text, sizeof(v->text));
}

/* A file, of which SQLite's own kinds of names (in memory, a URI) are none. */
static bool apply_database(struct applying *v)
{
    struct stat st;
    if (str_eq(v->text, ":memory:") || str_starts_with(v->text, "file:")) {
        return refuse(v, "must be a file's path: what is extracted is kept from run to run");
    }
    if (str_ends_with(v->text, "/") || (stat(v->text, &st) == 0 && S_ISDIR(st.st_mode))) {
        return refuse(v, "is a directory; name a file, such as rollcall.db in it");
    }
    return apply_text(v);
}

/* A URL of scheme and host (and port): what the program appends its own paths to. */
static bool apply_url(struct applying *v)
{
    struct http_target target;
    const char *host = strstr(v->text, "://");
    if (host == NULL) {
        return refuse(v, arena_printf(v->a, "write it with its scheme: https://%s",
                                      str_escaped(v->a, v->text)));
    }
    if (!http_url_allowed(v->text, &target, v->e)) {
        err_cause(v->e, str_starts_with(v->text, "http://") ? CAUSE_CONFIG_PLAIN_HTTP
                                                            : CAUSE_CONFIG_INVALID);
        return err_prefix(v->e, "%s", v->origin);
    }
    host += strlen("://");
    size_t length = (size_t)(host - v->text) + strcspn(host, "/?#");
    const char *base = arena_strndup(v->a, v->text, length);
    const char *rest = v->text + length;
    if (rest[strspn(rest, "/")] != '\0') {
        refuse(v, arena_printf(v->a, "only scheme and host belong here: write %s",
                               str_escaped(v->a, base)));
        return err_cause(v->e, CAUSE_CONFIG_TOKEN_PATH);
    }
    return put(v, &base, sizeof(base));
}

/* The URL may hold a password: it is not repeated in messages. */
static bool apply_proxy(struct applying *v)
{
    if (!http_proxy_allowed(v->text)) {
        err_set(v->e, ERR_CONFIG, "%s: is no URL of a proxy, such as http://HOST:PORT", v->origin);
        return err_cause(v->e, CAUSE_CONFIG_PROXY_URL);
    }
    return put(v, &v->text, sizeof(v->text));
}

/* --- values: numbers, days, words, lists ----------------------------------------------------- */

static bool apply_int(struct applying *v)
{
    int64_t number = 0;
    if (!str_to_int64(v->text, v->key->min, v->key->max, &number)) {
        return refuse(v, arena_printf(v->a, "must be a whole number from %lld to %lld",
                                      (long long)v->key->min, (long long)v->key->max));
    }
    int value = (int)number;
    return put(v, &value, sizeof(value));
}

/* The shape alone: whether such a zone is installed is told when it is set. */
static bool apply_zone(struct applying *v)
{
    size_t length = strspn(v->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789_+-/");
    if (v->text[length] != '\0' || strchr("/-+", v->text[0]) != NULL) {
        refuse(v, "must be a time zone's IANA name, such as Asia/Seoul");
        return err_cause(v->e, CAUSE_CONFIG_ZONE);
    }
    return put(v, &v->text, sizeof(v->text));
}

static bool apply_choice(struct applying *v)
{
    size_t count = 0;
    const char *const *words = (const char *const *)str_split_list(v->a, v->key->words, &count);
    for (int i = 0; i < (int)count; i++) {
        if (str_eq_nocase(words[i], v->text)) {
            return v->key->type == CONFIG_WORD ? put(v, &words[i], sizeof(words[i]))
                                               : put(v, &i, sizeof(i));
        }
    }
    const char *near = str_nearest(v->text, words, count);
    if (near != NULL) {
        return refuse(v, arena_printf(v->a, "did you mean %s?", near));
    }
    return refuse(v, arena_printf(v->a, "must be %s or %s", join(v->a, words, count - 1, ", "),
                                  words[count - 1]));
}

/* Names, each once; `all` alone is the same as none. `known` NULL: any name will do. */
static bool apply_list(struct applying *v, const char *const *known, size_t known_count,
                       const char *const **items, size_t *item_count)
{
    size_t count = 0;
    const char *const *list = (const char *const *)str_split_list(v->a, v->text, &count);
    if (count == 1 && str_eq_nocase(list[0], "all")) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        const char *shown = str_escaped(v->a, list[i]);
        if (str_is_listed(list[i], list, i)) {
            return err_set(v->e, ERR_CONFIG, "%s: %s is named twice", v->origin, shown);
        }
        if (known != NULL && !str_is_listed(list[i], known, known_count)) {
            return err_set(v->e, ERR_CONFIG, "%s: unknown name %s%s", v->origin, shown,
                           advice(v->a, list[i], known, known_count));
        }
    }
    *items = list;
    *item_count = count;
    return true;
}

/* Checks the value of one key, given or default, and puts it into its field. */
static bool apply_value(struct loading *l, enum config_key_id id)
{
    const struct config_text *given = &l->texts[id];
    const struct config_key *key = &config_keys[id];
    struct applying v = {
        .key = key,
        .text = is_given(given) ? given->text : key->default_text,
        .origin = is_given(given) ? given->origin : key->name,
        .a = l->a,
        .e = l->e,
        .field = (char *)l->out + key->field,
    };
    if (given->text != NULL && given->text[0] == '\0' && key->type == CONFIG_PATH && v.text) {
        /* Somewhere it must be: silence would put it where nobody looks. */
        return err_set(l->e, ERR_CONFIG, "%s: is empty; give a path, or remove the line for %s",
                       given->origin, v.text);
    }
    if (v.text == NULL) {
        return true;
    }
    switch (key->type) {
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
        return str_to_bool(v.text, v.field) || refuse(&v, "must be yes or no");
    case CONFIG_DAY:
        return clock_parse_day(v.text, v.field) ||
               refuse(&v, "must be a day that exists, as YYYY-MM-DD");
    case CONFIG_ZONE:
        return apply_zone(&v);
    case CONFIG_WORD:
    case CONFIG_CHOICE:
        return apply_choice(&v);
    case CONFIG_LIST:
        if (id == KEY_STREAMS) {
            return apply_list(&v, l->request->known_streams, l->request->known_stream_count,
                              &l->out->streams, &l->out->stream_count);
        }
        return apply_list(&v, NULL, 0, &l->out->export_tables, &l->out->export_table_count);
    case CONFIG_CREDENTIAL:
        break; /* apply_credentials */
    }
    return true;
}

static bool apply_values(struct loading *l)
{
    const char **origins = arena_array(l->a, CONFIG_KEY_COUNT, sizeof(*origins));
    l->out->start_day = INT32_MIN;
    l->out->origins = origins;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (!apply_value(l, (enum config_key_id)id)) {
            return false;
        }
        origins[id] = l->texts[id].origin;
    }
    return true;
}

/* --- the shapes of credentials --------------------------------------------------------------- */

/* What examples have in place of a credential. */
static bool is_placeholder(const char *text)
{
    static const char *const signs[] = {
        "your_",
        "your-",
        "yourclient",
        "yoursecret",
        "placeholder",
        "changeme",
        "change_me",
        "change-me",
        "_here",
        "-here",
        "xxxxx",
        "<",
        "${",
        "{{",
        "replace_",
        "replace-",
        "insert_",
        "my_client",
        "client_secret",
        "client-secret",
        "client_id",
        "12345678-1234-1234-1234-123456789abc", /* the one of this program's documentation */
    };
    /* ********, xxx, 000: one character over and over */
    return str_has_any(text, signs, COUNT_OF(signs)) ||
           (text[0] != '\0' && strspn(text, (const char[]){text[0], '\0'}) == strlen(text));
}

/* True when `text` begins with a UUID. */
static bool begins_with_uuid(const char *text)
{
    char head[UUID_BYTES + 1] = {0};
    memcpy(head, text, strnlen(text, UUID_BYTES));
    return str_is_uuid(head);
}

/* True when `text` is base64 of nothing but visible ASCII, which random bytes never are. */
static bool is_base64_of_text(struct arena *a, const char *text)
{
    size_t digits = strcspn(text, "=");
    size_t length = 0;
    char *decoded = arena_alloc(a, digits + 1);
    bool readable = text[digits + strspn(text + digits, "=")] == '\0' &&
                    str_base64_decode(text, digits, decoded, &length) && length >= READABLE_LEAST;
    for (size_t i = 0; readable && i < length; i++) {
        /* `echo secret | base64` leaves a line end at the end. */
        readable =
            (decoded[i] > ' ' && decoded[i] < 0x7f) || (decoded[i] == '\n' && i + 1 == length);
    }
    secret_wipe(decoded, digits);
    return readable;
}

static enum cause_id secret_cause(struct arena *a, const char *id, const char *secret)
{
    if (!str_is_uuid(id) && str_is_uuid(secret)) {
        return CAUSE_CONFIG_EXCHANGED;
    }
    if (is_placeholder(secret)) {
        return CAUSE_CONFIG_PLACEHOLDER;
    }
    if (begins_with_uuid(secret) && secret[UUID_BYTES] == ':') {
        return CAUSE_CONFIG_PAIR;
    }
    if (secret[0] == ':' || str_ends_with(secret, ":")) {
        return CAUSE_CONFIG_COLON_DOUBLED;
    }
    return is_base64_of_text(a, secret) ? CAUSE_CONFIG_BASE64 : CAUSE_NONE;
}

static enum cause_id id_cause(const char *id)
{
    if (is_placeholder(id)) {
        return CAUSE_CONFIG_PLACEHOLDER;
    }
    if (strlen(id) > UUID_BYTES && begins_with_uuid(id)) {
        return CAUSE_CONFIG_COLON_LOST;
    }
    return str_is_uuid(id) ? CAUSE_NONE : CAUSE_CONFIG_ID_NO_UUID;
}

/* Notes what is odd about the shapes of the credentials; `id` may be NULL, both may be empty. */
static void doubt_credentials(struct loading *l, const char *id, const char *secret)
{
    enum cause_id of_id = id != NULL ? id_cause(id) : CAUSE_NONE;
    enum cause_id of_secret =
        secret[0] != '\0' ? secret_cause(l->a, id == NULL ? "" : id, secret) : CAUSE_NONE;
    if (of_id != CAUSE_NONE && of_secret != CAUSE_CONFIG_EXCHANGED) {
        doubt(l->out, of_id, l->texts[KEY_CLIENT_ID].origin);
    }
    if (of_secret != CAUSE_NONE) {
        doubt(l->out, of_secret, l->texts[KEY_CLIENT_SECRET].origin);
    }
}

/* --- credentials ----------------------------------------------------------------------------- */

/* Cuts off what users paste along with a credential, blanks around it and quotes, with a warning.
 */
static char *clean_credential(struct loading *l, struct config_text *value)
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
    value->text = NULL;
    if (trimmed || quoted) {
        LOG(LOG_WARN, "cut off what does not belong to a credential",
            LOG_S("what", quoted ? "quotes" : "blanks around it"), LOG_S("where", value->origin));
        doubt(l->out, quoted ? CAUSE_CONFIG_QUOTES : CAUSE_CONFIG_BLANKS, value->origin);
    }
    return text;
}

/* Credentials are printable ASCII without blanks; the id also goes before a colon. */
static bool check_credential(struct loading *l, const char *text, bool is_id, const char *origin)
{
    const char *what = is_id ? "client id" : "client secret";
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') {
            err_set(l->e, ERR_CONFIG, "%s: holds more than one line; it must hold the %s alone",
                    origin, what);
            return err_cause(l->e, CAUSE_CONFIG_LINES);
        }
        if (*c <= ' ' || *c >= 0x7F || (is_id && *c == ':')) {
            err_set(l->e, ERR_CONFIG,
                    "%s: has a character that no %s has (position %zu); paste it again from "
                    "Genesys Cloud (Admin > Integrations > OAuth)",
                    origin, what, (size_t)(c - text) + 1);
            return err_cause(l->e, *c == ':' ? CAUSE_CONFIG_PAIR : CAUSE_CONFIG_CHARACTER);
        }
    }
    return true;
}

static bool apply_credentials(struct loading *l)
{
    struct config_text *id = &l->texts[KEY_CLIENT_ID];
    struct config_text *secret = &l->texts[KEY_CLIENT_SECRET];
    if (id->text != NULL) {
        char *text = clean_credential(l, id);
        if (!check_credential(l, text, true, id->origin)) {
            return false;
        }
        l->out->client_id = text[0] == '\0' ? NULL : text;
    }
    if (secret->text == NULL) {
        return true;
    }
    char *text = clean_credential(l, secret);
    bool good = check_credential(l, text, false, secret->origin);
    if (good) {
        doubt_credentials(l, l->out->client_id, text);
    }
    if (good && text[0] != '\0') {
        l->out->client_secret = secret_new(text, strlen(text));
        l->out->client_secret_origin = secret->origin;
    }
    secret_wipe(text, strlen(text));
    return good;
}

/* --- the whole ------------------------------------------------------------------------------- */

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
    if (!find_ini(l)) {
        return false;
    }
    /* Who reads the database alone need not be able to read the credentials. */
    if (!l->request->needs_login) {
        wipe_text(&l->texts[KEY_CLIENT_SECRET]);
        return apply_values(l);
    }
    return take_credentials(l) && apply_values(l) && apply_credentials(l) && check_login(l);
}

bool config_load(const struct config_request *request, struct arena *a, struct config *out,
                 struct err *e)
{
    *out = (struct config){0};
    err_clear(e);
    struct loading l = {.request = request, .a = a, .out = out, .searched = "", .e = e};
    if (load(&l)) {
        return true;
    }
    if (e->cause == CAUSE_NONE && is_absent(e)) {
        err_cause(e, CAUSE_CONFIG_ABSENT);
    } else if (e->cause == CAUSE_NONE) {
        err_cause(e, e->library_code == EACCES ? CAUSE_CONFIG_UNREADABLE : CAUSE_CONFIG_INVALID);
    }
    config_wipe(out);
    return false;
}

bool config_blame(const struct config *c, const char *section, const char *key, struct err *e)
{
    enum config_key_id id = find_key(section, key);
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

const char *config_word(const struct config *c, const char *name)
{
    for (size_t i = 0; name && i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &config_keys[i];
        size_t length = strlen(key->section);

        if (key->type == CONFIG_WORD && strncmp(name, key->section, length) == 0 &&
            name[length] == '.' && str_eq(name + length + 1, key->name)) {
            return *(const char *const *)((const char *)c + key->field);
        }
    }
    return NULL;
}
