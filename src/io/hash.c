#include "io/hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"

enum { READ_BYTES = 1 << 16 };

uint64_t hash_digest(struct buf *h)
{
    uint64_t result = XXH3_64bits(h->data, h->length);

    buf_cut(h, 0);
    return result;
}

uint64_t hash_of(const void *bytes, size_t length)
{
    return XXH3_64bits(bytes, length);
}

int64_t hash_file(const char *path, char text[HASH_TEXT_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = xmalloc(READ_BYTES);
    XXH3_state_t *state = XXH3_createState();
    int64_t total = 0;
    ssize_t length;

    XXH3_128bits_reset(state);
    while ((length = read(fd, bytes, READ_BYTES)) > 0) {
        XXH3_128bits_update(state, bytes, (size_t)length);
        total += length;
    }
    XXH128_hash_t sum = XXH3_128bits_digest(state);
    snprintf(text, HASH_TEXT_BYTES, "%016llx%016llx", (unsigned long long)sum.high64,
             (unsigned long long)sum.low64);
    close(fd);
    XXH3_freeState(state);
    free(bytes);
    return length < 0 ? -1 : total;
}
