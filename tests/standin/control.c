/* The stand-in's own paths: changing it while it runs, and asking it what it saw and what is true.
 */
#include "fault.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

/* What a control tells the world: a number, or a moment (ISO text; null for what it is untold). */
static const struct {
    const char *key;
    enum told what;
    bool is_number;
} tellings[] = {{"now", TOLD_NOW, false},
                {"date", TOLD_DATE, false},
                {"availability", TOLD_AVAILABILITY, false},
                {"divisions", TOLD_DIVISIONS, true},
                {"retention_days", TOLD_RETENTION, true}};

/* Tells the i-th of them. */
static bool tell(size_t i, yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    int64_t given = yyjson_get_sint(value);
    bool good = tellings[i].is_number ? yyjson_is_int(value) : yyjson_is_null(value) || text;
    if (!tellings[i].is_number) {
        given = WHEN_NEVER;
        if (text && tellings[i].what == TOLD_DATE && strcmp(text, "now") == 0) {
            given = WORLD_DATE_IS_NOW;
        } else if (text && strcmp(text, "real") != 0) {
            good = when_parse(text, &given);
        }
    }
    if (good) {
        world_tell(tellings[i].what, given);
    }
    return good;
}

/* Replaces a list of texts. */
static bool set_list(yyjson_val *list, void (*clear)(void),
                     bool (*add)(const char *text, char *why, size_t size), char *why, size_t size)
{
    size_t i, n;
    yyjson_val *item;
    clear();
    yyjson_arr_foreach(list, i, n, item)
    {
        const char *text = yyjson_get_str(item);
        if (!text || !add(text, why, size)) {
            return false;
        }
    }
    return yyjson_is_arr(list);
}

static bool set_one(const char *key, yyjson_val *value, char *why, size_t size)
{
    snprintf(why, size, "what '%.40s' is given cannot be used", key);
    for (size_t i = 0; i < sizeof tellings / sizeof *tellings; i++) {
        if (strcmp(key, tellings[i].key) == 0) {
            return tell(i, value);
        }
    }
    if (strcmp(key, "faults") == 0) {
        return set_list(value, fault_clear, fault_add, why, size);
    }
    if (strcmp(key, "deny") == 0) {
        return set_list(value, world_clear_denied, world_add_denied, why, size);
    }
    if (strcmp(key, "reset_requests") == 0) {
        if (yyjson_is_true(value)) {
            record_reset();
        }
        return yyjson_is_bool(value);
    }
    return false;
}

void control_show(const struct request *request, struct reply *reply)
{
    (void)request;
    struct moment moment = world_moment();
    struct jw *w = &reply->body;
    JW(w, OBJECT(NULL), TIME("now", moment.now), TIME("availability", moment.availability),
       ARRAY("faults"));
    fault_show(w);
    JW(w, END, END);
}

void control_set(const struct request *request, struct reply *reply)
{
    char why[256] = "the body is no JSON object";
    size_t i, n;
    yyjson_val *key, *value;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    bool good = yyjson_is_obj(root);
    yyjson_obj_foreach(root, i, n, key, value)
    {
        const char *name = yyjson_get_str(key);
        good = good && name && set_one(name, value, why, sizeof why);
    }
    yyjson_doc_free(doc);
    if (good) {
        control_show(request, reply);
    } else {
        reply_error(reply, 400, "bad.request", why);
    }
}
