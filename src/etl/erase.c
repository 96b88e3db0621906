#include "etl/erase.h"

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

#include "base/clock.h"
#include "io/hash.h"
#include "sql.h"

enum {
    TEXT_MOST = 320, /* bytes of what can be erased */
    TEXT_LEAST = 4,
    DIGITS_LEAST = 5, /* of a number */
    NUMBER_LEAST = 7, /* of one that is found within a word */
    SALT_MOST = 64,
    SALTED_MOST = SALT_MOST + 1 + TEXT_MOST,
    SIEVE_BITS = 65536,
    SIEVE_DIGITS = 4,
    HASH_BYTES = SIEVE_DIGITS + SHA256_TEXT_BYTES,
    FIELD_PLAIN = 1 << 15, /* it has no mark */
    FIELD_WHOLE = 1 << 14, /* with all that is in it */
};

/* --- texts ----------------------------------------------------------------------------------- */

/* The bytes of a scheme in front that says how an address is meant. */
static size_t scheme_length(const char *text, size_t length)
{
    static const char *const schemes[] = {"tel:", "sip:", "sips:", "mailto:", "sms:", "callto:"};

    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        size_t n = strlen(schemes[i]);

        if (length >= n && strncasecmp(text, schemes[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

/* Writes the one form of a text (room for TEXT_MOST); its bytes, 0: it is too short or too long. */
static size_t one_form(const char *text, size_t length, char *form)
{
    size_t digits = 0;
    size_t n = 0;
    bool is_number = true;
    bool has_letter = false;

    for (; length > 0 && strchr(" <", *text); text++) {
        length--;
    }
    size_t scheme = scheme_length(text, length);
    text += scheme;
    length -= scheme;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ';' || (text[i] == '@' && *text == '+')) {
            length = i; /* parameters; the host of a number */
        }
    }
    while (length > 0 && strchr(" >.", text[length - 1])) {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        digits += isdigit((unsigned char)text[i]) ? 1 : 0;
        has_letter =
            has_letter || isalnum((unsigned char)text[i]) || (unsigned char)text[i] >= 0x80;
        is_number = is_number && text[i] && strchr("0123456789+ ()/.-", text[i]);
    }
    is_number = is_number && digits >= DIGITS_LEAST;
    for (size_t i = 0; length <= TEXT_MOST && i < length; i++) {
        if (!is_number || isdigit((unsigned char)text[i])) {
            form[n++] = (char)tolower((unsigned char)text[i]);
        }
    }
    if (is_number && n > DIGITS_LEAST + 2 && memcmp(form, "00", 2) == 0) {
        memmove(form, form + 2, n -= 2);
    }
    return n < TEXT_LEAST || !has_letter ? 0 : n;
}

/* Writes the salt and the one form of a text; their bytes, 0: it cannot be told from others. */
static size_t salted(const struct erasures *x, bool is_conversation, const char *text,
                     size_t length, char bytes[SALTED_MOST])
{
    size_t salt = strnlen(x->salt, SALT_MOST);

    memcpy(bytes, x->salt, salt);
    bytes[salt] = is_conversation ? 'c' : 't';
    size_t n = one_form(text, length, bytes + salt + 1);
    return n > 0 ? salt + 1 + n : 0;
}

/* A hash that is quick, by which most texts are passed over. */
static unsigned sieve_of(const char *bytes, size_t length)
{
    return (unsigned)(hash_of(bytes, length) % SIEVE_BITS);
}

/* The sieve's number stands in front. */
static void write_hash(const char *bytes, size_t length, char hash[HASH_BYTES])
{
    (void)snprintf(hash, HASH_BYTES, "%04x", sieve_of(bytes, length));
    hash_sha256(bytes, length, hash + SIEVE_DIGITS);
}

static int compare_hashes(const void *hash, const void *erased)
{
    return strcmp(hash, ((const struct erased *)erased)->hash);
}

static const struct erased *look_up(const struct erasures *x, const char *text, size_t length,
                                    unsigned of)
{
    char bytes[SALTED_MOST];
    char hash[HASH_BYTES];
    size_t n = salted(x, of == ERASED_CONVERSATION, text, length, bytes);

    if (n == 0 || !x->sieve[sieve_of(bytes, n)]) {
        return NULL;
    }
    write_hash(bytes, n, hash);
    const struct erased *found = bsearch(hash, x->list, x->count, sizeof(*x->list), compare_hashes);
    return found && (found->kind & of) ? found : NULL;
}

static const struct erased *earlier(const struct erased *a, const struct erased *b)
{
    return !a || (b && strcmp(b->at, a->at) < 0) ? b : a;
}

static bool is_of_word(char c)
{
    return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) || (c && strchr("+@._-", c));
}

/* The erased of what a text holds as a whole, or as a word; a number in whatever is around it. */
static const struct erased *find_words(const struct erasures *x, const char *text, size_t length,
                                       unsigned kinds)
{
    const struct erased *found = look_up(x, text, length, kinds);
    size_t end = 0;

    for (size_t at = 0; at < length; at = end + 1) {
        size_t digits = at;

        for (end = at; end < length && is_of_word(text[end]); end++) {
            digits = isdigit((unsigned char)text[end]) ? digits : end + 1;
            bool ends = end + 1 == length || !isdigit((unsigned char)text[end + 1]);
            if (ends && end + 1 - digits >= NUMBER_LEAST) {
                found = earlier(found, look_up(x, text + digits, end + 1 - digits, kinds));
            }
        }
        if (end - at >= TEXT_LEAST && end - at < length) {
            found = earlier(found, look_up(x, text + at, end - at, kinds));
        }
    }
    return found;
}

/* The byte that an escape of URLs or JSON stands for, and its length; 0: it is none. */
static size_t read_escape(const char *text, size_t length, char *byte)
{
    char digits[5] = "";
    size_t mark = *text == '%' ? 1 : length > 1 && *text == '\\' ? 2 : 0;
    size_t count = mark == 1 ? 2 : 4;

    if (mark > 0 && (mark == 1 || text[1] == 'u') && length >= mark + count) {
        memcpy(digits, text + mark, count);
        *byte = (char)strtoul(digits, NULL, 16);
        return strspn(digits, "0123456789abcdefABCDEF") == count ? mark + count : 0;
    }
    *byte = ' ';
    return mark == 2 ? mark : 0;
}

const struct erased *erasures_find(const struct erasures *x, const char *text, size_t length,
                                   unsigned kinds)
{
    if (kinds == ERASED_CONVERSATION) {
        return look_up(x, text, length, kinds);
    }
    const struct erased *found = find_words(x, text, length, kinds);
    if (memchr(text, '%', length) || memchr(text, '\\', length)) {
        BUF_SCOPED struct buf plain = buf_of(SIZE_MAX);
        char byte;

        for (size_t at = 0; at < length;) {
            size_t n = read_escape(text + at, length - at, &byte);
            (void)buf_add_char(&plain, n > 0 ? byte : text[at]);
            at += n > 0 ? n : 1;
        }
        found = earlier(found, find_words(x, buf_str(&plain), plain.length, kinds));
    }
    return found;
}

/* --- the table ------------------------------------------------------------------------------- */

bool erasures_load(struct db *d, struct arena *a, struct erasures *x, struct err *e)
{
    *x = (struct erasures){.sieve = arena_array(a, SIEVE_BITS, sizeof(*x->sieve))};
    if (!db_texts(db_ask(d, e, sql_erased_salt, NONE), a, &x->salt, 1)) {
        return false;
    }
    struct rows q = db_ask(d, e, sql_erased_all, NONE);
    while (db_next(&q)) {
        x->list = x->list ? x->list : arena_array(a, (size_t)db_int(&q, 3), sizeof(*x->list));
        x->list[x->count++] =
            (struct erased){db_kept(&q, 0, a), (unsigned)db_int(&q, 1), db_kept(&q, 2, a)};
        const char *digits = arena_strndup(a, x->list[x->count - 1].hash, SIEVE_DIGITS);
        x->sieve[strtoul(digits, NULL, 16) % SIEVE_BITS] = true;
    }
    return db_end(&q);
}

bool erasures_add(struct db *d, const struct erasures *x, enum erased_kind kind, const char *text,
                  struct err *e)
{
    char bytes[SALTED_MOST];
    char hash[HASH_BYTES];
    size_t n = salted(x, kind == ERASED_CONVERSATION, text, strlen(text), bytes);

    if (n == 0) {
        return kind >= ERASED_DERIVED ||
               err_set(e, ERR_USAGE, "what is to be erased has %d to %d characters", TEXT_LEAST,
                       TEXT_MOST);
    }
    write_hash(bytes, n, hash);
    return db_do(d, e, sql_erased_add, S(hash), I(kind), S(x->salt), T(clock_now_ms()));
}

/* --- documents ------------------------------------------------------------------------------- */

/* A text of the person's own. */
struct said {
    const struct said *next;
    const char *text;
};

/* What a path of the entity holds. */
struct field {
    const char *path;
    unsigned flags; /* of the column, and FIELD_ */
    const struct table_map *rows;
};

struct scrubber {
    const struct erasures *erasures;
    struct arena *arena;
    struct field *fields; /* by path */
    size_t count;
    bool knows_conversations;
    struct buf path; /* of the value at hand */

    /* of the entity at hand */
    struct arena *texts;
    const struct said *said;
    bool is_hers; /* it has a row of the person's */

    /* of the document */
    struct json rows; /* not looked into: done, or absent */
    bool changed;
};

static int compare_fields(const void *a, const void *b)
{
    return strcmp(((const struct field *)a)->path, ((const struct field *)b)->path);
}

static void add_field(struct scrubber *s, const char *base, const char *path, size_t length,
                      const struct field *what)
{
    s->fields = xrealloc(s->fields, (s->count + 1) * sizeof(*s->fields));
    s->fields[s->count] = *what;
    s->fields[s->count++].path = arena_printf(s->arena, "%s%s%.*s", base,
                                              base[0] && length > 0 ? "." : "", (int)length, path);
}

/* A table and those below it; `above` is the path of the rows that hold its own, NULL: the
 * entity's. */
static void add_table(struct scrubber *s, const struct table_map *t, const char *above)
{
    size_t own = s->count;

    add_field(s, above ? above : "", t->rows, above ? strlen(t->rows) : 0,
              &(struct field){.rows = t});
    const char *path = s->fields[own].path;
    for (size_t i = 0; i < t->column_count; i++) {
        const struct column_map *c = &t->columns[i];
        unsigned marks = c->flags & (COLUMN_NOTE | COLUMN_PERSON | COLUMN_WHOSE);
        struct field f = {.flags = marks | (marks & COLUMN_PERSONAL ? 0U : FIELD_PLAIN) |
                                   (c->type == COLUMN_JSON ? FIELD_WHOLE : 0U)};

        s->knows_conversations = s->knows_conversations || (marks & COLUMN_WHOSE);
        if (c->source == SOURCE_ELEMENT) {
            s->fields[own].flags = f.flags;
        }
        for (const char *at = c->path; c->source == SOURCE_FIELD && *at != '^' && *at;) {
            size_t length = strcspn(at, "|");

            add_field(s, path, at, length, &f);
            at += length + (at[length] ? 1 : 0);
        }
    }
    for (size_t i = 0; i < t->child_count; i++) {
        add_table(s, t->children[i], path);
    }
}

struct scrubber *scrubber_new(const struct erasures *x, const struct tree_map *const *trees)
{
    struct scrubber *s = xcalloc(1, sizeof(*s));

    s->erasures = x;
    s->arena = arena_new(0);
    s->path = buf_of(SIZE_MAX);
    for (; *trees; trees++) {
        add_table(s, (*trees)->top ? (*trees)->top : (*trees)->root, NULL);
    }
    qsort(s->fields, s->count, sizeof(*s->fields), compare_fields);
    return s;
}

void scrubber_free(struct scrubber *s)
{
    if (s) {
        arena_free(s->arena);
        buf_free(&s->path);
        free(s->fields);
        free(s);
    }
}

static const struct field *field_here(const struct scrubber *s)
{
    static const struct field unknown = {.path = ""};
    struct field key = {.path = buf_str(&s->path)};
    const struct field *f = bsearch(&key, s->fields, s->count, sizeof(*s->fields), compare_fields);

    return f ? f : &unknown;
}

/* A way through the members of an object, or the elements of an array, with their paths. */
struct tour {
    struct scrubber *s;
    struct json_iter it;
    size_t before; /* bytes of the path */
};

static struct tour tour_of(struct scrubber *s, struct json v)
{
    return (struct tour){.s = s, .it = json_iter(v), .before = s->path.length};
}

static bool tour_next(struct tour *t)
{
    buf_cut(&t->s->path, t->before);
    bool more = json_next(&t->it);
    if (more && json_type(t->it.key) == JSON_STRING) {
        (void)(t->before == 0 || buf_add_char(&t->s->path, '.'));
        (void)buf_add_str(&t->s->path, json_str(t->it.key));
    }
    return more;
}

/* What a value's own text holds. */
static const struct erased *find_in(const struct scrubber *s, struct json v, unsigned of)
{
    size_t length = 0;
    const char *text = json_text(v, &length);
    char digits[24];
    int64_t number;

    if (!text && json_type(v) == JSON_INT && json_int(v, &number)) {
        length = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, number);
        text = digits;
    }
    return text ? erasures_find(s->erasures, text, length, of) : NULL;
}

/* Whether anything in a value is, or may be, an erased person's. */
static bool holds_any(const struct scrubber *s, struct json v)
{
    for (struct json_iter it = json_iter(v); json_next(&it);) {
        if (holds_any(s, it.item) || find_in(s, it.key, ERASED_TEXTS)) {
            return true;
        }
    }
    return find_in(s, v, ERASED_TEXTS) ||
           (s->knows_conversations && find_in(s, v, ERASED_CONVERSATION));
}

/* The erased address that stands in a personal field of a row, or below it; notes aside. */
static const struct erased *find_address(struct scrubber *s, struct json v)
{
    bool is_personal = (field_here(s)->flags & COLUMN_NOTE) == COLUMN_PERSONAL;
    const struct erased *found = is_personal ? find_in(s, v, ERASED_ADDRESS) : NULL;

    for (struct tour t = tour_of(s, v); tour_next(&t);) {
        found = earlier(found, find_address(s, t.it.item));
    }
    return found;
}

/* By which erased a row of `t` is the person's; NULL: it is not. */
static const struct erased *whose(struct scrubber *s, const struct table_map *t, struct json row)
{
    /* A person of outside, as the table says, may be one by an address. */
    const char *word = t->person_field ? json_str(json_get(row, t->person_field)) : NULL;
    bool is_outside = str_has_word(t->person_words, word);
    const struct erased *found = is_outside ? find_address(s, row) : NULL;

    for (size_t i = 0; i < t->column_count; i++) {
        const struct column_map *c = &t->columns[i];
        bool is_id = (c->flags & COLUMN_PERSON) == COLUMN_PERSON;

        if (is_id || (c->flags & COLUMN_WHOSE)) {
            found = earlier(found, find_in(s, json_first(row, c->path),
                                           is_id ? ERASED_TEXTS : ERASED_CONVERSATION));
        }
    }
    return found;
}

static bool holds_said(const struct scrubber *s, struct json v)
{
    for (const char *text = s->said ? json_str(v) : NULL; text && *text; text++) {
        for (const struct said *said = s->said; said; said = said->next) {
            if (strncasecmp(text, said->text, strlen(said->text)) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Empties what is to go of a value and what is in it; `all`: it is the person's; `flags`: of the
 * column around it. */
static void empty(struct scrubber *s, struct json v, bool all, unsigned flags)
{
    const struct field *f = field_here(s);
    enum json_type type = json_type(v);

    if (v.value == s->rows.value) {
        return;
    }
    flags = f->path[0] ? f->flags : flags;
    for (struct tour t = tour_of(s, v); tour_next(&t);) {
        empty(s, t.it.item, all, flags & FIELD_WHOLE ? flags : flags & ~(unsigned)FIELD_PLAIN);
        if (find_in(s, t.it.key, ERASED_TEXTS)) {
            json_set_text(t.it.key, "erased");
            s->changed = true;
        }
    }
    if (!(flags & FIELD_PLAIN) && (type == JSON_STRING || type == JSON_INT || type == JSON_REAL) &&
        (all || (s->is_hers && (flags & COLUMN_NOTE) == COLUMN_NOTE) || holds_said(s, v) ||
         find_in(s, v, ERASED_TEXTS))) {
        json_set_null(v);
        s->changed = true;
    }
}

/* A row is the person's: keeps what it says of them, marks it if its table can, and empties it. */
static void take_row(struct scrubber *s, const struct table_map *map, struct json row,
                     const struct erased *by)
{
    bool has_mark = false;

    s->is_hers = true;
    for (size_t i = 0; i < map->column_count; i++) {
        has_mark = has_mark || str_eq(map->columns[i].path, "erasedAt");
    }
    for (struct tour t = tour_of(s, row); tour_next(&t);) {
        const char *text = field_here(s)->flags & COLUMN_PERSONAL ? json_str(t.it.item) : NULL;
        struct said *said = arena_alloc(s->texts, sizeof(*said));

        if (text && strlen(text) >= TEXT_LEAST) {
            *said = (struct said){s->said, arena_strdup(s->texts, text)};
            s->said = said;
        }
        if (text && has_mark) {
            json_set_text(t.it.key, "erasedAt");
            json_set_text(t.it.item, by->at);
            has_mark = false;
            s->changed = true;
        }
    }
    empty(s, row, true, 0);
}

/* Finds the rows that are the person's. */
static void take_rows(struct scrubber *s, struct json v)
{
    const struct table_map *map = json_type(v) == JSON_OBJECT ? field_here(s)->rows : NULL;
    const struct erased *by = map ? whose(s, map, v) : NULL;

    if (by) {
        take_row(s, map, v, by);
        return;
    }
    for (struct tour t = tour_of(s, v); tour_next(&t);) {
        take_rows(s, t.it.item);
    }
}

static void scrub_entity(struct scrubber *s, struct json entity)
{
    s->texts = arena_new(0);
    take_rows(s, entity);
    empty(s, entity, false, 0);
    arena_free(s->texts);
    s->said = NULL;
    s->is_hers = false;
}

bool scrub(struct scrubber *s, struct json root, struct json rows)
{
    struct json_iter it = json_iter(rows);

    s->changed = false;
    s->rows.value = NULL;
    if (!holds_any(s, root)) {
        return false;
    }
    if (json_type(rows) == JSON_OBJECT) {
        scrub_entity(s, rows);
    }
    while (json_type(rows) == JSON_ARRAY && json_next(&it)) {
        if (holds_any(s, it.item)) {
            scrub_entity(s, it.item);
        }
    }
    /* What stands around the rows has no columns. */
    s->rows = rows;
    (void)buf_add_str(&s->path, "^");
    empty(s, root, false, 0);
    buf_cut(&s->path, 0);
    return s->changed;
}
