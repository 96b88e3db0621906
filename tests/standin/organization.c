/* What the organization is granted and keeps: its limits and the retention of analytics data. */
#include "routes.h"

#include "when.h"
#include "world.h"

#include <string.h>

enum { RETENTION_DAYS = 558 };

static void limit(struct jw *w, const char *key, int64_t value)
{
    jw_object(w, NULL);
    jw_string(w, "key", key);
    jw_string(w, "namespace", "platform.api");
    jw_int(w, "value", value);
    jw_end_object(w);
}

void organization_limits(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    int64_t rate = world.ratelimit > 0 ? world.ratelimit : 300;
    if (strcmp(request->segment, "platform.api") != 0) {
        reply_error(reply, 404, "not.found", "There is no such namespace.");
        return;
    }
    jw_object(w, NULL);
    jw_array(w, "entities");
    limit(w, "client.credentials.token.rate.per.minute", rate);
    limit(w, "token.rate.per.minute", rate);
    limit(w, "org.app.user.rate.per.minute", 3000);
    limit(w, "request.bytes.max", HTTP_MAX_BODY);
    jw_end_array(w);
    jw_end_object(w);
}

void organization_retention(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    (void)request;
    jw_object(w, NULL);
    jw_int(w, "retentionDays", RETENTION_DAYS);
    jw_string(w, "dateCreated", "2024-01-01T00:00:00.000Z");
    jw_end_object(w);
}
