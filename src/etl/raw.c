#include "etl/raw.h"

#include "base/clock.h"
#include "io/gzip.h"
#include "sql.h"

bool raw_end(struct db *d, int64_t window_id, const char *plan, bool by_reading, struct err *e)
{
    return (!by_reading || (db_do(d, e, sql_raw_drop_pages, I(window_id), S(plan)) &&
                            db_do(d, e, sql_raw_drop_reading, I(window_id), S(plan)))) &&
           db_do(d, e, sql_raw_end, I(window_id), S(plan));
}

bool raw_prune(struct db *d, int64_t before_ms, int64_t now_ms, bool *more, struct err *e)
{
    const struct db_value kept[] = {T(before_ms), T(now_ms + MS_PER_DAY)};
    bool done = db_begin(d, e) && db_do_values(d, e, sql_raw_prune_pages, kept, COUNT_OF(kept));

    *more = done && db_changes(d) > 0;
    done = done && (*more || db_do_values(d, e, sql_raw_prune_readings, kept, COUNT_OF(kept)));
    *more = done && db_changes(d) > 0;
    return db_finish(d, done, e);
}

struct json_doc *raw_parse(const void *bytes, size_t length, const char *encoding, struct err *e)
{
    char *text = gzip_text(bytes, length, strcmp(encoding, "gzip") == 0, &length, e);

    return text ? json_parse(text, length, e) : NULL;
}
