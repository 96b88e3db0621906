#include "etl/walk_internal.h"

/* What stands before each value: whose it is, what it is, how long. */
static void hash_value(struct hash *h, uint32_t name, const struct cell *c)
{
    uint32_t head[3] = {name, (uint32_t)c->type, c->type == CELL_TEXT ? c->length : 8};

    hash_add(h, head, sizeof(head));
    if (c->type == CELL_TEXT) {
        hash_add(h, c->value.text, c->length);
    } else if (c->type != CELL_NULL) {
        hash_add(h, &c->value, 8);
    }
}

/* NULLs are left out, so that a column added to a map changes no stored hash. */
static void hash_columns(struct walker *w, const struct walk_table *t, const struct cell *columns)
{
    for (size_t i = 0; i < t->map->column_count; i++) {
        if (columns[i].type != CELL_NULL && !(t->map->columns[i].flags & COLUMN_UNHASHED)) {
            hash_value(w->hash, t->column_hashes[i], &columns[i]);
        }
    }
}

static uint64_t never_zero(uint64_t hash)
{
    return hash > 0 ? hash : 1;
}

static void hash_row_set(struct walker *w, const struct walk_table *t, const struct row_set *set)
{
    for (size_t i = 0; i < set->row_count; i++) {
        const struct cell *row = set->cells + i * set->cells_per_row;
        uint32_t head[2] = {t->name_hash, UINT32_MAX};

        hash_add(w->hash, head, sizeof(head));
        for (size_t k = 0; k < t->key_cells; k++) {
            hash_add(w->hash, &row[k].value.integer, sizeof(row[k].value.integer));
        }
        hash_columns(w, t, row + t->key_cells);
    }
}

uint64_t walk_attribute_term(struct walker *w, size_t table, const struct cell *parent_id,
                             const struct cell *columns)
{
    const struct walk_table *t = &w->tables[table];

    hash_reset(w->hash);
    hash_value(w->hash, t->name_hash, parent_id);
    hash_columns(w, t, columns);
    return hash_digest(w->hash);
}

uint64_t walk_attribute_total(uint64_t sum)
{
    return never_zero(sum);
}

/* The row of `t`'s parent that `row` belongs to: rows of both come in the same order. */
static const struct cell *next_parent_row(const struct walker *w, const struct walk_table *t,
                                          const struct cell *row, size_t *at)
{
    const struct row_set *parents = &w->sets[t->parent - w->tables];

    for (; *at < parents->row_count; (*at)++) {
        const struct cell *parent = parents->cells + *at * parents->cells_per_row;
        size_t k = 0;

        while (k < t->parent->key_cells && parent[k].value.integer == row[k].value.integer) {
            k++;
        }
        if (k == t->parent->key_cells) {
            return parent;
        }
    }
    return NULL;
}

static uint64_t attribute_sum(struct walker *w, size_t table)
{
    static const struct cell none = {.type = CELL_NULL};
    const struct walk_table *t = &w->tables[table];
    const struct row_set *set = &w->sets[table];
    uint64_t sum = 0;
    size_t at = 0;

    for (size_t i = 0; i < set->row_count; i++) {
        const struct cell *row = set->cells + i * set->cells_per_row;
        const struct cell *parent = next_parent_row(w, t, row, &at);

        INVARIANT(parent);
        sum += walk_attribute_term(w, table, t->parent_has_id ? &parent[t->parent_id_cell] : &none,
                                   row + t->key_cells);
    }
    return sum;
}

void hash_entity(struct walker *w)
{
    uint64_t sum = 0;

    w->has_attributes = false;
    hash_reset(w->hash);
    for (size_t i = 0; i < w->table_count; i++) {
        if (w->tables[i].map->hash_part == HASH_ROWS) {
            hash_row_set(w, &w->tables[i], &w->sets[i]);
        }
    }
    w->row_hash = never_zero(hash_digest(w->hash));
    for (size_t i = 0; i < w->table_count; i++) {
        if (w->tables[i].map->hash_part == HASH_ATTRIBUTES) {
            w->has_attributes = w->has_attributes || w->sets[i].row_count > 0;
            sum += attribute_sum(w, i);
        }
    }
    w->attribute_hash = walk_attribute_total(sum);
}
