#include <unistd.h>

#include "etl/ledger_internal.h"

enum { HOST_BYTES = 256 };

int64_t ledger_run_begin(struct ledger *l, const char *command, int64_t until_ms,
                         const char *streams, struct err *e)
{
    struct ledger_call c;
    char host[HOST_BYTES] = "";

    if (gethostname(host, sizeof(host) - 1) != 0) {
        host[0] = '\0';
    }
    call_begin(&c, l, SQL_RUN_BEGIN);
    call_text(&c, command);
    call_time(&c, clock_now_ms());
    call_time(&c, until_ms);
    call_text(&c, ROLLCALL_VERSION);
    call_text(&c, host[0] != '\0' ? host : NULL);
    call_int(&c, getpid());
    call_text(&c, streams);
    if (!call_run_alone(&c, e)) {
        return 0;
    }
    l->run_id = db_last_rowid(l->db);
    return l->run_id;
}

static void bind_totals(struct ledger_call *c, int64_t run_id, const struct run_totals *totals)
{
    call_int(c, run_id);
    call_int(c, totals->requests);
    call_int(c, totals->retries);
    call_int(c, totals->bytes);
    call_int(c, totals->pages);
    call_int(c, totals->rows.rows_new);
    call_int(c, totals->rows.rows_changed);
    call_int(c, totals->rows.rows_unchanged);
}

bool ledger_run_progress(struct ledger *l, int64_t run_id, const struct run_totals *totals,
                         struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_RUN_PROGRESS);
    bind_totals(&c, run_id, totals);
    return call_run(&c, e);
}

bool ledger_run_end(struct ledger *l, int64_t run_id, const struct run_totals *totals,
                    enum err_kind kind, const char *error, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_RUN_END);
    bind_totals(&c, run_id, totals);
    call_time(&c, clock_now_ms());
    call_int(&c, err_exit_code(kind));
    call_text(&c, err_kind_name(kind));
    call_text(&c, error);
    call_int(&c, totals->streams_done);
    call_int(&c, totals->streams_left);
    call_int(&c, totals->days_whole);
    return call_run_alone(&c, e);
}

bool ledger_days_whole(struct ledger *l, const char *stream, int64_t *days, struct err *e)
{
    struct ledger_call c;
    bool row = false;

    call_begin(&c, l, SQL_DAYS_WHOLE);
    call_text(&c, stream);
    bool asked = call_step(&c, &row, e);
    *days = row ? db_int(c.statement, 0) : 0;
    call_end(&c);
    return asked;
}

bool ledger_route(struct ledger *l, int64_t run_id, const struct ledger_route *r, struct err *e)
{
    struct ledger_call c;

    call_begin(&c, l, SQL_ROUTE);
    call_int(&c, run_id);
    call_text(&c, r->method);
    call_text(&c, r->route);
    call_int(&c, r->requests);
    call_int(&c, r->retries);
    call_int(&c, r->status_429);
    call_int(&c, r->status_5xx);
    call_int(&c, r->bytes);
    return call_run(&c, e);
}
