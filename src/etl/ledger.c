#include "etl/ledger.h"

#include <stdlib.h>

#include "base/step.h"
#include "etl/ledger_internal.h"

static const char *const statement_texts[SQL_COUNT] = {
#define LEDGER_TEXT(id, text) text,
    LEDGER_SQL(LEDGER_TEXT)
#undef LEDGER_TEXT
};

struct ledger *ledger_new(struct db *d, struct err *e)
{
    struct ledger *l = xcalloc(1, sizeof(*l));

    l->db = d;
    for (int i = 0; i < SQL_COUNT; i++) {
        l->statements[i] = db_prepare(d, statement_texts[i], e);
        if (!l->statements[i]) {
            ledger_free(l);
            return NULL;
        }
    }
    return l;
}

void ledger_free(struct ledger *l)
{
    if (!l) {
        return;
    }
    for (int i = 0; i < SQL_COUNT; i++) {
        if (l->statements[i]) {
            db_finalize(l->statements[i]);
        }
    }
    free(l);
}

void call_begin(struct ledger_call *c, struct ledger *l, enum ledger_statement id)
{
    c->ledger = l;
    c->statement = l->statements[id];
    c->at = 0;
    c->time_count = 0;
}

void call_int(struct ledger_call *c, int64_t value)
{
    db_bind_int(c->statement, ++c->at, value);
}

void call_count(struct ledger_call *c, int64_t value)
{
    if (value < 0) {
        db_bind_null(c->statement, ++c->at);
    } else {
        db_bind_int(c->statement, ++c->at, value);
    }
}

void call_text(struct ledger_call *c, const char *text)
{
    db_bind_str(c->statement, ++c->at, text);
}

void call_time(struct ledger_call *c, int64_t ms)
{
    if (ms == TIME_NONE) {
        db_bind_null(c->statement, ++c->at);
        return;
    }
    INVARIANT(c->time_count < LEDGER_CALL_TIMES);
    db_bind_str(c->statement, ++c->at, clock_format(ms, c->times[c->time_count++]));
}

void call_run_id(struct ledger_call *c)
{
    if (c->ledger->run_id == 0) {
        db_bind_null(c->statement, ++c->at);
    } else {
        db_bind_int(c->statement, ++c->at, c->ledger->run_id);
    }
}

bool call_run(struct ledger_call *c, struct err *e)
{
    bool done = db_run(c->statement, e);

    call_end(c);
    return done;
}

bool call_run_alone(struct ledger_call *c, struct err *e)
{
    struct db *d = c->ledger->db;

    if (!db_begin(d, e)) {
        call_end(c);
        return false;
    }
    if (call_run(c, e) && db_commit(d, e)) {
        return true;
    }
    db_rollback(d);
    return false;
}

bool call_run_at_once(struct ledger_call *c, struct err *e)
{
    step("commit");
    bool done = call_run(c, e);
    step("committed");
    return done;
}

bool call_step(struct ledger_call *c, bool *row, struct err *e)
{
    return db_step(c->statement, row, e);
}

void call_end(struct ledger_call *c)
{
    db_reset(c->statement);
}

int64_t call_read_time(const struct ledger_call *c, int column)
{
    const char *text = db_text(c->statement, column);
    int64_t ms = TIME_NONE;

    if (!text || !clock_parse(text, false, &ms)) {
        return TIME_NONE;
    }
    return ms;
}

const char *call_read_text(const struct ledger_call *c, int column, struct arena *a)
{
    const char *text = db_text(c->statement, column);

    return text ? arena_strdup(a, text) : NULL;
}
