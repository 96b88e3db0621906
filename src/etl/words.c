#include "etl/words.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"

void words_add(struct words *w, const char *name, const char *format, ...)
{
    va_list args;

    INVARIANT(w->count < WORDS_MAX);
    va_start(args, format);
    w->list[w->count].name = name;
    w->list[w->count++].text = arena_vprintf(w->arena, format, args);
    va_end(args);
}

const char *words_fill(const struct words *w, const char *template)
{
    BUF_SCOPED struct buf b = buf_of(SIZE_MAX);

    while (*template) {
        size_t plain = strcspn(template, "{");
        size_t length = strcspn(template + plain, "}");
        size_t at = 0;

        (void)buf_add(&b, template, plain);
        template += plain;
        if (*template == '\0') {
            break;
        }
        while (at < w->count && (strlen(w->list[at].name) != length - 1 ||
                                 memcmp(w->list[at].name, template + 1, length - 1) != 0)) {
            at++;
        }
        INVARIANT(at < w->count);
        (void)buf_add_str(&b, w->list[at].text);
        template += length + 1;
    }
    return arena_strdup(w->arena, buf_str(&b));
}

const char *words_each(struct arena *a, const char *const *names, size_t count, const char *form,
                       const char *comma)
{
    BUF_SCOPED struct buf b = buf_of(SIZE_MAX);

    for (size_t i = 0; i < count; i++) {
        (void)(i == 0 || buf_add_str(&b, comma));
        for (const char *at = form; *at; at++) {
            (void)(*at == '$' ? buf_add_printf(&b, "\"%s\"", names[i]) : buf_add_char(&b, *at));
        }
    }
    return arena_strdup(a, buf_str(&b));
}
