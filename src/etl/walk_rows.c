#include <stdlib.h>
#include <string.h>

#include "etl/walk_internal.h"
#include "etl/walk_value.h"

enum {
    FIRST_ROWS = 8,
    KEPT_CELLS = 65536, /* a row set that grew larger than this gives its memory back */
    UNSET = 255,        /* rank of a column that no member has filled */
};

static void clear_sets(struct walker *w)
{
    for (size_t i = 0; i < w->table_count; i++) {
        struct row_set *set = &w->sets[i];

        set->row_count = 0;
        if (set->row_capacity * set->cells_per_row > KEPT_CELLS) {
            free(set->cells);
            set->cells = NULL;
            set->row_capacity = 0;
        }
    }
}

/* A new row of `t`, its columns NULL: the parent's leading cells, then its own ordinal. Only the
 * set of `t` itself moves in memory, so the parent's row stays where it is. */
static struct cell *add_row(struct walker *w, struct walk_table *t, const struct cell *parent_row,
                            size_t ordinal)
{
    struct row_set *set = &w->sets[t - w->tables];
    size_t inherited = t->parent ? t->parent->key_cells : 0;
    struct cell *row;

    if (set->row_count == set->row_capacity) {
        size_t rows = set->row_capacity > 0 ? set->row_capacity * 2 : FIRST_ROWS;

        set->cells = xrealloc(set->cells, rows * set->cells_per_row * sizeof(struct cell));
        set->row_capacity = rows;
    }
    row = set->cells + set->row_count++ * set->cells_per_row;
    memset(row, 0, set->cells_per_row * sizeof(*row));
    if (inherited > 0 && parent_row) {
        memcpy(row, parent_row, inherited * sizeof(*row));
    }
    if (t->map->ordinal) {
        row[inherited].type = CELL_INT;
        row[inherited].value.integer = (int64_t)ordinal;
    }
    memset(t->ranks, UNSET, t->map->column_count);
    return row;
}

static void fill_column(struct walker *w, struct walk_table *t, const struct lookup_column *use,
                        struct json value, struct cell *row, const char *path)
{
    unsigned char *rank = &t->ranks[use->column];
    struct cell *cell = &row[t->key_cells + use->column];
    bool is_null = json_type(value) == JSON_NULL;
    const char *problem;

    if (use->rank >= *rank || (is_null && use->has_alternates)) {
        return;
    }
    *rank = use->rank;
    if (is_null) {
        return;
    }
    problem = value_to_cell(w->entity, &t->map->columns[use->column], value, cell);
    if (problem) {
        cell->type = CELL_NULL;
        notes_problem(w->notes, path, problem, value);
    }
}

static bool check_required(const struct walk_table *t, const struct cell *row, struct err *e)
{
    for (size_t i = 0; i < t->required_count; i++) {
        const struct cell *cell = &row[t->key_cells + t->required[i]];

        if (cell->type == CELL_NULL || (cell->type == CELL_TEXT && cell->length == 0)) {
            return err_set(e, ERR_CONTRACT, "%s%s%s is missing, or no usable value", t->path,
                           t->path[0] ? "." : "", t->map->columns[t->required[i]].path);
        }
    }
    return true;
}

static bool walk_rows(struct walker *w, struct walk_table *t, struct json value,
                      const struct cell *parent_row, struct err *e);

/* Fills a row from the members of `object`. */
static bool walk_members(struct walker *w, struct walk_table *t, const struct lookup *l,
                         struct json object, struct cell *row, struct err *e)
{
    struct json_iter it = json_iter(object);
    struct json key;
    struct json value;

    while (json_next(&it, &key, &value)) {
        size_t length;
        const char *name = json_text(key, &length);
        const struct lookup_member *m = lookup_find(l, name, length);

        if (!m) {
            notes_unknown(w->notes, l->path, name, length);
            continue;
        }
        for (const struct lookup_column *c = m->columns; c; c = c->next) {
            fill_column(w, t, c, value, row, m->path);
        }
        for (const struct lookup_table *c = m->tables; c; c = c->next) {
            if (!walk_rows(w, &w->tables[c->table], value, row, e)) {
                return false;
            }
        }
        if (m->nested && json_type(value) == JSON_OBJECT) {
            if (!walk_members(w, t, m->nested, value, row, e)) {
                return false;
            }
        } else if (m->nested && !m->columns && !m->tables && json_type(value) != JSON_NULL) {
            notes_problem(w->notes, m->path, value_wrong_type, value);
        }
    }
    return true;
}

/* One row from an object. */
static bool walk_object(struct walker *w, struct walk_table *t, struct json object,
                        const struct cell *parent_row, size_t ordinal, struct err *e)
{
    struct cell *row = add_row(w, t, parent_row, ordinal);

    t->serial = ++w->serial;
    return walk_members(w, t, t->members, object, row, e) && check_required(t, row, e);
}

/* Fills the columns of a row that take the element, or the member's value, itself. False when it
 * is none that they can take. */
static bool fill_plain(struct walker *w, const struct walk_table *t, struct json value,
                       struct cell *row)
{
    for (size_t i = 0; i < t->map->column_count; i++) {
        const struct column_map *column = &t->map->columns[i];
        struct cell *cell = &row[t->key_cells + i];
        const char *problem;

        if (column->source != SOURCE_ELEMENT && column->source != SOURCE_MEMBER_VALUE) {
            continue;
        }
        problem = value_to_cell(w->entity, column, value, cell);
        if (problem) {
            cell->type = CELL_NULL;
            notes_problem(w->notes, t->path, problem, value);
            return false;
        }
    }
    return true;
}

/* Elements that cannot be rows are counted and left out; ordinals stay the API's. */
static bool walk_array(struct walker *w, struct walk_table *t, struct json array,
                       const struct cell *parent_row, struct err *e)
{
    struct json_iter it = json_iter(array);
    struct json key;
    struct json element;

    for (size_t ordinal = 0; json_next(&it, &key, &element); ordinal++) {
        if (!t->members) {
            if (!fill_plain(w, t, element, add_row(w, t, parent_row, ordinal))) {
                w->sets[t - w->tables].row_count--;
            }
        } else if (json_type(element) != JSON_OBJECT) {
            notes_problem(w->notes, t->path, value_wrong_type, element);
        } else if (!walk_object(w, t, element, parent_row, ordinal, e)) {
            return false;
        }
    }
    return true;
}

/* --- rows from the members of an object --- */

/* Names seen in one object, so that a name that comes twice makes one row. */
struct names {
    struct json *slots;
    size_t mask;
};

static struct names names_new(struct walker *w, size_t count)
{
    struct names n;
    size_t slots = 8;

    while (slots < count * 2) {
        slots *= 2;
    }
    n.mask = slots - 1;
    n.slots = arena_array(w->entity, slots, sizeof(*n.slots));
    return n;
}

/* False when the name is there already. */
static bool names_add(struct names *n, struct json key)
{
    size_t length;
    const char *name = json_text(key, &length);
    size_t at = hash_short(name, length) & n->mask;

    for (; n->slots[at].value; at = (at + 1) & n->mask) {
        size_t other_length;
        const char *other = json_text(n->slots[at], &other_length);

        if (other_length == length && memcmp(other, name, length) == 0) {
            return false;
        }
    }
    n->slots[at] = key;
    return true;
}

static void fill_member_name(struct walker *w, const struct walk_table *t, struct json key,
                             struct cell *row)
{
    size_t length;
    const char *name = json_text(key, &length);

    for (size_t i = 0; i < t->map->column_count; i++) {
        if (t->map->columns[i].source == SOURCE_MEMBER_NAME) {
            value_text_to_cell(w->entity, &t->map->columns[i], name, length,
                               &row[t->key_cells + i]);
        }
    }
}

static bool walk_map(struct walker *w, struct walk_table *t, struct json object,
                     const struct cell *parent_row, struct err *e)
{
    struct names names = names_new(w, json_count(object));
    struct json_iter it = json_iter(object);
    struct json key;
    struct json value;

    for (size_t ordinal = 0; json_next(&it, &key, &value); ordinal++) {
        struct cell *row;

        if (!names_add(&names, key)) {
            notes_problem(w->notes, t->path, "duplicate name", key);
            continue;
        }
        if (t->members && json_type(value) != JSON_OBJECT) {
            notes_problem(w->notes, t->path, value_wrong_type, value);
            continue;
        }
        row = add_row(w, t, parent_row, ordinal);
        t->serial = ++w->serial;
        fill_member_name(w, t, key, row);
        if (!t->members) {
            if (json_type(value) != JSON_NULL) {
                fill_plain(w, t, value, row);
            }
        } else if (!walk_members(w, t, t->members, value, row, e)) {
            return false;
        }
        if (!check_required(t, row, e)) {
            return false;
        }
    }
    return true;
}

static bool walk_rows(struct walker *w, struct walk_table *t, struct json value,
                      const struct cell *parent_row, struct err *e)
{
    enum json_type wanted = t->map->shape == ROWS_ARRAY ? JSON_ARRAY : JSON_OBJECT;

    if (json_type(value) == JSON_NULL) {
        return true;
    }
    if (json_type(value) != wanted) {
        notes_problem(w->notes, t->path, value_wrong_type, value);
        return true;
    }
    if (t->rows_of_serial == t->parent->serial) {
        notes_problem(w->notes, t->path, "duplicate name", value);
        return true;
    }
    t->rows_of_serial = t->parent->serial;
    switch (t->map->shape) {
    case ROWS_ARRAY:
        return walk_array(w, t, value, parent_row, e);
    case ROWS_OBJECT:
        return walk_object(w, t, value, parent_row, 0, e);
    case ROWS_MEMBERS:
        return walk_map(w, t, value, parent_row, e);
    }
    return true;
}

bool rows_from_entity(struct walker *w, struct json entity, struct err *e)
{
    arena_reset(w->entity);
    clear_sets(w);
    return walk_object(w, &w->tables[0], entity, NULL, 0, e);
}
