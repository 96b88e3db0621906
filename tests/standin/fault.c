#include "fault.h"

#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FAULTS 32
#define MAX_KEYS   8

struct fault {
    char spec[256];
    char name[32];
    char path[128];
    long every, after, times, chances, strikes;
    int keys;
    char key[MAX_KEYS][24];
    char value[MAX_KEYS][FAULT_TEXT];
};

/* The names there are, where each strikes by default, and how often at most. */
static const struct {
    const char *name;
    const char *path;
    long times;
} known[] = {
    {"latency", "/api/", -1},
    {"429", "/api/", -1},
    {"5xx", "/api/", -1},
    {"burst", "/api/", -1},
    {"token-death", "/api/", -1},
    {"token-refuse", "/api/", -1},
    {"unknown-fields", "/api/", -1},
    {"wrong-types", "/api/", -1},
    {"short-pages", "/api/", -1},
    {"empty-page", "/api/", -1},
    {"no-conversations-key", "/api/", -1},
    {"not-json", "/api/", -1},
    {"truncated-json", "/api/", -1},
    {"missing-id", "/api/", -1},
    {"deep-nesting", "/api/", -1},
    {"gzip-bomb", "/api/", -1},
    {"login-html", "/oauth", -1},
    {"login-500", "/oauth", -1},
    {"redirect", "/api/", -1},
    {"job-expire", "/api/", 1},
    {"job-fail", "/api/", -1},
    {"job-state-expired", "/api/", -1},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault faults[MAX_FAULTS];
static int count;

void fault_clear(void)
{
    pthread_mutex_lock(&lock);
    count = 0;
    pthread_mutex_unlock(&lock);
}

static bool set_number(long *target, const char *value)
{
    char *rest;
    *target = strtol(value, &rest, 10);
    return *value && !*rest && *target >= 0;
}

static bool set_key(struct fault *f, const char *key, const char *value)
{
    if (strcmp(key, "every") == 0) {
        return set_number(&f->every, value) && f->every > 0;
    }
    if (strcmp(key, "after") == 0) {
        return set_number(&f->after, value);
    }
    if (strcmp(key, "times") == 0 || strcmp(key, "count") == 0) {
        return set_number(&f->times, value);
    }
    if (strcmp(key, "path") == 0) {
        snprintf(f->path, sizeof f->path, "%s", value);
        return true;
    }
    if (f->keys == MAX_KEYS || strlen(key) >= sizeof f->key[0] || strlen(value) >= FAULT_TEXT) {
        return false;
    }
    snprintf(f->key[f->keys], sizeof f->key[0], "%s", key);
    snprintf(f->value[f->keys++], FAULT_TEXT, "%s", value);
    return true;
}

static bool parse(struct fault *f, const char *spec)
{
    char text[256];
    snprintf(text, sizeof text, "%s", spec);
    char *keys = strchr(text, ':');
    if (keys) {
        *keys++ = '\0';
    }
    *f = (struct fault){.every = 1, .times = -1};
    snprintf(f->spec, sizeof f->spec, "%s", spec);
    size_t n = sizeof known / sizeof *known, i = 0;
    while (i < n && strcmp(known[i].name, text) != 0) {
        i++;
    }
    if (i == n || strlen(spec) >= sizeof text) {
        return false;
    }
    snprintf(f->name, sizeof f->name, "%s", known[i].name);
    snprintf(f->path, sizeof f->path, "%s", known[i].path);
    f->times = known[i].times;
    for (char *p = keys; p && *p;) {
        char *next = strchr(p, ',');
        if (next) {
            *next++ = '\0';
        }
        char *value = strchr(p, '=');
        if (!value) {
            return false;
        }
        *value++ = '\0';
        if (!set_key(f, p, value)) {
            return false;
        }
        p = next;
    }
    return true;
}

bool fault_add(const char *spec, char *why, size_t size)
{
    struct fault f;
    if (!parse(&f, spec)) {
        snprintf(why, size, "no such fault: '%s' (see --help)", spec);
        return false;
    }
    pthread_mutex_lock(&lock);
    bool room = count < MAX_FAULTS;
    if (room) {
        faults[count++] = f;
    }
    pthread_mutex_unlock(&lock);
    if (!room) {
        snprintf(why, size, "more than %d faults", MAX_FAULTS);
    }
    return room;
}

void fault_each(void (*show)(void *cls, const char *spec), void *cls)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        show(cls, faults[i].spec);
    }
    pthread_mutex_unlock(&lock);
}

static const char *value_of(const struct fault *f, const char *key)
{
    for (int i = 0; i < f->keys; i++) {
        if (strcmp(f->key[i], key) == 0) {
            return f->value[i];
        }
    }
    return NULL;
}

static bool strikes(struct fault *f)
{
    if (f->times >= 0 && f->strikes >= f->times) {
        return false;
    }
    f->chances++;
    if (f->chances <= f->after || (f->chances - f->after) % f->every != 0) {
        return false;
    }
    f->strikes++;
    return true;
}

bool fault_strikes_with(const char *name, const char *path, const char *key, const char *otherwise,
                        char value[FAULT_TEXT])
{
    bool hit = false;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count && !hit; i++) {
        struct fault *f = &faults[i];
        if (strcmp(f->name, name) == 0 && world_path_matches(f->path, path) && strikes(f)) {
            const char *given = value_of(f, key);
            snprintf(value, FAULT_TEXT, "%s", given ? given : otherwise);
            hit = true;
        }
    }
    pthread_mutex_unlock(&lock);
    return hit;
}

bool fault_strikes(const char *name, const char *path)
{
    char unused[FAULT_TEXT];
    return fault_strikes_with(name, path, "", "", unused);
}

long fault_number(const char *name, const char *key, long otherwise)
{
    long number = otherwise;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        if (strcmp(faults[i].name, name) == 0) {
            const char *given = value_of(&faults[i], key);
            if (given) {
                number = strtol(given, NULL, 10);
            } else if (strcmp(key, "after") == 0) {
                number = faults[i].after;
            }
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return number;
}
