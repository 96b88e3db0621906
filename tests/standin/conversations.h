/* What the routes that give conversations share. */
#ifndef STANDIN_CONVERSATIONS_H
#define STANDIN_CONVERSATIONS_H

#include "conv_json.h"
#include "corpus.h"
#include "fault.h"

#include <yyjson.h>

/* Writes entries [from, to), seen as `view` says, as the array `conversations`. Absent when there
 * are none, or when a fault says so. */
void conversations_write(struct jw *w, const struct selection *s, size_t from, size_t to,
                         struct view view, const struct fault_document *spoil);

/* Reads the JSON body; answers 400 and returns NULL unless it is an object. Free it with
 * yyjson_doc_free. */
yyjson_doc *conversations_body(const struct request *request, struct reply *reply);
/* Reads the body's `interval`; answers 400 and returns false if it is missing, malformed, ends
 * before it starts; 501 if the body asks for what the stand-in has not (filters, aggregations). */
bool conversations_interval(yyjson_val *body, struct reply *reply, int64_t *from, int64_t *to);
/* Reads `order`; answers 400 if it is none of asc, desc, unordered; 501 to another orderBy. */
bool conversations_order(yyjson_val *body, struct reply *reply, bool *descending);

/* prerender.c: pages of the sync query made and compressed beforehand, so that a benchmark measures
 * its client: whole UTC days in ascending order, as of the date told at the start. */
#define PRERENDER_PAGE_SIZE 100
/* Makes all pages, with two threads. */
void prerender_all(void);
/* The gzip bytes of a page; false if there is none, or if the date has changed since. */
bool prerender_find(int64_t day, int64_t number, const void **bytes, size_t *length);

#endif
