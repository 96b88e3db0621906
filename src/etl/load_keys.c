#include "etl/load_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "io/hash.h"

enum {
    CUT_CHARACTERS = 1024,
    SLOTS = 8192, /* a power of two */
    MOST_KEYS = SLOTS / 2,
};

struct known {
    const char *name;
    size_t length;
};

struct attribute_keys {
    struct db_stmt *insert;
    struct arena *arena;
    size_t count;
    struct known slots[SLOTS];
};

static const char insert_sql[] =
    "INSERT INTO attribute_key (name, first_seen_at, cut_count) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (name) DO UPDATE SET cut_count = cut_count + excluded.cut_count "
    "WHERE excluded.cut_count > 0";

struct attribute_keys *attribute_keys_new(struct db *d, struct err *e)
{
    struct attribute_keys *k = xcalloc(1, sizeof(*k));

    k->arena = arena_new(0);
    k->insert = db_prepare(d, insert_sql, e);
    if (!k->insert) {
        attribute_keys_free(k);
        return NULL;
    }
    return k;
}

void attribute_keys_free(struct attribute_keys *k)
{
    if (k) {
        db_finalize(k->insert);
        arena_free(k->arena);
        free(k);
    }
}

void attribute_keys_forget(struct attribute_keys *k)
{
    memset(k->slots, 0, sizeof(k->slots));
    arena_reset(k->arena);
    k->count = 0;
}

/* True when the name was known; it is known afterwards. A set that is full starts over: names that
 * are made up anew for each conversation must not cost memory. */
static bool was_known(struct attribute_keys *k, const char *name, size_t length)
{
    uint32_t hash = hash_short(name, length);
    size_t at;

    for (at = hash & (SLOTS - 1); k->slots[at].name; at = (at + 1) & (SLOTS - 1)) {
        if (k->slots[at].length == length && memcmp(k->slots[at].name, name, length) == 0) {
            return true;
        }
    }
    if (k->count == MOST_KEYS) {
        attribute_keys_forget(k);
        at = hash & (SLOTS - 1);
    }
    k->slots[at] = (struct known){arena_strndup(k->arena, name, length), length};
    k->count++;
    return false;
}

static bool is_cut(const struct cell *value)
{
    size_t characters = 0;

    if (value->type != CELL_TEXT || value->length < CUT_CHARACTERS) {
        return false;
    }
    for (size_t i = 0; i < value->length; i++) {
        characters += ((unsigned char)value->value.text[i] & 0xc0) != 0x80;
    }
    return characters == CUT_CHARACTERS;
}

bool attribute_keys_add(struct attribute_keys *k, const struct cell *name, const struct cell *value,
                        const char *now, struct err *e)
{
    bool cut = is_cut(value);
    bool ok;

    if (name->type != CELL_TEXT || (was_known(k, name->value.text, name->length) && !cut)) {
        return true;
    }
    db_bind_text(k->insert, 1, name->value.text, name->length);
    db_bind_str(k->insert, 2, now);
    db_bind_int(k->insert, 3, cut ? 1 : 0);
    ok = db_run(k->insert, e);
    db_reset(k->insert);
    return ok;
}
