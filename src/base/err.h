/*
 * Errors as consequences: what the run does next, not which line failed.
 *
 * src/base/errors.txt is the one list of error kinds. It makes the enum, the exit codes, the table
 * in docs/exit-codes.md and the man page (scripts/gen-docs.sh reads it through `rollcall
 * --exit-codes`).
 *
 * A fallible function returns bool or a pointer and fills a struct err that its caller owns. An err
 * is written once, by the lowest layer that knows what the user must hear; layers above only add
 * context in front.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lists.h"

enum err_kind { ERR_IDS, ERR_KIND_COUNT };

enum { ERR_MESSAGE_BYTES = 1536, ERR_LACKS_BYTES = 128 };

struct err {
    enum err_kind kind;
    int http_status;  /* 0 when no HTTP answer was involved */
    int library_code; /* SQLite extended code or errno; 0 when none */
    int cause;        /* enum cause_id of base/causes.h; 0 when none is known */
    char message[ERR_MESSAGE_BYTES];
    char lacks[ERR_LACKS_BYTES]; /* the permission that a 403 names first; "": none */
};

/* Facts of each kind. */
struct err_facts {
    const char *name;
    int exit_code;
    bool ends_run;
    const char *text;
};
extern const struct err_facts err_facts[ERR_KIND_COUNT];

/* Clears `e` to ERR_NONE. */
void err_clear(struct err *e);

/* Fills `e` (kind and a printf message for the user, cut at the buffer's end on a character's
 * border) and returns false, so that a function can `return err_set(...)`. All else is cleared. */
bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a printf text and ": " in front of the message already in `e`; returns false. */
bool err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a printf text to the message already in `e`; returns false. */
bool err_append(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the process with exit code 70 after a line on stderr: a broken invariant. Never returns. */
_Noreturn void err_bug(const char *file, int line, const char *what);

/* Checks an invariant in every build; failing it is a bug (exit 70). */
#define INVARIANT(condition) ((condition) ? (void)0 : err_bug(__FILE__, __LINE__, #condition))
