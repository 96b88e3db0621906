#include "io/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* A secret has pages of its own, so that locking and not dumping them touches nothing else. */
struct secret {
    size_t length;
    size_t mapped_bytes;
    char text[];
};

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
    return s;
}

void secret_free(struct secret *s)
{
    if (s != NULL) {
        size_t mapped = s->mapped_bytes;
        secret_wipe(s, mapped);
        munmap(s, mapped);
    }
}

const char *secret_expose(const struct secret *s)
{
    return s->text;
}

size_t secret_length(const struct secret *s)
{
    return s == NULL ? 0 : s->length;
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

void secret_wipe(void *memory, size_t length)
{
    /* Called through a volatile pointer, memset cannot be proven useless and dropped. */
    static void *(*const volatile set)(void *, int, size_t) = memset;
    if (length > 0) {
        set(memory, 0, length);
    }
}

void secret_no_core_dumps(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    /* The leak checker of sanitizer builds attaches to the process, which this would forbid. */
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
