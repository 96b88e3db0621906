#include "out/out.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "etl/history.h"
#include "io/embedded.h"
#include "io/file.h"
#include "io/hash.h"
#include "out/render.h"
#include "sql.h"
#include "streams/stream.h"

#define MANIFEST_NAME "manifest.json"

enum { CLAIM_POLL_MS = 50 };

/* What export.sql says of a table or view: a sum of these. */
enum { IS_VIEW = 1, IS_OURS = 2, IS_FILE_NAME = 4 };

/* In the order of the words of [export] delimiter. */
static const char delimiters[] = {',', ';', '\t', '|', ';', '|'};

struct export_file {
    const char *relation;
    const char *name;        /* in the directory */
    struct file_aside aside; /* where it is written */
    bool is_needed;          /* ours, or asked for by name */
};

/* An export while it is made. */
struct exporting {
    struct db *db;
    const struct config *config;
    const char *since_day;
    int64_t since_ms; /* its first instant; TIME_NONE: everything */
    struct arena *arena;
    struct export_file *files; /* the last is the manifest */
    size_t count;              /* less the manifest */
    int directory;             /* held open, and with it the claim to write there; -1: not yet */
};

/* --- which ----------------------------------------------------------------------------------- */

/* Asks for all tables and views, by name. */
static struct rows ask_relations(struct db *d, struct err *e)
{
    return db_ask(d, e, sql_export_relations, S(embedded_views[VIEWS_DROP].text));
}

bool export_check_names(struct rows q, const char *const *names, size_t count, struct arena *a)
{
    const char **known = NULL;
    size_t known_count = 0;

    while (db_next(&q)) {
        known = known ? known : arena_array(a, (size_t)db_int(&q, 1), sizeof(*known));
        known[known_count++] = db_kept(&q, 0, a);
    }
    for (size_t i = 0; q.ok && i < count; i++) {
        if (!str_is_listed(names[i], known, known_count)) {
            q.ok = err_set(q.e, ERR_USAGE, "there is no table or view '%s'%s", names[i],
                           str_suggest(a, names[i], known, known_count));
        }
    }
    return db_end(&q);
}

bool export_check(struct db *d, const char *const *names, size_t count, struct arena *a,
                  struct err *e)
{
    return export_check_names(db_ask(d, e, sql_export_names, NONE), names, count, a);
}

/* What others keep in the file does not stop an export of what is ours. */
static void leave_out(const char *relation, struct err *e)
{
    LOG(LOG_WARN, "not exported", LOG_S("name", relation), LOG_S("reason", e->message));
    err_clear(e);
}

/* Whether a table is the map's or one below it. */
static bool has_table(const struct table_map *map, const char *name)
{
    bool found = str_eq(map->table, name);

    for (size_t i = 0; !found && i < map->child_count; i++) {
        found = has_table(map->children[i], name);
    }
    return found;
}

/* Whether a table is of one of the trees. */
static bool is_among(const struct tree_map *const *trees, const char *name)
{
    while (trees && *trees && !has_table((*trees)->root, name)) {
        trees++;
    }
    return trees && *trees;
}

/* Tables that are data; the others are the ledger. */
static bool is_data_table(const char *name)
{
    bool found = false;

    for (size_t i = 0; !found && i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        if (s->load == LOAD_OBSERVE) {
            found = has_table(s->state, name) || str_eq(name, OBSERVE_GAPS);
            continue;
        }
        found = is_among(s->trees, name);
        for (size_t p = 0; !found && p < s->pass_count; p++) {
            found = is_among(s->passes[p].trees, name);
        }
    }
    return found;
}

static bool choose_files(struct exporting *x, struct err *e)
{
    const struct config *c = x->config;

    if (!export_check(x->db, c->export_tables, c->export_table_count, x->arena, e)) {
        return false;
    }
    struct rows q = ask_relations(x->db, e);
    while (db_next(&q)) {
        const char *name = db_kept(&q, 0, x->arena);
        int64_t marks = db_int(&q, 1);
        bool named = str_is_listed(name, c->export_tables, c->export_table_count);
        bool ours = (marks & IS_OURS) || is_data_table(name);

        if (!x->files) {
            x->files = arena_array(x->arena, (size_t)db_int(&q, 2) + 1, sizeof(*x->files));
        }
        if (c->export_table_count > 0 ? !named : !ours && !(marks & IS_VIEW)) {
            continue;
        }
        if (marks & IS_FILE_NAME) {
            x->files[x->count++] = (struct export_file){
                .relation = name,
                .name = arena_printf(x->arena, "%s.csv%s", name, c->export_gzip ? ".gz" : ""),
                .is_needed = named || ours,
            };
            continue;
        }
        err_set(e, ERR_USAGE, "no file can have the name '%s': make a view of another name over it",
                name);
        q.ok = !named;
        if (q.ok) {
            leave_out(name, e);
        }
    }
    return db_end(&q);
}

static const char *path_of(const struct exporting *x, const char *name)
{
    return arena_printf(x->arena, "%s/%s", x->config->export_directory, name);
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

/* A large view is read by some conversations after the others, so that little has to be sorted. */
static bool write_relation(struct exporting *x, const char *relation, struct csv_writer *w,
                           struct err *e)
{
    struct rows q =
        db_ask(x->db, e, sql_export_statement, S(relation), S(embedded_views[VIEWS_DROP].text));
    const char *sql = db_next(&q) ? db_kept(&q, 0, x->arena) : NULL;
    bool by_conversation = sql && db_int(&q, 1) != 0;
    bool takes_since = sql && db_int(&q, 2) != 0;
    const char *others = sql ? db_kept(&q, 3, x->arena) : NULL;

    if (!db_end(&q)) {
        return false;
    }
    if (!sql) {
        return err_set(e, ERR_STORE,
                       "it has no column to export: names that begin with row_ are rollcall's own, "
                       "and BLOBs stay in the database");
    }
    q = takes_since ? db_ask(x->db, e, sql, T(x->since_ms)) : db_ask(x->db, e, sql, NONE);
    if (q.ok) {
        render_names(&q, w);
    }
    if (!by_conversation) {
        return write_rows(&q, w);
    }
    if (!db_end(&q)) {
        return false;
    }
    for (const char *after = "", *last; !csv_failed(w); after = last) {
        q = db_ask(x->db, e, sql_export_ids, S(after));
        last = db_next(&q) ? db_kept(&q, 0, x->arena) : NULL;
        if (!db_end(&q)) {
            return false;
        }
        if (!last) {
            break;
        }
        q = db_ask(x->db, e, sql, S(after), S(last), T(x->since_ms));
        if (!write_rows(&q, w)) {
            return false;
        }
    }
    if (!others || csv_failed(w)) {
        return true;
    }
    q = db_ask(x->db, e, others, NONE);
    return write_rows(&q, w);
}

/* Writes it aside, unless it is another's and cannot be read. */
static bool write_file(struct exporting *x, struct export_file file, struct err *e)
{
    const struct csv_options options = {.delimiter = delimiters[x->config->export_delimiter],
                                        .gzip = x->config->export_gzip,
                                        .bom = x->config->export_bom,
                                        .neutralize_formulas = x->config->neutralize_formulas,
                                        .background = true};
    struct file_aside *aside = &x->files[x->count].aside;
    const char *path = path_of(x, file.name);
    char hash[HASH_TEXT_BYTES];

    if (!file_aside_open(aside, path, (uint32_t)x->config->export_mode, e)) {
        return false;
    }
    struct csv_writer *w = csv_new(aside->stream, &options);
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
    int64_t rows = (int64_t)csv_records(w) - 1;
    if (!csv_finish(w)) {
        return file_fail(e, "write", path, errno);
    }
    if (!file_aside_sync(aside, e)) {
        return false;
    }
    int64_t bytes = hash_file(aside->aside_path, hash);
    if (bytes < 0) {
        return file_fail(e, "read", path, errno);
    }
    x->count++;
    return db_do(x->db, e, sql_export_file_add, S(file.relation), S(file.name), I(rows), I(bytes),
                 S(hash));
}

/* --- all of them ----------------------------------------------------------------------------- */

/* Writes all files aside, in one read transaction. */
static bool write_all(struct exporting *x, struct err *e)
{
    const char *path = x->config->export_directory;

    if (!db_begin_read(x->db, e) || !choose_files(x, e) ||
        !file_make_directory(path, (uint32_t)x->config->export_mode, e)) {
        return false;
    }
    /* Of two exports at once the manifest would describe neither. Where the file system knows no
     * such locks, nobody is kept out. */
    x->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t until_ms = clock_monotonic_ms() + limit_get(LIMIT_EXPORT_WAIT_MS);
    while (flock(x->directory, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        if (clock_monotonic_ms() >= until_ms || stop_requested()) {
            return err_set(e, ERR_LOCKED,
                           "another export is writing to %s; run again when it is done", path);
        }
        clock_sleep_ms(CLAIM_POLL_MS);
    }
    size_t chosen = x->count;
    INVARIANT(x->files); /* a database of ours has tables */
    for (size_t i = 0; i < chosen; i++) {
        if (!check_target(x, x->files[i].name, e)) {
            return false;
        }
    }
    if (!check_target(x, MANIFEST_NAME, e) || !db_do(x->db, e, sql_export_file, NONE)) {
        return false;
    }
    file_sweep_aside(path);
    x->count = 0;
    for (size_t i = 0; i < chosen; i++) {
        if (!write_file(x, x->files[i], e)) {
            return false;
        }
    }
    struct file_aside *manifest = &x->files[x->count].aside;
    char start[CLOCK_DAY_BYTES];
    bool has_start = x->config->start_day != INT32_MIN;
    return status_gather(x->db, x->config, clock_now_ms(), e) &&
           file_aside_open(manifest, path_of(x, MANIFEST_NAME), (uint32_t)x->config->export_mode,
                           e) &&
           render_document(
               x->db, e, sql_export_manifest,
               DB_VALUES(S("rollcall " ROLLCALL_VERSION), S(x->since_day), S(x->config->timezone),
                         S(has_start ? clock_format_day(x->config->start_day, start) : NULL)),
               manifest->stream) &&
           file_aside_sync(manifest, e);
}

bool export_run(struct db *d, const struct config *c, const char *since_day, struct arena *a,
                struct err *e)
{
    struct exporting x = {.db = d,
                          .config = c,
                          .since_day = since_day,
                          .since_ms = TIME_NONE,
                          .arena = a,
                          .directory = -1};
    int32_t day;

    if (since_day && clock_parse_day(since_day, &day)) {
        x.since_ms = clock_zone_day_start_ms(day);
    }
    bool done = write_all(&x, e) && file_remove(path_of(&x, MANIFEST_NAME), e);

    for (size_t i = 0; done && i <= x.count; i++) {
        done = file_aside_rename(&x.files[i].aside, e);
    }
    for (size_t i = 0; x.files && i <= x.count; i++) {
        file_aside_discard(&x.files[i].aside);
    }
    (void)close(x.directory);
    return done;
}
