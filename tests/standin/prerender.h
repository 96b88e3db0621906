/* Pages of the sync query made and compressed beforehand, so that a benchmark measures its client:
 * whole UTC days in ascending order, 100 a page, as of the date told at the start. */
#ifndef STANDIN_PRERENDER_H
#define STANDIN_PRERENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRERENDER_PAGE_SIZE 100

/* Makes all pages, with two threads. */
void prerender_all(void);
/* The gzip bytes of a page; false if there is none, or if the date has changed since. */
bool prerender_find(int64_t day, int64_t page_number, const void **bytes, size_t *length);

#endif
