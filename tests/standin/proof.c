/* What a test may post in place of what the stand-in invents: `POST /standin/proof` replaces it by
 * a document of lists       whole answers, by their paths adherence   files: managementUnitId,
 * startDate, userResults */
#include "lock.h"
#include "routes.h"
#include "when.h"

#include <stdlib.h>
#include <yyjson.h>

/* One request at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static yyjson_doc *data;

static yyjson_val *part(const char *name)
{
    return yyjson_obj_get(yyjson_doc_get_root(data), name);
}

void proof_set(const struct request *request, struct reply *reply)
{
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    if (!yyjson_is_obj(yyjson_doc_get_root(doc))) {
        yyjson_doc_free(doc);
        reply_error(reply, 400, "bad.request", "the body is no JSON object");
        return;
    }
    HOLD(lock);
    yyjson_doc_free(data);
    data = doc;
    reply_text(reply, 200, "application/json", "{}");
}

bool proof_list(const struct request *request, struct reply *reply)
{
    HOLD(lock);
    char *text = yyjson_val_write(yyjson_obj_get(part("lists"), request->path), 0, NULL);
    if (text) {
        jw_text(&reply->body, text);
    }
    free(text);
    return text != NULL;
}

bool proof_report(const char *unit, int64_t from, int64_t to, long n, char **text)
{
    size_t i, count;
    yyjson_val *file;
    *text = NULL;
    HOLD(lock);
    yyjson_val *files = part("adherence");
    yyjson_arr_foreach(files, i, count, file)
    {
        int64_t start = WHEN_NEVER;
        when_parse(yyjson_get_str(yyjson_obj_get(file, "startDate")), &start);
        if (yyjson_equals_str(yyjson_obj_get(file, "managementUnitId"), unit) && start >= from &&
            start < to && n-- == 0) {
            *text = yyjson_val_write(file, 0, NULL);
            break;
        }
    }
    return files != NULL;
}
