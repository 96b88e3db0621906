#include "out/recent.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "etl/map.h"
#include "io/csv.h"
#include "out/json_out.h"
#include "out/table.h"

/* --- names ----------------------------------------------------------------------------------- */

static const char queue_sql[] = "SELECT name FROM queue WHERE queue_id = ?1";
static const char agent_sql[] = "SELECT name FROM user WHERE user_id = ?1";

static bool find_name(struct db_stmt *s, const char *id, struct arena *a, const char **name,
                      struct err *e)
{
    bool row = false;

    if (!id) {
        return true;
    }
    db_bind_str(s, 1, id);
    bool found = db_step(s, &row, e);
    if (found && row && db_text(s, 0)) {
        *name = arena_strdup(a, db_text(s, 0));
    }
    db_reset(s);
    return found;
}

bool recent_names(struct db *d, struct recent_row *rows, size_t count, struct arena *a,
                  struct err *e)
{
    struct db_stmt *queue = db_prepare(d, queue_sql, e);
    struct db_stmt *agent = queue ? db_prepare(d, agent_sql, e) : NULL;
    bool found = agent != NULL;

    for (size_t i = 0; found && i < count; i++) {
        found = find_name(queue, rows[i].queue_id, a, &rows[i].queue_name, e) &&
                find_name(agent, rows[i].agent_id, a, &rows[i].agent_name, e);
    }
    db_finalize(queue);
    db_finalize(agent);
    return found;
}

/* --- printing -------------------------------------------------------------------------------- */

/* YYYY-MM-DD HH:MM:SS of the business zone. */
static const char *local_time(struct arena *a, int64_t ms)
{
    char text[CLOCK_ISO_BYTES];

    clock_format(ms + clock_zone_offset_seconds(ms) * MS_PER_SECOND, text);
    return arena_printf(a, "%.10s %.8s", text, text + 11);
}

/* The same to the minute, without the year, as far as a narrow table has room for. */
static const char *short_local_time(struct arena *a, int64_t ms)
{
    return arena_printf(a, "%.11s", local_time(a, ms) + 5);
}

static const char *known(const char *name, const char *id)
{
    return name ? name : id;
}

static void print_table(const struct recent_row *rows, size_t count, struct arena *a, FILE *out)
{
    static const char *const names[] = {"conversation", "start", "media",   "direction",
                                        "queue",        "agent", "handle_s"};
    struct table *t = table_new(a, COUNT_OF(names));

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        table_str(t, names[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct recent_row *r = &rows[i];

        table_str(t, r->conversation_id);
        table_str(t, short_local_time(a, r->start_ms));
        table_str(t, r->media_type);
        table_str(t, r->direction);
        table_str(t, known(r->queue_name, r->queue_id));
        table_str(t, known(r->agent_name, r->agent_id));
        if (r->handle_ms < 0) {
            table_str(t, NULL);
        } else {
            table_real(t, (double)r->handle_ms / 1000);
        }
    }
    table_print(t, table_terminal_width(out), out);
    table_free(t);
}

static void csv_string(struct csv_writer *w, const char *text)
{
    if (text) {
        csv_text(w, text, strlen(text));
    } else {
        csv_null(w);
    }
}

static bool print_csv(const struct recent_row *rows, size_t count, struct arena *a, FILE *out)
{
    static const char *const names[] = {
        "conversation_id", "conversation_start", "local_start", "media_type", "direction",
        "queue_id",        "queue_name",         "agent_id",    "agent_name", "handle_ms"};
    struct csv_options plain = {.gzip = false};
    struct csv_writer *w = csv_new(out, &plain);
    char start[CLOCK_ISO_BYTES];

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        csv_string(w, names[i]);
    }
    csv_end_record(w);
    for (size_t i = 0; i < count; i++) {
        const struct recent_row *r = &rows[i];

        csv_string(w, r->conversation_id);
        csv_string(w, clock_format(r->start_ms, start));
        csv_string(w, local_time(a, r->start_ms));
        csv_string(w, r->media_type);
        csv_string(w, r->direction);
        csv_string(w, r->queue_id);
        csv_string(w, r->queue_name);
        csv_string(w, r->agent_id);
        csv_string(w, r->agent_name);
        if (r->handle_ms < 0) {
            csv_null(w);
        } else {
            csv_int(w, r->handle_ms);
        }
        csv_end_record(w);
    }
    return csv_finish(w);
}

static void print_json(const struct recent_row *rows, size_t count, struct arena *a, FILE *out)
{
    struct json_out o = {.file = out};
    char start[CLOCK_ISO_BYTES];

    json_out_array(&o, NULL);
    for (size_t i = 0; i < count; i++) {
        const struct recent_row *r = &rows[i];

        json_out_object(&o, NULL);
        json_out_text(&o, "conversation_id", r->conversation_id);
        json_out_text(&o, "conversation_start", clock_format(r->start_ms, start));
        json_out_text(&o, "local_start", local_time(a, r->start_ms));
        json_out_text(&o, "media_type", r->media_type);
        json_out_text(&o, "direction", r->direction);
        json_out_text(&o, "queue_id", r->queue_id);
        json_out_text(&o, "queue_name", r->queue_name);
        json_out_text(&o, "agent_id", r->agent_id);
        json_out_text(&o, "agent_name", r->agent_name);
        if (r->handle_ms < 0) {
            json_out_null(&o, "handle_ms");
        } else {
            json_out_int(&o, "handle_ms", r->handle_ms);
        }
        json_out_end(&o);
    }
    json_out_end(&o);
}

bool recent_print(const struct recent_row *rows, size_t count, enum render_format format,
                  struct arena *a, FILE *out, struct err *e)
{
    bool written = true;

    if (format == RENDER_CSV) {
        written = print_csv(rows, count, a, out);
    } else if (format == RENDER_JSON) {
        print_json(rows, count, a, out);
    } else {
        print_table(rows, count, a, out);
    }
    if (!written || ferror(out)) {
        return err_set(e, ERR_STORE,
                       "cannot write the output: the disk is full or the reader went away");
    }
    return true;
}
