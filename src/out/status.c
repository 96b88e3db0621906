#include "out/out.h"

#include "base/limits.h"
#include "io/lock.h"
#include "out/render.h"
#include "sql.h"
#include "streams/stream.h"

bool status_gather(struct db *d, const struct config *c, int64_t now_ms, struct err *e)
{
    int64_t due_ms = now_ms - c->due_hours * MS_PER_HOUR;
    int64_t wal = db_wal_bytes(db_path(d));
    /* Where clocks were set back since, the same time of day comes so much later. */
    int32_t set_back = clock_zone_offset_seconds(due_ms) - clock_zone_offset_seconds(now_ms);
    due_ms -= set_back > 0 ? set_back * MS_PER_SECOND : 0;
    int64_t start_ms =
        c->start_day == INT32_MIN ? TIME_NONE : clock_zone_day_start_ms(c->start_day);
    ARENA_SCOPED struct arena *a = arena_new(0);
    bool done = db_do(d, e, sql_status_fact, NONE);
    int held[LOCK_SLOTS] = {0};
    const char *past;

    /* Locks are looked at before and after the runs: what begins or ends then was not killed. */
    for (size_t i = 0; i < stream_registry_count; i++) {
        held[i % LOCK_SLOTS] = lock_is_held(db_path(d), stream_registry[i]->lock_slot);
    }
    for (size_t i = 0; done && i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];
        const struct table_map *of = s->load == LOAD_OBSERVE ? s->state : s->trees[0]->root;
        int64_t rows = 0;

        done = db_number(
            db_ask(d, e, arena_printf(a, "SELECT count(*) FROM \"%s\"", of->table), NONE), &rows);
        int held_now = lock_is_held(db_path(d), s->lock_slot);
        held_now = held_now > held[i % LOCK_SLOTS] ? held_now : held[i % LOCK_SLOTS];
        done = done &&
               db_do(d, e, sql_status_fact_add, S(s->name), S(s->title), I(!stream_has_days(s)),
                     I(!stream_has_days(s) && s->load != LOAD_OBSERVE),
                     I(stream_is_listed(s, c->streams, c->stream_count)), I(rows), I(held_now));
    }
    return done && db_do(d, e, sql_status_run, NONE) && db_do(d, e, sql_status_stream_run, NONE) &&
           db_do(d, e, sql_status_stream, T(now_ms), T(due_ms), T(start_ms)) &&
           db_do(d, e, sql_status_shown, NONE) &&
           db_texts(db_ask(d, e, sql_status_past, NONE), a, &past, 1) &&
           db_do(d, e, sql_status_fewer, NONE, T(now_ms), S(past)) &&
           db_do(d, e, sql_status_whole, T(now_ms), S(db_path(d)), I(db_schema_version()),
                 I(c->due_hours), I(wal), I(wal > limit_get(LIMIT_WAL_BYTES)),
                 S(c->streams_written), T(start_ms), I(c->max_requests), I(c->max_requests_month),
                 I(c->agents_licensed));
}

bool status_print(struct db *d, int width, FILE *out, struct err *e)
{
    static const struct {
        const char *sql;
        enum render_format format;
        bool within_width;
        const char *then; /* what is printed behind it */
    } parts[] = {STATUS_PARTS};

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct rendering to = {
            .format = parts[i].format, .width = parts[i].within_width ? width : 0, .out = out};

        if (!render_query(db_ask(d, e, parts[i].sql, NONE), &to)) {
            return false;
        }
        (void)fputs(parts[i].then, out);
    }
    return true;
}
