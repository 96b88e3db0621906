/*
 * Errors as consequences: what the run does next, not which line failed.
 *
 * ERR_KINDS is the one list of error kinds. It makes the enum, the exit codes, the retry classes,
 * the table in docs/exit-codes.md and the man page (scripts/gen-docs.sh reads it through `rollcall
 * --exit-codes`).
 *
 * A fallible function returns bool or a pointer and fills a struct err that its caller owns. An err
 * is written once, by the lowest layer that knows what the user must hear; layers above only add
 * context in front.
 */
#ifndef ROLLCALL_BASE_ERR_H
#define ROLLCALL_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(enum name, short name, exit code, ends the whole run, what it means) */
#define ERR_KINDS(X)                                                                               \
    X(ERR_NONE, "ok", 0, false, "Done: everything that was asked for is in place.")                \
    X(ERR_BEHIND, "behind", 1, false,                                                              \
      "`status` alone: something is overdue or behind; the table says what.")                      \
    X(ERR_USAGE, "usage", 2, true, "The command line is wrong; the message names the option.")     \
    X(ERR_CONFIG, "config", 3, true,                                                               \
      "The configuration is wrong; the message names file and line.")                              \
    X(ERR_AUTH, "auth", 4, true,                                                                   \
      "Login refused: the login host gave no token, or the API refused a fresh one.")              \
    X(ERR_PERMISSION, "permission", 5, false,                                                      \
      "A permission is missing: give the client's role (and division) the one named.")             \
    X(ERR_RATE, "rate", 6, false,                                                                  \
      "Rate limit or request budget: stopped cleanly, progress is kept; run again later.")         \
    X(ERR_TEMPORARY, "temporary", 7, false,                                                        \
      "Network or server trouble outlasted the retries; progress is kept; run again.")             \
    X(ERR_CONTRACT, "contract", 8, false,                                                          \
      "An answer breaks the API's contract; its page was refused.")                                \
    X(ERR_STORE, "store", 9, true, "Database, disk or file: the message names the path.")          \
    X(ERR_LOCKED, "locked", 10, true,                                                              \
      "Another run holds the lock; the message says which process.")                               \
    X(ERR_PARTIAL, "partial", 11, false, "Some streams or windows are done, others are not.")      \
    X(ERR_STOPPED, "stopped", 12, true, "Stopped by a signal, after the last page was committed.") \
    X(ERR_BUG, "bug", 70, true,                                                                    \
      "A bug in rollcall, or no memory. Nothing is lost; please report it.")

enum err_kind {
#define ERR_ENUM(id, name, code, ends_run, text) id,
    ERR_KINDS(ERR_ENUM)
#undef ERR_ENUM
        ERR_KIND_COUNT
};

enum { ERR_MESSAGE_BYTES = 1536 };

struct err {
    enum err_kind kind;
    int http_status;  /* 0 when no HTTP answer was involved */
    int library_code; /* SQLite extended code or errno; 0 when none */
    int cause;        /* enum cause_id of base/causes.h; 0 when none is known */
    char message[ERR_MESSAGE_BYTES];
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
 * border) and returns false, so that a function can `return err_set(...)`. http_status,
 * library_code and cause become 0. */
bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a printf text and ": " in front of the message already in `e`; returns false. */
bool err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a printf text to the message already in `e`; returns false. */
bool err_append(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the process with exit code 70 after one line on stderr: a broken invariant. Never returns.
 */
_Noreturn void err_bug(const char *file, int line, const char *what);

/* Checks an invariant in every build; failing it is a bug (exit 70). */
#define INVARIANT(condition) ((condition) ? (void)0 : err_bug(__FILE__, __LINE__, #condition))

#endif
