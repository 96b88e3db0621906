#include <string.h>

#include "base/str.h"
#include "io/config_keys.h"
#include "io/secret.h"

static const struct {
    const char *variable;
    enum config_key_id id;
} variables[] = {
    {"GENESYS_CLIENT_ID", KEY_CLIENT_ID},
    {"GENESYS_CLIENT_SECRET", KEY_CLIENT_SECRET},
    {"GENESYS_REGION", KEY_REGION},
};

enum config_key_id config_env_key(const char *variable, size_t length)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (strlen(variables[i].variable) == length &&
            strncmp(variables[i].variable, variable, length) == 0) {
            return variables[i].id;
        }
    }
    return CONFIG_KEY_COUNT;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* The name a line assigns to and the text behind its '='; false when it is no assignment. */
static bool split_line(const char *line, const char **name, size_t *name_length, const char **value)
{
    static const char export_word[] = "export";
    const char *start = skip_blanks(line);
    const char *behind = start + sizeof(export_word) - 1;
    if (str_starts_with(start, export_word) && (*behind == ' ' || *behind == '\t')) {
        start = skip_blanks(behind);
    }
    size_t length = strcspn(start, " \t=\r");
    const char *equals = skip_blanks(start + length);
    if (*start == '#' || length == 0 || *equals != '=') {
        return false;
    }
    *name = start;
    *name_length = length;
    *value = skip_blanks(equals + 1);
    return true;
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
    const char *rest = value + 1 + strspn(value + 1, " \t\r");
    return *rest == '\0' || *rest == '#' ? text : NULL;
}

/* A value without quotes ends at the line's end or at a blank and '#'. */
static char *plain(struct arena *a, const char *value)
{
    size_t length = 0;
    while (value[length] != '\0' &&
           !(value[length] == '#' && (length == 0 || strchr(" \t", value[length - 1]) != NULL))) {
        length++;
    }
    while (length > 0 && strchr(" \t\r", value[length - 1]) != NULL) {
        length--;
    }
    return arena_strndup(a, value, length);
}

bool config_env_read(struct arena *a, const char *path, const char *text, struct config_texts *out,
                     struct err *e)
{
    static const char bom[] = "\xEF\xBB\xBF";
    if (str_starts_with(text, bom)) {
        text += sizeof(bom) - 1;
    }
    for (int number = 1; *text != '\0'; number++) {
        size_t length = strcspn(text, "\n");
        char *line = arena_strndup(a, text, length);
        text += length + (text[length] == '\n');
        const char *name = NULL;
        const char *value = NULL;
        size_t name_length = 0;
        enum config_key_id id = split_line(line, &name, &name_length, &value)
                                    ? config_env_key(name, name_length)
                                    : CONFIG_KEY_COUNT;
        if (id == CONFIG_KEY_COUNT) {
            continue;
        }
        bool is_quoted = *value == '"' || *value == '\'';
        char *found = is_quoted ? unquote(a, value) : plain(a, value);
        if (found == NULL) {
            return err_set(e, ERR_CONFIG,
                           "%s:%d: %.*s: the closing quote is missing or text follows it", path,
                           number, (int)name_length, name);
        }
        /* As in a shell, the last assignment counts. */
        out->of[id] = (struct config_text){
            .text = found,
            .origin = arena_printf(a, "%s:%d: %.*s", path, number, (int)name_length, name),
        };
        secret_wipe(line, length);
    }
    return true;
}
