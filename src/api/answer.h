/*
 * The body of an HTTP answer as a document: inflated, parsed to its end, and told apart when it was
 * cut on the way.
 */
#ifndef ROLLCALL_API_ANSWER_H
#define ROLLCALL_API_ANSWER_H

#include "base/err.h"
#include "io/http.h"
#include "io/json.h"

enum answer_body {
    BODY_WHOLE,
    BODY_CUT, /* it ended early: a repeat may bring the rest */
    BODY_BAD, /* it came whole and is no document, or passes a limit */
};

/* Inflates and parses the body of `answer` (which stays as it is). *doc is the caller's with
 * BODY_WHOLE, NULL otherwise; then `e` is ERR_TEMPORARY (BODY_CUT) or ERR_CONTRACT (BODY_BAD). A
 * body that the protocol does not frame counts as cut when its document is not over at its last
 * byte. */
enum answer_body answer_parse(const struct http_answer *answer, struct json_doc **doc,
                              struct err *e);

#endif
