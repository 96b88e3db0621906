/*
 * Texts of statements about tables that maps describe: templates with words in braces. Names come
 * from maps alone, and are quoted.
 */
#pragma once

#include "base/arena.h"

enum { WORDS_MAX = 64 };

/* What templates may name; all texts are in the arena. Begin with the arena alone. */
struct words {
    struct arena *arena;
    struct {
        const char *name;
        const char *text;
    } list[WORDS_MAX];
    size_t count;
};

/* From now on {name} stands for a printf text. */
void words_add(struct words *w, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The template with the words' texts in place of {name}; one that there is not is a bug. */
const char *words_fill(const struct words *w, const char *template);

/* `form` for each name, which is quoted in place of each '$', with `comma` between them. */
const char *words_each(struct arena *a, const char *const *names, size_t count, const char *form,
                       const char *comma);
