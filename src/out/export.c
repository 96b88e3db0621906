#include "out/out.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/stop.h"
#include "io/embedded.h"
#include "io/hash.h"
#include "out/render.h"
#include "sql.h"

#define MANIFEST_NAME "manifest.json"
/* What the empty list of files in sql_export_manifest is set out as, to its end. */
#define MANIFEST_TAIL "]\n}\n"

enum { CLAIM_POLL_MS = 50 };

/* In the order of the words of [export] delimiter. */
static const char delimiters[] = {',', ';', '\t', '|', ';', '|'};

/* A table or view to export. */
struct chosen {
    const char *name;
    bool is_needed; /* ours, or asked for by name */
};

/* How one is read: what sql_export_statement says. */
enum { READINGS, READ_ALL };
struct reading {
    const char *relation;
    const char *by[READ_ALL]; /* NULL: not so */
    struct rows q;            /* the present statement's */
    const char *after;        /* up to which it is read by conversations; NULL: it is not, or all of
                                 them are read */
};

/* An export while it is made. */
struct exporting {
    struct db *db;
    const struct config *config;
    const char *since_day;
    int64_t since_ms; /* its first instant; TIME_NONE: everything */
    struct arena *arena;
    struct arena *names; /* of the file at hand */
    struct chosen *chosen;
    size_t count;
    bool is_reading; /* what fails now is due to the table or view */
    bool has_changed;
    int directory; /* held open, and with it the claim to write there; -1: not yet */
};

/* --- which ----------------------------------------------------------------------------------- */

bool export_check(struct rows q, const char *const *names, size_t count, struct arena *a)
{
    const char **known;
    size_t known_count;
    bool done = db_list(q, a, &known, &known_count);

    for (size_t i = 0; done && i < count; i++) {
        done = str_is_listed(names[i], known, known_count) ||
               err_set(q.e, ERR_USAGE, "there is no table or view '%s'%s", names[i],
                       str_suggest(a, names[i], known, known_count));
    }
    return done;
}

/* What others keep in the file does not stop an export of what is ours. */
static void leave_out(const char *relation, struct err *e)
{
    LOG(LOG_WARN, "not exported", LOG_S("name", relation), LOG_S("reason", e->message));
    err_clear(e);
}

static bool choose(struct exporting *x, struct err *e)
{
    const struct config *c = x->config;

    if (!export_check(db_ask(x->db, e, sql_export_names, NONE), c->export_tables,
                      c->export_table_count, x->arena)) {
        return false;
    }
    struct rows q = db_ask(x->db, e, sql_export_relations, NONE);
    while (db_next(&q)) {
        const char *name = db_kept(&q, 0, x->arena);
        bool named = str_is_listed(name, c->export_tables, c->export_table_count);

        if (!x->chosen) {
            x->chosen = arena_array(x->arena, (size_t)db_int(&q, 4), sizeof(*x->chosen));
        }
        if (c->export_table_count > 0 ? !named : !db_int(&q, 1)) {
            continue;
        }
        if (db_int(&q, 3)) {
            x->chosen[x->count++] = (struct chosen){name, named || db_int(&q, 2)};
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

/* --- where ----------------------------------------------------------------------------------- */

static const char *path_of(const struct exporting *x, const char *name)
{
    return arena_printf(x->names, "%s/%s", x->config->export_directory, name);
}

/* The file of a table or view and day (NULL: all of it), below the directory. */
static const char *file_of(const struct exporting *x, const char *relation, const char *day)
{
    if (!x->config->export_by_day) {
        return arena_printf(x->names, "%s.csv%s", relation, x->config->export_gzip ? ".gz" : "");
    }
    return day ? arena_printf(x->names, "%s/day=%s/%s.csv.gz", relation, day, relation)
               : arena_printf(x->names, "%s/%s.csv.gz", relation, relation);
}

/* The next file that an export by day may have put into a table's or view's folder; NULL: none. */
static const char *next_in_folder(const struct exporting *x, DIR *folder, const char *relation)
{
    const char *whole = arena_printf(x->names, "%s.csv.gz", relation);

    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (str_starts_with(entry->d_name, "day=")) {
            return arena_printf(x->names, "%s/%s/%s", relation, entry->d_name, whole);
        }
        if (str_eq(entry->d_name, whole)) {
            return arena_printf(x->names, "%s/%s", relation, whole);
        }
    }
    return NULL;
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
    const char *whose = out_whose(x->names, x->db, x->config, path);
    if (whose || !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_STORE, "cannot write %s: %s stands there; move it away", path,
                       whose                 ? whose
                       : S_ISDIR(st.st_mode) ? "a directory"
                       : S_ISLNK(st.st_mode) ? "a symbolic link"
                                             : "something that is no file");
    }
    return true;
}

/* Refuses a directory that holds an export of the other layout: a reader would take both. */
static bool check_layout(const struct exporting *x, const char *relation, struct err *e)
{
    bool by_day = x->config->export_by_day;
    const char *other = path_of(x, relation);
    struct stat st;
    DIR *folder = by_day ? NULL : opendir(other);
    bool is_there = next_in_folder(x, folder, relation) != NULL;

    for (int i = 0; by_day && !is_there && i < 2; i++) {
        other = path_of(x, arena_printf(x->names, "%s.csv%s", relation, i == 0 ? "" : ".gz"));
        is_there = lstat(other, &st) == 0;
    }
    if (folder) {
        (void)closedir(folder);
    }
    return !is_there ||
           err_set(e, ERR_STORE,
                   "%s is of an export %s --by-day: name another directory, or move it away", other,
                   by_day ? "without" : "with");
}

/* --- one file -------------------------------------------------------------------------------- */

/* The next row, perhaps the first of the next conversations; false at the end, and after an error,
 * which the rows keep. A statement that puts its rows into a table has none. */
static bool next_row(struct exporting *x, struct reading *r, struct err *e)
{
    for (;;) {
        if (r->q.ok && stop_requested()) {
            r->q.ok = err_set(e, ERR_STOPPED, "stopped by a signal; no file was changed");
        }
        if (db_next(&r->q)) {
            return true;
        }
        const char *after = r->after;
        const char *last;
        if (!r->q.ok || !after) {
            return false;
        }
        r->q.ok = db_end(&r->q) && db_texts(db_ask(x->db, e, r->by[READ_BY_CONVERSATION], S(after)),
                                            x->arena, &last, 1);
        if (!r->q.ok || (!last && !r->by[READ_OTHERS])) {
            return false;
        }
        r->after = last;
        r->q = last ? db_ask(x->db, e, r->by[READ_SQL], S(after), S(last), T(x->since_ms))
                    : db_ask(x->db, e, r->by[READ_OTHERS], T(x->since_ms));
    }
}

/* Whether what was written aside, with this hash, is in place already, for the same readers. */
static bool is_in_place(const struct file_aside *f, const char *hash)
{
    char old[HASH_TEXT_BYTES];
    struct stat made;
    struct stat there;

    return stat(f->path, &there) == 0 && fstat(fileno(f->stream), &made) == 0 &&
           made.st_size == there.st_size && made.st_mode == there.st_mode &&
           made.st_uid == there.st_uid && made.st_gid == there.st_gid &&
           hash_file(f->path, old) >= 0 && str_eq(hash, old);
}

/* Has what was written aside wait there for its turn, unless it is in place already. */
static bool keep_file(struct exporting *x, struct file_aside *f, const char *const names[3],
                      int64_t rows, struct err *e)
{
    char hash[HASH_TEXT_BYTES];
    int64_t bytes = hash_file(f->aside_path, hash);

    if (bytes < 0) {
        return file_fail(e, "read", f->path, errno);
    }
    bool is_new = !is_in_place(f, hash);
    if (is_new) {
        if (!file_aside_sync(f, e)) {
            return false;
        }
        file_aside_park(f);
        x->has_changed = true;
    }
    return db_do(x->db, e, sql_export_file_add, S(names[0]), S(names[1]), S(names[2]), I(rows),
                 I(bytes), S(hash), I(is_new));
}

/* Writes a file aside: the next so many rows of what is read. */
static bool write_file(struct exporting *x, struct reading *r, const char *day, int64_t rows,
                       struct err *e)
{
    const struct config *c = x->config;
    const struct csv_options options = {.delimiter = delimiters[c->export_delimiter],
                                        .gzip = c->export_gzip || c->export_by_day,
                                        .bom = c->export_bom,
                                        .neutralize_formulas = c->neutralize_formulas,
                                        .background = true};
    const char *name = file_of(x, r->relation, day);
    const char *path = path_of(x, name);
    uint32_t mode = (uint32_t)c->export_mode;
    ASIDE_SCOPED struct file_aside aside = {0};
    int64_t written = 0;

    if (!r->q.ok || !check_target(x, name, e) ||
        !file_make_directory(file_directory(x->names, path), mode, e) ||
        !file_aside_open(&aside, path, mode, e)) {
        return false;
    }
    struct csv_writer *w = csv_new(aside.stream, &options);
    x->is_reading = !r->by[READ_INTO];
    render_record(&r->q, true, w);
    for (; written < rows && !csv_failed(w) && next_row(x, r, e); written++) {
        render_record(&r->q, false, w);
    }
    bool done = r->q.ok;
    x->is_reading = x->is_reading && !done;
    if (!done) {
        csv_discard(w);
    } else if (!csv_finish(w)) {
        done = file_fail(e, "write", path, errno);
    }
    done = done && keep_file(x, &aside, (const char *const[]){name, r->relation, day}, written, e);
    arena_reset(x->names);
    return done;
}

/* Puts all that is read into export_row, and writes a file a day of that; where it is nothing, one
 * that says which columns there are. */
static bool write_days(struct exporting *x, struct reading *r, struct err *e)
{
    while (next_row(x, r, e)) {
    }
    if (!r->q.ok || !db_end(&r->q)) {
        return false;
    }
    r->q = db_ask(x->db, e, r->by[READ_SORTED], NONE);
    struct rows days = db_ask(
        x->db, e, "SELECT day, count(*) FROM temp.export_row GROUP BY day ORDER BY day", NONE);
    bool done = days.ok;
    size_t count = 0;

    for (; done && db_next(&days); count++) {
        done = write_file(x, r, db_text(&days, 0), db_int(&days, 1), e);
    }
    done = done && days.ok && (count > 0 || write_file(x, r, NULL, 0, e));
    return db_end(&days) && done;
}

static bool write_relation(struct exporting *x, const char *relation, struct err *e)
{
    struct rows q =
        db_ask(x->db, e, sql_export_statement, S(relation), I(x->config->export_by_day));
    struct reading r = {.relation = relation};

    x->is_reading = true;
    if (!db_texts(q, x->arena, r.by, READ_ALL)) {
        return false;
    }
    if (!r.by[READ_SQL]) {
        return err_set(e, ERR_STORE,
                       "it has no column to export: names that begin with row_ are rollcall's own, "
                       "and BLOBs stay in the database");
    }
    bool by_day = r.by[READ_INTO];
    if (!db_do(x->db, e, "INSERT INTO temp.export_relation VALUES (?1, ?2)", S(relation),
               S(r.by[READ_COLUMNS])) ||
        (by_day && !db_exec(x->db, r.by[READ_INTO], e))) {
        return false;
    }
    /* A large view is read by some conversations after the others, so that little has to be sorted:
     * at first it has only columns. */
    r.after = r.by[READ_BY_CONVERSATION] ? "" : NULL;
    r.q = r.after ? db_ask(x->db, e, r.by[READ_SQL], S(""), S(""), T(x->since_ms))
                  : db_ask(x->db, e, r.by[READ_SQL], T(x->since_ms));
    bool done = by_day ? write_days(x, &r, e) : write_file(x, &r, NULL, INT64_MAX, e);
    done = db_end(&r.q) && done;
    struct err spare = {0};
    return db_exec(x->db, "DROP TABLE IF EXISTS temp.export_row", done ? e : &spare) && done;
}

/* --- all of them ----------------------------------------------------------------------------- */

/* Of two exports at once the manifest would describe neither. Where the file system knows no such
 * locks, nobody is kept out. */
static bool claim(struct exporting *x, struct err *e)
{
    const char *path = x->config->export_directory;
    int64_t until_ms = clock_monotonic_ms() + limit_get(LIMIT_EXPORT_WAIT_MS);

    if (!file_make_directory(path, (uint32_t)x->config->export_mode, e)) {
        return false;
    }
    file_sweep_aside(path);
    x->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (flock(x->directory, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        if (clock_monotonic_ms() >= until_ms || stop_requested()) {
            return err_set(e, ERR_LOCKED,
                           "another export is writing to %s; run again when it is done", path);
        }
        clock_sleep_ms(CLAIM_POLL_MS);
    }
    return true;
}

/* Writes all files aside, in one read transaction. By days, tables of this connection lie on the
 * disk that the files go to, so that memory does not grow with the rows. */
static bool write_all(struct exporting *x, struct err *e)
{
    if (x->config->export_by_day) {
        (void)setenv("SQLITE_TMPDIR", x->config->export_directory, 0);
        if (!db_exec(x->db, "PRAGMA temp_store = FILE", e)) {
            return false;
        }
    }
    if (!db_begin_read(x->db, e) || !db_exec(x->db, embedded_dictionary[0].text, e) ||
        !choose(x, e) || !claim(x, e) || !db_do(x->db, e, sql_export_relation, NONE) ||
        !db_do(x->db, e, sql_export_file, NONE) || !check_target(x, MANIFEST_NAME, e)) {
        return false;
    }
    for (size_t i = 0; i < x->count; i++) {
        if (!check_layout(x, x->chosen[i].name, e) ||
            (!x->config->export_by_day &&
             !check_target(x, file_of(x, x->chosen[i].name, NULL), e))) {
            return false;
        }
    }
    for (size_t i = 0; i < x->count; i++) {
        const struct chosen *c = &x->chosen[i];

        if (write_relation(x, c->name, e)) {
            continue;
        }
        if (e->kind != ERR_STORE || !x->is_reading) {
            return false;
        }
        if (c->is_needed) {
            return err_prefix(e, "%s", c->name);
        }
        leave_out(c->name, e);
    }
    return true;
}

/* Writes the manifest, its files one by one where the document has none. */
static bool write_manifest(struct exporting *x, FILE *out, struct err *e)
{
    const struct config *c = x->config;
    bool has_start = c->start_day != INT32_MIN;
    char start[CLOCK_DAY_BYTES];
    const char *between = "\n";

    if (!status_gather(x->db, c, clock_now_ms(), e) ||
        !render_document(db_ask(x->db, e, sql_export_manifest, S("rollcall " ROLLCALL_VERSION),
                                S(x->since_day), S(c->timezone),
                                S(has_start ? clock_format_day(c->start_day, start) : NULL)),
                         out)) {
        return false;
    }
    (void)fseek(out, -(long)strlen(MANIFEST_TAIL), SEEK_CUR);
    struct rows q = db_ask(x->db, e, sql_export_manifest_file, NONE);
    for (; db_next(&q); between = ",\n") {
        fprintf(out, "%s    %s", between, db_text(&q, 0));
    }
    fputs("\n  " MANIFEST_TAIL, out);
    return db_end(&q);
}

/* Puts in place what waits aside, as long as all is well; else removes it. */
static bool place_files(struct exporting *x, bool done, struct err *e)
{
    struct err spare = {0};
    struct rows q = db_ask(x->db, done ? e : &spare, sql_export_waiting, NONE);

    for (; db_next(&q); arena_reset(x->names)) {
        ASIDE_SCOPED struct file_aside f = file_aside_resume(path_of(x, db_text(&q, 0)));
        done = done && file_aside_rename(&f, e);
    }
    return db_end(&q) && done;
}

/* Removes from a table's or view's folder what is not of this export, be it of a day that is gone
 * or what a killed export has left. */
static bool remove_gone(struct exporting *x, const char *relation, struct err *e)
{
    DIR *folder = opendir(path_of(x, relation));
    const char *file;
    bool done = true;

    while (done && (file = next_in_folder(x, folder, relation))) {
        const char *path = path_of(x, file);
        const char *is_ours;

        done = db_texts(db_ask(x->db, e, "SELECT 1 FROM temp.export_file WHERE file = ?1", S(file)),
                        x->names, &is_ours, 1);
        file_sweep_aside(file_directory(x->names, path));
        done = done && (is_ours || file_remove(path, e));
        if (!is_ours) {
            (void)rmdir(file_directory(x->names, path)); /* stays when it holds more */
        }
        arena_reset(x->names);
    }
    if (folder) {
        (void)closedir(folder);
    }
    return done;
}

/* Replaces what has changed; without the manifest meanwhile. */
static bool replace(struct exporting *x, bool done, struct err *e)
{
    const char *path = arena_printf(x->arena, "%s/" MANIFEST_NAME, x->config->export_directory);
    ASIDE_SCOPED struct file_aside manifest = {0};
    char hash[HASH_TEXT_BYTES];

    done = done && file_aside_open(&manifest, path, (uint32_t)x->config->export_mode, e) &&
           write_manifest(x, manifest.stream, e);
    if (done && !x->has_changed && fflush(manifest.stream) == 0 &&
        hash_file(manifest.aside_path, hash) >= 0 && is_in_place(&manifest, hash)) {
        return true;
    }
    done = done && file_aside_sync(&manifest, e) && file_remove(path, e);
    done = place_files(x, done, e);
    for (size_t i = 0; done && x->config->export_by_day && i < x->count; i++) {
        done = remove_gone(x, x->chosen[i].name, e);
    }
    return done && file_aside_rename(&manifest, e);
}

bool export_run(struct db *d, const struct config *c, const char *since_day, struct arena *a,
                struct err *e)
{
    struct exporting x = {.db = d,
                          .config = c,
                          .since_day = since_day,
                          .since_ms = TIME_NONE,
                          .arena = a,
                          .names = arena_new(0),
                          .directory = -1};
    int32_t day;

    if (since_day && clock_parse_day(since_day, &day)) {
        x.since_ms = clock_zone_day_start_ms(day);
    }
    bool done = write_all(&x, e);
    done = replace(&x, done, e);
    (void)close(x.directory);
    arena_free(x.names);
    return done;
}
