/* A conversation's state as a document of the API. */
#ifndef STANDIN_CONV_JSON_H
#define STANDIN_CONV_JSON_H

#include "conv.h"
#include "jw.h"

/* Which state: the body as of one moment, the attributes as of another or not at all. */
struct view {
    int64_t body;
    int64_t attributes; /* CONV_NO_ATTRIBUTES: none, as the sync query has none */
    bool without_id;    /* a fault: the row lacks its conversationId */
};
#define CONV_NO_ATTRIBUTES INT64_MIN

/* Writes the conversation as one object. */
void conv_json(struct jw *w, const char *key, const struct conv *c, const struct view *view);

/* Writes the `attributes` object of a participant (attributes.c), which may lack it. */
void attributes_json(struct jw *w, const struct conv *c, const struct participant *p,
                     int64_t as_of);

#endif
