#include "record.h"

#include "routes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT   5000
#define ROUTES 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char *line; /* method, blank, path and query */
    int status;
} kept[KEPT];
static struct {
    char name[160];
    int64_t count;
} routes[ROUTES];
static int64_t total, statuses[600];
static int route_count, under_way, most_at_once;

static bool ours(const char *path)
{
    return strncmp(path, "/standin/", 9) == 0 && strcmp(path, ROUTES_ELSEWHERE) != 0;
}

void record_begin(const char *path)
{
    if (ours(path)) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (++under_way > most_at_once) {
        most_at_once = under_way;
    }
    pthread_mutex_unlock(&lock);
}

static void count_route(const char *name)
{
    int i = 0;
    while (i < route_count && strcmp(routes[i].name, name) != 0) {
        i++;
    }
    if (i == route_count && i < ROUTES) {
        snprintf(routes[i].name, sizeof routes[i].name, "%s", name);
        routes[i].count = 0;
        route_count++;
    }
    if (i < ROUTES) {
        routes[i].count++;
    }
}

void record_end(const char *method, const char *path, const char *shown, int status)
{
    char name[160], *line;
    if (ours(path)) {
        return;
    }
    routes_name(method, path, name, sizeof name);
    size_t length = strlen(method) + strlen(shown) + 2;
    line = malloc(length);
    if (line) {
        snprintf(line, length, "%s %s", method, shown);
    }
    pthread_mutex_lock(&lock);
    under_way--;
    free(kept[total % KEPT].line);
    kept[total % KEPT].line = line;
    kept[total % KEPT].status = status;
    total++;
    if (status > 0 && status < 600) {
        statuses[status]++;
    }
    count_route(name);
    pthread_mutex_unlock(&lock);
}

static void write_list(struct jw *w)
{
    jw_array(w, "requests");
    for (int64_t i = total > KEPT ? total - KEPT : 0; i < total; i++) {
        char *line = kept[i % KEPT].line;
        char *blank = line ? strchr(line, ' ') : NULL;
        if (!blank) {
            continue;
        }
        *blank = '\0';
        jw_array(w, NULL);
        jw_string(w, NULL, line);
        jw_string(w, NULL, blank + 1);
        jw_int(w, NULL, kept[i % KEPT].status);
        jw_end(w);
        *blank = ' ';
    }
    jw_end(w);
}

void record_json(struct jw *w)
{
    char name[8];
    pthread_mutex_lock(&lock);
    jw_object(w, NULL);
    jw_int(w, "total", total);
    jw_object(w, "routes");
    for (int i = 0; i < route_count; i++) {
        jw_int(w, routes[i].name, routes[i].count);
    }
    jw_end(w);
    jw_object(w, "statuses");
    for (int i = 0; i < 600; i++) {
        if (statuses[i]) {
            snprintf(name, sizeof name, "%d", i);
            jw_int(w, name, statuses[i]);
        }
    }
    jw_end(w);
    jw_int(w, "max_concurrent", most_at_once);
    write_list(w);
    jw_end(w);
    pthread_mutex_unlock(&lock);
}

void record_reset(void)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < KEPT; i++) {
        free(kept[i].line);
        kept[i].line = NULL;
    }
    total = 0;
    route_count = 0;
    most_at_once = under_way;
    memset(statuses, 0, sizeof statuses);
    pthread_mutex_unlock(&lock);
}
