#include "etl/load_tree.h"

#include <stdlib.h>
#include <string.h>

#include "etl/load_keep.h"
#include "etl/load_keys.h"
#include "etl/load_row.h"
#include "etl/load_sql.h"

enum { MANY_ROWS = 8 };

/* Statements of a child table; the root has its own. */
struct child {
    struct row_stmt insert;
    struct row_stmt insert_many; /* MANY_ROWS at once: a statement's start costs as much as a row */
    struct db_stmt *remove;
};

struct tree_loader {
    struct db *db;
    const struct tree_map *tree;
    struct walker *walker;
    struct arena *arena; /* statement texts while they are prepared */
    struct db_stmt *find;
    struct row_stmt insert_root;
    struct row_stmt update_root;
    struct db_stmt *mark_root;
    struct db_stmt *insert_change;
    size_t table_count;
    struct child *children; /* by table; the first, the root's, is empty */
    size_t id_column;       /* of the root: which of its columns is the entity's id */
    size_t attributes;      /* the table of attributes; 0: the tree has none */
    struct keep *keep;
    struct attribute_keys *keys;
};

/* The entity as the file has it. */
struct stored {
    bool found;
    struct cell key;
    uint64_t row_hash;
    uint64_t attribute_hash;
    bool attributes_read;
};

/* What is to be written for an entity. */
struct task {
    const struct load_page *page;
    const char *changed_at;
    const struct row_set *sets;
    struct cell key;
    bool rows_changed;
    bool attributes_changed;
    bool attributes_read;    /* a job has read them, now or before */
    uint64_t attribute_hash; /* as it will be stored */
    struct keep_result kept; /* of an answer without attributes */
};

/* --- making --- */

static bool prepare(struct tree_loader *t, struct db_stmt **stmt, const char *sql, struct err *e)
{
    *stmt = db_prepare(t->db, sql, e);
    return *stmt != NULL;
}

static bool prepare_root(struct tree_loader *t, struct err *e)
{
    bool attributes = t->attributes > 0;
    const struct tree_map *tree = t->tree;

    return prepare(t, &t->find, sql_find(t->arena, tree, attributes), e) &&
           row_stmt_init(&t->insert_root, t->db, sql_insert_root(t->arena, tree, attributes), e) &&
           row_stmt_init(&t->update_root, t->db, sql_update_root(t->arena, tree, attributes), e) &&
           (!attributes || prepare(t, &t->mark_root, sql_mark_root(t->arena, tree), e)) &&
           (!tree->key || prepare(t, &t->insert_change, sql_insert_change(t->arena, tree), e));
}

static bool prepare_children(struct tree_loader *t, struct err *e)
{
    for (size_t i = 1; i < t->table_count; i++) {
        const char *insert = sql_insert_child(t->arena, t->tree, t->walker, i, 1);
        const char *many = sql_insert_child(t->arena, t->tree, t->walker, i, MANY_ROWS);
        const char *remove = sql_delete_child(t->arena, t->tree, walk_table(t->walker, i));

        if (!row_stmt_init(&t->children[i].insert, t->db, insert, e) ||
            !row_stmt_init(&t->children[i].insert_many, t->db, many, e) ||
            !prepare(t, &t->children[i].remove, remove, e)) {
            return false;
        }
    }
    return true;
}

static size_t attribute_table(const struct walker *w)
{
    size_t found = 0;

    for (size_t i = 1; i < walk_table_count(w); i++) {
        if (walk_table(w, i)->hash_part == HASH_ATTRIBUTES) {
            INVARIANT(found == 0);
            found = i;
        }
    }
    return found;
}

static bool prepare_attributes(struct tree_loader *t, struct err *e)
{
    if (t->attributes == 0) {
        return true;
    }
    t->keep = keep_new(t->db, t->tree, t->walker, t->attributes, e);
    t->keys = t->keep ? attribute_keys_new(t->db, e) : NULL;
    return t->keys != NULL;
}

struct tree_loader *tree_loader_new(struct db *d, const struct tree_map *tree, struct walker *w,
                                    struct err *e)
{
    struct tree_loader *t = xcalloc(1, sizeof(*t));
    bool ok;

    t->db = d;
    t->tree = tree;
    t->walker = w;
    t->table_count = walk_table_count(w);
    t->children = xcalloc(t->table_count, sizeof(*t->children));
    t->id_column = walk_id_column(w);
    t->attributes = attribute_table(w);
    t->arena = arena_new(0);
    ok = prepare_root(t, e) && prepare_children(t, e) && prepare_attributes(t, e);
    arena_free(t->arena);
    t->arena = NULL;
    if (!ok) {
        tree_loader_free(t);
        return NULL;
    }
    return t;
}

void tree_loader_free(struct tree_loader *t)
{
    if (!t) {
        return;
    }
    for (size_t i = 0; i < t->table_count; i++) {
        row_stmt_free(&t->children[i].insert);
        row_stmt_free(&t->children[i].insert_many);
        db_finalize(t->children[i].remove);
    }
    free(t->children);
    db_finalize(t->find);
    row_stmt_free(&t->insert_root);
    row_stmt_free(&t->update_root);
    db_finalize(t->mark_root);
    db_finalize(t->insert_change);
    keep_free(t->keep);
    if (t->keys) {
        attribute_keys_free(t->keys);
    }
    free(t);
}

void tree_forget(struct tree_loader *t)
{
    if (t->keys) {
        attribute_keys_forget(t->keys);
    }
}

const char *tree_attribute_path(const struct tree_loader *t)
{
    return t->attributes > 0 ? walk_path(t->walker, t->attributes) : NULL;
}

/* --- one entity --- */

static const struct cell *entity_id(const struct tree_loader *t, const struct row_set *sets)
{
    return &sets[0].cells[t->id_column];
}

static bool find(struct tree_loader *t, const struct cell *id, struct stored *out, struct err *e)
{
    bool ok;

    *out = (struct stored){0};
    db_bind_text(t->find, 1, id->value.text, id->length);
    ok = db_step(t->find, &out->found, e);
    if (ok && out->found) {
        out->key = *id;
        if (t->tree->key) {
            out->key = (struct cell){.type = CELL_INT, .value.integer = db_int(t->find, 0)};
        }
        out->row_hash = (uint64_t)db_int(t->find, 1);
        if (t->attributes > 0) {
            out->attribute_hash = (uint64_t)db_int(t->find, 2);
            out->attributes_read = db_int(t->find, 3) != 0;
        }
    }
    db_reset(t->find);
    return ok;
}

static bool is_attributes(const struct tree_loader *t, size_t table)
{
    return t->attributes > 0 && table == t->attributes;
}

static bool delete_rows(struct tree_loader *t, size_t table, const struct cell *key, struct err *e)
{
    struct db_stmt *s = t->children[table].remove;
    bool ok;

    if (key->type == CELL_INT) {
        db_bind_int(s, 1, key->value.integer);
    } else {
        db_bind_text(s, 1, key->value.text, key->length);
    }
    ok = db_run(s, e);
    db_reset(s);
    return ok;
}

/* Runs `s`, which takes `rows` rows at a time, from row `from` on while there are as many. Returns
 * the first row that is left; -1 on an error. */
static int64_t insert_batches(struct row_stmt *s, size_t rows, const struct row_set *set,
                              size_t from, const struct cell *key, struct err *e)
{
    size_t width = set->cells_per_row + 1;

    for (; from + rows <= set->row_count; from += rows) {
        for (size_t i = 0; i < rows; i++) {
            int at = (int)(i * width) + 1;
            row_stmt_cell(s, at, key);
            row_stmt_cells(s, at + 1, set->cells + (from + i) * set->cells_per_row,
                           set->cells_per_row);
        }
        if (!row_stmt_run(s, e)) {
            return -1;
        }
    }
    return (int64_t)from;
}

static bool insert_rows(struct tree_loader *t, size_t table, const struct task *k, struct err *e)
{
    const struct row_set *set = &k->sets[table];
    struct child *c = &t->children[table];
    int64_t done = insert_batches(&c->insert_many, MANY_ROWS, set, 0, &k->key, e);

    return done >= 0 && insert_batches(&c->insert, 1, set, (size_t)done, &k->key, e) >= 0;
}

/* Names of the answer's attributes, all just stored. Their columns are name and value. */
static bool remember_keys(struct tree_loader *t, const struct task *k, struct err *e)
{
    const struct row_set *set = &k->sets[t->attributes];
    size_t name = set->cells_per_row - 2;

    for (size_t i = 0; i < set->row_count; i++) {
        const struct cell *row = set->cells + i * set->cells_per_row;

        if (!attribute_keys_add(t->keys, &row[name], &row[name + 1], k->changed_at, e)) {
            return false;
        }
    }
    return true;
}

static bool insert_attributes(struct tree_loader *t, const struct task *k, struct err *e)
{
    return insert_rows(t, t->attributes, k, e) &&
           (!k->attributes_changed || remember_keys(t, k, e));
}

/* Binds the bookkeeping columns from parameter `at` on; returns the next parameter. */
static int bind_bookkeeping(struct tree_loader *t, struct row_stmt *s, int at, const struct task *k)
{
    row_stmt_int(s, at + ROOT_HASH, (int64_t)walk_row_hash(t->walker));
    row_stmt_int(s, at + ROOT_RUN, k->page->run_id);
    if (t->attributes == 0) {
        return at + ROOT_ATTRIBUTE_HASH;
    }
    if (k->attributes_read) {
        row_stmt_int(s, at + ROOT_ATTRIBUTE_HASH, (int64_t)k->attribute_hash);
    } else {
        row_stmt_null(s, at + ROOT_ATTRIBUTE_HASH);
    }
    row_stmt_int(s, at + ROOT_ATTRIBUTE_READ, k->attributes_read ? 1 : 0);
    return at + ROOT_ATTRIBUTE_READ + 1;
}

static bool insert_entity(struct tree_loader *t, struct task *k, struct err *e)
{
    const struct row_set *root = &k->sets[0];

    row_stmt_cells(&t->insert_root, 1, root->cells, root->cells_per_row);
    bind_bookkeeping(t, &t->insert_root, (int)root->cells_per_row + 1, k);
    if (!row_stmt_run(&t->insert_root, e)) {
        return false;
    }
    k->key = *entity_id(t, k->sets);
    if (t->tree->key) {
        k->key = (struct cell){.type = CELL_INT, .value.integer = db_last_rowid(t->db)};
    }
    for (size_t i = 1; i < t->table_count; i++) {
        if (!is_attributes(t, i) && !insert_rows(t, i, k, e)) {
            return false;
        }
    }
    return !k->attributes_read || insert_attributes(t, k, e);
}

/* After new rows: the answer's attributes, or the kept ones at their new places. */
static bool replace_attributes(struct tree_loader *t, const struct task *k, struct err *e)
{
    bool brings = k->page->brings_attributes;

    if (!brings && !k->kept.moved) {
        return true;
    }
    if (!delete_rows(t, t->attributes, &k->key, e)) {
        return false;
    }
    if (brings) {
        return insert_attributes(t, k, e);
    }
    return keep_write(t->keep, &t->children[t->attributes].insert, &k->key, e);
}

static bool replace_rows(struct tree_loader *t, const struct task *k, struct err *e)
{
    const struct row_set *root = &k->sets[0];
    int at;

    for (size_t i = 1; i < t->table_count; i++) {
        if (!is_attributes(t, i) && (!delete_rows(t, i, &k->key, e) || !insert_rows(t, i, k, e))) {
            return false;
        }
    }
    row_stmt_cells(&t->update_root, 1, root->cells, root->cells_per_row);
    at = bind_bookkeeping(t, &t->update_root, (int)root->cells_per_row + 1, k);
    row_stmt_cell(&t->update_root, at, &k->key);
    return row_stmt_run(&t->update_root, e) && (t->attributes == 0 || replace_attributes(t, k, e));
}

/* The rows stay; the attributes, or only the fact that a job has read them, are new. */
static bool write_attributes(struct tree_loader *t, const struct task *k, struct err *e)
{
    struct db_stmt *s = t->mark_root;
    bool ok;

    if (k->attributes_changed &&
        (!delete_rows(t, t->attributes, &k->key, e) || !insert_attributes(t, k, e))) {
        return false;
    }
    db_bind_int(s, 1, (int64_t)k->attribute_hash);
    if (k->attributes_changed) {
        db_bind_int(s, 2, k->page->run_id);
    }
    db_bind_int(s, 3, k->key.value.integer);
    ok = db_run(s, e);
    db_reset(s);
    return ok;
}

static bool record_change(struct tree_loader *t, const struct task *k, struct err *e)
{
    const struct cell *id = entity_id(t, k->sets);
    struct db_stmt *s = t->insert_change;
    bool ok;

    if (!s) {
        return true;
    }
    db_bind_int(s, 1, k->key.value.integer);
    db_bind_text(s, 2, id->value.text, id->length);
    db_bind_int(s, 3, k->page->run_id);
    db_bind_str(s, 4, k->changed_at);
    db_bind_str(s, 5, !k->attributes_changed ? "rows" : k->rows_changed ? "both" : "attributes");
    db_bind_str(s, 6, k->page->plan);
    ok = db_run(s, e);
    db_reset(s);
    return ok;
}

/* An answer without attributes whose rows are new: which of the stored attributes stay, where. */
static bool keep_attributes(struct tree_loader *t, struct task *k, struct err *e)
{
    if (!keep_read(t->keep, &k->key, e)) {
        return false;
    }
    k->kept = keep_place(t->keep, &k->sets[walk_parent(t->walker, t->attributes)]);
    k->attribute_hash = k->kept.hash;
    k->attributes_changed = k->kept.gone > 0;
    return true;
}

/* Compares with what is stored. */
static bool make_task(struct tree_loader *t, const struct stored *stored, struct task *k,
                      struct err *e)
{
    bool brings = t->attributes > 0 && k->page->brings_attributes;

    k->key = stored->key;
    k->rows_changed = stored->row_hash != walk_row_hash(t->walker);
    k->attributes_read = brings || stored->attributes_read;
    k->attribute_hash = brings ? walk_attribute_hash(t->walker) : stored->attribute_hash;
    k->attributes_changed =
        brings && (stored->attributes_read ? stored->attribute_hash != k->attribute_hash
                                           : walk_has_attributes(t->walker));
    if (stored->found && k->rows_changed && !brings && stored->attributes_read) {
        return keep_attributes(t, k, e);
    }
    return true;
}

bool tree_load(struct tree_loader *t, const struct load_page *page, const char *changed_at,
               const struct row_set *sets, struct tree_outcome *out, struct err *e)
{
    struct task k = {.page = page, .changed_at = changed_at, .sets = sets};
    struct stored stored;

    *out = (struct tree_outcome){0};
    if (!find(t, entity_id(t, sets), &stored, e) || !make_task(t, &stored, &k, e)) {
        return false;
    }
    if (!stored.found) {
        out->is_new = true;
        return insert_entity(t, &k, e);
    }
    out->is_changed = k.rows_changed || k.attributes_changed;
    out->gone_attributes = k.kept.gone;
    out->gone_id = k.kept.gone_id;
    if (k.rows_changed) {
        return replace_rows(t, &k, e) && record_change(t, &k, e);
    }
    if (k.attributes_changed) {
        return write_attributes(t, &k, e) && record_change(t, &k, e);
    }
    return k.attributes_read == stored.attributes_read || write_attributes(t, &k, e);
}
