#include <ini.h>
#include <string.h>

#include "base/str.h"
#include "io/config_keys.h"

/* inih hands over sections, names and values, but not the line they stand in (its handler takes the
 * line number only in builds that change its interface) and it splits long lines in silence. So it
 * reads through next_line, which counts lines, refuses long ones, and checks section headers. */
struct ini_reading {
    struct arena *a;
    const char *path;
    const char *rest; /* what inih has not asked for yet */
    int line;         /* the number of the last line handed out */
    bool is_indented; /* that line begins with a blank: it goes on with the key above */
    struct config_texts *out;
    int error_line; /* of `e`; 0: none yet */
    struct err *e;
};

/* --- errors: the first one counts ------------------------------------------------------------ */

static void fail(struct ini_reading *r, int line, const char *text)
{
    if (r->error_line == 0) {
        r->error_line = line;
        err_set(r->e, ERR_CONFIG, "%s:%d: %s", r->path, line, text);
    }
}

static void fail_unknown_section(struct ini_reading *r, const char *section)
{
    const char *names[CONFIG_KEY_COUNT];
    size_t count = config_section_names(names);
    const char *near = str_nearest(str_lower(r->a, section), names, count);
    const char *shown = str_escaped(r->a, section);
    if (near != NULL) {
        fail(r, r->line,
             arena_printf(r->a, "unknown section [%s]; did you mean [%s]?", shown, near));
        return;
    }
    char *list = arena_strdup(r->a, "");
    for (size_t i = 0; i < count; i++) {
        list = arena_printf(r->a, "%s%s[%s]", list, i == 0 ? "" : ", ", names[i]);
    }
    fail(r, r->line, arena_printf(r->a, "unknown section [%s]; known are %s", shown, list));
}

/* Where a name that its section does not have belongs, or what it may be a misspelling of. */
static const char *advice(struct arena *a, const char *section, const char *name)
{
    const char *lower = str_lower(a, name);
    const char *names[CONFIG_KEY_COUNT];
    size_t count = 0;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (str_eq(config_keys[id].name, lower) && !str_eq(config_keys[id].section, section)) {
            return arena_printf(a, "; it belongs below [%s]", config_keys[id].section);
        }
        if (str_eq(config_keys[id].section, section)) {
            names[count++] = config_keys[id].name;
        }
    }
    const char *near = str_nearest(lower, names, count);
    if (near != NULL) {
        return arena_printf(a, "; did you mean %s?", near);
    }
    char *list = arena_strdup(a, count == 0 ? "" : "; known are ");
    for (size_t i = 0; i < count; i++) {
        list = arena_printf(a, "%s%s%s", list, i == 0 ? "" : ", ", names[i]);
    }
    return list;
}

/* Notes that the error just made is about scopes, unless an earlier one counts. */
static void note_scope(struct ini_reading *r)
{
    if (r->error_line == r->line) {
        err_cause(r->e, CAUSE_CONFIG_SCOPE);
    }
}

/* True for a value that lists scopes, whatever its key is called. */
static bool is_scope_value(const char *value)
{
    static const char *const names[] = {":readonly", ":read", "api:platform",
                                        "urn:genesys:cloud:", "analytics:report:"};

    for (size_t i = 0; value != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strstr(value, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void fail_unknown_key(struct ini_reading *r, const char *section, const char *name,
                             const char *value)
{
    const char *shown = str_escaped(r->a, name);
    if (str_eq_nocase(name, "scope") || str_eq_nocase(name, "scopes") || is_scope_value(value)) {
        fail(
            r, r->line,
            arena_printf(r->a,
                         "%s: scopes do not apply to the client credentials grant; what the client "
                         "may read is set by its roles and their divisions (Genesys Cloud: Admin > "
                         "Integrations > OAuth > the client > Roles). Remove the line",
                         shown));
        note_scope(r);
        return;
    }
    if (section[0] == '\0') {
        fail(r, r->line,
             arena_printf(r->a, "%s stands before the first [section]%s", shown,
                          advice(r->a, section, name)));
        return;
    }
    fail(r, r->line,
         arena_printf(r->a, "unknown key %s in [%s]%s", shown, section,
                      advice(r->a, section, name)));
}

/* --- lines ----------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Notes the section of a header line, and refuses one that is unknown. */
static void check_header(struct ini_reading *r, const char *line, size_t length)
{
    const char *end = memchr(line, ']', length);
    if (end == NULL) {
        fail(r, r->line, "the section's closing bracket ] is missing");
        return;
    }
    char *section = arena_strndup(r->a, line + 1, (size_t)(end - line) - 1);
    if (!config_section_exists(section)) {
        fail_unknown_section(r, section);
    }
}

/* Gives inih the next line. An indented line is taken as a continuation only if it can be one:
 * a header or a `key = value` that somebody indented loses its blanks. */
static char *next_line(char *out, int size, void *context)
{
    struct ini_reading *r = context;
    if (*r->rest == '\0') {
        return NULL;
    }
    const char *line = r->rest;
    size_t length = strcspn(line, "\n");
    r->rest += length + (line[length] == '\n');
    r->line++;
    size_t blanks = 0;
    while (blanks < length && is_blank(line[blanks])) {
        blanks++;
    }
    char first = blanks < length ? line[blanks] : '\0';
    bool is_entry = memchr(line, '=', length) != NULL || first == '[';
    bool is_comment = first == ';' || first == '#';
    r->is_indented = blanks > 0 && !is_entry;
    if (first == '[') {
        check_header(r, line + blanks, length - blanks);
    }
    if (is_entry) {
        line += blanks;
        length -= blanks;
    }
    if (is_comment || length + sizeof("\n") > (size_t)size) {
        if (!is_comment) {
            fail(r, r->line,
                 arena_printf(r->a,
                              "the line is longer than %d characters; a list may go on in the next "
                              "line, indented",
                              size - 2));
        }
        length = 0;
    }
    memcpy(out, line, length);
    memcpy(out + length, "\n", sizeof("\n"));
    return out;
}

/* --- values ---------------------------------------------------------------------------------- */

/* True when nothing but a comment follows. */
static bool is_end(const char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    return *text == '\0' || *text == '#' || *text == ';';
}

/* Cuts a comment and one pair of quotes off a value. inih has cut ` ;` comments already. */
static char *clean(struct arena *a, const char *value, bool *was_quoted)
{
    *was_quoted = false;
    if (*value == '"' || *value == '\'') {
        const char *end = strchr(value + 1, *value);
        while (end != NULL && !is_end(end + 1)) {
            end = strchr(end + 1, *value);
        }
        if (end != NULL) {
            *was_quoted = true;
            return arena_strndup(a, value + 1, (size_t)(end - value) - 1);
        }
    }
    size_t length = 0;
    while (value[length] != '\0' &&
           !(value[length] == '#' && (length == 0 || is_blank(value[length - 1])))) {
        length++;
    }
    while (length > 0 && is_blank(value[length - 1])) {
        length--;
    }
    return arena_strndup(a, value, length);
}

static void store_more(struct ini_reading *r, const struct config_key *key,
                       struct config_text *known, const char *value)
{
    if (key->type != CONFIG_LIST) {
        fail(r, r->line,
             arena_printf(r->a,
                          "a line that begins with a blank goes on with the key above (%s), which "
                          "takes one line; begin it at the margin, as key = value",
                          key->name));
        return;
    }
    bool was_quoted = false;
    const char *more = clean(r->a, value, &was_quoted);
    known->text = arena_printf(r->a, "%s %s", known->text == NULL ? "" : known->text, more);
}

/* inih's handler: called for each key and value, and with the same key for a continuation. */
static int store(void *context, const char *section, const char *name, const char *value)
{
    struct ini_reading *r = context;
    enum config_key_id id = config_key_find(section, name);
    if (id == CONFIG_KEY_COUNT) {
        if (section[0] == '\0' || config_section_exists(section)) {
            fail_unknown_key(r, section, name, value);
        }
        return 1;
    }
    struct config_text *known = &r->out->of[id];
    if (r->is_indented) {
        store_more(r, &config_keys[id], known, value == NULL ? "" : value);
        return 1;
    }
    if (known->origin != NULL) {
        fail(r, r->line,
             arena_printf(r->a, "%s is set a second time (first in %s); remove one", name,
                          known->origin));
        return 1;
    }
    known->origin = arena_printf(r->a, "%s:%d: [%s] %s", r->path, r->line, section, name);
    if (value != NULL) {
        known->text = clean(r->a, value, &known->was_quoted);
    }
    return 1;
}

bool config_ini_read(struct arena *a, const char *path, const char *text, struct config_texts *out,
                     struct err *e)
{
    static const char bom[] = "\xEF\xBB\xBF";
    struct ini_reading r = {.a = a, .path = path, .rest = text, .out = out, .e = e};
    if (str_starts_with(text, bom)) {
        r.rest += sizeof(bom) - 1;
    }
    int bad_line = ini_parse_stream(next_line, &r, store, &r);
    if (bad_line > 0 && (r.error_line == 0 || bad_line < r.error_line)) {
        r.error_line = 0;
        fail(&r, bad_line, "neither [section] nor key = value nor a comment");
    }
    return r.error_line == 0;
}
