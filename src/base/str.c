#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "lists.h"

#define BLANKS " \t\r\n"

enum {
    NEAREST_MAX_BYTES = 128,
    SHARED_LEAST = 3, /* letters that make a suggestion */
    SURE_EDITS = 2,   /* so near is nearer than a stretch in common */
    SUGGESTED_MOST = 3,
};

/* The program never calls setlocale: the functions of libc know ASCII alone. */
static char lower(char c)
{
    return (char)tolower((unsigned char)c);
}

bool str_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_eq_nocase(const char *a, const char *b)
{
    return a && b ? strcasecmp(a, b) == 0 : a == b;
}

bool str_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t tail = strlen(suffix);

    return tail <= length && memcmp(text + length - tail, suffix, tail) == 0;
}

const char *str_behind_last(const char *text, char c)
{
    const char *last = strrchr(text, c);

    return last ? last + 1 : text;
}

bool str_has_any(const char *text, const char *signs)
{
    for (size_t length; *signs; signs += length + strspn(signs + length, "|")) {
        length = strcspn(signs, "|");
        for (const char *at = text; *at; at++) {
            if (strncasecmp(at, signs, length) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool str_is_listed(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i], text)) {
            return true;
        }
    }
    return false;
}

bool str_has_word(const char *words, const char *word)
{
    size_t length = word ? strlen(word) : 0;

    for (const char *at = words; word && at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == length && memcmp(at, word, n) == 0) {
            return true;
        }
        at += n;
    }
    return false;
}

char *str_trim(struct arena *a, const char *text)
{
    text += strspn(text, BLANKS);
    size_t length = strlen(text);

    while (length > 0 && strchr(BLANKS, text[length - 1])) {
        length--;
    }
    return arena_strndup(a, text, length);
}

char **str_split_list(struct arena *a, const char *text, size_t *count)
{
    static const char separators[] = "," BLANKS;
    char **list = arena_array(a, strlen(text) / 2 + 1, sizeof(*list));

    *count = 0;
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        size_t length = strcspn(text, separators);

        list[(*count)++] = arena_strndup(a, text, length);
        text += length;
    }
    return list;
}

char *str_replace(struct arena *a, const char *text, char sign, const char *with)
{
    BUF_SCOPED struct buf b = buf_of(SIZE_MAX);

    for (; *text; text++) {
        (void)(*text == sign ? buf_add_str(&b, with) : buf_add_char(&b, *text));
    }
    return arena_strndup(a, buf_str(&b), b.length);
}

char *str_join(struct arena *a, const char *const *names, size_t count, const char *between)
{
    char *text = arena_strdup(a, count == 0 ? "" : names[0]);

    for (size_t i = 1; i < count; i++) {
        text = arena_printf(a, "%s%s%s", text, between, names[i]);
    }
    return text;
}

bool str_to_int64(const char *text, int64_t min, int64_t max, int64_t *out)
{
    const char *digits = *text == '-' ? text + 1 : text;

    if (!*digits || digits[strspn(digits, "0123456789")] != '\0') {
        return false;
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno != 0 || value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool str_to_bool(const char *text, bool *out)
{
    static const char *const words[] = {"yes", "no", "true", "false", "on", "off", "1", "0"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq_nocase(text, words[i])) {
            *out = i % 2 == 0;
            return true;
        }
    }
    return false;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance of two words of at most NEAREST_MAX_BYTES, case ignored. */
static size_t edit_distance(const char *a, const char *b)
{
    /* [i][j]: of the first i letters of `a` and the first j of `b`. */
    unsigned char rows[NEAREST_MAX_BYTES + 1][NEAREST_MAX_BYTES + 1];
    size_t lines = strlen(a);
    size_t columns = strlen(b);

    for (size_t i = 0; i <= lines; i++) {
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = (unsigned char)(i + j);
                continue;
            }
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            size_t best = smaller(rows[i - 1][j - 1] + (same ? 0U : 1U),
                                  smaller(rows[i - 1][j], rows[i][j - 1]) + 1);

            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                best = smaller(best, rows[i - 2][j - 2] + 1U);
            }
            rows[i][j] = (unsigned char)best;
        }
    }
    return rows[lines][columns];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word);
    size_t near = length / 3 > 2 ? length / 3 : 2;
    const char *nearest = NULL;

    if (length == 0 || length > NEAREST_MAX_BYTES) {
        return NULL;
    }
    /* As many edits as the word has letters would make any word of it. */
    size_t limit = smaller(near, length - 1);
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        size_t gap = other > length ? other - length : length - other;

        if (gap > limit || other > NEAREST_MAX_BYTES) {
            continue;
        }
        size_t distance = edit_distance(word, candidates[i]);
        if (distance > limit || (nearest && distance == limit)) {
            continue;
        }
        nearest = candidates[i];
        limit = distance;
    }
    return nearest;
}

/* How much of both words their longest common stretch is, in thousandths, case ignored; 0 when it
 * is less than half of the first. */
static size_t likeness(const char *a, const char *b)
{
    size_t letters = strlen(a);
    size_t most = 0;

    for (const char *from = a; *from; from++) {
        for (const char *at = b; *at; at++) {
            size_t same = 0;

            while (from[same] && lower(from[same]) == lower(at[same])) {
                same++;
            }
            most = same > most ? same : most;
        }
    }
    return most < SHARED_LEAST || most * 2 < letters ? 0 : 2000 * most / (letters + strlen(b));
}

const char *str_suggest(struct arena *a, const char *word, const char *const *candidates,
                        size_t count)
{
    const char *near = str_nearest(word, candidates, count);
    const char *text = "";
    size_t most = 0;
    size_t named = 0;

    if (strlen(word) <= NEAREST_MAX_BYTES && (!near || edit_distance(word, near) > SURE_EDITS)) {
        for (size_t i = 0; i < count; i++) {
            size_t like = likeness(word, candidates[i]);
            most = like > most ? like : most;
        }
    }
    for (size_t i = 0; (near || most > 0) && i < count && named < SUGGESTED_MOST; i++) {
        if (most > 0 ? likeness(word, candidates[i]) == most : candidates[i] == near) {
            text = arena_printf(a, "%s%s%s", text, named++ == 0 ? ", did you mean " : " or ",
                                candidates[i]);
        }
    }
    return text;
}

bool str_write(struct buf *out, enum str_form form, const char *text, size_t length)
{
    static const char *const named[] = {"\n\r\t", "\n\r\t\"\\", "\"\\", "\"\\\b\f\n\r\t", ""};
    static const char *const letters[] = {"nrt", "nrt\"\\", "\"\\", "\"\\bfnrt", ""};
    bool added = true;

    for (size_t done = 0, used; added && done < length; done += used) {
        uint32_t code = (unsigned char)text[done];
        size_t bytes = utf8_next(text + done, length - done, &code);
        const char *name = code > 0 && code < 0x80 ? strchr(named[form], (int)code) : NULL;

        used = bytes > 0 ? bytes : 1;
        if (name) {
            added = buf_add(out, (const char[]){'\\', letters[form][name - named[form]]}, 2);
        } else if (bytes > 0 && !utf8_is_unsafe(code)) {
            added = buf_add(out, text + done, bytes);
        } else if (form >= STR_JSON) {
            added = bytes > 0 ? buf_add_printf(out, "\\u%04x", (unsigned)code)
                              : buf_add_str(out, "\xEF\xBF\xBD");
        } else if (form == STR_LOG_JSON) {
            added = buf_add_printf(out, bytes > 0 ? "\\u%04X" : "\\\\x%02X", (unsigned)code);
        } else {
            added = buf_add_printf(out, bytes > 1 ? "\\u{%X}" : "\\x%02X", (unsigned)code);
        }
    }
    return added;
}

char *str_escaped(struct arena *a, const char *text)
{
    BUF_SCOPED struct buf escaped = buf_of(SIZE_MAX);

    (void)str_escape(&escaped, text, strlen(text));
    return arena_strdup(a, buf_str(&escaped));
}

void str_url_encode(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool plain = isalnum((unsigned char)*c) || strchr("-._~", *c);

        (void)buf_add_printf(out, plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

bool str_base64_decode(const char *text, size_t length, char *out, size_t *out_length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    int have = 0;

    *out_length = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
        const char *digit = c == '\0' ? NULL : strchr(digits, c);

        if (!digit) {
            return false;
        }
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffffU;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[(*out_length)++] = (char)(unsigned char)(bits >> have & 0xffU);
        }
    }
    return length % 4 != 1;
}

bool str_is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i = 0;

    while (shape[i] && (shape[i] == '-' ? text[i] == '-' : isxdigit((unsigned char)text[i]))) {
        i++;
    }
    return shape[i] == '\0' && text[i] == '\0';
}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

size_t utf8_next(const char *text, size_t length, uint32_t *code)
{
    /* The lead bytes of 1 to 4 bytes, what of them is the code point's, and the least of those. */
    static const struct {
        unsigned char first;
        unsigned char last;
        unsigned char mask;
        uint32_t smallest;
    } leads[] = {{0x00, 0x7F, 0x7F, 0},
                 {0xC2, 0xDF, 0x1F, 0x80},
                 {0xE0, 0xEF, 0x0F, 0x800},
                 {0xF0, 0xF4, 0x07, 0x10000}};
    unsigned char lead = length > 0 ? (unsigned char)text[0] : 0xFF;
    size_t more = 0;

    while (more < COUNT_OF(leads) && (lead < leads[more].first || lead > leads[more].last)) {
        more++;
    }
    if (more == COUNT_OF(leads) || more >= length) {
        return 0;
    }
    uint32_t value = lead & leads[more].mask;
    for (size_t i = 1; i <= more; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte & 0xC0U) != 0x80U) {
            return 0;
        }
        value = (value << 6) | (byte & 0x3FU);
    }
    if (value < leads[more].smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return 0;
    }
    *code = value;
    return more + 1;
}

struct range {
    uint32_t first;
    uint32_t last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count && code >= ranges[i].first; i++) {
        if (code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

bool utf8_is_unsafe(uint32_t code)
{
    static const struct range unsafe[] = {UNSAFE_RANGES};

    return is_in(unsafe, COUNT_OF(unsafe), code);
}

size_t utf8_width(uint32_t code)
{
    static const struct range wide[] = {WIDE_RANGES};
    static const struct range combining[] = {COMBINING_RANGES};

    return is_in(combining, COUNT_OF(combining), code) ? 0 : 1U + is_in(wide, COUNT_OF(wide), code);
}
