#include "io/jwt.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Value of a base64url digit; -1 for other characters. */
static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at ? (int)(at - digits) : -1;
}

struct json_doc *jwt_claims(const struct secret *token)
{
    const char *text = token ? secret_expose(token) : "";
    const char *first = strchr(text, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;
    struct err ignored;

    if (!second || strchr(second + 1, '.')) {
        return NULL;
    }
    size_t length = (size_t)(second - first) - 1;
    char *claims = xcalloc(1, length + JSON_PADDING_BYTES);
    size_t used = 0;
    unsigned bits = 0;
    int have = 0;
    for (size_t i = 1; i <= length; i++) {
        int digit = digit_of(first[i]);
        if (digit < 0) {
            free(claims);
            return NULL;
        }
        bits = (bits << 6 | (unsigned)digit) & 0xffffU;
        have += 6;
        if (have >= 8) {
            have -= 8;
            claims[used++] = (char)(unsigned char)(bits >> have & 0xffU);
        }
    }
    return json_parse(claims, used, &ignored);
}
