#include "io/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/log.h"
#include "base/str.h"

enum { MASK_LEAST_BYTES = 4 };

/* A secret has pages of its own, so that locking and not dumping them touches nothing else. */
struct secret {
    struct secret *next;
    size_t length;
    size_t mapped_bytes;
    char text[];
};

static struct secret *in_use;

struct secret *secret_new(const char *text, size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t wanted = sizeof(struct secret) + length + 1;
    size_t mapped = (wanted + page - 1) / page * page;
    struct secret *s =
        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    INVARIANT(s != MAP_FAILED);
    /* Both are wishes: without them the secret may reach swap, which is no reason to stop. */
    (void)mlock(s, mapped);
#ifdef MADV_DONTDUMP
    (void)madvise(s, mapped, MADV_DONTDUMP);
#endif
    s->length = length;
    s->mapped_bytes = mapped;
    if (length > 0) {
        memcpy(s->text, text, length);
    }
    s->next = in_use;
    in_use = s;
    return s;
}

void secret_free(struct secret *s)
{
    if (s != NULL) {
        struct secret **at = &in_use;
        while (*at != s) {
            at = &(*at)->next;
        }
        *at = s->next;
        size_t mapped = s->mapped_bytes;
        secret_wipe(s, mapped);
        munmap(s, mapped);
    }
}

const char *secret_expose(const struct secret *s)
{
    return s->text;
}

struct json_doc *secret_claims(const struct secret *token)
{
    const char *first = token == NULL ? NULL : strchr(token->text, '.');
    const char *second = first == NULL ? NULL : strchr(first + 1, '.');
    if (second == NULL || strchr(second + 1, '.') != NULL) {
        return NULL;
    }
    size_t digits = (size_t)(second - first) - 1;
    size_t length = 0;
    char *claims = xcalloc(1, digits + JSON_PADDING_BYTES);
    if (!str_base64_decode(first + 1, digits, claims, &length)) {
        free(claims);
        return NULL;
    }
    struct err no_json;
    return json_parse(claims, length, &no_json);
}

/* The two alphabets of base64 differ in two characters. */
static char first_alphabet(char c)
{
    return (char)(c == '-' ? '+' : c == '_' ? '/' : c);
}

/* The bytes with which `text` spells a character, plain or percent-encoded; 0: another. */
static size_t spelled(const char *text, size_t left, char c)
{
    char digits[3] = "";
    if (left > 2 && text[0] == '%') {
        memcpy(digits, text + 1, 2);
        if (first_alphabet((char)strtol(digits, NULL, 16)) == first_alphabet(c)) {
            return 3;
        }
    }
    return first_alphabet(text[0]) == first_alphabet(c) ? 1 : 0;
}

/* Masks what spells `form`, one form of a secret. */
static size_t mask_form(char *text, size_t length, const char *form, size_t form_length)
{
    for (size_t at = 0; form_length >= MASK_LEAST_BYTES && at + form_length <= length; at++) {
        size_t end = at;
        size_t same = 0;
        size_t used = 1;
        while (used > 0 && same < form_length) {
            used = end < length ? spelled(text + end, length - end, form[same]) : 0;
            end += used;
            same += used > 0 ? 1 : 0;
        }
        if (same == form_length) {
            memset(text + at, '*', 3);
            memmove(text + at + 3, text + end, length - end);
            length -= end - at - 3;
        }
    }
    return length;
}

size_t secret_mask(char *text, size_t length)
{
    for (const struct secret *s = in_use; s != NULL; s = s->next) {
        size_t bytes = s->length + 2;
        char *shifted = xcalloc(1, bytes);
        char *digits = xcalloc(1, bytes * 4 / 3 + 4);
        length = mask_form(text, length, s->text, s->length);
        /* What stands before it shifts base64; the digits that hold nothing else are the same. */
        for (size_t shift = 0; shift < 3; shift++) {
            size_t first = (shift * 8 + 5) / 6;
            memcpy(shifted + shift, s->text, s->length);
            (void)EVP_EncodeBlock((unsigned char *)digits, (unsigned char *)shifted,
                                  (int)(shift + s->length));
            length = mask_form(text, length, digits + first, (shift + s->length) * 8 / 6 - first);
        }
        secret_wipe(shifted, bytes);
        secret_wipe(digits, bytes * 4 / 3 + 4);
        free(shifted);
        free(digits);
    }
    return length;
}

void secret_wipe(void *memory, size_t length)
{
    OPENSSL_cleanse(memory, length);
}

void secret_keep_in(void)
{
    if (getenv("SSLKEYLOGFILE")) {
        LOG(LOG_WARN, "session keys are not logged", LOG_S("ignored", "SSLKEYLOGFILE"));
        unsetenv("SSLKEYLOGFILE");
    }
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    /* The leak checker of sanitizer builds attaches to the process, which this would forbid. */
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
