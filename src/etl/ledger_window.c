#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "etl/ledger_internal.h"

static const char *const kind_names[] = {
    [WINDOW_DAY] = "day",
    [WINDOW_SNAPSHOT] = "snapshot",
    [WINDOW_REREAD] = "reread",
};

/* Counts the stored day windows that begin in [first_ms, until_ms). */
static bool count_days(struct ledger *l, const char *stream, int64_t first_ms, int64_t until_ms,
                       size_t *count, struct err *e)
{
    struct ledger_call c;
    bool row = false;

    call_begin(&c, l, SQL_DAY_COUNT);
    call_text(&c, stream);
    call_time(&c, first_ms);
    call_time(&c, until_ms);
    bool read = call_step(&c, &row, e);
    *count = read && row ? (size_t)db_int(c.statement, 0) : 0;
    call_end(&c);
    return read;
}

bool ledger_make_days(struct ledger *l, const char *stream, int64_t first_ms, int64_t until_ms,
                      struct err *e)
{
    size_t wanted = plan_window_count(first_ms, until_ms);
    size_t stored = 0;

    if (!count_days(l, stream, first_ms, until_ms, &stored, e)) {
        return false;
    }
    if (stored == wanted) {
        return true;
    }

    bool made = db_begin(l->db, e);
    for (size_t i = 0; made && i < wanted; i++) {
        struct ledger_call c;
        int64_t start_ms = 0;
        int64_t end_ms = 0;

        plan_window_bounds(first_ms, i, &start_ms, &end_ms);
        call_begin(&c, l, SQL_DAY_MAKE);
        call_text(&c, stream);
        call_time(&c, start_ms);
        call_time(&c, end_ms);
        call_run_id(&c);
        made = call_run(&c, e);
    }
    if (made && db_commit(l->db, e)) {
        return true;
    }
    db_rollback(l->db);
    return false;
}

static bool parse_kind(const char *name, enum window_kind *kind)
{
    for (size_t i = 0; i < COUNT_OF(kind_names); i++) {
        if (str_eq(name, kind_names[i])) {
            *kind = (enum window_kind)i;
            return true;
        }
    }
    return false;
}

/* The columns of LEDGER_WINDOW_COLUMNS. */
static bool read_window(const struct ledger_call *c, struct arena *a, struct ledger_window *out,
                        struct err *e)
{
    struct db_stmt *s = c->statement;
    struct window *w = &out->window;
    int at = 0;

    *out = (struct ledger_window){0};
    w->window_id = db_int(s, at++);
    bool known = parse_kind(db_text(s, at++), &out->kind);
    w->start_ms = call_read_time(c, at++);
    w->end_ms = call_read_time(c, at++);
    known = window_state_parse(db_text(s, at++), &w->state) && known;
    w->complete_to_ms = call_read_time(c, at++);
    w->job_complete_to_ms = call_read_time(c, at++);
    w->query_complete_to_ms = call_read_time(c, at++);
    w->last_read_at_ms = call_read_time(c, at++);
    out->pending_time_ms = call_read_time(c, at++);
    out->pending_job_to_ms = call_read_time(c, at++);
    out->pending_query_to_ms = call_read_time(c, at++);
    out->reading_plan = call_read_text(c, at++, a);
    out->job_id = call_read_text(c, at++, a);
    out->job_cursor = call_read_text(c, at++, a);
    out->job_resubmits = db_int(s, at++);
    out->next_page = db_int(s, at++);
    out->last_id = call_read_text(c, at++, a);
    if (!known ||
        (out->kind == WINDOW_DAY && (w->start_ms == TIME_NONE || w->end_ms == TIME_NONE))) {
        return err_set(e, ERR_STORE,
                       "%s: window %lld of table extract_window holds what rollcall never wrote "
                       "there; restore the file from a copy",
                       db_path(c->ledger->db), (long long)w->window_id);
    }
    return true;
}

/* Reads the single window; its id is 0 when there is none yet. */
static bool find_single(struct ledger *l, const char *stream, enum window_kind kind,
                        struct arena *a, struct ledger_window *out, struct err *e)
{
    struct ledger_call c;
    bool found = false;

    out->window.window_id = 0;
    call_begin(&c, l, SQL_SINGLE);
    call_text(&c, stream);
    call_text(&c, kind_names[kind]);
    bool read = call_step(&c, &found, e);
    if (read && found) {
        read = read_window(&c, a, out, e);
    }
    call_end(&c);
    return read;
}

bool ledger_single_window(struct ledger *l, const char *stream, enum window_kind kind,
                          struct arena *a, struct ledger_window *out, struct err *e)
{
    struct ledger_call c;

    INVARIANT(kind != WINDOW_DAY);
    if (!find_single(l, stream, kind, a, out, e)) {
        return false;
    }
    if (out->window.window_id != 0) {
        return true;
    }
    call_begin(&c, l, SQL_SINGLE_MAKE);
    call_text(&c, stream);
    call_text(&c, kind_names[kind]);
    call_run_id(&c);
    return call_run_alone(&c, e) && find_single(l, stream, kind, a, out, e);
}

bool ledger_days(struct ledger *l, const char *stream, struct arena *a, struct ledger_window **out,
                 size_t *count, struct err *e)
{
    struct ledger_call c;
    struct ledger_window *windows = NULL;
    size_t capacity = 0;
    bool row = false;
    bool read = true;

    *count = 0;
    call_begin(&c, l, SQL_DAYS);
    call_text(&c, stream);
    while (read && (read = call_step(&c, &row, e)) && row) {
        if (*count == capacity) {
            capacity = capacity > 0 ? capacity * 2 : 64;
            windows = xrealloc(windows, capacity * sizeof(*windows));
        }
        read = read_window(&c, a, &windows[*count], e);
        *count += 1;
    }
    call_end(&c);
    *out = arena_array(a, *count + 1, sizeof(**out));
    if (*count > 0) {
        memcpy(*out, windows, *count * sizeof(**out));
    }
    free(windows);
    return read;
}

bool ledger_plan(struct ledger *l, const struct ledger_window *w, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_PLAN);
    call_int(&c, w->window.window_id);
    call_text(&c, window_state_name(w->window.state));
    call_time(&c, w->pending_time_ms);
    call_time(&c, w->pending_job_to_ms);
    call_time(&c, w->pending_query_to_ms);
    call_run_id(&c);
    return call_run(&c, e);
}

bool ledger_reading_begin(struct ledger *l, int64_t window_id, const char *plan, int64_t resubmits,
                          struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_READING_BEGIN);
    call_int(&c, window_id);
    call_text(&c, plan);
    call_int(&c, resubmits);
    call_run_id(&c);
    return call_run_at_once(&c, e);
}

bool ledger_job(struct ledger *l, int64_t window_id, const char *job_id, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_JOB);
    call_int(&c, window_id);
    call_text(&c, job_id);
    call_run_id(&c);
    return call_run_at_once(&c, e);
}

bool ledger_page(struct ledger *l, const struct ledger_page *p, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_PAGE);
    call_int(&c, p->window_id);
    call_text(&c, p->job_cursor);
    call_int(&c, p->next_page);
    call_text(&c, p->last_id);
    call_int(&c, p->rows_read);
    call_count(&c, p->total_hits);
    call_run_id(&c);
    return call_run(&c, e);
}

bool ledger_reading_end(struct ledger *l, const struct ledger_window *w, int64_t run_id,
                        struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_READING_END);
    call_int(&c, w->window.window_id);
    call_text(&c, window_state_name(w->window.state));
    call_time(&c, w->window.complete_to_ms);
    call_time(&c, w->window.job_complete_to_ms);
    call_time(&c, w->window.query_complete_to_ms);
    call_time(&c, w->window.last_read_at_ms);
    call_time(&c, w->pending_time_ms);
    call_time(&c, w->pending_job_to_ms);
    call_time(&c, w->pending_query_to_ms);
    call_int(&c, run_id);
    return call_run(&c, e);
}

bool ledger_job_deleted(struct ledger *l, int64_t window_id, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_JOB_DELETED);
    call_int(&c, window_id);
    return call_run_at_once(&c, e);
}

bool ledger_window_error(struct ledger *l, int64_t window_id, const struct err *cause,
                         struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_WINDOW_ERROR);
    call_int(&c, window_id);
    call_text(&c, cause->message);
    call_text(&c, err_kind_name(cause->kind));
    call_time(&c, clock_now_ms());
    call_run_id(&c);
    return call_run_alone(&c, e);
}

bool ledger_raw_page(struct ledger *l, const struct ledger_raw *r, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_RAW_PAGE);
    call_int(&c, r->window_id);
    call_int(&c, r->run_id);
    call_text(&c, r->plan);
    call_int(&c, r->page_no);
    call_time(&c, r->received_ms);
    call_text(&c, r->path);
    call_text(&c, r->gzip ? "gzip" : "identity");
    db_bind_blob(c.statement, ++c.at, r->bytes, r->length);
    call_int(&c, r->row_count);
    return call_run(&c, e);
}
