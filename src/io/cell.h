/*
 * A value on its way between a document, the walker's rows and SQLite.
 *
 * Invariant: text is borrowed (from a document, an arena, a statement's row) and `length` bytes
 * long; it need not end in a NUL.
 */
#ifndef ROLLCALL_IO_CELL_H
#define ROLLCALL_IO_CELL_H

#include <stdint.h>

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

#endif
