#include "etl/raw.h"

#include "base/clock.h"
#include "io/gzip.h"
#include "sql.h"

bool raw_keep(struct db *d, const struct load_page *page, const struct raw_answer *answer,
              const struct load_counts *counts, struct err *e)
{
    const struct raw_answer *a = answer;
    int64_t changed = counts->rows_new + counts->rows_changed;
    int64_t unwanted = (int64_t)page->facts.unwanted;
    struct db_value window = I(page->window_id);
    struct db_value run_id = I(page->run_id);
    struct db_value at = T(page->received_ms);

    if (changed == 0 && !(a && a->by_reading)) {
        return true;
    }
    return db_do(d, e, sql_raw_reading_open, window, S(page->plan), S(page->facts.parent),
                 T(page->until_ms), at, run_id) &&
           db_do(d, e, sql_raw_reading_changed, window, S(page->plan), at, run_id, I(changed)) &&
           (!a || db_do(d, e, sql_raw_page_keep, window, S(page->plan), run_id, I(a->number), at,
                        S(a->path), S(a->is_gzip ? "gzip" : "identity"), B(a->bytes, a->length),
                        I(counts->rows_read), N(unwanted > 0 ? unwanted : -1)));
}

bool raw_end(struct db *d, const struct load_page *page, struct err *e)
{
    return db_do(d, e, sql_raw_drop_pages, I(page->window_id), S(page->plan)) &&
           db_do(d, e, sql_raw_drop_reading, I(page->window_id), S(page->plan)) &&
           db_do(d, e, sql_raw_end, I(page->window_id), S(page->plan));
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
