#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct err_facts err_facts[ERR_KIND_COUNT] = {ERR_ROWS};

void err_clear(struct err *e)
{
    e->kind = ERR_NONE;
    e->http_status = 0;
    e->library_code = 0;
    e->cause = 0;
    e->message[0] = '\0';
    e->lacks[0] = '\0';
}

/* Adds to a message as much of `text` as fits in whole characters. */
static void join_message(char out[static ERR_MESSAGE_BYTES], const char *text)
{
    size_t used = strlen(out);
    size_t room = ERR_MESSAGE_BYTES - 1 - used;

    if (strlen(text) > room) {
        /* A cut before a continuation byte goes back to before its character. */
        for (int i = 0; i < 3 && room > 0 && ((unsigned char)text[room] & 0xC0U) == 0x80U; i++) {
            room--;
        }
    }
    (void)snprintf(out + used, room + 1, "%s", text);
}

/* Adds a printf text likewise. It may be more than fits: the first byte left out tells where a
 * character ends. */
static void print_message(char out[static ERR_MESSAGE_BYTES], const char *format, va_list args)
{
    char text[ERR_MESSAGE_BYTES + 1];

    (void)vsnprintf(text, sizeof(text), format, args);
    join_message(out, text);
}

bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
    struct err made = {.kind = kind}; /* what is printed may be of *e */
    va_list args;

    va_start(args, format);
    print_message(made.message, format, args);
    va_end(args);
    *e = made;
    return false;
}

bool err_prefix(struct err *e, const char *format, ...)
{
    char whole[ERR_MESSAGE_BYTES] = "";
    va_list args;

    va_start(args, format);
    print_message(whole, format, args);
    va_end(args);
    join_message(whole, ": ");
    join_message(whole, e->message);
    memcpy(e->message, whole, sizeof(whole));
    return false;
}

bool err_append(struct err *e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_message(e->message, format, args);
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
