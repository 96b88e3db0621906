#include "api/answer.h"

#include <stdio.h>

#include "api/pace.h"
#include "api/region.h"
#include "base/str.h"
#include "io/gzip.h"

enum { EXCERPT_BYTES = 160, WORDS_LOOKED_AT_BYTES = 65536 /* the longest token with it all */ };
enum { PAGE_BYTES = 16384 /* of a web page are looked at */, STATUS_BYTES = 24 };
enum { MESSAGE_BYTES = 400, WORD_BYTES = 120, LONGEST_WORDS_BYTES = 380, PERMISSIONS_BYTES = 400 };

/* --- words ------------------------------------------------------------------------------------ */

void answer_words(struct buf *out, const char *text, size_t length)
{
    size_t most = length < WORDS_LOOKED_AT_BYTES ? length : WORDS_LOOKED_AT_BYTES;
    char *words = xmalloc(most + 1);

    memcpy(words, text, most);
    (void)str_escape(out, words, secret_mask(words, most));
    free(words);
}

/* Appends `before` and a text from outside, escaped and cut at `most` bytes; nothing when empty. */
static void append_escaped(struct err *e, const char *before, const char *text, size_t length,
                           size_t most)
{
    BUF_SCOPED struct buf escaped = buf_of(most);

    if (length > 0) {
        answer_words(&escaped, text, length);
        err_append(e, "%s%s", before, buf_str(&escaped));
    }
}

void answer_append(struct err *e, const char *before, const char *text)
{
    append_escaped(e, before, text, strlen(text), LONGEST_WORDS_BYTES);
}

/* --- documents ------------------------------------------------------------------------------- */

char *answer_text(const struct http_answer *answer, size_t *length, struct err *e)
{
    const struct buf *body = &answer->body;

    return gzip_text(buf_str(body), body->length, answer->gzip && body->length > 0, length, e);
}

void answer_begins(struct err *e, const struct http_answer *answer)
{
    struct err ignored;
    size_t length;
    char *text = answer_text(answer, &length, &ignored);

    append_escaped(e, ", it begins: ", text, text ? length : 0, EXCERPT_BYTES);
    free(text);
}

struct json_doc *answer_parse(const struct http_answer *answer, struct err *e)
{
    size_t length;
    char *text = answer_text(answer, &length, e);

    if (!text) {
        return NULL;
    }
    text[length] = '\0';
    size_t blanks = strspn(text, " \t\r\n");
    bool is_blank = blanks == length;
    bool may_be_cut = !answer->framed && (!answer->gzip || length == 0);
    if (text[blanks] != '{' && text[blanks] != '[' && !(is_blank && may_be_cut)) {
        err_set(e, ERR_CONTRACT, "the answer is %s (HTTP %d)",
                is_blank ? "empty" : "no JSON document", answer->status);
        append_escaped(e, ", it begins: ", text, is_blank ? 0 : length, EXCERPT_BYTES);
        free(text);
        return NULL;
    }
    struct json_doc *doc = json_parse(text, length, e);
    if (!doc && may_be_cut && (is_blank || e->kind == ERR_TEMPORARY)) {
        err_set(e, ERR_TEMPORARY, "the connection was cut within the body (after %zu bytes)",
                length);
    } else if (!doc) {
        e->kind = ERR_CONTRACT;
    }
    return doc;
}

/* --- the login ------------------------------------------------------------------------------- */

static const char provider_signs[] = "saml|sso|adfs|okta|/idp|idp.|onelogin|pingone|auth0|"
                                     "accounts.google|login.microsoftonline";
static const char form_signs[] = "sign in|signin|log in|login|password|saml";

enum cause_id diagnose_login(const struct http_answer *answer, const char *words)
{
    char status[STATUS_BYTES];
    snprintf(status, sizeof(status), "http#%d", answer->status);
    enum cause_id by_words = words ? cause_by_sign(STEP_LOGIN, words) : CAUSE_NONE;
    enum cause_id by_status = cause_by_sign(STEP_LOGIN, status);

    if (by_words) {
        return by_words;
    }
    if (by_status == CAUSE_LOGIN_REDIRECT && str_has_any(answer->location, provider_signs)) {
        return CAUSE_LOGIN_IDENTITY_PROVIDER;
    }
    if (by_status) {
        return by_status;
    }
    if (words) {
        return CAUSE_LOGIN_NO_TOKEN;
    }
    char page[PAGE_BYTES + 1];
    (void)snprintf(page, sizeof(page), "%s", buf_str(&answer->body));
    return strchr(page, '<') && str_has_any(page, form_signs) ? CAUSE_LOGIN_SIGN_IN_PAGE
                                                              : CAUSE_LOGIN_WEB_PAGE;
}

/* --- the token ------------------------------------------------------------------------------- */

enum cause_id diagnose_refusal(const char *words, const char *login_url, const char *api_url)
{
    bool is_known = false;
    struct err ignored;

    if (strcasestr(words, "ip.not.authorized")) {
        return CAUSE_TOKEN_ADDRESS;
    }
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *login = region_domain(a, login_url, &is_known, &ignored);
    const char *api = region_domain(a, api_url, &is_known, &ignored);
    return login && api && !str_eq(login, api) ? CAUSE_TOKEN_OTHER_REGION : CAUSE_TOKEN_REFUSED;
}

bool diagnosis_append(struct err *e, enum cause_id id)
{
    const struct cause *cause = &causes[id];

    err_append(e, CAUSE_MARK "%s. Remedy: %s.", cause->text, cause->remedy);
    if (cause->step == STEP_LOGIN || cause->step == STEP_TOKEN) {
        err_append(e, " %s.", cause_saml_note);
    }
    return err_cause(e, id);
}

/* --- errors ---------------------------------------------------------------------------------- */

static enum err_kind kind_of_status(int status)
{
    enum retry_reason reason = retry_reason(HTTP_OK, status);

    if (reason != RETRY_NO) {
        return reason == RETRY_RATE ? ERR_RATE : ERR_TEMPORARY;
    }
    if (status == 401) {
        return ERR_AUTH;
    }
    return status == 403 ? ERR_PERMISSION : ERR_CONTRACT;
}

/* The same with the string at `path` of the body. */
static void append_text(struct err *e, struct json body, const char *path, const char *before,
                        size_t most)
{
    size_t length = 0;
    const char *text = json_text(json_first(body, path), &length);

    append_escaped(e, before, text ? text : "", text ? length : 0, most);
}

/* Adds the permission names (domain:entity:action) within `text` (NULL: none) that are not listed
 * yet. */
static void collect_permissions(struct buf *list, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char within[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_*:";

    while (text && *(text += strcspn(text, letters)) != '\0') {
        size_t length = strspn(text, within);
        size_t colons = 0;
        char name[WORD_BYTES];

        for (size_t i = 0; i < length; i++) {
            colons += text[i] == ':' ? 1U : 0U;
        }
        if (colons == 2 && length < sizeof(name) && text[length - 1] != ':') {
            snprintf(name, sizeof(name), "%.*s", (int)length, text);
            if (!strstr(buf_str(list), name)) {
                buf_add_printf(list, "%s%s", list->length > 0 ? ", " : "", name);
            }
        }
        text += length;
    }
}

/* Names what a 403 asks for: the permissions of its message, or of its parameters. */
static void append_permissions(struct err *e, struct json body)
{
    struct json_iter it = json_iter(json_get(body, "messageParams"));
    BUF_SCOPED struct buf list = buf_of(PERMISSIONS_BYTES);

    collect_permissions(&list, json_str(json_get(body, "message")));
    while (json_next(&it)) {
        collect_permissions(&list, json_str(it.item));
    }
    if (list.length > 0) {
        err_append(e, "; missing permission: %s", buf_str(&list));
        (void)snprintf(e->lacks, sizeof(e->lacks), "%.*s", (int)strcspn(buf_str(&list), ","),
                       buf_str(&list));
    }
}

bool answer_is_error(struct json root)
{
    int64_t status;

    return json_int(json_get(root, "status"), &status) && status >= 400 &&
           (json_str(json_get(root, "code")) || json_str(json_get(root, "message")));
}

static void copy_code(struct json body, char *code)
{
    const char *text = json_str(json_get(body, "code"));
    BUF_SCOPED struct buf words = buf_of(ANSWER_CODE_BYTES - 1);

    answer_words(&words, text ? text : "", text ? strlen(text) : 0);
    snprintf(code, ANSWER_CODE_BYTES, "%s", buf_str(&words));
    for (char *c = code; *c; c++) {
        *c = (char)(*c > ' ' && *c < 0x7f ? *c : '?');
    }
}

bool answer_error(struct err *e, const struct http_answer *answer, const char *label, char *code)
{
    static const char *const failures[] = {HTTP_FAILURES};
    struct err ignored;
    int64_t limit;

    code[0] = '\0';
    if (answer->failure != HTTP_OK) {
        err_set(e, answer->failure == HTTP_TOO_LARGE ? ERR_CONTRACT : causes[answer->cause].kind,
                "%s: %s: %s", label, failures[answer->failure], answer->detail);
        return diagnosis_append(e, answer->cause);
    }
    err_set(e, kind_of_status(answer->status), "%s: HTTP %d", label, answer->status);
    e->http_status = answer->status;
    struct json_doc *doc = answer->body.length > 0 ? answer_parse(answer, &ignored) : NULL;
    struct json body = json_root(doc);
    if (answer->status < 300) {
        err_append(e, " with an error for a body");
    }
    if (answer->body.length > 0 && !doc) {
        err_append(e, " without an error body of the API");
        answer_append(e, ", Content-Type: ", answer->content_type);
    }
    copy_code(body, code);
    if (!answer_is_error(body) && !json_str(json_get(body, "code"))) {
        answer_begins(e, answer);
    }
    append_text(e, body, "code", " ", WORD_BYTES);
    append_text(e, body, "message", ": ", MESSAGE_BYTES);
    for (struct json_iter it = json_iter(json_get(body, "details")); json_next(&it);) {
        append_text(e, it.item, "errorCode", "; ", WORD_BYTES);
        append_text(e, it.item, "fieldName", " of ", WORD_BYTES);
    }
    if (e->kind == ERR_PERMISSION) {
        append_permissions(e, body);
    }
    append_text(e, body, "limit.key", "; limit ", WORD_BYTES);
    if (json_int(json_first(body, "limit.value"), &limit)) {
        err_append(e, " = %lld", (long long)limit);
    }
    answer_append(e, "; Retry-After: ", answer->retry_after);
    append_text(e, body, "contextId", "; context id ", WORD_BYTES);
    answer_append(e, "; redirects are not followed, this one leads to ", answer->location);
    answer_append(e, "; correlation id ", answer->correlation_id);
    if (e->kind == ERR_PERMISSION) {
        diagnosis_append(e, CAUSE_PERMISSION_MISSING);
    }
    json_free(doc);
    return false;
}
