/*
 * A value on its way between a document, the walker's rows and SQLite.
 *
 * Invariant: text is borrowed (from a document, an arena, a statement's row) and `length` bytes
 * long; it need not end in a NUL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum cell_type { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT };

struct cell {
    enum cell_type type;
    uint32_t length; /* of text, in bytes */
    union {
        int64_t integer;
        double real;
        const char *text;
    } value;
};

/* A number as a cell. */
static inline struct cell cell_int(int64_t value)
{
    return (struct cell){.type = CELL_INT, .value.integer = value};
}

/* A text as a cell; NULL for NULL. */
static inline struct cell cell_text(const char *text)
{
    return (struct cell){.type = text ? CELL_TEXT : CELL_NULL,
                         .length = text ? (uint32_t)strlen(text) : 0,
                         .value.text = text};
}
