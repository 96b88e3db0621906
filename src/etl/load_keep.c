#include "etl/load_keep.h"

#include <stdlib.h>
#include <string.h>

#include "etl/load_sql.h"
#include "io/hash.h"

/* The row an attribute belongs to (a participant), as it was before the change. */
struct owner {
    int64_t ordinal;
    struct cell id;
    int64_t new_ordinal;
    bool gone;
};

struct keep {
    struct walker *walker;
    size_t table;
    size_t owner_id_cell;
    size_t cells_per_row; /* of an attribute: owner's ordinal, then columns */
    struct db_stmt *select_owners;
    struct db_stmt *select_attributes;
    struct arena *arena;
    struct owner *owners;
    size_t owner_count;
    size_t owner_capacity;
    struct cell *cells;
    size_t attribute_count;
    size_t attribute_capacity;
};

struct keep *keep_new(struct db *d, const struct tree_map *tree, struct walker *w, size_t table,
                      struct err *e)
{
    struct keep *k = xcalloc(1, sizeof(*k));
    size_t parent = walk_parent(w, table);

    INVARIANT(walk_parent(w, parent) == 0 && walk_key_cells(w, parent) == 1 &&
              walk_key_cells(w, table) == 1);
    k->walker = w;
    k->table = table;
    k->owner_id_cell = walk_parent_id_cell(w, table);
    INVARIANT(k->owner_id_cell != SIZE_MAX);
    k->cells_per_row = 1 + walk_table(w, table)->column_count;
    k->arena = arena_new(0);
    k->select_owners = db_prepare(d, sql_select_child(k->arena, tree, w, parent), e);
    if (k->select_owners) {
        k->select_attributes = db_prepare(d, sql_select_child(k->arena, tree, w, table), e);
    }
    arena_reset(k->arena);
    if (!k->select_attributes) {
        keep_free(k);
        return NULL;
    }
    return k;
}

void keep_free(struct keep *k)
{
    if (k) {
        db_finalize(k->select_owners);
        db_finalize(k->select_attributes);
        arena_free(k->arena);
        free(k->owners);
        free(k->cells);
        free(k);
    }
}

static void bind_key(struct db_stmt *s, const struct cell *key)
{
    db_reset(s);
    if (key->type == CELL_INT) {
        db_bind_int(s, 1, key->value.integer);
    } else {
        db_bind_text(s, 1, key->value.text, key->length);
    }
}

static bool same_id(const struct cell *a, const struct cell *b)
{
    if (a->type != CELL_TEXT || b->type != CELL_TEXT) {
        return a->type != CELL_TEXT && b->type != CELL_TEXT;
    }
    return a->length == b->length && memcmp(a->value.text, b->value.text, a->length) == 0;
}

static void add_owner(struct keep *k)
{
    struct owner *o;

    if (k->owner_count == k->owner_capacity) {
        k->owner_capacity = k->owner_capacity > 0 ? k->owner_capacity * 2 : 16;
        k->owners = xrealloc(k->owners, k->owner_capacity * sizeof(*k->owners));
    }
    o = &k->owners[k->owner_count++];
    *o = (struct owner){.ordinal = db_int(k->select_owners, 0), .gone = true};
    o->id = row_column(k->select_owners, (int)k->owner_id_cell, k->arena);
}

static void add_attribute(struct keep *k)
{
    struct cell *row;

    if (k->attribute_count == k->attribute_capacity) {
        k->attribute_capacity = k->attribute_capacity > 0 ? k->attribute_capacity * 2 : 64;
        k->cells = xrealloc(k->cells, k->attribute_capacity * k->cells_per_row * sizeof(*k->cells));
    }
    row = k->cells + k->attribute_count++ * k->cells_per_row;
    for (size_t i = 0; i < k->cells_per_row; i++) {
        row[i] = row_column(k->select_attributes, (int)i, k->arena);
    }
}

static bool read_all(struct keep *k, struct db_stmt *s, const struct cell *key,
                     void (*take)(struct keep *), struct err *e)
{
    bool row = false;
    bool ok;

    bind_key(s, key);
    while ((ok = db_step(s, &row, e)) && row) {
        take(k);
    }
    db_reset(s);
    return ok;
}

bool keep_read(struct keep *k, const struct cell *key, struct err *e)
{
    arena_reset(k->arena);
    k->owner_count = 0;
    k->attribute_count = 0;
    if (!read_all(k, k->select_attributes, key, add_attribute, e)) {
        return false;
    }
    return k->attribute_count == 0 || read_all(k, k->select_owners, key, add_owner, e);
}

/* --- old ordinals to new ones --- */

static uint32_t id_hash(const struct cell *id)
{
    return id->type == CELL_TEXT ? hash_short(id->value.text, id->length) : 0;
}

/* Old owners by id. */
struct places {
    size_t *slots; /* the first owner that has the id, plus 1 */
    size_t mask;
    size_t *next;   /* of an owner: the next with the same id, plus 1 */
    size_t *unused; /* of a first owner: the first of its id that has no new place, plus 1 */
};

/* The slot of an id, or the empty one where it belongs. */
static size_t *place_of(const struct keep *k, const struct places *p, const struct cell *id)
{
    size_t at = id_hash(id) & p->mask;

    while (p->slots[at] > 0 && !same_id(&k->owners[p->slots[at] - 1].id, id)) {
        at = (at + 1) & p->mask;
    }
    return &p->slots[at];
}

static struct places make_places(struct keep *k)
{
    struct places p;
    size_t slots = 16;

    while (slots < k->owner_count * 2) {
        slots *= 2;
    }
    p.mask = slots - 1;
    p.slots = arena_array(k->arena, slots, sizeof(*p.slots));
    p.next = arena_array(k->arena, k->owner_count, sizeof(*p.next));
    p.unused = arena_array(k->arena, k->owner_count, sizeof(*p.unused));
    for (size_t i = k->owner_count; i-- > 0;) {
        size_t *slot = place_of(k, &p, &k->owners[i].id);

        p.next[i] = *slot;
        *slot = i + 1;
        p.unused[i] = i + 1;
    }
    return p;
}

/* Owners that share an id, which should not be, keep their order. */
static void place_owners(struct keep *k, const struct row_set *new_parents)
{
    struct places p = make_places(k);

    for (size_t i = 0; i < new_parents->row_count; i++) {
        const struct cell *row = new_parents->cells + i * new_parents->cells_per_row;
        size_t slot = *place_of(k, &p, &row[k->owner_id_cell]);

        if (slot > 0 && p.unused[slot - 1] > 0) {
            size_t owner = p.unused[slot - 1] - 1;

            k->owners[owner].new_ordinal = row[0].value.integer;
            k->owners[owner].gone = false;
            p.unused[slot - 1] = p.next[owner];
        }
    }
}

/* The owner of an attribute; both are in the order of ordinals. NULL when it has none. */
static const struct owner *owner_of(const struct keep *k, int64_t ordinal, size_t *at)
{
    while (*at < k->owner_count && k->owners[*at].ordinal < ordinal) {
        (*at)++;
    }
    return *at < k->owner_count && k->owners[*at].ordinal == ordinal ? &k->owners[*at] : NULL;
}

struct keep_result keep_place(struct keep *k, const struct row_set *new_parents)
{
    struct keep_result result = {0};
    uint64_t sum = 0;
    size_t at = 0;
    size_t stay = 0;

    place_owners(k, new_parents);
    for (size_t i = 0; i < k->attribute_count; i++) {
        struct cell *row = k->cells + i * k->cells_per_row;
        const struct owner *o = owner_of(k, row[0].value.integer, &at);

        if (!o || o->gone) {
            result.gone_id = result.gone == 0 && o ? o->id.value.text : result.gone_id;
            result.gone++;
            result.moved = true;
            continue;
        }
        result.moved = result.moved || o->new_ordinal != o->ordinal;
        sum += walk_attribute_term(k->walker, k->table, &o->id, row + 1);
        row[0].value.integer = o->new_ordinal;
        memmove(k->cells + stay * k->cells_per_row, row, k->cells_per_row * sizeof(*row));
        stay++;
    }
    k->attribute_count = stay;
    result.hash = walk_attribute_total(sum);
    return result;
}

bool keep_write(struct keep *k, struct row_stmt *insert, const struct cell *key, struct err *e)
{
    row_stmt_cell(insert, 1, key);
    for (size_t i = 0; i < k->attribute_count; i++) {
        row_stmt_cells(insert, 2, k->cells + i * k->cells_per_row, k->cells_per_row);
        if (!row_stmt_run(insert, e)) {
            return false;
        }
    }
    return true;
}
