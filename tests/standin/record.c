#include "lock.h"
#include "routes.h"

#include <stdio.h>
#include <string.h>

#define KEPT   5000
#define ROUTES 128

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct jw kept[KEPT]; /* [method, path and query, status] each */
static struct {
    char name[160];
    int64_t count;
} routes[ROUTES];
static int64_t total;
static int route_count, under_way, most_at_once;

void record_begin(const char *path)
{
    if (strncmp(path, "/standin/", 9) == 0) {
        return;
    }
    HOLD(lock);
    if (++under_way > most_at_once) {
        most_at_once = under_way;
    }
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
    char name[160];
    struct jw row = {0};
    if (strncmp(path, "/standin/", 9) == 0) {
        return;
    }
    routes_name(method, path, name, sizeof name);
    JW(&row, ARRAY(NULL), TEXT(NULL, method), TEXT(NULL, shown), INT(NULL, status), END);
    HOLD(lock);
    under_way--;
    jw_free(&kept[total % KEPT]);
    kept[total++ % KEPT] = row;
    count_route(name);
}

void record_show(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    (void)request;
    HOLD(lock);
    JW(w, OBJECT(NULL), INT("total", total), OBJECT("routes"));
    for (int i = 0; i < route_count; i++) {
        JW(w, INT(routes[i].name, routes[i].count));
    }
    JW(w, END, INT("max_concurrent", most_at_once), ARRAY("requests"));
    for (int64_t i = total > KEPT ? total - KEPT : 0; i < total; i++) {
        jw_text(w, w->comma ? "," : "");
        jw_bytes(w, kept[i % KEPT].data, kept[i % KEPT].length);
        w->comma = true;
    }
    JW(w, END, END);
}

void record_reset(void)
{
    HOLD(lock);
    for (int i = 0; i < KEPT; i++) {
        jw_free(&kept[i]);
    }
    total = 0;
    route_count = 0;
    most_at_once = under_way;
}
