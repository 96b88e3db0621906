/*
 * The last conversations as people read them: names in place of ids, local times, a table, CSV or
 * JSON.
 */
#ifndef ROLLCALL_OUT_RECENT_H
#define ROLLCALL_OUT_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/db.h"
#include "out/render.h"

/* One conversation; texts are NULL where the API said nothing. */
struct recent_row {
    const char *conversation_id;
    int64_t start_ms;
    const char *media_type; /* of the first session that has one */
    const char *direction;  /* of the first session */
    const char *queue_id;   /* the last by time */
    const char *queue_name; /* of the database; NULL: not known */
    const char *agent_id;   /* who interacted last */
    const char *agent_name;
    int64_t handle_ms; /* all tHandle; negative: none was emitted */
};

/* Fills in the names that the database knows. */
bool recent_names(struct db *d, struct recent_row *rows, size_t count, struct arena *a,
                  struct err *e);

/* Prints the rows; local times are the business zone's. ERR_STORE when that fails. */
bool recent_print(const struct recent_row *rows, size_t count, enum render_format format,
                  struct arena *a, FILE *out, struct err *e);

#endif
