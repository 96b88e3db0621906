/*
 * The manifest of an export: which files belong together, and up to when each stream is whole.
 */
#ifndef ROLLCALL_OUT_MANIFEST_H
#define ROLLCALL_OUT_MANIFEST_H

#include <stdio.h>

#include "out/export.h"
#include "out/status.h"

/* Writes manifest.json's text. The caller looks for write errors. */
void manifest_write(const struct export_request *request, const struct export_result *result,
                    const struct status *status, FILE *out);

#endif
