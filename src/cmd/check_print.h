/*
 * What a check found, for people and as JSON.
 */
#ifndef ROLLCALL_CMD_CHECK_PRINT_H
#define ROLLCALL_CMD_CHECK_PRINT_H

#include <stdio.h>

#include "run/check.h"

/* Prints the results by step, within 80 columns where words allow, and a last line that sums up. */
void check_print(const struct check_report *r, struct arena *a, FILE *out);

/* The same as one JSON object. */
void check_print_json(const struct check_report *r, FILE *out);

#endif
