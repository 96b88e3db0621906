/* The faults that answer in place of the handler, and those that change what it answered. */
#ifndef STANDIN_SPOIL_H
#define STANDIN_SPOIL_H

#include "http.h"

/* Answers in place of a handler: latency, redirects, 429, 5xx, sign-in pages. True: answered. */
bool spoil_before(const struct request *request, struct reply *reply);

enum spoil_body { SPOIL_NONE, SPOIL_NOT_JSON, SPOIL_TRUNCATED, SPOIL_DEEP, SPOIL_BOMB };
/* What will happen to the body of this answer. */
enum spoil_body spoil_choose(const char *path);
void spoil_body(enum spoil_body what, struct reply *reply);

/* What will happen inside of the document; `jw_faults` goes to the writer. */
struct spoil_document {
    unsigned jw_faults;
    bool missing_id;
    bool no_conversations;
    bool any;
};
struct spoil_document spoil_document(const char *path);

#endif
