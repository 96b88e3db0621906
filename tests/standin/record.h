/* What was asked: counts by route and status, the list of the last requests, and how many were
 * under way at once. The stand-in's own /standin/ paths are not recorded. */
#ifndef STANDIN_RECORD_H
#define STANDIN_RECORD_H

#include "jw.h"

void record_begin(const char *path);
/* `shown` is the path with its query. */
void record_end(const char *method, const char *path, const char *shown, int status);
void record_json(struct jw *w);
void record_reset(void);

#endif
