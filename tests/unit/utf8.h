/*
 * Whole texts of UTF-8, for tests.
 */
#ifndef ROLLCALL_TESTS_UTF8_H
#define ROLLCALL_TESTS_UTF8_H

#include <stdbool.h>

#include "base/str.h"

/* True when all `length` bytes are well-formed. */
static inline bool is_utf8(const char *text, size_t length)
{
    uint32_t code;
    size_t bytes = 1;

    for (size_t done = 0; bytes > 0 && done < length; done += bytes) {
        bytes = utf8_next(text + done, length - done, &code);
    }
    return bytes > 0;
}

#endif
