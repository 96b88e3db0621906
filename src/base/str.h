/*
 * Strings: the few operations that libc lacks or makes easy to get wrong.
 *
 * Invariants: nothing here depends on the locale; inputs are borrowed; results go into the caller's
 * buffer or arena.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

/* ASCII that is visible, for strspn: no blank, no control character. */
#define STR_VISIBLE                                                                                \
    "!\"#$%&'()*+,-./"                                                                             \
    "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

/* Equality of two strings; either may be NULL (NULL equals NULL only). */
bool str_eq(const char *a, const char *b);

/* ASCII equality without regard to case; NULL as above. */
bool str_eq_nocase(const char *a, const char *b);

/* Whether `text` begins with `prefix`; every text begins with the empty one. */
bool str_starts_with(const char *text, const char *prefix);
/* Whether `text` ends with `suffix`; every text ends with the empty one. */
bool str_ends_with(const char *text, const char *suffix);

/* What stands behind the last `c` in a text; all of it where there is none. */
const char *str_behind_last(const char *text, char c);

/* True when `text` holds one of `signs`, which are separated by '|', without regard to ASCII case;
 * makes no copy of it, which of a secret would have to be wiped. */
bool str_has_any(const char *text, const char *signs);

/* True when `text` is one of the `count` strings of `list`. */
bool str_is_listed(const char *text, const char *const *list, size_t count);

/* True when `word` is one of `words`, which are separated by blanks; NULL: there is none. */
bool str_has_word(const char *words, const char *word);

/* Copies `text` without blanks, tabs and line ends at both ends, into the arena. */
char *str_trim(struct arena *a, const char *text);

/* Splits at commas and blanks, leaving out empty items: an arena array of *count strings. */
char **str_split_list(struct arena *a, const char *text, size_t *count);

/* Copies `text` with another in the place of each `sign`, into the arena. */
char *str_replace(struct arena *a, const char *text, char sign, const char *with);

/* Names one after the other, `between` them, in the arena. */
char *str_join(struct arena *a, const char *const *names, size_t count, const char *between);

/* A whole decimal number within [min, max] and nothing else (no blanks, no sign but '-'); false
 * otherwise. */
bool str_to_int64(const char *text, int64_t min, int64_t max, int64_t *out);

/* yes/no, true/false, on/off, 1/0 in any case; false when it is none of them. */
bool str_to_bool(const char *text, bool *out);

/* The candidate nearest to `word` by edit distance (ASCII case ignored, transpositions count one),
 * the first of equals; NULL when none is near enough to be a misspelling: at most 2 edits or a
 * third of the word's length, and fewer than its letters. Candidates are borrowed. */
const char *str_nearest(const char *word, const char *const *candidates, size_t count);

/* ", did you mean CANDIDATE" for the nearest, or, where that takes more than two edits, for those
 * (three at most) that are most alike by a stretch that holds half of the word; in the arena, ""
 * for none. */
const char *str_suggest(struct arena *a, const char *word, const char *const *candidates,
                        size_t count);

/* Appends `text` made safe for a terminal or a log: control bytes and invalid UTF-8 become \xNN
 * (line ends and tabs \n, \r, \t), C1 controls, bidi controls, U+2028, U+2029 and U+FEFF \u{N}. In
 * quotes these and \ are escaped too; in JSON \u stands for all (invalid bytes become U+FFFD, in
 * the log the text \xNN); of a whole JSON document its own quotes and \ stay. False when the buffer
 * is full: the characters that fit are in it. */
enum str_form { STR_SHOWN, STR_QUOTED, STR_LOG_JSON, STR_JSON, STR_DOCUMENT };
bool str_write(struct buf *out, enum str_form form, const char *text, size_t length);
static inline bool str_escape(struct buf *out, const char *text, size_t length)
{
    return str_write(out, STR_SHOWN, text, length);
}

/* The same into the arena. */
char *str_escaped(struct arena *a, const char *text);

/* Percent-encodes everything but RFC 3986 unreserved characters, appended to `out`. */
void str_url_encode(struct buf *out, const char *text);

/* Decodes `length` base64 digits of either alphabet, without padding, into `out` (3/4 of `length`
 * bytes at most) and *out_length. False when it is no base64. */
bool str_base64_decode(const char *text, size_t length, char *out, size_t *out_length);

/* True for 8-4-4-4-12 hexadecimal digits. */
bool str_is_uuid(const char *text);

/* UTF-8, one character at a time. Well-formed means RFC 3629 (no surrogates, no overlong forms,
 * nothing over U+10FFFF); no byte past `length` is read. */

/* Bytes (1 to 4) of the character `text` begins with, its code point in *code; 0 when `length` is 0
 * or the bytes are not well-formed. */
size_t utf8_next(const char *text, size_t length, uint32_t *code);

/* Whether a character must not reach a terminal or a log as it is, and how many columns it takes
 * there (0 to 2), by characters.txt. */
bool utf8_is_unsafe(uint32_t code);
size_t utf8_width(uint32_t code);
