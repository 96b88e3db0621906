#include "etl/raw.h"

#include "base/clock.h"
#include "io/gzip.h"
#include "sql.h"

bool raw_keep(struct db *d, const struct raw_page *p, struct err *e)
{
    return db_do(d, e, sql_raw_reading_open, I(p->window_id), S(p->plan), S(p->parent),
                 T(p->read_to_ms), T(p->received_ms), I(p->run_id)) &&
           db_do(d, e, sql_raw_reading_changed, I(p->window_id), S(p->plan), T(p->received_ms),
                 I(p->run_id), I(p->changed)) &&
           (!p->path ||
            db_do(d, e, sql_raw_page_keep, I(p->window_id), S(p->plan), I(p->run_id), I(p->number),
                  T(p->received_ms), S(p->path), S(p->gzip ? "gzip" : "identity"),
                  B(p->bytes, p->length), I(p->rows), N(p->unwanted > 0 ? p->unwanted : -1)));
}

bool raw_begin(struct db *d, int64_t window_id, const char *plan, struct err *e)
{
    return db_do(d, e, sql_raw_begin, I(window_id), S(plan));
}

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
