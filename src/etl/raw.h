/*
 * Answers as they came, kept for a while: the proof of what was loaded, and what `replay` loads
 * again. Pages are kept with their rows (run/store.c).
 *
 * Kept are pages that changed a row; where a whole reading says what is gone (LOAD_WINDOW,
 * LOAD_INTERVALS) all pages of a reading that changed one, since one of them says nothing by
 * itself. A reading that was cut and begun anew goes on counting what it has changed, so that the
 * one that ends is kept even where it changed nothing more. Everything here is part of the
 * caller's transaction, but for raw_prune.
 */
#pragma once

#include "io/db.h"
#include "io/json.h"

/* A reading of the window is whole; its pages are counted in window_pass. `by_reading`: it is kept
 * only where it changed something. */
bool raw_end(struct db *d, int64_t window_id, const char *plan, bool by_reading, struct err *e);

/* Removes some pages that came before `before_ms`, or that a clock ahead of `now_ms` has dated; a
 * transaction of its own, short. *more: there may be others. */
bool raw_prune(struct db *d, int64_t before_ms, int64_t now_ms, bool *more, struct err *e);

/* The document of a stored page; NULL with ERR_CONTRACT or ERR_TEMPORARY when it is none any more.
 * Free with json_free. */
struct json_doc *raw_parse(const void *bytes, size_t length, const char *encoding, struct err *e);
