#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

const struct err_facts err_facts[ERR_KIND_COUNT] = {
#define KIND_FACTS(id, short_name, code, ends, meaning)                                            \
    [id] = {.name = (short_name), .exit_code = (code), .ends_run = (ends), .text = (meaning)},
    ERR_KINDS(KIND_FACTS)
#undef KIND_FACTS
};

void err_clear(struct err *e)
{
    e->kind = ERR_NONE;
    e->http_status = 0;
    e->library_code = 0;
    e->cause = 0;
    e->message[0] = '\0';
}

/* Prints into a message-sized buffer; a text that does not fit ends on a character's border. */
__attribute__((format(printf, 2, 0))) static void print_message(char out[static ERR_MESSAGE_BYTES],
                                                                const char *format, va_list args)
{
    int wanted = vsnprintf(out, ERR_MESSAGE_BYTES, format, args);

    if (wanted < 0) {
        out[0] = '\0';
    } else if (wanted >= ERR_MESSAGE_BYTES) {
        out[utf8_whole_bytes(out, ERR_MESSAGE_BYTES - 1)] = '\0';
    }
}

/* Adds to a message as much of `text` as fits in whole characters. */
static void join_message(char out[static ERR_MESSAGE_BYTES], const char *text)
{
    size_t used = strlen(out);
    size_t room = ERR_MESSAGE_BYTES - 1 - used;

    (void)snprintf(out + used, room + 1, "%s", text);
    if (strlen(text) > room) {
        out[used + utf8_whole_bytes(text, room)] = '\0';
    }
}

bool err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
    char message[ERR_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    print_message(message, format, args);
    va_end(args);

    err_clear(e);
    e->kind = kind;
    join_message(e->message, message);
    return false;
}

bool err_prefix(struct err *e, const char *format, ...)
{
    char message[ERR_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    print_message(message, format, args);
    va_end(args);

    join_message(message, ": ");
    join_message(message, e->message);
    memcpy(e->message, message, sizeof(message));
    return false;
}

bool err_append(struct err *e, const char *format, ...)
{
    char message[ERR_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    print_message(message, format, args);
    va_end(args);

    join_message(e->message, message);
    return false;
}

_Noreturn void err_bug(const char *file, int line, const char *what)
{
    char text[512];
    int wanted = snprintf(text, sizeof(text),
                          "rollcall: a bug in rollcall: %s:%d: %s; nothing is lost, please report "
                          "it\n",
                          file, line, what);
    size_t length = wanted < 0 ? 0 : (size_t)wanted;

    if (length >= sizeof(text)) {
        length = sizeof(text) - 1;
        text[length - 1] = '\n';
    }
    ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
    _exit(err_facts[ERR_BUG].exit_code);
}
