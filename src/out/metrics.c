#include "out/out.h"

#include "out/render.h"
#include "sql.h"

/* A path mistyped must not cost a file of somebody else's, such as the database. Asked when the
 * database is closed: closing its file ourselves would drop SQLite's locks. */
bool metrics_check(const char *path, struct err *e)
{
    static const char ours[] = "# HELP rollcall_";
    char start[sizeof(ours)] = "";
    FILE *old = fopen(path, "rb");

    if (!old) {
        return true;
    }
    size_t length = fread(start, 1, sizeof(ours) - 1, old);
    (void)fclose(old);
    if (length > 0 && !str_eq(start, ours)) {
        return err_set(e, ERR_STORE,
                       "%s: holds something else than rollcall's metrics; it was left as it is. "
                       "Name another file, or remove this one",
                       path);
    }
    return true;
}

bool metrics_write(const struct config *c, int64_t now_ms, enum err_kind kind, int64_t elapsed_ms,
                   const struct run_totals *t, struct err *e)
{
    ASIDE_SCOPED struct file_aside file = {0};
    struct err unread;

    if (!metrics_check(c->metrics_textfile, e) ||
        !file_aside_open(&file, c->metrics_textfile, FILE_PUBLIC_MODE, e)) {
        return false;
    }
    DB_SCOPED struct db *d = db_open(c->database_path, DB_READ, &unread);
    bool read = d && db_begin_read(d, &unread) && status_gather(d, c, now_ms, &unread);
    if (!read) {
        LOG(LOG_WARN, "metrics without the database", LOG_S("error", unread.message));
        db_close(d);
        d = db_open_memory(false, e);
    }
    bool done =
        d && render_lines(db_ask(d, e, sql_metrics_run, S(ROLLCALL_VERSION), T(now_ms),
                                 I(err_facts[kind].exit_code), I(elapsed_ms), I(t->requests),
                                 I(t->retries), I(t->bytes), I(t->pages), I(t->rows.rows_new),
                                 I(t->rows.rows_changed), I(t->rows.rows_unchanged),
                                 I(t->streams_done), I(t->streams_left), I(read)),
                          file.stream);
    if (done && read) {
        done = render_lines(db_ask(d, e, sql_metrics_sums, NONE), file.stream) &&
               render_lines(db_ask(d, e, sql_metrics_streams, T(now_ms)), file.stream);
    }
    return done && file_aside_commit(&file, e);
}
