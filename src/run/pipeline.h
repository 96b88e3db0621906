/*
 * A pipeline: several readings fetched in one thread and loaded in the calling one, joined by one
 * bounded queue. One page is one transaction: its rows, the window's cursor and counters, and its
 * raw bytes if it changed a row.
 */
#ifndef ROLLCALL_RUN_PIPELINE_H
#define ROLLCALL_RUN_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "run/reading.h"
#include "run/run.h"

/* Runs `readings` to their outcomes, at most `at_once` under way at a time. Each reading's outcome,
 * error and counts are filled; what did not begin stays READING_WAITING. False only for trouble
 * that ends the run: the database (ERR_STORE), a bug. */
bool pipeline_run(struct run *run, struct reading *const *readings, size_t count, size_t at_once,
                  struct err *e);

#endif
