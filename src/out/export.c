#include "out/export.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/embedded.h"
#include "io/file.h"
#include "io/hash.h"
#include "out/render.h"
#include "sql.h"

#define MANIFEST_NAME "manifest.json"

/* The longest name that a file can take on, with room for what stands around it. */
enum { NAME_BYTES = 200 };

/* A table or view of the file. */
struct relation {
    const char *name;
    bool is_view;
    bool is_our_view;
};

/* An export while it is made. */
struct exporting {
    struct db *db;
    const struct export_request *request;
    struct arena *arena;
    struct file_aside *asides; /* one a file, then the manifest's */
    struct export_result *result;
    int directory; /* held open, and with it the claim to write there; -1: not yet */
};

/* --- which ----------------------------------------------------------------------------------- */

/* All tables and views, by name, in the arena. */
static bool list_relations(struct db *d, struct arena *a, struct relation **list, size_t *count,
                           struct err *e)
{
    struct rows q = db_ask(d, e, sql_export_relations, S(embedded_views[VIEWS_DROP].text));

    *list = NULL;
    *count = 0;
    while (db_next(&q)) {
        if (!*list) {
            *list = arena_array(a, (size_t)db_int(&q, 3), sizeof(**list));
        }
        (*list)[(*count)++] = (struct relation){.name = db_kept(&q, 0, a),
                                                .is_view = db_int(&q, 1) != 0,
                                                .is_our_view = db_int(&q, 2) != 0};
    }
    return db_end(&q);
}

bool export_check(struct db *d, const char *const *names, size_t count, struct arena *a,
                  struct err *e)
{
    struct relation *list;
    size_t known_count;

    if (!list_relations(d, a, &list, &known_count, e)) {
        return false;
    }
    const char **known = arena_array(a, known_count + 1, sizeof(*known));
    for (size_t i = 0; i < known_count; i++) {
        known[i] = list[i].name;
    }
    for (size_t i = 0; i < count; i++) {
        if (!str_is_listed(names[i], known, known_count)) {
            const char *near = str_nearest(names[i], known, known_count);
            return err_set(e, ERR_USAGE, "there is no table or view '%s'%s%s", names[i],
                           near ? "; did you mean " : "", near ? near : "");
        }
    }
    return true;
}

/* Whether a name can be a file's everywhere, on Windows shares too, and leads to no other place. */
static bool is_file_name(const char *name)
{
    size_t length = 0;

    while ((unsigned char)name[length] >= ' ' && !strchr("\"*/:<>?\\|\x7f", name[length])) {
        length++;
    }
    return length > 0 && length <= NAME_BYTES && name[length] == '\0' && name[0] != '.';
}

/* What others keep in the file does not stop an export of what is ours. */
static void leave_out(const char *relation, struct err *e)
{
    LOG(LOG_WARN, "not exported", LOG_S("name", relation), LOG_S("reason", e->message));
    err_clear(e);
}

static bool choose_files(struct exporting *x, struct err *e)
{
    const struct export_request *r = x->request;
    struct relation *list;
    size_t count;

    if (!export_check(x->db, r->names, r->name_count, x->arena, e) ||
        !list_relations(x->db, x->arena, &list, &count, e)) {
        return false;
    }
    x->asides = arena_array(x->arena, count + 1, sizeof(*x->asides));
    x->result->files = arena_array(x->arena, count + 1, sizeof(*x->result->files));
    for (size_t i = 0; i < count; i++) {
        const char *name = list[i].name;
        bool named = str_is_listed(name, r->names, r->name_count);
        bool ours = list[i].is_our_view || str_is_listed(name, r->data_tables, r->data_table_count);
        if (r->name_count > 0 ? !named : !ours && !list[i].is_view) {
            continue;
        }
        if (!is_file_name(name)) {
            err_set(e, ERR_USAGE,
                    "no file can have the name '%s': make a view of another name over it", name);
            if (named) {
                return false;
            }
            leave_out(name, e);
            continue;
        }
        x->result->files[x->result->count++] = (struct export_file){
            .relation = name,
            .name = arena_printf(x->arena, "%s.csv%s", name, r->csv.gzip ? ".gz" : ""),
            .is_needed = named || ours,
        };
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

/* --- one file -------------------------------------------------------------------------------- */

/* Writes the rows that were asked for. Ends early, and true, when writing fails: csv_finish tells.
 */
static bool write_rows(struct rows *q, struct csv_writer *w)
{
    while (q->ok && !csv_failed(w)) {
        if (stop_requested()) {
            q->ok = err_set(q->e, ERR_STOPPED, "stopped by a signal; no file was changed");
        }
        if (!db_next(q)) {
            break;
        }
        render_record(q, w);
    }
    return db_end(q);
}

/* A large view is read conversation by conversation, so that nothing has to be sorted. */
static bool write_relation(struct exporting *x, const char *relation, struct csv_writer *w,
                           struct err *e)
{
    struct rows q = db_ask(x->db, e, sql_export_statement, S(relation));
    const char *sql = db_next(&q) ? db_kept(&q, 0, x->arena) : NULL;
    bool by_conversation = sql && db_int(&q, 1) != 0;
    bool takes_since = sql && db_int(&q, 2) != 0;

    if (!db_end(&q)) {
        return false;
    }
    if (!sql) {
        return err_set(e, ERR_STORE,
                       "it has no column to export: names that begin with row_ are rollcall's own, "
                       "and BLOBs stay in the database");
    }
    q = takes_since ? db_ask(x->db, e, sql, T(x->request->since_ms)) : db_ask(x->db, e, sql, NONE);
    if (q.ok) {
        render_names(&q, w);
    }
    if (!by_conversation) {
        return write_rows(&q, w);
    }
    if (!db_end(&q)) {
        return false;
    }
    struct rows ids = db_ask(x->db, e, sql_export_ids, T(x->request->since_ms));
    while (!csv_failed(w) && db_next(&ids)) {
        q = db_ask(x->db, e, sql, S(db_text(&ids, 0)));
        ids.ok = write_rows(&q, w);
    }
    return db_end(&ids);
}

static bool write_file(struct exporting *x, struct export_file file, struct err *e)
{
    struct file_aside *aside = &x->asides[x->result->count];
    const char *path = path_of(x, file.name);
    char hash[HASH_TEXT_BYTES];

    if (!file_aside_open(aside, path, FILE_MODE, e)) {
        return false;
    }
    struct csv_writer *w = csv_new(aside->stream, &x->request->csv);
    if (!write_relation(x, file.relation, w, e)) {
        csv_discard(w);
        file_aside_discard(aside);
        if (e->kind != ERR_STORE) {
            return false;
        }
        if (file.is_needed) {
            return err_prefix(e, "%s", file.relation);
        }
        leave_out(file.relation, e);
        return true;
    }
    file.rows = csv_records(w) - 1;
    if (!csv_finish(w)) {
        return file_fail(e, "write", path, errno);
    }
    long bytes = ftell(aside->stream);
    if (bytes < 0) {
        return file_fail(e, "write", path, errno);
    }
    file.bytes = (uint64_t)bytes;
    if (!file_aside_sync(aside, e)) {
        return false;
    }
    if (!hash_file(aside->aside_path, hash)) {
        return file_fail(e, "read", path, errno);
    }
    x->result->files[x->result->count++] = file;
    return db_do(x->db, e, sql_export_file_add, S(file.relation), S(file.name),
                 I((int64_t)file.rows), I(bytes), S(hash));
}

/* --- all of them ----------------------------------------------------------------------------- */

static bool write_manifest(struct exporting *x, struct err *e)
{
    const struct export_request *r = x->request;
    struct status_request wanted = {
        .streams = r->streams, .stream_count = r->stream_count, .now_ms = clock_now_ms()};
    struct file_aside *aside = &x->asides[x->result->count];

    return status_gather(x->db, &wanted, e) &&
           file_aside_open(aside, path_of(x, MANIFEST_NAME), FILE_MODE, e) &&
           render_document(x->db, e, sql_export_manifest,
                           DB_VALUES(S("rollcall " ROLLCALL_VERSION), S(r->since_day)),
                           aside->stream) &&
           file_aside_sync(aside, e);
}

/* Makes the directory, and claims it: of two exports at once the manifest would describe neither.
 * Where the file system knows no such locks, nobody is kept out. */
static bool claim_directory(struct exporting *x, struct err *e)
{
    const char *path = x->request->directory;

    if (!file_make_directory(path, e)) {
        return false;
    }
    x->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (x->directory < 0) {
        return file_fail(e, "open", path, errno);
    }
    return flock(x->directory, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK ||
           err_set(e, ERR_LOCKED, "another export is writing to %s; run again when it is done",
                   path);
}

/* Writes all files aside, in one read transaction. */
static bool write_all(struct exporting *x, struct err *e)
{
    bool written = db_begin_read(x->db, e) && choose_files(x, e) && claim_directory(x, e);
    size_t chosen = x->result->count;

    for (size_t i = 0; written && i < chosen; i++) {
        written = check_target(x, x->result->files[i].name, e);
    }
    written =
        written && check_target(x, MANIFEST_NAME, e) && db_do(x->db, e, sql_export_file, NONE);
    if (written) {
        file_sweep_aside(x->request->directory);
    }
    x->result->count = 0;
    for (size_t i = 0; written && i < chosen; i++) {
        written = write_file(x, x->result->files[i], e);
    }
    written = written && write_manifest(x, e);
    db_rollback(x->db);
    return written;
}

bool export_run(struct db *d, const struct export_request *request, struct arena *a,
                struct export_result *out, struct err *e)
{
    struct exporting x = {.db = d, .request = request, .arena = a, .result = out, .directory = -1};

    *out = (struct export_result){.count = 0};
    bool done = write_all(&x, e) && file_remove(path_of(&x, MANIFEST_NAME), e);
    for (size_t i = 0; done && i <= out->count; i++) {
        done = file_aside_rename(&x.asides[i], e);
    }
    for (size_t i = 0; x.asides && i <= out->count; i++) {
        file_aside_discard(&x.asides[i]);
    }
    if (x.directory >= 0) {
        (void)close(x.directory);
    }
    return done;
}
