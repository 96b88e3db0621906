#include "api/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum { MAX_ROUTES = 128, MAX_SEGMENT_BYTES = 64 };

static bool is_id(const char *segment, const char *before)
{
    return str_is_uuid(segment) ||
           (str_eq(before, "jobs") && segment[0] != '\0' && !str_eq(segment, "availability"));
}

void route_of(const char *path, char *out)
{
    size_t left = strcspn(path, "?#");
    char before[MAX_SEGMENT_BYTES] = "";
    struct buf route;

    buf_init(&route, ROUTE_BYTES - 1);
    while (left > 0) {
        char segment[MAX_SEGMENT_BYTES];
        size_t length;

        if (*path == '/') {
            (void)buf_add_char(&route, '/');
            path++;
            left--;
        }
        length = strcspn(path, "/?#");
        snprintf(segment, sizeof(segment), "%.*s", (int)length, path);
        (void)buf_add_str(&route, is_id(segment, before) ? "{id}" : segment);
        memcpy(before, segment, sizeof(before));
        path += length;
        left -= length;
    }
    snprintf(out, ROUTE_BYTES, "%s", buf_str(&route));
    buf_free(&route);
}

size_t routes_find(struct routes *r, const char *method, const char *path)
{
    char route[ROUTE_BYTES];
    size_t i = 0;

    route_of(path, route);
    while (i < r->count &&
           !(str_eq(r->counts[i].route, route) && str_eq(r->counts[i].method, method))) {
        i++;
    }
    if (i < r->count || r->count == MAX_ROUTES) {
        return i < r->count ? i : MAX_ROUTES - 1;
    }
    r->counts = xrealloc(r->counts, (r->count + 1) * sizeof(*r->counts));
    r->counts[i] = (struct route_count){.requests = 0};
    snprintf(r->counts[i].method, sizeof(r->counts[i].method), "%s", method);
    snprintf(r->counts[i].route, ROUTE_BYTES, "%s", i == MAX_ROUTES - 1 ? "other" : route);
    r->count++;
    return i;
}

void routes_free(struct routes *r)
{
    free(r->counts);
    *r = (struct routes){.counts = NULL};
}
