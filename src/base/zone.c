#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"

enum {
    ZONE_NAME_BYTES = 64,
    ZONE_LIST_MAX = 4096,
    ZONE_DEPTH_MAX = 3, /* America/Argentina/Salta */
};

struct zone_list {
    struct arena *arena;
    const char **names;
    size_t count;
};

/* The directories a zone's file is looked for in, ended by NULL. */
static void zone_directories(const char *directories[static 5])
{
    const char *chosen = getenv("TZDIR");
    size_t count = 0;

    if (chosen && chosen[0] == '/') {
        directories[count++] = chosen;
    }
    directories[count++] = "/usr/share/zoneinfo";
    directories[count++] = "/usr/lib/zoneinfo";
    directories[count++] = "/usr/share/lib/zoneinfo";
    directories[count] = NULL;
}

/* True for a compiled zone (RFC 8536), not one of the tables beside them. */
static bool is_zone_file(const char *path)
{
    char magic[4] = "";
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file < 0) {
        return false;
    }
    bool zone = fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                read(file, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
                memcmp(magic, "TZif", sizeof(magic)) == 0;
    (void)close(file);
    return zone;
}

/* Names in posix/ repeat the others; those in right/ count leap seconds, which Unix time has not.
 */
static bool is_hidden_name(const char *name)
{
    return str_starts_with(name, "posix/") || str_starts_with(name, "right/");
}

static bool is_well_formed(const char *name)
{
    return name[0] != '\0' && name[0] != '/' && name[0] != ':' && !strstr(name, "..") &&
           strlen(name) < ZONE_NAME_BYTES && !is_hidden_name(name);
}

static const char *find_zone_file(struct arena *a, const char *name)
{
    const char *directories[5];

    zone_directories(directories);
    for (size_t i = 0; directories[i]; i++) {
        const char *path = arena_printf(a, "%s/%s", directories[i], name);

        if (is_zone_file(path)) {
            return path;
        }
    }
    return NULL;
}

/* Collects the zones in a directory; `prefix` is its place below the zone directory ("Asia/"). */
static void list_zones(struct zone_list *list, const char *directory, const char *prefix, int depth)
{
    DIR *entries = opendir(directory);

    if (!entries) {
        return;
    }
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        struct stat status;
        const char *path = arena_printf(list->arena, "%s/%s", directory, entry->d_name);
        const char *name = arena_printf(list->arena, "%s%s", prefix, entry->d_name);

        /* Zones and their areas begin with a capital; tables have a dot in their names. */
        if (entry->d_name[0] < 'A' || entry->d_name[0] > 'Z' || strchr(entry->d_name, '.') ||
            stat(path, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode) && depth < ZONE_DEPTH_MAX) {
            list_zones(list, path, arena_printf(list->arena, "%s/", name), depth + 1);
        } else if (S_ISREG(status.st_mode) && list->count < ZONE_LIST_MAX &&
                   (depth > 1 || str_eq(name, "UTC"))) {
            list->names[list->count++] = name;
        }
    }
    (void)closedir(entries);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

static bool is_area(const struct zone_list *list, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < list->count; i++) {
        if (str_starts_with(list->names[i], name) && list->names[i][length] == '/') {
            return true;
        }
    }
    return false;
}

/* The installed name nearest to a misspelt one: by its city, which says more than its area,
 * then by the whole. */
static const char *nearest_zone(const struct zone_list *list, char *name)
{
    const char **parts = arena_array(list->arena, list->count, sizeof(*parts));

    for (char *c = name; *c; c++) {
        if (*c == ' ') {
            *c = '_';
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        parts[i] = last_part(list->names[i]);
        if (str_eq_nocase(list->names[i], name)) {
            return list->names[i];
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq_nocase(parts[i], last_part(name))) {
            return list->names[i];
        }
    }
    /* Neither three letters nor an area alone are a misspelling: KST is not ACT, Asia not Apia. */
    if (strlen(last_part(name)) < 4 || is_area(list, name)) {
        return NULL;
    }
    const char *near = str_nearest(last_part(name), parts, list->count);
    for (size_t i = 0; near && i < list->count; i++) {
        if (parts[i] == near) {
            return list->names[i];
        }
    }
    return str_nearest(name, list->names, list->count);
}

/* Says what is wrong with a name that has no file. */
static bool refuse_unknown(struct arena *a, const char *name, struct err *e)
{
    const char *directories[5];
    const char *shown = str_escaped(a, name);
    struct zone_list list = {.arena = a};

    list.names = arena_array(a, ZONE_LIST_MAX, sizeof(*list.names));
    zone_directories(directories);
    for (size_t i = 0; directories[i] && list.count == 0; i++) {
        list_zones(&list, directories[i], "", 1);
    }
    /* The list must hold more than the UTC that some systems ship alone. */
    if (list.count <= 1) {
        return err_set(e, ERR_CONFIG,
                       "time zone \"%s\": no time zone data is installed; install the package "
                       "tzdata (or set timezone = UTC)",
                       shown);
    }

    qsort(list.names, list.count, sizeof(*list.names), compare_names);
    const char *near = nearest_zone(&list, arena_strdup(a, name));
    if (near) {
        return err_set(e, ERR_CONFIG, "unknown time zone \"%s\"; did you mean \"%s\"?", shown,
                       near);
    }
    return err_set(e, ERR_CONFIG,
                   "unknown time zone \"%s\"; a zone is named by area and city, as in Asia/Seoul "
                   "(the package tzdata brings them)",
                   shown);
}

static bool use_zone(const char *value, struct err *e)
{
    if (setenv("TZ", value, 1) != 0) {
        return err_set(e, ERR_CONFIG, "cannot set the time zone to \"%s\"", value);
    }
    tzset();
    return true;
}

static bool set_zone(struct arena *a, const char *name, struct err *e)
{
    if (!is_well_formed(name)) {
        return err_set(e, ERR_CONFIG,
                       "\"%s\" is not the name of a time zone; one is named by area and city, as "
                       "in Asia/Seoul",
                       str_escaped(a, name));
    }
    /* UTC needs no file, so that it works where no zone data is installed. */
    if (str_eq(name, "UTC") || str_eq(name, "Etc/UTC")) {
        return use_zone("UTC0", e);
    }

    const char *path = find_zone_file(a, name);
    if (!path) {
        return refuse_unknown(a, name, e);
    }
    /* The file that was checked, whatever directory libc itself would have looked in. */
    return use_zone(arena_printf(a, ":%s", path), e);
}

bool clock_set_zone(const char *name, struct err *e)
{
    struct arena *a = arena_new(0);
    bool set = set_zone(a, name, e);

    arena_free(a);
    return set;
}
