#include "etl/walk_lookup.h"

#include <string.h>

#include "base/str.h"

struct lookup *lookup_new(struct lookups *ls, const char *path)
{
    struct lookup *l = arena_alloc(ls->arena, sizeof(*l));

    l->path = path;
    l->next_of_all = ls->all;
    ls->all = l;
    return l;
}

char *lookup_join(struct arena *a, const char *path, const char *step, size_t step_length)
{
    return arena_printf(a, "%s%s%.*s", path, path[0] ? "." : "", (int)step_length, step);
}

static struct lookup_member *find_linear(struct lookup *l, const char *key, size_t length)
{
    for (struct lookup_member *m = l->members; m; m = m->next) {
        if (m->key_length == length && memcmp(m->key, key, length) == 0) {
            return m;
        }
    }
    return NULL;
}

static struct lookup_member *member(struct lookups *ls, struct lookup *l, const char *key,
                                    size_t length)
{
    struct lookup_member *m = find_linear(l, key, length);

    if (!m) {
        m = arena_alloc(ls->arena, sizeof(*m));
        m->key = arena_strndup(ls->arena, key, length);
        m->key_length = length;
        m->path = lookup_join(ls->arena, l->path, key, length);
        m->next = l->members;
        l->members = m;
        l->member_count++;
    }
    return m;
}

/* The member at the end of a dotted path of `length` bytes, making what is missing on the way. */
static struct lookup_member *member_at(struct lookups *ls, struct lookup *l, const char *path,
                                       size_t length)
{
    const char *end = path + length;

    for (;;) {
        const char *dot = memchr(path, '.', (size_t)(end - path));
        struct lookup_member *m = member(ls, l, path, (size_t)((dot ? dot : end) - path));

        if (!dot) {
            return m;
        }
        if (!m->nested) {
            m->nested = lookup_new(ls, m->path);
        }
        l = m->nested;
        path = dot + 1;
    }
}

void lookup_add_column(struct lookups *ls, struct lookup *l, const char *path, size_t column)
{
    bool has_alternates = strchr(path, '|') != NULL;

    for (unsigned char rank = 0;; rank++) {
        size_t length = strcspn(path, "|");
        struct lookup_member *m = member_at(ls, l, path, length);
        struct lookup_column *c = arena_alloc(ls->arena, sizeof(*c));

        c->column = column;
        c->rank = rank;
        c->has_alternates = has_alternates;
        c->next = m->columns;
        m->columns = c;
        if (path[length] == '\0') {
            return;
        }
        path += length + 1;
    }
}

void lookup_add_table(struct lookups *ls, struct lookup *l, const char *path, size_t table)
{
    for (;;) {
        size_t length = strcspn(path, "|");
        struct lookup_member *m = member_at(ls, l, path, length);
        struct lookup_table *t = arena_alloc(ls->arena, sizeof(*t));

        t->table = table;
        t->next = m->tables;
        m->tables = t;
        if (path[length] == '\0') {
            return;
        }
        path += length + 1;
    }
}

/* Mixes length, first and last bytes: members of one object seldom agree in all three. */
static size_t key_hash(const char *key, size_t length)
{
    uint64_t head = 0;
    uint64_t tail = 0;

    if (length >= 8) {
        memcpy(&head, key, 8);
        memcpy(&tail, key + length - 8, 8);
    } else if (length >= 4) {
        memcpy(&head, key, 4);
        memcpy(&tail, key + length - 4, 4);
    } else {
        for (size_t i = 0; i < length; i++) {
            head = head << 8 | (unsigned char)key[i];
        }
    }
    head ^= length * UINT64_C(0x9e3779b97f4a7c15);
    head *= UINT64_C(0xff51afd7ed558ccd);
    tail = (tail ^ head >> 29) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (size_t)((tail ^ head) >> 32);
}

static void ignore(struct lookups *ls, struct lookup *l, const char *name)
{
    const char *dot = strrchr(name, '.');

    if (!dot) {
        member(ls, l, name, strlen(name));
        return;
    }
    if (strlen(l->path) == (size_t)(dot - name) &&
        memcmp(l->path, name, (size_t)(dot - name)) == 0) {
        member(ls, l, dot + 1, strlen(dot + 1));
    }
}

static void make_slots(struct lookups *ls, struct lookup *l)
{
    size_t slots = 8;

    while (slots < l->member_count * 2) {
        slots *= 2;
    }
    l->slots = arena_array(ls->arena, slots, sizeof(struct lookup_member *));
    l->slot_mask = slots - 1;
    for (struct lookup_member *m = l->members; m; m = m->next) {
        size_t at = key_hash(m->key, m->key_length) & l->slot_mask;

        while (l->slots[at]) {
            at = (at + 1) & l->slot_mask;
        }
        l->slots[at] = m;
    }
}

void lookup_finish(struct lookups *ls, const char *const *ignored, size_t ignored_count)
{
    for (struct lookup *l = ls->all; l; l = l->next_of_all) {
        for (size_t i = 0; i < ignored_count; i++) {
            ignore(ls, l, ignored[i]);
        }
        make_slots(ls, l);
    }
}

const struct lookup_member *lookup_find(const struct lookup *l, const char *key, size_t length)
{
    size_t at = key_hash(key, length) & l->slot_mask;

    while (l->slots[at]) {
        const struct lookup_member *m = l->slots[at];

        if (m->key_length == length && memcmp(m->key, key, length) == 0) {
            return m;
        }
        at = (at + 1) & l->slot_mask;
    }
    return NULL;
}
