#include "api/token.h"

#include "api/answer.h"
#include "api/diagnosis.h"
#include "base/str.h"
#include "io/json.h"

enum {
    LIFETIME_UNSAID_SECONDS = 300, /* the shortest a client can be set to */
    LIFETIME_LONGEST_SECONDS = 48 * 3600,
    RENEW_AHEAD_SECONDS = 300,
    RENEW_AHEAD_PARTS = 10,
    TOKEN_LONGEST_BYTES = 16384,
    WORDS_BYTES = 300,
};

static const char grant[] = "grant_type=client_credentials";

void token_request(const struct config *config, const char *url, struct http_request *out)
{
    *out = (struct http_request){
        .method = HTTP_POST,
        .url = url,
        .content_type = "application/x-www-form-urlencoded",
        .body = grant,
        .body_length = sizeof(grant) - 1,
        .basic_user = config->client_id,
        .basic_secret = config->client_secret,
    };
}

/* A token goes into a header: visible ASCII alone. */
static bool is_token(const char *text, size_t length)
{
    if (!text || length == 0 || length > TOKEN_LONGEST_BYTES) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

/* Takes a token's text, which is wiped where it stands in the document. */
static void take_token(struct token *t, const char *text, size_t length, struct json root,
                       int64_t monotonic_ms)
{
    int64_t lifetime;

    if (!json_int(json_get(root, "expires_in"), &lifetime) || lifetime <= 0) {
        lifetime = LIFETIME_UNSAID_SECONDS;
    }
    if (lifetime > LIFETIME_LONGEST_SECONDS) {
        lifetime = LIFETIME_LONGEST_SECONDS;
    }
    int64_t ahead = lifetime / RENEW_AHEAD_PARTS;
    if (ahead > RENEW_AHEAD_SECONDS) {
        ahead = RENEW_AHEAD_SECONDS;
    }
    secret_free(t->value);
    t->value = secret_new(text, length);
    t->lifetime_seconds = lifetime;
    t->renew_at_ms = monotonic_ms + (lifetime - ahead) * 1000;
    t->generation++;
    t->proven = false;
    /* The document is about to be freed; nothing reads it after this. */
    secret_wipe((char *)text, length);
}

/* Makes the error of a login refused. The login host says why in a body {error, description,
 * error_description}; without one `doc` is NULL. */
static void refuse(const struct config *config, const char *login_url,
                   const struct http_answer *answer, const struct json_doc *doc, struct err *e)
{
    static const char *const fields[] = {"error", "error_description", "description", "code",
                                         "message"};
    const char *last = "";
    struct buf words;

    buf_init(&words, WORDS_BYTES);
    for (size_t i = 0; doc && i < COUNT_OF(fields); i++) {
        const char *text = json_str(json_get(json_root(doc), fields[i]));
        if (text && !str_eq(text, last)) {
            (void)buf_add_str(&words, words.length > 0 ? ": " : "");
            (void)answer_words(&words, text, strlen(text));
            last = text;
        }
    }
    enum cause_id cause = diagnose_login(answer, doc ? buf_str(&words) : NULL);
    err_set(e, ERR_AUTH, "login refused by %s: HTTP %d", login_url, answer->status);
    if (words.length > 0) {
        err_append(e, " %s", buf_str(&words));
    }
    if (doc && config->client_secret_origin) {
        err_append(e, " (the secret in use is from: %s)", config->client_secret_origin);
    }
    diagnosis_append(e, cause);
    if (answer->correlation_id[0] != '\0') {
        buf_cut(&words, 0);
        (void)answer_words(&words, answer->correlation_id, strlen(answer->correlation_id));
        err_append(e, " Correlation id %s.", buf_str(&words));
    }
    e->http_status = answer->status;
    buf_free(&words);
}

bool token_accept(struct token *t, const struct config *config, const char *login_url,
                  const struct http_answer *answer, int64_t monotonic_ms, struct err *e)
{
    char code[ANSWER_CODE_BYTES];
    bool ok = false;

    if (answer->failure != HTTP_OK || answer->status >= 500 || answer->status == 429) {
        answer_error(e, answer, "login", code);
        err_append(e, " (%s)", login_url);
        if (answer->failure != HTTP_OK) {
            return false;
        }
        e->kind = answer->status >= 500 ? ERR_TEMPORARY : e->kind;
        return diagnosis_append(e, diagnose_login(answer, NULL));
    }
    struct json_doc *doc = answer_parse(answer, e);
    if (!doc && e->kind == ERR_TEMPORARY && answer->status == 200) {
        return err_prefix(e, "login at %s", login_url);
    }
    if (doc && answer->status == 200) {
        struct json root = json_root(doc);
        struct json type = json_get(root, "token_type");
        size_t length = 0;
        const char *text = json_text(json_get(root, "access_token"), &length);

        ok = is_token(text, length) &&
             (json_type(type) == JSON_ABSENT || str_eq_nocase(json_str(type), "bearer"));
        if (ok) {
            take_token(t, text, length, root, monotonic_ms);
        }
    }
    if (!ok) {
        refuse(config, login_url, answer, doc, e);
    }
    json_free(doc);
    return ok;
}

bool token_stale(const struct token *t, int64_t monotonic_ms)
{
    return !t->value || monotonic_ms >= t->renew_at_ms;
}

void token_free(struct token *t)
{
    secret_free(t->value);
    t->value = NULL;
}
