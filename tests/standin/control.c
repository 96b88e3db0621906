/* The stand-in's own paths: changing it while it runs, and asking it what it saw and what is true.
 */
#include "fault.h"
#include "routes.h"
#include "statuses.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

/* Sets a moment: ISO text, or `unset` for null and for the word that stands for it. */
static bool set_moment(yyjson_val *value, void (*set)(int64_t ms))
{
    const char *text = yyjson_get_str(value);
    int64_t ms = WHEN_NEVER;
    if (!yyjson_is_null(value) &&
        (!text || (strcmp(text, "real") != 0 && !when_parse(text, strlen(text), &ms)))) {
        return false;
    }
    set(ms);
    return true;
}

static bool deny(const char *prefix, char *why, size_t size)
{
    (void)why;
    (void)size;
    return world_add_denied(prefix);
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
    if (strcmp(key, "now") == 0) {
        return set_moment(value, world_set_now);
    }
    if (strcmp(key, "date") == 0) {
        if (yyjson_get_str(value) && strcmp(yyjson_get_str(value), "now") == 0) {
            world_set_date(WORLD_DATE_IS_NOW);
            return true;
        }
        return set_moment(value, world_set_date);
    }
    if (strcmp(key, "availability") == 0) {
        return set_moment(value, world_set_availability);
    }
    if (strcmp(key, "availability_lag") == 0) {
        world_set_lag(yyjson_get_sint(value) * WHEN_SECOND);
        return yyjson_is_int(value);
    }
    if (strcmp(key, "divisions") == 0 || strcmp(key, "retention_days") == 0) {
        (*key == 'd' ? world_set_divisions : world_set_retention)((int)yyjson_get_sint(value));
        return yyjson_is_int(value);
    }
    if (strcmp(key, "faults") == 0) {
        return set_list(value, fault_clear, fault_add, why, size);
    }
    if (strcmp(key, "deny") == 0) {
        return set_list(value, world_clear_denied, deny, why, size);
    }
    if (strcmp(key, "reset_requests") == 0) {
        if (yyjson_is_true(value)) {
            record_reset();
        }
        return yyjson_is_bool(value);
    }
    return false;
}

static void show_fault(void *cls, const char *spec)
{
    jw_string(cls, NULL, spec);
}

static void show_state(struct reply *reply)
{
    struct moment moment = world_moment();
    struct jw *w = &reply->body;
    JW(w, OBJECT(NULL), TIME("now", moment.now), TIME("availability", moment.availability),
       ARRAY("faults"));
    fault_each(show_fault, w);
    JW(w, END, END);
}

static void control(const struct request *request, struct reply *reply)
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
        show_state(reply);
    } else {
        reply_error(reply, 400, "bad.request", why);
    }
}

void control_answer(const struct request *request, struct reply *reply)
{
    const char *path = request->path;
    if (strcmp(path, "/standin/control") == 0) {
        if (strcmp(request->method, "POST") == 0) {
            control(request, reply);
        } else {
            show_state(reply);
        }
    } else if (strcmp(path, "/standin/proof") == 0) {
        proof_set(request, reply);
    } else if (strcmp(path, "/standin/requests") == 0) {
        record_json(&reply->body);
    } else if (strcmp(path, "/standin/truth") == 0) {
        truth_conversations(request, reply);
    } else if (strcmp(path, "/standin/truth/statuses") == 0) {
        statuses_truth(request, reply);
    } else if (strcmp(path, "/standin/truth/users") == 0) {
        directory_all("/api/v2/users", reply);
    } else if (strcmp(path, "/standin/truth/queues") == 0) {
        directory_all("/api/v2/routing/queues", reply);
    } else {
        reply_text(reply, 404, "application/json",
                   "{\"message\":\"no such path of the stand-in\"}");
    }
}
