#include "io/config_keys.h"

#include "base/str.h"

const struct config_key config_keys[CONFIG_KEY_COUNT] = {
#define CONFIG_KEY_ROW(id, section, name, type, value, min, max, words, meaning)                   \
    [id] = {section, name, type, value, min, max, words, meaning},
    CONFIG_KEYS(CONFIG_KEY_ROW)
#undef CONFIG_KEY_ROW
};

enum config_key_id config_key_find(const char *section, const char *name)
{
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (str_eq(config_keys[id].section, section) && str_eq(config_keys[id].name, name)) {
            return (enum config_key_id)id;
        }
    }
    return CONFIG_KEY_COUNT;
}

size_t config_section_names(const char **names)
{
    size_t count = 0;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (count == 0 || !str_eq(names[count - 1], config_keys[id].section)) {
            names[count++] = config_keys[id].section;
        }
    }
    return count;
}

bool config_section_exists(const char *section)
{
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        if (str_eq(config_keys[id].section, section)) {
            return true;
        }
    }
    return false;
}
