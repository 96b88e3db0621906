/* Pages whose data a test may post: management units, who is in them, historical adherence. `POST
 * /standin/proof` replaces the data by a document of
 *   managementunits   entities, as the list shows them
 *   unitusers         arrays of user ids, by the units' ids
 *   adherence         files: managementUnitId, startDate, userResults */
#include "routes.h"
#include "when.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define UNITS "/api/v2/workforcemanagement/managementunits"

/* One request at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static yyjson_doc *data;

static yyjson_val *part(const char *name)
{
    return yyjson_obj_get(yyjson_doc_get_root(data), name);
}

static int64_t moment_of(yyjson_val *object, const char *key)
{
    int64_t ms;
    return when_parse(yyjson_get_str(yyjson_obj_get(object, key)), &ms) ? ms : WHEN_NEVER;
}

void proof_set(const struct request *request, struct reply *reply)
{
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    if (!yyjson_is_obj(yyjson_doc_get_root(doc))) {
        yyjson_doc_free(doc);
        reply_error(reply, 400, "bad.request", "the body is no JSON object");
        return;
    }
    pthread_mutex_lock(&lock);
    yyjson_doc_free(data);
    data = doc;
    pthread_mutex_unlock(&lock);
    reply_text(reply, 200, "application/json", "{}");
}

static void write_units(struct jw *w)
{
    char *entities = yyjson_val_write(part("managementunits"), 0, NULL);
    jw_text(w, "{\"entities\":");
    jw_text(w, entities);
    jw_text(w, ",\"selfUri\":\"" UNITS "\"}");
    free(entities);
}

static void write_users(struct jw *w, yyjson_val *users)
{
    size_t i, n;
    yyjson_val *user;
    JW(w, OBJECT(NULL), ARRAY("entities"));
    yyjson_arr_foreach(users, i, n, user)
    {
        JW(w, OBJECT(NULL), ID("id", yyjson_get_str(user)), ID("selfUri", "/api/v2/users/x"), END);
    }
    JW(w, END, END);
}

bool proof_list(const struct request *request, struct reply *reply)
{
    pthread_mutex_lock(&lock);
    bool units = strcmp(request->path, UNITS) == 0 && part("managementunits");
    yyjson_val *users = yyjson_obj_get(part("unitusers"), request->segment);
    users = strstr(request->path, UNITS "/") ? users : NULL;
    if (units) {
        write_units(&reply->body);
    } else if (users) {
        write_users(&reply->body, users);
    }
    pthread_mutex_unlock(&lock);
    return units || users;
}

bool proof_has_unit(const char *id)
{
    bool known = false;
    size_t i, n;
    yyjson_val *unit;
    pthread_mutex_lock(&lock);
    yyjson_arr_foreach(part("managementunits"), i, n, unit)
    {
        known = known || yyjson_equals_str(yyjson_obj_get(unit, "id"), id);
    }
    pthread_mutex_unlock(&lock);
    return known;
}

bool proof_has_reports(void)
{
    pthread_mutex_lock(&lock);
    bool posted = part("adherence") != NULL;
    pthread_mutex_unlock(&lock);
    return posted;
}

char *proof_report(const char *unit, int64_t from, int64_t to, long n)
{
    size_t i, count;
    yyjson_val *file;
    char *text = NULL;
    pthread_mutex_lock(&lock);
    yyjson_arr_foreach(part("adherence"), i, count, file)
    {
        int64_t start = moment_of(file, "startDate");
        if (yyjson_equals_str(yyjson_obj_get(file, "managementUnitId"), unit) && start >= from &&
            start < to && n-- == 0) {
            text = yyjson_val_write(file, 0, NULL);
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return text;
}
