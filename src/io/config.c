#include "io/config.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "io/file.h"
#include "io/http.h"

#define BLANKS       " \t\r"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { UUID_BYTES = 36, READABLE_LEAST = 12, NAME_BYTES = 64 };

const struct config_key config_keys[CONFIG_KEY_COUNT] = {CONFIG_KEY_ROWS};

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

    /* The value on its way into the configuration. */
    const struct config_key *key;
    const char *text;
    const char *origin;
    void *field;
};

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

/* What may have been meant by an unknown name: the nearest one, else all there are; each between
 * `open` and `close`. */
static const char *advice(struct arena *a, const char *name, const char *const *known, size_t count,
                          const char *open, const char *close)
{
    const char *near = str_nearest(name, known, count);
    if (near != NULL) {
        return arena_printf(a, "; did you mean %s%s%s?", open, near, close);
    }
    const char *between = arena_printf(a, "%s, %s", close, open);
    return count == 0 ? ""
                      : arena_printf(a, "; known are %s%s%s", open,
                                     str_join(a, known, count, between), close);
}

/* Notes something odd (CAUSE_NONE: nothing is), for `rollcall check`. */
static void doubt(struct config *c, enum cause_id cause, const char *where)
{
    if (cause != CAUSE_NONE && c->doubt_count < CONFIG_DOUBTS_MOST) {
        c->doubts[c->doubt_count++] = (struct config_doubt){cause, where};
    }
}

/* Doubts a file's mode, but not what a container's mount gives: another's file that nobody here can
 * change, nor its mode. */
static void doubt_mode(struct config *c, const char *path, uint32_t mode, uint32_t bits)
{
    struct stat st;
    struct statvfs fs;
    bool is_mounted_so = geteuid() != 0 && stat(path, &st) == 0 && st.st_uid != geteuid() &&
                         ((st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0 ||
                          (statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0));
    if ((mode & bits) != 0 && !is_mounted_so) {
        doubt(c, CAUSE_CONFIG_READABLE, path);
    }
}

/* --- lines of the INI file and of .env ------------------------------------------------------- */

/* A file on its way in. */
struct reading {
    const char *path;
    uint32_t mode;
    int line;            /* the number of the present one */
    const char *section; /* of an INI file */
    enum config_key_id above;
    struct config_text found[CONFIG_KEY_COUNT]; /* of .env */
};

/* Hands out the lines of a file, which are wiped after. The first error counts; a secret further
 * down is still warned about. */
static bool read_lines(struct loading *l, struct reading *r,
                       bool (*take)(struct loading *l, struct reading *r, char *line))
{
    char *text = file_read_small(l->a, r->path, &r->mode, l->e);
    struct err *first = l->e;
    struct err later;
    if (text == NULL) {
        return false;
    }
    size_t length = strlen(text);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        r->line++;
        if (!take(l, r, line)) {
            err_prefix(l->e, "%s:%d", r->path, r->line);
            l->e = &later;
        }
    }
    bool good = l->e == first;
    l->e = first;
    secret_wipe(text, length);
    return good;
}

static bool is_blank(char c)
{
    return c != '\0' && strchr(BLANKS, c) != NULL;
}

/* What stands in the quotes that *at begins with, up to the line's end; *at goes behind them.
 * Behind `escape` a quote stands for itself, and so does `escape`. NULL: the closing quote is
 * missing. */
static char *unquote(struct arena *a, const char **at, char escape)
{
    const char *from = *at;
    char quote = *from++;
    char *text = arena_alloc(a, strlen(from) + 1);
    for (size_t length = 0; *from != '\0' && *from != '\n'; length++) {
        bool is_escaped = *from == escape && (from[1] == quote || from[1] == escape);
        if (*from == quote && !is_escaped) {
            *at = from + 1;
            return text;
        }
        from += is_escaped ? 1 : 0;
        text[length] = *from++;
    }
    return NULL;
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
    return str_is_listed(header, names, count) ||
           err_set(l->e, ERR_CONFIG, "unknown section [%s]%s", str_escaped(l->a, header),
                   advice(l->a, header, names, count, "[", "]"));
}

/* A key that its section does not have: says where it belongs, or what it may be misspelt for. */
static bool fail_key(struct loading *l, const char *section, const char *name, const char *value)
{
    static const char scopes[] = ":read|api:platform|urn:genesys:cloud:|analytics:report:";
    const char *shown = str_escaped(l->a, name);
    const char *hint = NULL;
    const char *names[CONFIG_KEY_COUNT];
    size_t count = 0;
    /* A value tells, whatever the key is called. */
    if (str_eq_nocase(name, "scope") || str_eq_nocase(name, "scopes") ||
        str_has_any(value, scopes)) {
        return err_because(
            l->e, ERR_CONFIG, CAUSE_CONFIG_SCOPE,
            "%s: scopes do not apply to the client credentials grant; what the client may read "
            "is set by its roles and their divisions (Genesys Cloud: Admin > Integrations > "
            "OAuth > the client > Roles). Remove the line",
            shown);
    }
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (str_eq(config_keys[id].section, section)) {
            names[count++] = config_keys[id].name;
        } else if (hint == NULL && str_eq_nocase(config_keys[id].name, name)) {
            hint = arena_printf(l->a, "; it belongs below [%s]", config_keys[id].section);
        }
    }
    hint = hint == NULL ? advice(l->a, name, names, count, "", "") : hint;
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

static bool read_entry(struct loading *l, struct reading *r, const char *line)
{
    size_t length = strcspn(line, "=:");
    if (line[length] == '\0') {
        return err_set(l->e, ERR_CONFIG, "neither [section] nor key = value nor a comment");
    }
    const char *name = str_trim(l->a, arena_strndup(l->a, line, length));
    const char *value = line + length + 1;
    value += strspn(value, BLANKS);
    r->above = 0;
    while (r->above < CONFIG_KEY_COUNT && !(str_eq(config_keys[r->above].section, r->section) &&
                                            str_eq(config_keys[r->above].name, name))) {
        r->above++;
    }
    if (r->above == CONFIG_KEY_COUNT) {
        return fail_key(l, r->section, name, value);
    }
    struct config_text *known = &l->texts[r->above];
    if (known->origin != NULL) {
        return err_set(l->e, ERR_CONFIG, "%s is set a second time (first in %s); remove one", name,
                       known->origin);
    }
    known->origin = arena_printf(l->a, "%s:%d: [%s] %s", r->path, r->line, r->section, name);
    known->text = config_keys[r->above].type == CONFIG_NAMES
                      ? arena_strdup(l->a, value)
                      : ini_value(l->a, value, &known->was_quoted);
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
    if (start == line || r->above == CONFIG_KEY_COUNT || strchr(start, '=') != NULL) {
        return read_entry(l, r, start);
    }
    struct config_text *known = &l->texts[r->above];
    bool was_quoted;
    if (config_keys[r->above].type == CONFIG_NAMES) {
        known->text = arena_printf(l->a, "%s\n%s", known->text, start);
        return true;
    }
    if (config_keys[r->above].type != CONFIG_LIST && config_keys[r->above].type != CONFIG_WORDS) {
        return err_set(l->e, ERR_CONFIG,
                       "a line that begins with a blank goes on with the key above (%s), which "
                       "takes one line; begin it at the margin, as key = value",
                       config_keys[r->above].name);
    }
    known->text = arena_printf(l->a, "%s %s", known->text, ini_value(l->a, start, &was_quoted));
    return true;
}

static bool read_ini(struct loading *l, const char *path)
{
    struct reading r = {.path = arena_strdup(l->a, path), .section = "", .above = CONFIG_KEY_COUNT};
    bool good = read_lines(l, &r, read_ini_line);
    const char *proxy = l->texts[KEY_PROXY].text;
    if (l->texts[KEY_CLIENT_SECRET].text != NULL || (proxy != NULL && strchr(proxy, '@'))) {
        doubt_mode(l->out, r.path, r.mode, S_IROTH);
    }
    l->out->path = good ? r.path : NULL;
    return good;
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
    struct stat st;
    if (xdg != NULL && xdg[0] == '/') {
        of_user = arena_printf(l->a, "%s/rollcall/rollcall.ini", xdg);
    } else if (home != NULL && home[0] == '/') {
        of_user = arena_printf(l->a, "%s/.config/rollcall/rollcall.ini", home);
    }
    const char *const places[] = {"rollcall.ini", of_user, "/etc/rollcall/rollcall.ini"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        /* `sudo -u` leaves the directory that it was typed in, which its user may not look into. */
        bool is_closed = i == 0 && access(places[i], F_OK) != 0 && errno == EACCES;
        if (places[i] == NULL || is_closed) {
            continue;
        }
        /* Who may write a configuration says where the secret goes; the one of the current
         * directory may be anybody's. */
        if (i == 0 && stat(places[i], &st) == 0 &&
            ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
             (st.st_uid != geteuid() && st.st_uid != 0))) {
            return err_set(
                l->e, ERR_CONFIG,
                "./%s: other users may write to it, and so choose where the secret is sent; "
                "`chmod go-w %s` and make its user the owner, or name it with -c if it is right",
                places[i], places[i]);
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

/* Puts a value, unless it is empty, in place of what weaker sources gave. */
static void override(struct loading *l, size_t id, struct config_text value)
{
    if (is_given(&value)) {
        if (is_given(&l->texts[id])) {
            value.origin =
                arena_printf(l->a, "%s, which overrides %s", value.origin, l->texts[id].origin);
        }
        wipe_text(&l->texts[id]);
        l->texts[id] = value;
    }
}

/* The key whose variable a line of .env assigns to and the value, which may be in quotes;
 * CONFIG_KEY_COUNT when it is none of ours. */
static size_t find_assignment(struct arena *a, const char *line, const char **value)
{
    const char *equals = strchr(line, '=');
    size_t id = 0;
    if (equals == NULL) {
        return CONFIG_KEY_COUNT;
    }
    const char *name = str_trim(a, arena_strndup(a, line, (size_t)(equals - line)));
    const char *behind = name + strlen("export");
    if (str_starts_with(name, "export") && is_blank(*behind)) {
        name = behind + strspn(behind, BLANKS);
    }
    *value = equals + 1 + strspn(equals + 1, BLANKS);
    while (id < CONFIG_KEY_COUNT && !str_eq(config_keys[id].variable, name)) {
        id++;
    }
    return id;
}

static bool read_env_line(struct loading *l, struct reading *r, char *line)
{
    const char *value;
    size_t id = find_assignment(l->a, line, &value);
    if (id == CONFIG_KEY_COUNT) {
        return true;
    }
    const char *variable = config_keys[id].variable;
    const char *rest = "";
    char *text;
    if (*value == '"' || *value == '\'') {
        text = unquote(l->a, &value, *value == '"' ? '\\' : '\0');
        rest = value + strspn(value, BLANKS);
    } else {
        text = plain_value(l->a, value, "#");
    }
    r->found[id].text = text;
    r->found[id].origin = arena_printf(l->a, "%s:%d: %s", r->path, r->line, variable);
    return (text != NULL && (*rest == '\0' || *rest == '#')) ||
           err_set(l->e, ERR_CONFIG, "%s: the closing quote is missing or text follows it",
                   variable);
}

/* The .env file beside the configuration: our variables count, other lines are passed over. */
static bool take_env_file(struct loading *l)
{
    const char *beside = l->out->path == NULL ? "" : l->out->path;
    int directory = (int)(str_behind_last(beside, '/') - beside);
    struct reading r = {.path = arena_printf(l->a, "%.*s.env", directory, beside)};
    if (!read_lines(l, &r, read_env_line)) {
        return is_absent(l->e);
    }
    /* As in a shell, the last assignment counts, also when it is empty. */
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        override(l, i, r.found[i]);
    }
    if (is_given(&r.found[KEY_CLIENT_SECRET])) {
        doubt_mode(l->out, r.path, r.mode, S_IROTH);
    }
    return true;
}

/* A file that holds the secret alone; the line end behind it is no part of it. */
static bool take_secret_file(struct loading *l, const char *path, uint32_t *mode)
{
    char *text = file_read_small(l->a, path, mode, l->e);
    if (text == NULL) {
        return false;
    }
    if (text[strspn(text, BLANKS "\n")] == '\0') {
        return err_because(l->e, ERR_CONFIG, CAUSE_CONFIG_SECRET_FILE,
                           "%s is empty: the client secret belongs there, alone", path);
    }
    size_t length = strlen(text);
    length -= text[length - 1] == '\n' ? 1 : 0;
    length -= text[length - 1] == '\r' ? 1 : 0;
    text[length] = '\0';
    override(l, KEY_CLIENT_SECRET, (struct config_text){.text = text, .origin = path});
    return true;
}

/* The weakest source first: what comes later overrides. */
static bool take_credentials(struct loading *l)
{
    const struct config_text *file = &l->texts[KEY_CLIENT_SECRET_FILE];
    const struct config_text *secret = &l->texts[KEY_CLIENT_SECRET];
    const char *of_environment = getenv("GENESYS_CLIENT_SECRET");
    bool is_in_environment = of_environment != NULL && of_environment[0] != '\0';
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    uint32_t mode = 0;
    if (is_given(file) && is_given(secret)) {
        return err_set(l->e, ERR_CONFIG, "%s: client_secret is set too (%s); keep one of them",
                       file->origin, secret->origin);
    }
    if (!take_env_file(l)) {
        return false;
    }
    /* systemd's LoadCredential=client_secret:... */
    if (!is_in_environment && directory != NULL && directory[0] != '\0' &&
        !take_secret_file(l, arena_printf(l->a, "%s/client_secret", directory), NULL) &&
        !is_absent(l->e)) {
        return false;
    }
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const char *name = config_keys[i].variable;
        const char *value = name == NULL ? NULL : getenv(name);
        if (value != NULL) {
            struct config_text text = {
                .text = arena_strdup(l->a, value),
                .origin = arena_printf(l->a, "environment variable %s", name),
            };
            override(l, i, text);
        }
    }
    /* The file that the INI file names counts where nothing else gave a secret, and need not be
     * there otherwise. */
    if (is_given(file) && !is_given(secret)) {
        if (!take_secret_file(l, file->text, &mode)) {
            err_prefix(l->e, "%s", file->origin);
            return err_cause(l->e, CAUSE_CONFIG_SECRET_FILE);
        }
        doubt_mode(l->out, file->text, mode, S_IRGRP | S_IROTH);
    } else if (is_given(file)) {
        l->texts[KEY_CLIENT_SECRET].origin =
            arena_printf(l->a, "%s, which overrides %s", secret->origin, file->origin);
    }
    err_clear(l->e);
    return true;
}

/* --- values: text, paths, hosts -------------------------------------------------------------- */

static bool refuse(struct loading *l, const char *what)
{
    return err_set(l->e, ERR_CONFIG, "%s = %s: %s", l->origin, str_escaped(l->a, l->text), what);
}

static bool check_controls(struct loading *l, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            return refuse(l, "control characters do not belong here");
        }
    }
    return true;
}

/* A value that is taken as it is. */
static bool apply_text(struct loading *l)
{
    enum config_type type = l->key->type;
    struct stat st;
    if (type == CONFIG_PROXY && !http_proxy_allowed(l->text)) {
        /* The URL may hold a password: it is not repeated in messages. */
        return err_because(l->e, ERR_CONFIG, CAUSE_CONFIG_PROXY_URL,
                           "%s: is no URL of a proxy, such as http://HOST:PORT", l->origin);
    }
    if (l->key == &config_keys[KEY_DATABASE_PATH]) {
        /* SQLite's own kinds of names, in memory or a URI, are no file. */
        if (str_eq(l->text, ":memory:") || str_starts_with(l->text, "file:")) {
            return refuse(l, "must be a file's path: what is extracted is kept from run to run");
        }
        if (str_ends_with(l->text, "/") || (stat(l->text, &st) == 0 && S_ISDIR(st.st_mode))) {
            return refuse(l, "is a directory; name a file, such as rollcall.db in it");
        }
    }
    if (type != CONFIG_PROXY && !check_controls(l, l->text)) {
        return false;
    }
    if (type == CONFIG_PATH && (str_eq(l->text, "~") || str_starts_with(l->text, "~/"))) {
        return refuse(l, "~ stands for nothing here; write the whole path");
    }
    *(const char **)l->field = l->text;
    return true;
}

/* A URL of scheme and host (and port): what the program appends its own paths to. */
static bool apply_url(struct loading *l)
{
    struct http_target target;
    const char *host = strstr(l->text, "://");
    if (host == NULL) {
        return refuse(l, arena_printf(l->a, "write it with its scheme: https://%s",
                                      str_escaped(l->a, l->text)));
    }
    if (!http_url_allowed(l->text, &target, l->e)) {
        err_cause(l->e, str_starts_with(l->text, "http://") ? CAUSE_CONFIG_PLAIN_HTTP
                                                            : CAUSE_CONFIG_INVALID);
        return err_prefix(l->e, "%s", l->origin);
    }
    host += strlen("://");
    size_t length = (size_t)(host - l->text) + strcspn(host, "/?#");
    const char *rest = l->text + length;
    if (rest[strspn(rest, "/")] != '\0') {
        refuse(l, "only scheme and host belong here");
        return err_cause(l->e, CAUSE_CONFIG_TOKEN_PATH);
    }
    *(const char **)l->field = arena_strndup(l->a, l->text, length);
    return true;
}

/* --- values: numbers, days, words, lists ----------------------------------------------------- */

static bool apply_choice(struct loading *l)
{
    size_t count = 0;
    const char *const *words = (const char *const *)str_split_list(l->a, l->key->words, &count);
    for (int i = 0; i < (int)count; i++) {
        if (!str_eq_nocase(words[i], l->text)) {
            continue;
        }
        if (l->key->type == CONFIG_WORD) {
            *(const char **)l->field = words[i];
        } else {
            *(int *)l->field = i;
        }
        return true;
    }
    const char *near = str_nearest(l->text, words, count);
    return refuse(l, near != NULL
                         ? arena_printf(l->a, "did you mean %s?", near)
                         : arena_printf(l->a, "must be %s or %s",
                                        str_join(l->a, words, count - 1, ", "), words[count - 1]));
}

/* Names, each once: of streams, which must be known and of which one may follow a minus, or of
 * tables, of which `all` is the same as none. */
static bool apply_list(struct loading *l)
{
    bool is_streams = l->key == &config_keys[KEY_STREAMS];
    size_t count;
    const char *const *words = (const char *const *)str_split_list(l->a, l->text, &count);
    const char *const *known = l->request->known_streams;
    size_t known_count = l->request->known_stream_count;
    bool has_all = false;
    for (size_t i = 0; i < count; i++) {
        const char *shown = str_escaped(l->a, words[i]);
        const char *name = words[i] + (is_streams && words[i][0] == '-' ? 1 : 0);
        bool is_all = str_eq_nocase(name, "all");
        if (str_is_listed(words[i], words, i)) {
            return err_set(l->e, ERR_CONFIG, "%s: %s is named twice", l->origin, shown);
        }
        if (is_streams && known != NULL && !is_all && !str_is_listed(name, known, known_count)) {
            return err_set(l->e, ERR_CONFIG, "%s: unknown name %s%s", l->origin, shown,
                           advice(l->a, name, known, known_count, "", ""));
        }
        has_all = has_all || is_all;
    }
    *(const char *const **)l->field = words;
    if (is_streams) {
        l->out->stream_count = count;
        l->out->streams_written = str_join(l->a, words, count, ", ");
    } else {
        l->out->export_table_count = has_all ? 0 : count;
    }
    return true;
}

/* Takes the name that *at begins with, up to a comma, a comment or the line's end; NULL: its quotes
 * are wrong. */
static char *take_name(struct arena *a, const char **at)
{
    if (**at != '"' && **at != '\'') {
        char *plain = plain_value(a, arena_strndup(a, *at, strcspn(*at, ",\n")), "#;");
        *at += strlen(plain);
        return plain;
    }
    char *name = unquote(a, at, **at);
    *at += strspn(*at, BLANKS);
    return name != NULL && (is_end(*at) || **at == ',' || **at == '\n') ? name : NULL;
}

static bool apply_names(struct loading *l)
{
    const char **names = arena_array(l->a, strlen(l->text) + 1, sizeof(*names));
    size_t count = 0;
    for (const char *at = l->text; *(at += strspn(at, BLANKS ",\n")) != '\0';) {
        if (*at == '#' || *at == ';') {
            at += strcspn(at, "\n");
            continue;
        }
        char *name = take_name(l->a, &at);
        if (name == NULL) {
            return refuse(l, "a name's closing quote is missing, or text follows it");
        }
        if (!check_controls(l, name)) {
            return false;
        }
        if (str_is_listed(name, names, count)) {
            return err_set(l->e, ERR_CONFIG, "%s: %s is named twice", l->origin,
                           str_escaped(l->a, name));
        }
        names[count++] = name;
    }
    if ((int64_t)count > l->key->max) {
        return err_set(l->e, ERR_CONFIG, "%s: %zu names, at most %lld", l->origin, count,
                       (long long)l->key->max);
    }
    *(const char **)l->field = count > 0 ? str_join(l->a, names, count, "\n") : NULL;
    return true;
}

/* Ages in days; what is empty says that there are none. */
static bool apply_ages(struct loading *l)
{
    struct config *c = l->out;
    size_t count = 0;
    const char *const *words = (const char *const *)str_split_list(l->a, l->text, &count);
    int64_t days = 0;

    if (count > CONFIG_LOOKS_MOST) {
        return refuse(l, arena_printf(l->a, "holds more than %d ages", CONFIG_LOOKS_MOST));
    }
    for (c->later_look_count = 0; c->later_look_count < count;) {
        if (!str_to_int64(words[c->later_look_count], l->key->min, l->key->max, &days)) {
            return refuse(l, arena_printf(l->a, "must be ages in days, each from %lld to %lld",
                                          (long long)l->key->min, (long long)l->key->max));
        }
        c->later_looks[c->later_look_count++] = (int)days;
    }
    return true;
}

/* Checks the value of one key, given or default, and puts it into its field. */
static bool apply_value(struct loading *l, enum config_key_id id)
{
    const struct config_text *given = &l->texts[id];
    int64_t number = 0;
    char *end;
    l->key = &config_keys[id];
    l->text = is_given(given) ? given->text : l->key->default_text;
    l->origin = is_given(given) ? given->origin : l->key->name;
    l->field = (char *)l->out + l->key->field;
    if (l->text == NULL) {
        return true;
    }
    if (given->text != NULL && given->text[0] == '\0' && l->key->type == CONFIG_PATH) {
        /* Somewhere it must be: silence would put it where nobody looks. */
        return err_set(l->e, ERR_CONFIG, "%s: is empty; give a path, or remove the line for %s",
                       given->origin, l->text);
    }
    switch (l->key->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_PROXY:
        return apply_text(l);
    case CONFIG_URL:
        return apply_url(l);
    case CONFIG_INT:
        if (!str_to_int64(l->text, l->key->min, l->key->max, &number)) {
            return refuse(l, arena_printf(l->a, "must be a whole number from %lld to %lld",
                                          (long long)l->key->min, (long long)l->key->max));
        }
        *(int *)l->field = (int)number;
        return true;
    case CONFIG_AGES:
        l->text = given->text ? given->text : l->text;
        return apply_ages(l);
    case CONFIG_BOOL:
        return str_to_bool(l->text, l->field) || refuse(l, "must be yes or no");
    case CONFIG_DAY:
        return clock_parse_day(l->text, l->field) ||
               refuse(l, "must be a day that exists, as YYYY-MM-DD");
    case CONFIG_MODE:
        number = strtol(l->text, &end, 8);
        if (*end != '\0' || (number & ~0666) != 0 || (number & 0600) != 0600) {
            return refuse(l, "must be the permissions of a file in octal, such as 0640 or 0644");
        }
        *(int *)l->field = (int)number;
        return true;
    case CONFIG_WORD:
    case CONFIG_CHOICE:
        return apply_choice(l);
    case CONFIG_LIST:
        return apply_list(l);
    case CONFIG_NAMES:
        return apply_names(l);
    case CONFIG_WORDS:
        if (l->text[strspn(l->text, NAME_LETTERS ", \t")] != '\0') {
            return refuse(l, "names are of letters and digits, commas between");
        }
        return apply_text(l);
    case CONFIG_CREDENTIAL:
    case CONFIG_SECRET:
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

/* What examples have in place of a credential: ********, xxx, 000 too, one character repeated. */
static bool is_placeholder(const char *text)
{
    return cause_by_sign(STEP_CONFIGURATION, text) == CAUSE_CONFIG_PLACEHOLDER ||
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
    size_t visible = strspn(decoded, STR_VISIBLE);
    /* `echo secret | base64` leaves a line end at the end. */
    readable = readable && visible + (decoded[visible] == '\n' ? 1 : 0) == length;
    secret_wipe(decoded, digits);
    return readable;
}

/* Notes what is odd about the shapes of the credentials; either may be empty. */
static void doubt_credentials(struct loading *l, const char *id, const char *secret)
{
    enum cause_id of_id = CAUSE_NONE;
    enum cause_id of_secret = CAUSE_NONE;
    if (is_placeholder(id)) {
        of_id = CAUSE_CONFIG_PLACEHOLDER;
    } else if (strlen(id) > UUID_BYTES && begins_with_uuid(id)) {
        of_id = CAUSE_CONFIG_COLON_LOST;
    } else if (id[0] != '\0' && !str_is_uuid(id)) {
        of_id = CAUSE_CONFIG_ID_NO_UUID;
    }
    if (!str_is_uuid(id) && str_is_uuid(secret)) {
        of_id = CAUSE_NONE;
        of_secret = CAUSE_CONFIG_EXCHANGED;
    } else if (is_placeholder(secret)) {
        of_secret = CAUSE_CONFIG_PLACEHOLDER;
    } else if (begins_with_uuid(secret) && secret[UUID_BYTES] == ':') {
        of_secret = CAUSE_CONFIG_PAIR;
    } else if (secret[0] == ':' || str_ends_with(secret, ":")) {
        of_secret = CAUSE_CONFIG_COLON_DOUBLED;
    } else if (is_base64_of_text(l->a, secret)) {
        of_secret = CAUSE_CONFIG_BASE64;
    }
    doubt(l->out, of_id, l->texts[KEY_CLIENT_ID].origin);
    doubt(l->out, of_secret, l->texts[KEY_CLIENT_SECRET].origin);
}

/* --- credentials ----------------------------------------------------------------------------- */

/* True when `text` is an assignment to a name such as client_secret. */
static bool is_assignment(const char *text)
{
    char name[NAME_BYTES];
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-. ");
    snprintf(name, sizeof(name), "%.*s", (int)length, text);
    return (text[length] == '=' || text[length] == ':') && str_has_any(name, "client|secret");
}

/* Takes a credential out of the texts, without what users paste along with it, blanks around it and
 * quotes (doubted). "" when there is none; NULL with `e` when it cannot be one. */
static char *take_credential(struct loading *l, enum config_key_id id)
{
    struct config_text *value = &l->texts[id];
    const char *what = id == KEY_CLIENT_ID ? "client id" : "client secret";
    bool quoted = value->was_quoted;
    const char *given = value->text == NULL ? "" : value->text;
    char *text = str_trim(l->a, given);
    size_t length = strlen(text);
    bool trimmed = length != strlen(given);
    if (length >= 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0]) {
        text[length - 1] = '\0';
        text++;
        quoted = true;
    }
    wipe_text(value);
    value->text = NULL;
    if (trimmed || quoted) {
        doubt(l->out, quoted ? CAUSE_CONFIG_QUOTES : CAUSE_CONFIG_BLANKS, value->origin);
    }
    /* Printable ASCII without blanks; the id also goes before a colon. */
    size_t good = strspn(text, STR_VISIBLE);
    good = id == KEY_CLIENT_ID && strcspn(text, ":") < good ? strcspn(text, ":") : good;
    if (text[good] == '\0' && !is_assignment(text)) {
        return text;
    }
    if (is_assignment(text) || text[good] == '\n' || text[good] == '\r') {
        err_because(l->e, ERR_CONFIG, CAUSE_CONFIG_LINES, "%s: %s; it must hold the %s alone",
                    value->origin,
                    is_assignment(text) ? "begins with a name" : "holds more than one line", what);
    } else {
        err_because(l->e, ERR_CONFIG,
                    text[good] == ':' ? CAUSE_CONFIG_PAIR : CAUSE_CONFIG_CHARACTER,
                    "%s: has a character that no %s has (position %zu); paste it again from "
                    "Genesys Cloud (Admin > Integrations > OAuth)",
                    value->origin, what, good + 1);
    }
    secret_wipe(text, strlen(text));
    return NULL;
}

static bool apply_credentials(struct loading *l)
{
    const char *id = take_credential(l, KEY_CLIENT_ID);
    char *secret = id == NULL ? NULL : take_credential(l, KEY_CLIENT_SECRET);
    if (secret == NULL) {
        return false;
    }
    l->out->client_id = id[0] == '\0' ? NULL : id;
    if (l->texts[KEY_CLIENT_SECRET].origin != NULL) {
        doubt_credentials(l, id, secret);
    }
    l->out->client_secret = secret[0] == '\0' ? NULL : secret_new(secret, strlen(secret));
    secret_wipe(secret, strlen(secret));
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool check_login(struct loading *l)
{
    const struct config *c = l->out;
    enum cause_id cause = CAUSE_CONFIG_SECRET_MISSING;
    const char *what = "the client secret is missing: set [genesys] client_secret_file or "
                       "client_secret, or GENESYS_CLIENT_SECRET";
    if (c->region == NULL && (c->login_url == NULL || c->api_url == NULL)) {
        cause = CAUSE_CONFIG_REGION_MISSING;
        what = "[genesys] region is missing: give the AWS region, the login domain or any URL of "
               "your Genesys Cloud (or set GENESYS_REGION)";
    } else if (c->client_id == NULL) {
        cause = CAUSE_CONFIG_ID_MISSING;
        what = "[genesys] client_id is missing (or set GENESYS_CLIENT_ID)";
    } else if (c->client_secret != NULL) {
        return true;
    }
    if (c->path != NULL) {
        return err_because(l->e, ERR_CONFIG, cause, "%s: %s", c->path, what);
    }
    return err_because(l->e, ERR_CONFIG, CAUSE_CONFIG_ABSENT,
                       "no configuration file (looked for %s; `rollcall init` writes one), and %s",
                       l->searched, what);
}

bool config_load(const struct config_request *request, struct arena *a, struct config *out,
                 struct err *e)
{
    *out = (struct config){0};
    err_clear(e);
    struct loading l = {.request = request, .a = a, .out = out, .searched = "", .e = e};
    bool loaded = find_ini(&l);
    if (loaded && request->needs_login) {
        loaded =
            take_credentials(&l) && apply_values(&l) && apply_credentials(&l) && check_login(&l);
    } else if (loaded) {
        /* Who reads the database alone need not be able to read the credentials. */
        wipe_text(&l.texts[KEY_CLIENT_SECRET]);
        loaded = apply_values(&l);
    }
    if (loaded) {
        limit_set(LIMIT_CONNECT_MS, out->connect_seconds * MS_PER_SECOND);
        limit_set(LIMIT_STALL_MS, out->stall_seconds * MS_PER_SECOND);
        limit_set(LIMIT_RETRY_TOTAL_MS, out->retry_seconds * MS_PER_SECOND);
        limit_set(LIMIT_PATIENCE_MS, out->patience_seconds * MS_PER_SECOND);
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

const char *config_origin(const struct config *c, enum config_key_id id)
{
    return c->origins == NULL ? NULL : c->origins[id];
}

bool config_blame(const struct config *c, enum config_key_id id, struct err *e)
{
    const char *origin = config_origin(c, id);
    e->kind = ERR_CONFIG;
    return origin != NULL ? err_prefix(e, "%s", origin)
                          : err_prefix(e, "[%s] %s", config_keys[id].section, config_keys[id].name);
}

void config_wipe(struct config *c)
{
    secret_free(c->client_secret);
    c->client_secret = NULL;
}

const char *config_word(const struct config *c, const struct config_key *key)
{
    return key ? *(const char *const *)((const char *)c + key->field) : NULL;
}
