#include "etl/walk.h"

#include "base/causes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "io/hash.h"

enum {
    FIRST_ROWS = 8,
    LEVELS_MAX = 16,
    BASES_MOST = 2,
    UNSET = 255, /* rank of a column that no member has filled */
    NOTES_MAX = 1000,
    NOTE_PATH_BYTES = 400,
    NOTE_NAME_BYTES = 500,
    NOTE_KEY_BYTES = 100,
    EXAMPLE_CHARACTERS = 80,
};

/* What a member of an object leads to: a column of the row that it fills, or a table whose rows it
 * holds. */
struct target {
    struct target *next;
    bool is_table;
    bool has_alternates; /* the column has more than one path */
    unsigned char rank;  /* this path's place among them, from 0 */
    size_t at;           /* the column in the table's map; the table */
};

/* Where a name may stand among others: open addressing, a power of two of them, at most half full.
 * Without a text it is free. */
struct slot {
    const char *text;
    size_t length;
    void *value;
};
struct names {
    struct arena *arena;
    struct slot *slots;
    size_t mask;
    size_t count;
};

/* A member that is known: without targets and members of its own it is ignored. */
struct member {
    const char *path; /* dotted, from the entity; "" for the entity */
    struct target *targets;
    struct names names;  /* its own members; no slots: it need be no object */
    bool is_first;       /* they are those of the first element of an array */
    struct member *next; /* of all objects */
};

/* Where a value is that does not lie in its row: a field of an object above it. */
struct reach {
    size_t level;
    const char *path; /* NULL: none */
    const char *note; /* the same from the entity; above it "^" stands in front */
};

struct walk_column {
    uint32_t name_hash;
    struct reach value; /* where it is, unless in a member of the row */
    struct reach bases[BASES_MOST];
};

/* A table of the tree; or an object that has no table of its own and holds nested roots. */
struct walk_table {
    const struct table_map *map;
    struct walk_table *parent; /* NULL for the entity */
    size_t depth;              /* of its rows among the walker's levels */
    const char *path;          /* of its rows, from the entity: "participants.sessions" */
    size_t ordinals;           /* its ancestors' and its own */
    struct member element;     /* no object when its elements are plain values */
    size_t parent_id_cell;     /* of attributes: where the parent's row has the parent's own id */
    uint32_t name_hash;
    struct walk_column *columns;
    size_t *apart; /* columns whose values lie in no member of the row's object */
    size_t apart_count;
    size_t *required; /* columns without which a row is refused, or that are '' then */
    size_t required_count;
    unsigned char *ranks;    /* of the row being filled: which alternative filled the column */
    uint64_t serial;         /* of the row being filled */
    uint64_t rows_of_serial; /* the parent's row that brought the last rows */
    size_t usual_rows;       /* of the page before this one, then of this */
};

/* What knows one tree. */
struct walker {
    const struct tree_map *tree;
    struct arena *fixed;
    /* Root first; from WALK_TABLES_MAX on what holds a nested root. */
    struct walk_table tables[WALK_TABLES_MAX + LEVELS_MAX];
    struct walk_shape shapes[WALK_TABLES_MAX + LEVELS_MAX];
    size_t table_count;
    struct walk_table *top; /* what an element of the answer is */
    struct member *objects;
    size_t *id_cells;                    /* of the root: the entity's own id */
    size_t within;                       /* the root's column of COLUMN_WITHIN */
    const struct walk_table *attributes; /* NULL: there are none */
    uint64_t serial;                     /* counts rows */

    /* of the page that is walked */
    const struct walk_facts *facts;
    struct cell fact_cells[SOURCE_SCOPE + 1]; /* by source */
    struct json levels[LEVELS_MAX];           /* the answer, then the objects around the row */
    struct page_walker *page;
    struct arena *rows;     /* texts of cells */
    uint64_t attribute_sum; /* of the entity that is walked */
    int64_t nameless;       /* its attributes' parents without an id */
    struct walked_tree *out;
    struct row_set *sets; /* those of `out` */
};

struct page_walker {
    size_t room_bytes; /* for rows of the page that is walked */
    struct buf hash;   /* what is being hashed */
    struct buf scratch;
    struct walk_note notes[NOTES_MAX + 2];
    size_t note_count;
    struct names note_names; /* problem and path; in the page's arena */
    size_t count;
    struct walker trees[];
};

/* --- names --- */

/* Room for `count` names. */
static struct names names_new(struct arena *a, size_t count)
{
    size_t slots = 8;

    while (slots < count * 2) {
        slots *= 2;
    }
    return (struct names){
        .arena = a, .slots = arena_array(a, slots, sizeof(struct slot)), .mask = slots - 1};
}

/* The slot that has the name, or the free one where it belongs. */
static inline struct slot *slot_of(const struct names *n, const char *text, size_t length)
{
    size_t at = hash_of(text, length) & n->mask;

    while (n->slots[at].text &&
           (n->slots[at].length != length || memcmp(n->slots[at].text, text, length) != 0)) {
        at = (at + 1) & n->mask;
    }
    return &n->slots[at];
}

/* Gives a name a value. Returns the one it had before; NULL: it is new. */
static void *put_name(struct names *n, const char *text, size_t length, void *value)
{
    if (2 * n->count > n->mask) {
        struct names larger = names_new(n->arena, n->count + 1);

        for (size_t i = 0; i <= n->mask; i++) {
            if (n->slots[i].text) {
                *slot_of(&larger, n->slots[i].text, n->slots[i].length) = n->slots[i];
            }
        }
        larger.count = n->count;
        *n = larger;
    }
    struct slot *slot = slot_of(n, text, length);
    void *before = slot->value;
    n->count += slot->text ? 0 : 1;
    *slot = (struct slot){.text = text, .length = length, .value = value};
    return before;
}

/* --- which members are known --- */

/* A member, as one that has members. */
static struct member *as_object(struct walker *w, struct member *m)
{
    if (!m->names.slots) {
        m->names = names_new(w->fixed, 0);
        m->next = w->objects;
        w->objects = m;
    }
    return m;
}

/* Joins a path and a step: "a.b", or "b" below "". */
static char *join(struct walker *w, const char *path, const char *step, size_t length)
{
    return arena_printf(w->fixed, "%s%s%.*s", path, path[0] ? "." : "", (int)length, step);
}

/* The member of that name, made when it is not there. */
static struct member *known_member(struct walker *w, struct member *o, const char *key,
                                   size_t length)
{
    bool is_first = length > 3 && memcmp(key + length - 3, "[0]", 3) == 0;

    length -= is_first ? 3 : 0;
    struct member *m = slot_of(&o->names, key, length)->value;

    if (!m) {
        m = arena_alloc(w->fixed, sizeof(*m));
        m->path = join(w, o->path, key, length);
        (void)put_name(&o->names, arena_strndup(w->fixed, key, length), length, m);
    }
    m->is_first = m->is_first || is_first;
    return m;
}

/* The member at the end of a dotted path of `length` bytes, making what is missing on the way. */
static struct member *member_at(struct walker *w, struct member *o, const char *path, size_t length)
{
    const char *end = path + length;
    const char *dot;

    while ((dot = memchr(path, '.', (size_t)(end - path))) != NULL) {
        o = as_object(w, known_member(w, o, path, (size_t)(dot - path)));
        path = dot + 1;
    }
    return known_member(w, o, path, (size_t)(end - path));
}

/* Leads `path` (alternatives separated by '|', steps by '.') below `o` to a column or a table. */
static void add_target(struct walker *w, struct member *o, const char *path, bool is_table,
                       size_t at)
{
    bool has_alternates = strchr(path, '|') != NULL;

    for (unsigned char rank = 0;; rank++) {
        size_t length = strcspn(path, "|");
        struct member *m = member_at(w, o, path, length);
        struct target *t = arena_alloc(w->fixed, sizeof(*t));

        *t = (struct target){.next = m->targets,
                             .is_table = is_table,
                             .has_alternates = has_alternates,
                             .rank = rank,
                             .at = at};
        m->targets = t;
        if (path[length] == '\0') {
            return;
        }
        path += length + 1;
    }
}

/* A name to ignore: a dotted one at its full path, one without a dot in every object. */
static void ignore(struct walker *w, struct member *o, const char *name)
{
    const char *dot = strrchr(name, '.');

    if (!dot) {
        known_member(w, o, name, strlen(name));
    } else if (strlen(o->path) == (size_t)(dot - name) &&
               memcmp(o->path, name, (size_t)(dot - name)) == 0) {
        known_member(w, o, dot + 1, strlen(dot + 1));
    }
}

/* --- making --- */

static size_t first_column(const struct walk_table *t)
{
    return 1 + t->ordinals;
}

/* Where a table's rows have the column `name`. */
static size_t cell_of(const struct walk_table *t, const char *name)
{
    size_t column = map_column(t->map, name);

    INVARIANT(column < t->map->column_count);
    return first_column(t) + column;
}

/* What a column's path or base leads to; a field on the way is known. */
static struct reach reach(struct walker *w, struct walk_table *t, const char *path)
{
    size_t up = strspn(path, "^");
    struct reach r = {.level = t->depth - up, .path = path + up};

    INVARIANT(up <= t->depth);
    for (; up > 0 && t; up--) {
        t = t->parent;
    }
    r.note = join(w, t ? t->path : "^", r.path, strcspn(r.path, "|"));
    for (const char *at = r.path; t && at; at = strchr(at, '|')) {
        at += *at == '|';
        (void)member_at(w, as_object(w, &t->element), at, strcspn(at, "|"));
    }
    return r;
}

/* The alternatives of a column's base, each with its own levels. */
static void add_bases(struct walker *w, struct walk_table *t, const char *base,
                      struct reach bases[BASES_MOST])
{
    for (size_t i = 0; base && i < BASES_MOST; i++) {
        size_t length = strcspn(base, "|");

        bases[i] = reach(w, t, arena_strndup(w->fixed, base, length));
        base = base[length] ? base + length + 1 : NULL;
    }
}

static void add_columns(struct walker *w, struct walk_table *t)
{
    const struct table_map *map = t->map;
    bool is_plain = false; /* its elements, or their names, are values */

    t->columns = arena_array(w->fixed, map->column_count, sizeof(*t->columns));
    t->apart = arena_array(w->fixed, map->column_count, sizeof(*t->apart));
    t->required = arena_array(w->fixed, map->column_count, sizeof(*t->required));
    t->ranks = arena_array(w->fixed, map->column_count, sizeof(*t->ranks));
    for (size_t i = 0; i < map->column_count; i++) {
        const struct column_map *column = &map->columns[i];

        t->columns[i].name_hash = hash_short(column->name, strlen(column->name));
        add_bases(w, t, column->base, t->columns[i].bases);
        if (column->flags & (COLUMN_REQUIRED | COLUMN_OR_NONE)) {
            t->required[t->required_count++] = i;
        }
        is_plain = is_plain || (column->source > SOURCE_FIELD && column->source < SOURCE_START);
        if (column->source == SOURCE_FIELD && column->path[0] != '^') {
            add_target(w, as_object(w, &t->element), column->path, false, i);
            continue;
        }
        if (column->source == SOURCE_FIELD) {
            t->columns[i].value = reach(w, t, column->path);
        }
        t->apart[t->apart_count++] = i;
    }
    if (!is_plain) { /* its elements are objects, though no field of theirs is mapped */
        (void)as_object(w, &t->element);
    }
}

/* Adds `map` and what is below it at the next free place; returns the next after them, of the root
 * and what is below it. */
static size_t add_table(struct walker *w, const struct table_map *map, struct walk_table *parent,
                        size_t at)
{
    struct walk_table *t = &w->tables[at];

    *t = (struct walk_table){
        .map = map,
        .parent = parent,
        .depth = parent ? parent->depth + 1 : 1,
        .path = parent ? join(w, parent->path, map->rows, strlen(map->rows)) : "",
        .name_hash = hash_short(map->table, strlen(map->table)),
    };
    t->element.path = t->path;
    t->ordinals = (parent ? parent->ordinals : 0) + (map->ordinal ? 1 : 0);
    INVARIANT(at < COUNT_OF(w->tables) && t->depth < LEVELS_MAX);
    const char **ordinals = arena_array(w->fixed, t->ordinals + 1, sizeof(*ordinals));
    for (size_t i = 0; parent && i < parent->ordinals; i++) {
        ordinals[i] = w->shapes[parent - w->tables].ordinals[i];
    }
    if (map->ordinal) {
        ordinals[t->ordinals - 1] = map->ordinal;
    }
    w->shapes[at] = (struct walk_shape){.map = map,
                                        .path = t->path,
                                        .parent = parent ? (size_t)(parent - w->tables) : 0,
                                        .ordinals = ordinals,
                                        .ordinal_count = t->ordinals};
    add_columns(w, t);
    if (parent) {
        add_target(w, as_object(w, &parent->element), map->rows, true, at);
    }
    if (map->hash_part == HASH_ATTRIBUTES) {
        /* An entity's own id is <table>_id; attributes are kept by their parent's. */
        INVARIANT(parent && !w->attributes);
        w->attributes = t;
        t->parent_id_cell = cell_of(parent, arena_printf(w->fixed, "%s_id", parent->map->table));
    }
    at++;
    for (size_t i = 0; i < map->child_count; i++) {
        at = add_table(w, map->children[i], t, map->children[i] == w->tree->root ? 0 : at);
    }
    return at;
}

static void make_walker(struct walker *w, struct page_walker *page, const struct tree_map *tree)
{
    w->page = page;
    w->tree = tree;
    w->fixed = arena_new(0);
    w->top = &w->tables[tree->top ? WALK_TABLES_MAX : 0];
    w->table_count =
        add_table(w, tree->top ? tree->top : tree->root, NULL, (size_t)(w->top - w->tables));
    INVARIANT(w->table_count <= WALK_TABLES_MAX);
    w->id_cells = arena_array(w->fixed, tree->id_count, sizeof(*w->id_cells));
    for (size_t i = 0; i < tree->id_count; i++) {
        w->id_cells[i] = cell_of(&w->tables[0], tree->ids[i]);
    }
    w->within = map_flagged(tree->root, COLUMN_WITHIN);
    for (struct member *o = w->objects; o; o = o->next) {
        for (size_t i = 0; i < tree->ignored_count; i++) {
            ignore(w, o, tree->ignored[i]);
        }
    }
}

struct page_walker *page_walker_new(const struct tree_map *const *trees)
{
    size_t count = 0;

    while (trees[count]) {
        count++;
    }
    struct page_walker *w = xcalloc(1, sizeof(*w) + count * sizeof(struct walker));
    w->count = count;
    for (size_t i = 0; i < count; i++) {
        make_walker(&w->trees[i], w, trees[i]);
    }
    w->hash = buf_of(SIZE_MAX);
    w->scratch = buf_of(65536);
    return w;
}

void page_walker_free(struct page_walker *w)
{
    if (!w) {
        return;
    }
    for (size_t i = 0; i < w->count; i++) {
        arena_free(w->trees[i].fixed);
    }
    buf_free(&w->hash);
    buf_free(&w->scratch);
    free(w);
}

/* --- notes: each path and problem once, with a count --- */

/* Counts one. Returns the note when it has just been made. */
static struct walk_note *count_note(struct page_walker *w, const char *path, const char *problem)
{
    char name[NOTE_NAME_BYTES];
    size_t length = (size_t)snprintf(name, sizeof(name), "%s\n%s", problem ? problem : "", path);
    struct walk_note *note = slot_of(&w->note_names, name, length)->value;

    INVARIANT(length < sizeof(name));
    if (note) {
        note->count++;
        return NULL;
    }
    if (w->note_count >= NOTES_MAX && !str_eq(path, "...")) {
        /* Two places are left for these: unknown fields and problems. */
        return count_note(w, "...", problem ? "various" : NULL);
    }
    const char *kept = arena_strndup(w->note_names.arena, name, length);
    note = &w->notes[w->note_count++];
    *note = (struct walk_note){.path = strchr(kept, '\n') + 1, .problem = problem, .count = 1};
    (void)put_name(&w->note_names, kept, length, note);
    return note;
}

/* Counts a value at `path` that has `problem` (static text); the first one is the example: its
 * first EXAMPLE_CHARACTERS characters, escaped; escapes count as one. */
static void note_problem(struct page_walker *w, const char *path, const char *problem,
                         struct json value)
{
    struct walk_note *note = count_note(w, path, problem);

    if (!note) {
        return;
    }
    ARENA_SCOPED struct arena *a = arena_new(0);
    size_t length = 0;
    size_t at = 0;
    const char *text = json_text(value, &length);
    text = text ? text : json_write(a, value, &length);
    for (int i = 0; i < EXAMPLE_CHARACTERS && at < length; i++) {
        uint32_t code;
        size_t step = utf8_next(text + at, length - at, &code);

        at += step > 0 ? step : 1;
    }
    buf_cut(&w->scratch, 0);
    str_escape(&w->scratch, text, at);
    note->example = arena_strdup(w->note_names.arena, buf_str(&w->scratch));
}

/* --- content hashes of the entity walked last --- */

/* What stands before each value: whose it is, what it is, how long. */
static void hash_value(struct buf *h, uint32_t name, const struct cell *c)
{
    uint32_t head[3] = {name, (uint32_t)c->type, c->type == CELL_TEXT ? c->length : 8};

    hash_add(h, head, sizeof(head));
    if (c->type == CELL_TEXT) {
        hash_add(h, c->value.text, c->length);
    } else if (c->type != CELL_NULL) {
        hash_add(h, &c->value, 8);
    }
}

static void hash_columns(struct walker *w, const struct walk_table *t, const struct cell *columns)
{
    for (size_t i = 0; i < t->map->column_count; i++) {
        if (columns[i].type != CELL_NULL && !(t->map->columns[i].flags & COLUMN_UNHASHED)) {
            hash_value(&w->page->hash, t->columns[i].name_hash, &columns[i]);
        }
    }
}

uint64_t walk_never_zero(uint64_t hash)
{
    return hash > 0 ? hash : 1;
}

static uint64_t row_hash(struct walker *w)
{
    for (size_t i = 0; i < w->table_count; i++) {
        const struct walk_table *t = &w->tables[i];
        const struct row_set *set = &w->sets[i];
        uint32_t head[2] = {t->name_hash, UINT32_MAX};

        for (size_t r = set->first; t->map->hash_part == HASH_ROWS && r < set->row_count; r++) {
            const struct cell *row = set->cells + r * set->cells_per_row;

            hash_add(&w->page->hash, head, sizeof(head));
            for (size_t k = 1; k <= t->ordinals; k++) {
                hash_add(&w->page->hash, &row[k].value.integer, sizeof(row[k].value.integer));
            }
            hash_columns(w, t, row + first_column(t));
        }
    }
    return walk_never_zero(hash_digest(&w->page->hash));
}

uint64_t walk_attribute_term(struct page_walker *page, size_t tree, const struct cell *parent_id,
                             const struct cell *columns)
{
    struct walker *w = &page->trees[tree];

    hash_value(&w->page->hash, w->attributes->name_hash, parent_id);
    hash_columns(w, w->attributes, columns);
    return hash_digest(&w->page->hash);
}

/* Adds the terms of the attributes from `first` on, those of a parent that is complete. Parents
 * without an id are told apart by how many such come before them. */
static void add_attributes(struct walker *w, const struct cell *parent_row, size_t first)
{
    const struct walk_table *t = w->attributes;
    const struct row_set *set = &w->sets[t - w->tables];
    struct cell id = parent_row[t->parent_id_cell];

    if (id.type == CELL_NULL && w->nameless++ > 0) {
        id = cell_int(w->nameless - 1);
    }
    for (size_t i = first; i < set->row_count; i++) {
        const struct cell *columns = set->cells + i * set->cells_per_row + first_column(t);

        w->attribute_sum +=
            walk_attribute_term(w->page, (size_t)(w - w->page->trees), &id, columns);
    }
}

/* --- entities --- */

static struct cell own_text(struct walker *w, const char *text)
{
    return cell_text(arena_strdup(w->rows, text));
}

/* Forgets the entity at hand, and unless it is kept takes back its rows. */
static void begin_entity(struct walker *w, bool keep)
{
    for (size_t i = 0; i < w->table_count; i++) {
        size_t *end = &w->sets[i].row_count;

        *end = keep ? *end : w->sets[i].first;
        w->sets[i].first = *end;
    }
    w->attribute_sum = 0;
    w->nameless = 0;
}

/* Keeps the entity whose rows are complete; `row` is its root's. */
static void end_entity(struct walker *w, const struct cell *row)
{
    struct walked_tree *t = w->out;
    struct cell id = row[w->id_cells[0]];

    if (w->tree->id_count > 1) {
        struct buf *b = &w->page->scratch;

        buf_cut(b, 0);
        for (size_t i = 0; i < w->tree->id_count; i++) {
            const struct cell *part = &row[w->id_cells[i]];

            INVARIANT(part->type == CELL_TEXT);
            (void)(i == 0 || buf_add(b, "\x1f", 1));
            (void)buf_add(b, part->value.text, part->length);
        }
        id = own_text(w, buf_str(b));
    }
    INVARIANT(id.type == CELL_TEXT);
    if (t->count == t->capacity) {
        t->capacity = t->capacity > 0 ? t->capacity * 2 : FIRST_ROWS;
        t->entities = xrealloc(t->entities, t->capacity * sizeof(*t->entities));
    }
    struct row_set *attributes = w->attributes ? &w->sets[w->attributes - w->tables] : NULL;
    t->entities[t->count] = (struct walked){
        .id = id,
        .row_hash = row_hash(w),
        .attribute_hash = walk_never_zero(w->attribute_sum),
        .has_attributes = attributes && attributes->row_count > attributes->first,
    };
    t->count++;
}

/* --- rows --- */

/* What a column's base leads to: the first of its alternatives that is there. */
static struct json base_of(const struct walker *w, const struct walk_column *c)
{
    struct json found = {NULL};

    for (size_t i = 0; i < BASES_MOST && c->bases[i].path && json_type(found) <= JSON_NULL; i++) {
        found = json_first(w->levels[c->bases[i].level], c->bases[i].path);
    }
    return found;
}

/* Puts a value into a column. False when it has none that the column takes. */
static bool fill_cell(struct walker *w, const struct walk_table *t, size_t column,
                      struct json value, struct cell *row, const char *path)
{
    struct cell *cell = &row[first_column(t) + column];
    const struct column_map *map = &t->map->columns[column];
    const char *problem =
        walk_value(w->rows, map, value, base_of(w, &t->columns[column]), w->facts->start_ms, cell);

    if (problem) {
        note_problem(w->page, path, problem, value);
    }
    return cell->type != CELL_NULL;
}

/* A new row of `t`, its columns NULL: the parent's ordinals, then its own. Only the set of `t`
 * itself moves in memory, so the parent's row stays where it is. */
static struct cell *add_row(struct walker *w, struct walk_table *t, const struct cell *parent_row,
                            size_t ordinal, struct err *e)
{
    struct row_set *set = &w->sets[t - w->tables];
    size_t bytes = set->cells_per_row * sizeof(struct cell) + sizeof(*set->entities);
    size_t inherited = t->parent ? t->parent->ordinals : 0;

    if (bytes > w->page->room_bytes) {
        err_because(e, ERR_CONTRACT, CAUSE_NET_TOO_LARGE,
                    "the page holds too many rows: refused (limit PARSED_BYTES)");
        return NULL;
    }
    w->page->room_bytes -= bytes;
    if (set->row_count == set->row_capacity) {
        size_t first = t->usual_rows > FIRST_ROWS ? t->usual_rows : FIRST_ROWS;
        size_t rows = set->row_capacity > 0 ? set->row_capacity * 2 : first;

        set->cells = xrealloc(set->cells, rows * set->cells_per_row * sizeof(*set->cells));
        set->entities = xrealloc(set->entities, rows * sizeof(*set->entities));
        set->row_capacity = rows;
    }
    t->usual_rows = set->row_count + 1;
    set->entities[set->row_count] = (uint32_t)w->out->count;
    struct cell *row = set->cells + set->row_count++ * set->cells_per_row;
    memset(row, 0, set->cells_per_row * sizeof(*row));
    if (inherited > 0) {
        memcpy(row + 1, parent_row + 1, inherited * sizeof(*row));
    }
    if (t->map->ordinal) {
        row[t->ordinals] = cell_int((int64_t)ordinal);
    }
    memset(t->ranks, UNSET, t->map->column_count);
    t->serial = ++w->serial;
    return row;
}

static bool check_required(const struct walk_table *t, struct cell *row, struct err *e)
{
    for (size_t i = 0; i < t->required_count; i++) {
        struct cell *cell = &row[first_column(t) + t->required[i]];
        const struct column_map *column = &t->map->columns[t->required[i]];

        if (cell->type == CELL_NULL && (column->flags & COLUMN_OR_NONE)) {
            *cell = cell_text("");
        } else if (!(column->flags & COLUMN_OR_NONE) &&
                   (cell->type == CELL_NULL || (cell->type == CELL_TEXT && cell->length == 0))) {
            return err_set(e, ERR_CONTRACT, "%s%s%s is missing, or no usable value", t->path,
                           t->path[0] ? "." : "", column->path[0] ? column->path : column->name);
        }
    }
    return true;
}

static bool walk_rows(struct walker *w, struct walk_table *t, struct json value,
                      const struct cell *parent_row, struct err *e);

/* What a known member's value goes to: cells of the row, and rows below it. */
static inline bool fill_targets(struct walker *w, struct walk_table *t, const struct member *m,
                                struct json value, struct cell *row, struct err *e)
{
    bool is_null = json_type(value) == JSON_NULL;

    for (const struct target *c = m->targets; c; c = c->next) {
        if (c->is_table) {
            if (!walk_rows(w, &w->tables[c->at], value, row, e)) {
                return false;
            }
        } else if (c->rank < t->ranks[c->at] && !(is_null && c->has_alternates)) {
            /* Of alternatives the first that is present counts; of equal names the first. */
            t->ranks[c->at] = c->rank;
            if (!is_null) {
                (void)fill_cell(w, t, c->at, value, row, m->path);
            }
        }
    }
    return true;
}

/* Counts a member that no map names. */
static void note_unknown(struct page_walker *w, const char *parent, const char *name, size_t length)
{
    char path[NOTE_PATH_BYTES];
    struct buf *shown = &w->scratch;

    buf_cut(shown, 0);
    str_escape(shown, name, length > NOTE_KEY_BYTES ? NOTE_KEY_BYTES : length);
    (void)snprintf(path, sizeof(path), "%s%s%s%s", parent, parent[0] ? "." : "", buf_str(shown),
                   length > NOTE_KEY_BYTES ? "..." : "");
    (void)count_note(w, path, NULL);
}

/* Fills a row from the members of an object whose known ones are `known`. */
static bool walk_members(struct walker *w, struct walk_table *t, const struct member *known,
                         struct json object, struct cell *row, struct err *e)
{
    for (struct json_iter it = json_iter(object); json_next(&it);) {
        size_t length;
        const char *name = json_text(it.key, &length);
        struct json value = it.item;
        const struct member *m = slot_of(&known->names, name, length)->value;

        if (!m) {
            note_unknown(w->page, known->path, name, length);
            continue;
        }
        if (!fill_targets(w, t, m, value, row, e)) {
            return false;
        }
        if (!m->names.slots) {
            continue;
        }
        if (m->is_first && json_type(value) == JSON_ARRAY) {
            struct json_iter elements = json_iter(value);

            if (json_count(value) > 1) {
                note_problem(w->page, m->path, "more than one, the first is kept", value);
            }
            (void)json_next(&elements);
            value = elements.item;
        }
        if (json_type(value) == JSON_OBJECT) {
            if (!walk_members(w, t, m, value, row, e)) {
                return false;
            }
        } else if (!m->targets && json_type(value) > JSON_NULL) {
            note_problem(w->page, m->path, "wrong type", value);
        }
    }
    return true;
}

/* What a row is made from. */
struct element {
    struct json name; /* of a member, else the element */
    struct json value;
    size_t ordinal;
};

/* Fills the columns of a new row whose values lie in no member of its object. False when an element
 * is none that they take. */
static bool fill_apart(struct walker *w, const struct walk_table *t, const struct element *from,
                       struct cell *row)
{
    for (size_t i = 0; i < t->apart_count; i++) {
        size_t column = t->apart[i];
        enum column_source source = t->map->columns[column].source;
        struct json value = source == SOURCE_MEMBER_NAME ? from->name : from->value;
        const char *path = t->path;

        if (source >= SOURCE_START) {
            row[first_column(t) + column] = w->fact_cells[source];
            continue;
        }
        if (source == SOURCE_FIELD) {
            const struct reach *r = &t->columns[column].value;

            value = json_first(w->levels[r->level], r->path);
            path = r->note;
        }
        if ((source == SOURCE_ELEMENT || json_type(value) > JSON_NULL) &&
            !fill_cell(w, t, column, value, row, path) && source == SOURCE_ELEMENT) {
            return false;
        }
    }
    return true;
}

/* Whether an entity, its root's row given, is one of the window's: its instant lies there. One
 * without an instant is none of any window's, and counted. */
static bool is_within(struct walker *w, const struct cell *row)
{
    const struct cell *ends = w->fact_cells;
    const struct table_map *root = w->tables[0].map;

    if (w->within == root->column_count || ends[SOURCE_START].type == CELL_NULL) {
        return true;
    }
    const struct cell *at = &row[first_column(&w->tables[0]) + w->within];
    if (at->type == CELL_NULL) {
        (void)count_note(w->page, root->columns[w->within].path, "no instant: left out");
        return false;
    }
    return strcmp(at->value.text, ends[SOURCE_START].value.text) >= 0 &&
           strcmp(at->value.text, ends[SOURCE_END].value.text) < 0;
}

/* One row from an element or a member; none from an object that holds nested roots. What cannot be
 * a row is counted and left out. */
static bool walk_row(struct walker *w, struct walk_table *t, const struct element *from,
                     const struct cell *parent_row, struct err *e)
{
    struct json value = from->value;

    if (t->element.names.slots && json_type(value) != JSON_OBJECT) {
        note_problem(w->page, t->path, "wrong type", value);
        return true;
    }
    w->levels[t->depth] = value;
    if (t >= w->tables + WALK_TABLES_MAX) {
        t->serial = ++w->serial;
        return walk_members(w, t, &t->element, value, NULL, e);
    }
    bool has_attributes = w->attributes && t == w->attributes->parent;
    size_t first = has_attributes ? w->sets[w->attributes - w->tables].row_count : 0;
    struct cell *row = add_row(w, t, parent_row, from->ordinal, e);
    if (!row) {
        return false;
    }
    if (!fill_apart(w, t, from, row)) {
        w->sets[t - w->tables].row_count--;
        return true;
    }
    if ((t->element.names.slots && !walk_members(w, t, &t->element, value, row, e)) ||
        !check_required(t, row, e)) {
        return false;
    }
    if (has_attributes) {
        add_attributes(w, row, first);
    }
    if (t == w->tables) {
        bool is_kept = is_within(w, row);

        if (is_kept) {
            end_entity(w, row);
        }
        begin_entity(w, is_kept);
    }
    return true;
}

/* Ordinals stay the API's, whatever is left out. */
static bool walk_rows(struct walker *w, struct walk_table *t, struct json value,
                      const struct cell *parent_row, struct err *e)
{
    enum json_type wanted = t->map->shape == ROWS_ARRAY ? JSON_ARRAY : JSON_OBJECT;

    if (json_type(value) == JSON_NULL) {
        return true;
    }
    if (json_type(value) != wanted) {
        note_problem(w->page, t->path, "wrong type", value);
        return true;
    }
    if (t->rows_of_serial == t->parent->serial) {
        note_problem(w->page, t->path, "duplicate name", value);
        return true;
    }
    t->rows_of_serial = t->parent->serial;
    if (t->map->shape == ROWS_OBJECT) {
        return walk_row(w, t, &(struct element){value, value, 0}, parent_row, e);
    }
    struct names names = {.slots = NULL};
    if (t->map->shape == ROWS_MEMBERS) {
        names = names_new(w->rows, json_count(value));
    }
    struct json_iter it = json_iter(value);
    for (size_t ordinal = 0; json_next(&it); ordinal++) {
        size_t length;
        const char *name = json_text(it.key, &length);

        if (names.slots && put_name(&names, name, length, w)) {
            note_problem(w->page, t->path, "duplicate name", it.key);
        } else if (!walk_row(w, t, &(struct element){it.key, it.item, ordinal}, parent_row, e)) {
            return false;
        }
    }
    return true;
}

/* Marks each entity whose id comes again behind it. */
static void mark_superseded(struct walked_tree *t)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct names ids = names_new(a, t->count);

    for (size_t i = 0; i < t->count; i++) {
        const struct cell *id = &t->entities[i].id;
        struct walked *before = put_name(&ids, id->value.text, id->length, &t->entities[i]);

        if (before) {
            before->superseded = true;
        }
    }
}

/* --- pages --- */

/* Empty row sets for one walker, which fills them. */
static void begin_tree(struct walker *w, struct walked_page *p, struct walked_tree *out,
                       const struct walk_facts *facts)
{
    char start[CLOCK_ISO_BYTES];
    char end[CLOCK_ISO_BYTES];

    *out = (struct walked_tree){.sets = arena_array(p->texts, w->table_count, sizeof(*out->sets)),
                                .table_count = w->table_count};
    for (size_t i = 0; i < w->table_count; i++) {
        const struct walk_table *t = &w->tables[i];

        out->sets[i] = (struct row_set){.table = t->map,
                                        .cells_per_row = first_column(t) + t->map->column_count +
                                                         (i == 0 ? WALK_OWN_CELLS : 0)};
    }
    w->facts = facts;
    w->rows = p->texts;
    w->levels[0] = json_root(p->document);
    w->fact_cells[SOURCE_START] =
        own_text(w, facts->start_ms == TIME_NONE ? NULL : clock_format(facts->start_ms, start));
    w->fact_cells[SOURCE_END] =
        own_text(w, facts->end_ms == TIME_NONE ? NULL : clock_format(facts->end_ms, end));
    w->fact_cells[SOURCE_ZONE] = own_text(w, facts->zone);
    w->fact_cells[SOURCE_DAY] = own_text(w, facts->day);
    w->fact_cells[SOURCE_PARENT] = own_text(w, facts->parent);
    w->fact_cells[SOURCE_SCOPE] = own_text(w, facts->scope);
    w->out = out;
    w->sets = out->sets;
    begin_entity(w, true);
}

/* An entity, or what holds some, by all trees. */
static bool walk_one(struct page_walker *w, const struct element *one, struct err *e)
{
    for (size_t i = 0; i < w->count; i++) {
        struct walker *by = &w->trees[i];

        if (json_type(one->value) != JSON_OBJECT) {
            return err_set(e, ERR_CONTRACT, "it is no object");
        }
        if (!walk_row(by, by->top, one, NULL, e)) {
            return false;
        }
    }
    return true;
}

static bool walk_all(struct page_walker *w, struct json rows, size_t unwanted, struct err *e)
{
    struct json_iter it = json_iter(rows);

    if (json_type(rows) == JSON_OBJECT) {
        return walk_one(w, &(struct element){.value = rows}, e);
    }
    if (json_type(rows) > JSON_NULL && json_type(rows) != JSON_ARRAY) {
        return err_set(e, ERR_CONTRACT, "the answer holds no list where its rows were due");
    }
    size_t wanted = json_count(rows) - unwanted;
    for (size_t number = 1; number <= wanted && json_next(&it); number++) {
        if (!walk_one(w, &(struct element){it.key, it.item, 0}, e)) {
            return err_prefix(e, "row %zu of the page", number);
        }
    }
    return true;
}

struct walked_page *page_walk(struct page_walker *w, struct json_doc *doc, struct json rows,
                              const struct walk_facts *facts, struct err *e)
{
    struct walked_page *p = xcalloc(1, sizeof(*p));
    size_t most = (size_t)limit_get(LIMIT_PARSED_BYTES);
    size_t held = json_held_bytes(doc);

    w->room_bytes = most > held ? most - held : 0;
    p->bytes = sizeof(*p) + w->room_bytes;
    p->document = doc;
    p->texts = arena_new(0);
    p->tree_count = w->count;
    p->trees = arena_array(p->texts, w->count, sizeof(*p->trees));
    w->note_names = names_new(p->texts, 0);
    w->note_count = 0;
    for (size_t i = 0; i < w->count; i++) {
        begin_tree(&w->trees[i], p, &p->trees[i], facts);
    }
    if (doc->mended > 0) {
        count_note(w, "", "no character: U+FFFD stands for it")->count = (int64_t)doc->mended;
    }
    bool walked = walk_all(w, rows, facts->unwanted, e);
    p->note_count = w->note_count;
    p->notes = arena_array(p->texts, p->note_count, sizeof(*p->notes));
    memcpy(p->notes, w->notes, p->note_count * sizeof(*p->notes));
    if (!walked) {
        walked_free(p);
        return NULL;
    }
    for (size_t i = 0; i < w->count; i++) {
        mark_superseded(&p->trees[i]);
        p->count += p->trees[i].count;
        p->bytes += p->trees[i].capacity * sizeof(*p->trees[i].entities);
    }
    json_drop_values(doc);
    p->bytes += json_held_bytes(doc) + arena_bytes(p->texts) - w->room_bytes;
    return p;
}

void walked_free(struct walked_page *p)
{
    if (!p) {
        return;
    }
    for (size_t i = 0; i < p->tree_count; i++) {
        for (size_t k = 0; k < p->trees[i].table_count; k++) {
            free(p->trees[i].sets[k].cells);
            free(p->trees[i].sets[k].entities);
        }
        free(p->trees[i].entities);
    }
    arena_free(p->texts);
    json_free(p->document);
    free(p);
}

struct cell walked_id(const struct walked_page *p, size_t i)
{
    const struct walked_tree *t = p->trees;

    for (; i >= t->count; t++) {
        i -= t->count;
    }
    return t->entities[i].id;
}

const struct walk_shape *walk_shapes(const struct page_walker *w, size_t tree, size_t *count)
{
    *count = w->trees[tree].table_count;
    return w->trees[tree].shapes;
}
