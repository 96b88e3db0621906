/*
 * UTF-8, one character at a time.
 *
 * Invariants: well-formed means RFC 3629 (no surrogates, no overlong forms, nothing over U+10FFFF);
 * nothing depends on the locale; no byte past `length` is read.
 */
#ifndef ROLLCALL_BASE_UTF8_H
#define ROLLCALL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes (1 to 4) of the character `text` begins with, its code point in *code; 0 when `length` is 0
 * or the bytes are not well-formed. */
size_t utf8_next(const char *text, size_t length, uint32_t *code);

/* How many of the first `length` bytes remain when a character cut off at their end is left out. */
size_t utf8_whole_bytes(const char *text, size_t length);

/* True for characters that must not reach a terminal or a log as they are: C0 and C1 controls, DEL,
 * line and paragraph separators, bidi marks and overrides, the byte order mark. */
bool utf8_is_unsafe(uint32_t code);

#endif
