#include "out/render.h"

#include <errno.h>
#include <string.h>

#include "base/stop.h"
#include "out/json_out.h"
#include "out/table.h"

/* One step, unless a stop was asked for. */
static bool next_row(struct db_stmt *s, bool *row, struct err *e)
{
    if (stop_requested()) {
        return err_set(e, ERR_STOPPED, "stopped by a signal");
    }
    return db_step(s, row, e);
}

static bool render_table(struct db_stmt *s, struct arena *a, FILE *out, struct err *e)
{
    size_t columns = (size_t)db_column_count(s);
    struct table *t = table_new(a, columns);
    bool row = false;
    bool read = false;

    for (size_t i = 0; i < columns; i++) {
        table_str(t, db_column_name(s, (int)i));
    }
    while ((read = next_row(s, &row, e)) && row) {
        for (int i = 0; i < (int)columns; i++) {
            switch (db_column_type(s, i)) {
            case DB_INT:
                table_int(t, db_int(s, i));
                break;
            case DB_REAL:
                table_real(t, db_real(s, i));
                break;
            case DB_TEXT:
                table_text(t, db_text(s, i), db_bytes(s, i));
                break;
            default:
                table_str(t, NULL);
            }
        }
    }
    if (read) {
        table_print(t, table_terminal_width(out), out);
        (void)fprintf(out, "(%zu %s)\n", table_rows(t), table_rows(t) == 1 ? "row" : "rows");
    }
    table_free(t);
    return read;
}

void render_csv_record(struct db_stmt *s, struct csv_writer *w)
{
    int columns = db_column_count(s);

    for (int i = 0; i < columns; i++) {
        switch (db_column_type(s, i)) {
        case DB_INT:
            csv_int(w, db_int(s, i));
            break;
        case DB_REAL:
            csv_real(w, db_real(s, i));
            break;
        case DB_TEXT:
            csv_text(w, db_text(s, i), db_bytes(s, i));
            break;
        default:
            csv_null(w);
        }
    }
    csv_end_record(w);
}

static bool render_csv(struct db_stmt *s, FILE *out, struct err *e)
{
    const struct csv_options plain = {.gzip = false};
    struct csv_writer *w = csv_new(out, &plain);
    bool row = false;
    bool read = false;

    for (int i = 0; i < db_column_count(s); i++) {
        const char *name = db_column_name(s, i);
        csv_text(w, name, strlen(name));
    }
    csv_end_record(w);
    while ((read = next_row(s, &row, e)) && row && !csv_failed(w)) {
        render_csv_record(s, w);
    }
    bool written = csv_finish(w);
    if (read && !written) {
        return err_set(e, ERR_STORE, "cannot write the output: %s", strerror(errno));
    }
    return read;
}

static void json_field(struct json_out *o, struct db_stmt *s, int at)
{
    const char *name = db_column_name(s, at);

    switch (db_column_type(s, at)) {
    case DB_INT:
        json_out_int(o, name, db_int(s, at));
        break;
    case DB_REAL:
        json_out_real(o, name, db_real(s, at));
        break;
    case DB_TEXT:
        json_out_bytes(o, name, db_text(s, at), db_bytes(s, at));
        break;
    default:
        json_out_null(o, name);
    }
}

static bool render_json(struct db_stmt *s, FILE *out, struct err *e)
{
    struct json_out o = {.file = out};
    int columns = db_column_count(s);
    bool row = false;
    bool read = false;

    json_out_array(&o, NULL);
    while ((read = next_row(s, &row, e)) && row && !ferror(out)) {
        json_out_flat_object(&o, NULL);
        for (int i = 0; i < columns; i++) {
            json_field(&o, s, i);
        }
        json_out_end(&o);
    }
    if (read) {
        json_out_end(&o);
    }
    return read;
}

bool render_rows(struct db_stmt *s, enum render_format format, struct arena *a, FILE *out,
                 struct err *e)
{
    bool done = false;

    switch (format) {
    case RENDER_CSV:
        done = render_csv(s, out, e);
        break;
    case RENDER_JSON:
        done = render_json(s, out, e);
        break;
    default:
        done = render_table(s, a, out, e);
    }
    if (done && ferror(out)) {
        return err_set(e, ERR_STORE,
                       "cannot write the output: the disk is full or the reader went away");
    }
    return done;
}
