#include "etl/load_sql.h"

#include "base/buf.h"

enum { SQL_BYTES = 262144 };

static const char *const root_columns[] = {
    [ROOT_HASH] = "row_hash",
    [ROOT_RUN] = "row_changed_run_id",
    [ROOT_ATTRIBUTE_HASH] = "row_attribute_hash",
    [ROOT_ATTRIBUTE_READ] = "row_attribute_read",
};

static size_t root_column_count(bool attributes)
{
    return attributes ? COUNT_OF(root_columns) : ROOT_ATTRIBUTE_HASH;
}

static const char *key_name(const struct tree_map *tree)
{
    return tree->key ? tree->key : tree->id;
}

static void add(struct buf *b, const char *text)
{
    bool fits = buf_add_str(b, text);

    INVARIANT(fits);
}

static void add_name(struct buf *b, const char *before, const char *name)
{
    add(b, before);
    add(b, "\"");
    add(b, name);
    add(b, "\"");
}

static void add_row(struct buf *b, size_t count)
{
    add(b, "(");
    for (size_t i = 0; i < count; i++) {
        add(b, i > 0 ? ",?" : "?");
    }
    add(b, ")");
}

static void add_parameters(struct buf *b, size_t count)
{
    add(b, ") VALUES ");
    add_row(b, count);
}

static void add_number(struct buf *b, const char *before, size_t number)
{
    bool fits = buf_add_printf(b, "%s%zu", before, number);

    INVARIANT(fits);
}

static const char *finish(struct arena *a, struct buf *b)
{
    const char *text = arena_strdup(a, buf_str(b));

    buf_free(b);
    return text;
}

const char *sql_find(struct arena *a, const struct tree_map *tree, bool attributes)
{
    struct buf b;

    buf_init(&b, SQL_BYTES);
    if (tree->key) {
        add_name(&b, "SELECT ", tree->key);
    } else {
        add(&b, "SELECT 0");
    }
    add_name(&b, ", ", root_columns[ROOT_HASH]);
    if (attributes) {
        add_name(&b, ", ", root_columns[ROOT_ATTRIBUTE_HASH]);
        add_name(&b, ", ", root_columns[ROOT_ATTRIBUTE_READ]);
    }
    add_name(&b, " FROM ", tree->root->table);
    add_name(&b, " WHERE ", tree->id);
    add(&b, " = ?1");
    return finish(a, &b);
}

const char *sql_insert_root(struct arena *a, const struct tree_map *tree, bool attributes)
{
    const struct table_map *root = tree->root;
    struct buf b;

    buf_init(&b, SQL_BYTES);
    add_name(&b, "INSERT INTO ", root->table);
    for (size_t i = 0; i < root->column_count; i++) {
        add_name(&b, i > 0 ? "," : " (", root->columns[i].name);
    }
    for (size_t i = 0; i < root_column_count(attributes); i++) {
        add_name(&b, ",", root_columns[i]);
    }
    add_parameters(&b, root->column_count + root_column_count(attributes));
    return finish(a, &b);
}

static void add_where_key(struct buf *b, const struct tree_map *tree, size_t number)
{
    add_name(b, " WHERE ", key_name(tree));
    add_number(b, " = ?", number);
}

const char *sql_update_root(struct arena *a, const struct tree_map *tree, bool attributes)
{
    const struct table_map *root = tree->root;
    size_t number = 1;
    struct buf b;

    buf_init(&b, SQL_BYTES);
    add_name(&b, "UPDATE ", root->table);
    for (size_t i = 0; i < root->column_count; i++, number++) {
        add_name(&b, i > 0 ? ", " : " SET ", root->columns[i].name);
        add_number(&b, " = ?", number);
    }
    for (size_t i = 0; i < root_column_count(attributes); i++, number++) {
        add_name(&b, ", ", root_columns[i]);
        add_number(&b, " = ?", number);
    }
    add_where_key(&b, tree, number);
    return finish(a, &b);
}

const char *sql_mark_root(struct arena *a, const struct tree_map *tree)
{
    struct buf b;

    buf_init(&b, SQL_BYTES);
    add_name(&b, "UPDATE ", tree->root->table);
    add_name(&b, " SET ", root_columns[ROOT_ATTRIBUTE_HASH]);
    add_name(&b, " = ?1, ", root_columns[ROOT_ATTRIBUTE_READ]);
    add_name(&b, " = 1, ", root_columns[ROOT_RUN]);
    add_name(&b, " = ifnull(?2, ", root_columns[ROOT_RUN]);
    add(&b, ")");
    add_where_key(&b, tree, 3);
    return finish(a, &b);
}

/* Names of a child's cells; `before` stands in front of the first. */
static void add_cell_names(struct buf *b, const char *before, const struct walker *w, size_t table)
{
    const struct table_map *map = walk_table(w, table);

    for (size_t i = 0; i < walk_key_cells(w, table); i++) {
        add_name(b, i > 0 ? "," : before, walk_ordinal_name(w, table, i));
        before = ",";
    }
    for (size_t i = 0; i < map->column_count; i++) {
        add_name(b, i > 0 ? "," : before, map->columns[i].name);
    }
}

const char *sql_insert_child(struct arena *a, const struct tree_map *tree, const struct walker *w,
                             size_t table, size_t rows)
{
    const struct table_map *map = walk_table(w, table);
    size_t cells = 1 + walk_key_cells(w, table) + map->column_count;
    struct buf b;

    buf_init(&b, SQL_BYTES);
    add_name(&b, "INSERT INTO ", map->table);
    add_name(&b, " (", key_name(tree));
    add_cell_names(&b, ",", w, table);
    add_parameters(&b, cells);
    for (size_t i = 1; i < rows; i++) {
        add(&b, ",");
        add_row(&b, cells);
    }
    return finish(a, &b);
}

const char *sql_delete_child(struct arena *a, const struct tree_map *tree,
                             const struct table_map *map)
{
    struct buf b;

    buf_init(&b, SQL_BYTES);
    add_name(&b, "DELETE FROM ", map->table);
    add_where_key(&b, tree, 1);
    return finish(a, &b);
}

const char *sql_select_child(struct arena *a, const struct tree_map *tree, const struct walker *w,
                             size_t table)
{
    struct buf b;

    buf_init(&b, SQL_BYTES);
    add_cell_names(&b, "SELECT ", w, table);
    add_name(&b, " FROM ", walk_table(w, table)->table);
    add_where_key(&b, tree, 1);
    for (size_t i = 0; i < walk_key_cells(w, table); i++) {
        add_name(&b, i > 0 ? "," : " ORDER BY ", walk_ordinal_name(w, table, i));
    }
    return finish(a, &b);
}

const char *sql_insert_change(struct arena *a, const struct tree_map *tree)
{
    struct buf b;

    buf_init(&b, SQL_BYTES);
    add_name(&b, "INSERT INTO ", arena_printf(a, "%s_change", tree->root->table));
    add_name(&b, " (", tree->key);
    add_name(&b, ",", tree->id);
    add(&b, ",run_id,changed_at,part,source) VALUES (?1,?2,?3,?4,?5,?6)");
    return finish(a, &b);
}
