#include <string.h>

#include "base/str.h"
#include "io/config_keys.h"

enum { UUID_BYTES = 36, READABLE_LEAST = 12 };

void config_doubt(struct config *c, enum cause_id cause, const char *where)
{
    if (c->doubt_count < CONFIG_DOUBTS_MOST) {
        c->doubts[c->doubt_count++] = (struct config_doubt){cause, where};
    }
}

/* What examples have in place of a credential. */
static bool is_placeholder(const char *text)
{
    static const char *const signs[] = {
        "your_",
        "your-",
        "yourclient",
        "yoursecret",
        "placeholder",
        "changeme",
        "change_me",
        "change-me",
        "_here",
        "-here",
        "xxxxx",
        "<",
        "${",
        "{{",
        "replace_",
        "replace-",
        "insert_",
        "my_client",
        "client_secret",
        "client-secret",
        "client_id",
        /* the one of this program's own documentation */
        "12345678-1234-1234-1234-123456789abc",
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        if (str_has_nocase(text, signs[i])) {
            return true;
        }
    }
    /* ********, xxx, 000: one character over and over */
    return text[0] != '\0' && strspn(text, (const char[]){text[0], '\0'}) == strlen(text);
}

/* True when `text` begins with a UUID. */
static bool begins_with_uuid(const char *text)
{
    char head[UUID_BYTES + 1] = {0};

    if (strlen(text) < UUID_BYTES) {
        return false;
    }
    memcpy(head, text, UUID_BYTES);
    return str_is_uuid(head);
}

/* Value of a base64 digit, either alphabet; -1 for other characters. */
static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '-') {
        return 62;
    }
    return c == '/' || c == '_' ? 63 : -1;
}

/* True when `text` is base64 of nothing but visible ASCII, which random bytes never are. */
static bool is_base64_of_text(const char *text)
{
    size_t length = strcspn(text, "=");
    unsigned bits = 0;
    int have = 0;
    size_t decoded = 0;
    bool readable = length % 4 != 1 && strspn(text + length, "=") == strlen(text + length);

    for (size_t i = 0; readable && i < length; i++) {
        int digit = digit_of(text[i]);

        readable = digit >= 0;
        bits = (bits << 6 | (unsigned)digit) & 0xffffU;
        have += 6;
        if (readable && have >= 8) {
            unsigned byte = bits >> (have - 8) & 0xffU;

            have -= 8;
            /* `echo secret | base64` leaves a line end at the end. */
            readable = (byte > ' ' && byte < 0x7f) || (byte == '\n' && i + 2 >= length);
            decoded++;
        }
    }
    return readable && decoded >= READABLE_LEAST;
}

static bool has_outer_colon(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && (text[0] == ':' || text[length - 1] == ':');
}

static enum cause_id secret_cause(const char *id, const char *secret)
{
    if (!str_is_uuid(id) && str_is_uuid(secret)) {
        return CAUSE_CONFIG_EXCHANGED;
    }
    if (is_placeholder(secret)) {
        return CAUSE_CONFIG_PLACEHOLDER;
    }
    if (begins_with_uuid(secret) && secret[UUID_BYTES] == ':') {
        return CAUSE_CONFIG_PAIR;
    }
    if (has_outer_colon(secret)) {
        return CAUSE_CONFIG_COLON_DOUBLED;
    }
    return is_base64_of_text(secret) ? CAUSE_CONFIG_BASE64 : CAUSE_NONE;
}

static enum cause_id id_cause(const char *id)
{
    if (is_placeholder(id)) {
        return CAUSE_CONFIG_PLACEHOLDER;
    }
    if (strlen(id) > UUID_BYTES && begins_with_uuid(id)) {
        return CAUSE_CONFIG_COLON_LOST;
    }
    return str_is_uuid(id) ? CAUSE_NONE : CAUSE_CONFIG_ID_NO_UUID;
}

void config_doubt_credentials(struct config *c, const char *id, const char *id_origin,
                              const char *secret, const char *secret_origin)
{
    enum cause_id of_id = id && id[0] ? id_cause(id) : CAUSE_NONE;
    enum cause_id of_secret = secret && secret[0] ? secret_cause(id ? id : "", secret) : CAUSE_NONE;

    if (of_id != CAUSE_NONE && of_secret != CAUSE_CONFIG_EXCHANGED) {
        config_doubt(c, of_id, id_origin);
    }
    if (of_secret != CAUSE_NONE) {
        config_doubt(c, of_secret, secret_origin);
    }
}
