#include "out/export.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/file.h"
#include "out/manifest.h"
#include "out/relation.h"
#include "out/render.h"

#define MANIFEST_NAME "manifest.json"

/* An export while it is made. */
struct exporting {
    struct db *db;
    const struct export_request *request;
    struct arena *arena;
    char since[CLOCK_ISO_BYTES];
    const struct relation **relations; /* to export, by name */
    struct file_aside *asides;         /* one a relation, then the manifest's */
    struct export_result *result;
};

/* --- which ----------------------------------------------------------------------------------- */

static bool is_named(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

static bool choose_relations(struct exporting *x, struct err *e)
{
    const struct export_request *r = x->request;
    struct relation_list list;

    if (!relation_list(x->db, x->arena, &list, e) ||
        !relation_check(&list, r->names, r->name_count, x->arena, e)) {
        return false;
    }
    x->relations = arena_array(x->arena, list.count + 1, sizeof(struct relation *));
    x->asides = arena_array(x->arena, list.count + 1, sizeof(*x->asides));
    x->result->files = arena_array(x->arena, list.count + 1, sizeof(*x->result->files));
    for (size_t i = 0; i < list.count; i++) {
        const struct relation *relation = &list.items[i];
        bool wanted = r->name_count > 0
                          ? is_named(r->names, r->name_count, relation->name)
                          : relation->is_view ||
                                is_named(r->data_tables, r->data_table_count, relation->name);
        if (wanted) {
            x->relations[x->result->count] = relation;
            x->result->files[x->result->count++] = (struct export_file){
                .relation = relation->name,
                .name =
                    arena_printf(x->arena, "%s.csv%s", relation->name, r->csv.gzip ? ".gz" : ""),
            };
        }
    }
    return true;
}

static const char *path_of(const struct exporting *x, const char *name)
{
    return arena_printf(x->arena, "%s/%s", x->request->directory, name);
}

/* Refuses to put a file where something else stands: its rename would fail, or do harm, when others
 * are in place already. */
static bool check_target(const struct exporting *x, const char *name, struct err *e)
{
    const char *path = path_of(x, name);
    struct stat st;

    if (lstat(path, &st) != 0) {
        return errno == ENOENT || file_fail(e, "write", path, errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_STORE, "cannot write %s: %s stands there; move it away", path,
                       S_ISDIR(st.st_mode)   ? "a directory"
                       : S_ISLNK(st.st_mode) ? "a symbolic link"
                                             : "something that is no file");
    }
    return true;
}

static bool check_targets(const struct exporting *x, struct err *e)
{
    for (size_t i = 0; i < x->result->count; i++) {
        if (!check_target(x, x->result->files[i].name, e)) {
            return false;
        }
    }
    return check_target(x, MANIFEST_NAME, e);
}

/* --- one file -------------------------------------------------------------------------------- */

/* Writes the rows of a statement that is bound. Ends early, and true, when writing fails:
 * csv_finish tells. */
static bool write_rows(struct db_stmt *s, struct csv_writer *w, struct err *e)
{
    bool row = false;

    for (;;) {
        if (stop_requested()) {
            return err_set(e, ERR_STOPPED, "stopped by a signal; no file was changed");
        }
        if (!db_step(s, &row, e)) {
            return false;
        }
        if (!row || csv_failed(w)) {
            return true;
        }
        render_csv_record(s, w);
    }
}

/* Writes the rows of a view conversation by conversation, so that nothing has to be sorted. */
static bool write_by_conversation(struct exporting *x, struct db_stmt *s, struct csv_writer *w,
                                  struct err *e)
{
    bool since = x->request->since_day != NULL;
    struct db_stmt *ids = db_prepare(x->db, relation_conversations_sql(since), e);
    bool row = false;
    bool written = ids != NULL;

    if (written && since) {
        db_bind_str(ids, 1, x->since);
    }
    while (written && !csv_failed(w) && (written = db_step(ids, &row, e)) && row) {
        db_bind_text(s, 1, db_text(ids, 0), db_bytes(ids, 0));
        written = write_rows(s, w, e);
        db_reset(s);
    }
    db_finalize(ids);
    return written;
}

static bool write_relation(struct exporting *x, const struct relation *relation,
                           struct csv_writer *w, struct err *e)
{
    struct relation_reading reading;

    if (!relation_reading(x->db, relation, x->request->since_day != NULL, x->arena, &reading, e)) {
        return false;
    }
    struct db_stmt *s = db_prepare(x->db, reading.sql, e);
    if (!s) {
        return false;
    }
    for (size_t i = 0; i < reading.column_count; i++) {
        csv_text(w, reading.columns[i], strlen(reading.columns[i]));
    }
    csv_end_record(w);
    if (reading.takes_since) {
        db_bind_str(s, 1, x->since);
    }
    bool written =
        reading.by_conversation ? write_by_conversation(x, s, w, e) : write_rows(s, w, e);
    db_finalize(s);
    return written;
}

static bool write_file(struct exporting *x, size_t at, struct err *e)
{
    const struct relation *relation = x->relations[at];
    struct export_file *file = &x->result->files[at];
    struct file_aside *aside = &x->asides[at];
    const char *path = path_of(x, file->name);

    if (!file_aside_open(aside, path, e)) {
        return false;
    }
    struct csv_writer *w = csv_new(aside->stream, &x->request->csv);
    if (!write_relation(x, relation, w, e)) {
        csv_discard(w);
        return false;
    }
    file->rows = csv_records(w) - 1;
    if (!csv_finish(w)) {
        return file_fail(e, "write", path, errno);
    }
    long bytes = ftell(aside->stream);
    if (bytes < 0) {
        return file_fail(e, "write", path, errno);
    }
    file->bytes = (uint64_t)bytes;
    return file_aside_sync(aside, e);
}

/* --- all of them ----------------------------------------------------------------------------- */

static bool write_manifest(struct exporting *x, struct err *e)
{
    const struct export_request *r = x->request;
    struct status_request wanted = {
        .streams = r->streams, .stream_count = r->stream_count, .now_ms = clock_now_ms()};
    struct file_aside *aside = &x->asides[x->result->count];
    struct status status;

    if (!status_gather(x->db, &wanted, x->arena, &status, e) ||
        !file_aside_open(aside, path_of(x, MANIFEST_NAME), e)) {
        return false;
    }
    manifest_write(r, x->result, &status, aside->stream);
    return file_aside_sync(aside, e);
}

static bool write_all(struct exporting *x, struct err *e)
{
    if (!db_begin_read(x->db, e)) {
        return false;
    }
    bool written = choose_relations(x, e) && file_make_directory(x->request->directory, e) &&
                   check_targets(x, e);
    if (written) {
        file_sweep_aside(x->request->directory);
    }
    for (size_t i = 0; written && i < x->result->count; i++) {
        written = write_file(x, i, e);
    }
    written = written && write_manifest(x, e);
    db_rollback(x->db);
    return written;
}

bool export_run(struct db *d, const struct export_request *request, struct arena *a,
                struct export_result *out, struct err *e)
{
    struct exporting x = {.db = d, .request = request, .arena = a, .result = out};

    *out = (struct export_result){.count = 0};
    clock_format(request->since_ms, x.since);
    bool done = write_all(&x, e);
    for (size_t i = 0; done && i <= out->count; i++) {
        done = file_aside_rename(&x.asides[i], e);
    }
    for (size_t i = 0; x.asides && i <= out->count; i++) {
        file_aside_discard(&x.asides[i]);
    }
    return done;
}
