#include "etl/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "etl/walk_internal.h"

/* --- making --- */

static size_t count_tables(const struct table_map *map)
{
    size_t count = 1;

    for (size_t i = 0; i < map->child_count; i++) {
        count += count_tables(map->children[i]);
    }
    return count;
}

static char *rows_path(struct walker *w, const struct walk_table *parent,
                       const struct table_map *map)
{
    if (!parent) {
        return arena_strdup(w->fixed, "");
    }
    return lookup_join(w->fixed, parent->path, map->rows, strlen(map->rows));
}

/* An entity's own id is <table>_id; attributes are kept by their parent's. */
static void find_parent_id(struct walker *w, struct walk_table *t)
{
    const struct table_map *map = t->parent->map;
    const char *name = arena_printf(w->fixed, "%s_id", map->table);

    for (size_t i = 0; i < map->column_count && !t->parent_has_id; i++) {
        if (str_eq(map->columns[i].name, name)) {
            t->parent_has_id = true;
            t->parent_id_cell = t->parent->key_cells + i;
        }
    }
}

static void add_columns(struct walker *w, struct walk_table *t)
{
    const struct table_map *map = t->map;

    t->column_hashes = arena_array(w->fixed, map->column_count, sizeof(*t->column_hashes));
    t->required = arena_array(w->fixed, map->column_count, sizeof(*t->required));
    t->ranks = arena_array(w->fixed, map->column_count, sizeof(*t->ranks));
    for (size_t i = 0; i < map->column_count; i++) {
        const struct column_map *column = &map->columns[i];

        t->column_hashes[i] = hash_short(column->name, strlen(column->name));
        if (column->flags & COLUMN_REQUIRED) {
            t->required[t->required_count++] = i;
        }
        if (column->source == SOURCE_FIELD) {
            if (!t->members) {
                t->members = lookup_new(&w->lookups, t->path);
            }
            lookup_add_column(&w->lookups, t->members, column->path, i);
        }
    }
}

/* Adds `map` and what is below it; `at` is the next free place. */
static size_t add_table(struct walker *w, const struct table_map *map, struct walk_table *parent,
                        size_t at)
{
    struct walk_table *t = &w->tables[at];

    *t = (struct walk_table){
        .map = map, .parent = parent, .name_hash = hash_short(map->table, strlen(map->table))};
    t->path = rows_path(w, parent, map);
    t->key_cells = (parent ? parent->key_cells : 0) + (map->ordinal ? 1 : 0);
    add_columns(w, t);
    if (parent) {
        lookup_add_table(&w->lookups, parent->members, map->rows, at);
        find_parent_id(w, t);
    }
    w->sets[at] = (struct row_set){.table = map, .cells_per_row = t->key_cells + map->column_count};
    at++;
    if (map->child_count > 0 && !t->members) {
        t->members = lookup_new(&w->lookups, t->path);
    }
    for (size_t i = 0; i < map->child_count; i++) {
        at = add_table(w, map->children[i], t, at);
    }
    return at;
}

struct walker *walk_new(const struct tree_map *tree)
{
    struct walker *w = xcalloc(1, sizeof(*w));

    w->tree = tree;
    w->fixed = arena_new(0);
    w->entity = arena_new(0);
    w->lookups.arena = w->fixed;
    w->notes = notes_new();
    w->hash = hash_new();
    w->table_count = count_tables(tree->root);
    w->tables = arena_array(w->fixed, w->table_count, sizeof(*w->tables));
    w->sets = arena_array(w->fixed, w->table_count, sizeof(*w->sets));
    add_table(w, tree->root, NULL, 0);
    lookup_finish(&w->lookups, tree->ignored, tree->ignored_count);
    return w;
}

void walk_free(struct walker *w)
{
    if (!w) {
        return;
    }
    for (size_t i = 0; i < w->table_count; i++) {
        free(w->sets[i].cells);
    }
    hash_free(w->hash);
    notes_free(w->notes);
    arena_free(w->entity);
    arena_free(w->fixed);
    free(w);
}

/* --- entities --- */

struct json walk_entities(const struct walker *w, struct json root)
{
    const char *path = w->tree->entities;
    struct json none = {NULL};

    for (;;) {
        size_t length = strcspn(path, "|");
        struct json found = length > 0 ? json_get_n(root, path, length) : root;
        enum json_type type = json_type(found);

        if (type == JSON_ARRAY || (length > 0 && type != JSON_ABSENT && type != JSON_NULL)) {
            return found;
        }
        if (path[length] == '\0') {
            return none;
        }
        path += length + 1;
    }
}

bool walk_entity(struct walker *w, struct json entity, const struct row_set **sets, struct err *e)
{
    if (json_type(entity) != JSON_OBJECT) {
        return err_set(e, ERR_CONTRACT, "it is no object");
    }
    if (!rows_from_entity(w, entity, e)) {
        return false;
    }
    hash_entity(w);
    *sets = w->sets;
    return true;
}

size_t walk_table_count(const struct walker *w)
{
    return w->table_count;
}

const struct table_map *walk_table(const struct walker *w, size_t at)
{
    return w->tables[at].map;
}

size_t walk_id_column(const struct walker *w)
{
    const struct table_map *root = w->tree->root;
    size_t at = 0;

    while (at < root->column_count && !str_eq(root->columns[at].name, w->tree->id)) {
        at++;
    }
    INVARIANT(at < root->column_count);
    return at;
}

const char *walk_path(const struct walker *w, size_t table)
{
    return w->tables[table].path;
}

size_t walk_key_cells(const struct walker *w, size_t table)
{
    return w->tables[table].key_cells;
}

const char *walk_ordinal_name(const struct walker *w, size_t table, size_t at)
{
    const struct walk_table *t = &w->tables[table];

    while (!t->map->ordinal || at + 1 < t->key_cells) {
        t = t->parent;
    }
    return t->map->ordinal;
}

size_t walk_parent(const struct walker *w, size_t table)
{
    return (size_t)(w->tables[table].parent - w->tables);
}

size_t walk_parent_id_cell(const struct walker *w, size_t table)
{
    return w->tables[table].parent_has_id ? w->tables[table].parent_id_cell : SIZE_MAX;
}

uint64_t walk_row_hash(const struct walker *w)
{
    return w->row_hash;
}

uint64_t walk_attribute_hash(const struct walker *w)
{
    return w->attribute_hash;
}

bool walk_has_attributes(const struct walker *w)
{
    return w->has_attributes;
}

const struct walk_note *walk_notes(const struct walker *w, size_t *count)
{
    return notes_list(w->notes, count);
}

void walk_reset(struct walker *w)
{
    notes_reset(w->notes);
}
