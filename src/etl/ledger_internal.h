/*
 * Inside the ledger: its prepared statements, and calls of them.
 *
 * A call binds its values one after another and then runs. Instants are formatted into the call
 * itself, so they live as long as it does; texts are borrowed until it has run.
 */
#ifndef ROLLCALL_ETL_LEDGER_INTERNAL_H
#define ROLLCALL_ETL_LEDGER_INTERNAL_H

#include "base/clock.h"
#include "etl/ledger.h"
#include "etl/ledger_sql.h"

struct ledger {
    struct db *db;
    int64_t run_id; /* of the run begun last; 0: none */
    struct db_stmt *statements[SQL_COUNT];
};

enum { LEDGER_CALL_TIMES = 8 };

struct ledger_call {
    struct ledger *ledger;
    struct db_stmt *statement;
    int at; /* position bound last */
    int time_count;
    char times[LEDGER_CALL_TIMES][CLOCK_ISO_BYTES];
};

/* Begins a call of statement `id`. */
void call_begin(struct ledger_call *c, struct ledger *l, enum ledger_statement id);

/* Binds the next value. NULL, TIME_NONE and, for call_count, a negative number bind NULL. */
void call_int(struct ledger_call *c, int64_t value);
void call_count(struct ledger_call *c, int64_t value);
void call_text(struct ledger_call *c, const char *text);
void call_time(struct ledger_call *c, int64_t ms);
void call_run_id(struct ledger_call *c); /* the run begun last */

/* Runs a statement that gives no rows: as part of the transaction that is open, in a transaction of
 * its own, or (call_run_at_once) in the one that is open, else by itself. */
bool call_run(struct ledger_call *c, struct err *e);
bool call_run_alone(struct ledger_call *c, struct err *e);
bool call_run_at_once(struct ledger_call *c, struct err *e);

/* One step of a statement that gives rows; call_end ends it, whatever happened. */
bool call_step(struct ledger_call *c, bool *row, struct err *e);
void call_end(struct ledger_call *c);

/* An instant of the row; TIME_NONE for NULL or what is no instant. */
int64_t call_read_time(const struct ledger_call *c, int column);

/* A text of the row in the arena; NULL for NULL. */
const char *call_read_text(const struct ledger_call *c, int column, struct arena *a);

#endif
