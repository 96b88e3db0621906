/*
 * A JSON document of a test. In its text ' stands for ", so that it reads as what it is.
 */
#ifndef ROLLCALL_TESTS_DOC_H
#define ROLLCALL_TESTS_DOC_H

#include "base/str.h"
#include "io/json.h"

/* Fails the test when it does not parse. Free with json_free. */
static inline struct json_doc *doc_of(const char *text)
{
    struct err e;
    size_t length = strlen(text);
    char *bytes = xcalloc(1, length + JSON_PADDING_BYTES);

    for (size_t i = 0; i < length; i++) {
        bytes[i] = text[i];
        if (text[i] == '\'') {
            bytes[i] = '"';
        }
    }
    struct json_doc *doc = json_parse(bytes, length, &e);
    fail_if(!doc, "%s", e.message);
    return doc;
}

#endif
