/*
 * Answers as they came, kept for a while: the proof of what was loaded, and what `replay` loads
 * again.
 *
 * Kept are pages that changed a row; where a whole reading says what is gone (LOAD_WINDOW,
 * LOAD_INTERVALS) all pages of a reading that changed one, since one of them says nothing by
 * itself. A reading that was cut and begun anew goes on counting what it has changed, so that the
 * one that ends is kept even where it changed nothing more. Everything here is part of the
 * caller's transaction, but for raw_prune.
 */
#pragma once

#include "etl/load.h"

/* A page as it came. */
struct raw_answer {
    int64_t number;   /* within its reading, from 0 */
    const char *path; /* of the request */
    bool is_gzip;
    const void *bytes;
    size_t length;
    bool by_reading; /* it is kept though it changed nothing: another page of its reading may */
};

/* Keeps what a page that changed so many rows, or (`answer` NULL) the end of its reading, came
 * from. */
bool raw_keep(struct db *d, const struct load_page *page, const struct raw_answer *answer,
              const struct load_counts *counts, struct err *e);

/* The reading of a page is whole: its pages, counted in window_pass, go if it changed nothing. */
bool raw_end(struct db *d, const struct load_page *page, struct err *e);

/* Removes some pages that came before `before_ms`, or that a clock ahead of `now_ms` has dated; a
 * transaction of its own, short. *more: there may be others. */
bool raw_prune(struct db *d, int64_t before_ms, int64_t now_ms, bool *more, struct err *e);

/* The document of a stored page; NULL with ERR_CONTRACT or ERR_TEMPORARY when it is none any more.
 * Free with json_free. */
struct json_doc *raw_parse(const void *bytes, size_t length, const char *encoding, struct err *e);
