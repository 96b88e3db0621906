#include "out/status.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "out/render.h"
#include "sql.h"

bool status_gather(struct db *d, const struct status_request *wanted, struct err *e)
{
    int due_hours = wanted->due_hours > 0 ? wanted->due_hours : STATUS_DUE_HOURS;
    int64_t due_ms = wanted->now_ms - due_hours * MS_PER_HOUR;
    bool done = db_do(d, e, sql_status_fact, NONE);

    for (size_t i = 0; done && i < wanted->stream_count; i++) {
        const struct status_stream_facts *f = &wanted->streams[i];
        char count[128];
        int64_t rows = 0;

        INVARIANT(!strchr(f->table, '"') && strlen(f->table) < sizeof(count) / 2);
        (void)snprintf(count, sizeof(count), "SELECT count(*) FROM \"%s\"", f->table);
        done = db_scalar(d, count, &rows, e) &&
               db_do(d, e, sql_status_fact_add, S(f->name), S(f->title), I(f->is_snapshot),
                     I(f->enabled), I(rows));
    }
    return done && db_do(d, e, sql_status_run, NONE) &&
           db_do(d, e, sql_status_stream, T(wanted->now_ms), T(due_ms)) &&
           db_do(d, e, sql_status_whole, T(wanted->now_ms), S(db_path(d)), I(db_schema_version()),
                 I(due_hours));
}

bool status_print(struct db *d, int width, FILE *out, struct err *e)
{
    static const struct {
        const char *sql;
        enum render_format format;
        bool within_width;
        const char *then; /* what is printed behind it */
    } parts[] = {
        {sql_status_title, RENDER_LIST, false, "\n"},
        {sql_status_coverage, RENDER_TABLE, true,
         "whole, open, prov.: business days; provisional ones may be read again\n\n"},
        {sql_status_last_runs, RENDER_TABLE, true, "\n"},
        {sql_status_facts, RENDER_LIST, true, "\n"},
        {sql_status_verdict, RENDER_LIST, false, ""},
    };

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct rendering to = {parts[i].format, parts[i].within_width ? width : 0, out};

        if (!render_query(d, e, parts[i].sql, DB_VALUES(NONE), &to)) {
            return false;
        }
        (void)fputs(parts[i].then, out);
    }
    return true;
}
