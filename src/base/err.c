#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct err_facts err_facts[ERR_KIND_COUNT] = {ERR_ROWS};

void err_clear(struct err *e)
{
    *e = (struct err){.kind = ERR_NONE};
}

/* Adds to a message as much of a printf text as fits in whole characters. */
static void add_message(char out[static ERR_MESSAGE_BYTES], const char *format, va_list args)
{
    char text[ERR_MESSAGE_BYTES + 1]; /* the first byte left out tells where a character ends */
    size_t used = strlen(out);
    size_t room = ERR_MESSAGE_BYTES - 1 - used;

    if (vsnprintf(text, sizeof(text), format, args) > (int)room) {
        /* A cut before a continuation byte goes back to before its character. */
        for (int i = 0; i < 3 && room > 0 && ((unsigned char)text[room] & 0xC0U) == 0x80U; i++) {
            room--;
        }
    }
    (void)snprintf(out + used, room + 1, "%s", text);
}

bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
    struct err made = {.kind = kind}; /* what is printed may be of *e */
    va_list args;

    va_start(args, format);
    add_message(made.message, format, args);
    va_end(args);
    *e = made;
    return false;
}

bool err_prefix(struct err *e, const char *format, ...)
{
    struct err made = *e;
    va_list args;

    made.message[0] = '\0';
    va_start(args, format);
    add_message(made.message, format, args);
    va_end(args);
    err_append(&made, ": %s", e->message);
    *e = made;
    return false;
}

bool err_append(struct err *e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_message(e->message, format, args);
    va_end(args);
    return false;
}

_Noreturn void err_bug(const char *file, int line, const char *what)
{
    (void)dprintf(STDERR_FILENO,
                  "rollcall: a bug in rollcall: %s:%d: %s; nothing is lost, please report it\n",
                  file, line, what);
    _exit(err_facts[ERR_BUG].exit_code);
}
