#include "api/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "io/gzip.h"

enum { EXCERPT_SOURCE_BYTES = 80, EXCERPT_BYTES = 240 /* of it, escaped */ };

static size_t leading_blanks(const char *text, size_t length)
{
    size_t blanks = 0;

    while (blanks < length && strchr(" \t\r\n", text[blanks]) && text[blanks] != '\0') {
        blanks++;
    }
    return blanks;
}

/* True when the text begins as a JSON document of the API does. */
static bool looks_json(const char *text, size_t length)
{
    size_t at = leading_blanks(text, length);

    return at < length && (text[at] == '{' || text[at] == '[');
}

/* True when a document has begun, or nothing has, and it is not over at the last byte. */
static bool ends_early(const char *text, size_t length)
{
    bool in_string = false;
    size_t depth = 0;

    if (leading_blanks(text, length) == length) {
        return true;
    }
    if (!looks_json(text, length)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return false;
        }
    }
    return true;
}

/* The body in memory of its own, inflated, with room for the parser behind it. NULL on failure. */
static char *inflated(const struct http_answer *answer, size_t *length, struct err *e)
{
    char *text;

    if (answer->gzip && answer->body.length > 0) {
        return gzip_inflate(buf_str(&answer->body), answer->body.length, JSON_PADDING_BYTES, &text,
                            length, e)
                   ? text
                   : NULL;
    }
    *length = answer->body.length;
    text = xcalloc(1, *length + JSON_PADDING_BYTES);
    memcpy(text, buf_str(&answer->body), *length);
    return text;
}

enum answer_body answer_parse(const struct http_answer *answer, struct json_doc **doc,
                              struct err *e)
{
    struct buf excerpt;
    size_t length;
    char *text = inflated(answer, &length, e);

    *doc = NULL;
    if (!text) {
        return e->kind == ERR_TEMPORARY ? BODY_CUT : BODY_BAD;
    }
    /* Asked before parsing, which works in place. */
    bool early = !answer->framed && (!answer->gzip || length == 0) && ends_early(text, length);
    if (!early && !looks_json(text, length)) {
        size_t most = length < EXCERPT_SOURCE_BYTES ? length : EXCERPT_SOURCE_BYTES;
        buf_init(&excerpt, EXCERPT_BYTES);
        (void)str_escape(&excerpt, text, most);
        if (leading_blanks(text, length) == length) {
            err_set(e, ERR_CONTRACT, "the answer is empty (HTTP %d)", answer->status);
        } else {
            err_set(e, ERR_CONTRACT, "the answer is no JSON document (HTTP %d), it begins: %s",
                    answer->status, buf_str(&excerpt));
        }
        buf_free(&excerpt);
        free(text);
        return BODY_BAD;
    }
    *doc = json_parse(text, length, e);
    if (*doc) {
        return BODY_WHOLE;
    }
    if (early) {
        err_set(e, ERR_TEMPORARY, "the connection was cut within the body (after %zu bytes)",
                length);
        return BODY_CUT;
    }
    return BODY_BAD;
}
