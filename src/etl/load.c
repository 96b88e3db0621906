#include "etl/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "etl/words.h"
#include "sql.h"

enum { TABLES_MAX = WALK_TABLES_MAX };

/* Names of the feeds begin with it, then comes the table's. */
#define FEED "rollcall_new_"

/* The cells behind the root's, as own.txt has them. */
enum own { OWN_IDS, OWN_COUNT };
_Static_assert((int)OWN_COUNT == (int)WALK_OWN_CELLS, "as many as the walker leaves free");
static const char *const own_columns[OWN_COUNT] = {OWN_NAMES};

/* What the file has for a tree (sql_load_has and, where it has changes, sql_load_measures): NULL or
 * a text each. */
enum { HAS_GONE, HAS_CHANGE, OLD_NAMES, COUNTS, NEW_COUNTS, HAS_COUNT };

/* Those of statements.txt, and by table what alters (is noted before), removes and inserts its
 * rows, and what removes or marks those that a whole reading has not seen. */
enum statement {
    STATEMENT_IDS,
    ALTER,
    REMOVE = ALTER + TABLES_MAX, /* this and the next: not of the root */
    INSERT = REMOVE + TABLES_MAX,
    END = INSERT + TABLES_MAX,
    STATEMENTS = END + TABLES_MAX
};

/* A tree's; those of a stream's other trees hang on it. */
struct loader {
    struct loader *next;
    struct db *db;
    const struct tree_map *tree;
    const char *key; /* its key column */
    size_t tree_no;
    enum load_rule rule;
    const char *gone; /* the root's column that says since when a row is gone */
    const char *has[HAS_COUNT];
    const char *log;    /* table where changes of its root's fields stand; NULL: none */
    const char *listed; /* SQL that lists the scopes that there are, while UNLISTED is made */
    struct page_walker *walker; /* knows the trees; the first one's */
    struct history *history;    /* LOAD_OBSERVE, LOAD_INTERVALS; the rest is of the other rules */
    struct arena *arena;
    const struct walk_shape *tables;
    size_t table_count;
    size_t attributes;           /* the table of attributes; 0: the tree has none */
    size_t own_stored;           /* how many of the root's own cells are stored */
    const char *sql[STATEMENTS]; /* NULL: the tree needs none such */
    struct db_feed feeds[TABLES_MAX];

    const struct load_page *page;
    bool brings; /* it brings attributes */
    int64_t last_key;

    const struct walked_tree *rows; /* of the page */
};

/* --- statements --- */

/* `form` for each column of a table but those that are listed (count 0: all). */
static const char *each_column(struct loader *l, const struct table_map *map,
                               const char *const *but, size_t but_count, const char *form,
                               const char *comma)
{
    const char **names = arena_array(l->arena, map->column_count, sizeof(*names));
    size_t count = 0;

    for (size_t i = 0; i < map->column_count; i++) {
        if (!str_is_listed(map->columns[i].name, but, but_count)) {
            names[count++] = map->columns[i].name;
        }
    }
    return words_each(l->arena, names, count, form, comma);
}

/* The stored columns of a table, as they lie in its rows; a root without a key of ours has its id
 * among them. With types, those of integer keys and ordinals stand behind them: a feed whose
 * columns have none is joined by scanning it. */
static const char *stored_columns(struct loader *l, size_t table, bool types)
{
    const struct walk_shape *t = &l->tables[table];
    const char *type = types ? " INTEGER," : ",";
    const char *key = "";

    if (table > 0 || l->tree->key) {
        key = arena_printf(l->arena, "\"%s\"%s", l->key, l->tree->key ? type : ",");
    }
    return arena_printf(
        l->arena, "%s%s%s%s", key,
        words_each(l->arena, t->ordinals, t->ordinal_count, types ? "$ INTEGER," : "$,", ""),
        each_column(l, t->map, NULL, 0, "$", ","),
        words_each(l->arena, own_columns, table == 0 ? l->own_stored : 0, ",$", ""));
}

/* The root's column that the window's start or the scope fills; NULL: none does. */
static const char *fact_column(const struct loader *l, enum column_source source)
{
    const struct table_map *map = l->tree->root;
    size_t i = 0;

    while (i < map->column_count && map->columns[i].source != source) {
        i++;
    }
    return i < map->column_count ? map->columns[i].name : NULL;
}

/* Of the root's rows those of a window from ?3 to ?5 (that say so, or else whose instant lies in
 * it: that which makes them the window's, or their id) and of the scope ?4 that the reading has not
 * seen. */
static void add_unseen(struct loader *l, struct words *w)
{
    const struct table_map *root = l->tree->root;
    size_t within = map_flagged(root, COLUMN_WITHIN);
    const char *start = fact_column(l, SOURCE_START);
    const char *scope = fact_column(l, SOURCE_SCOPE);
    const char *day = l->rule == LOAD_ENTITY ? fact_column(l, SOURCE_DAY) : NULL;
    const char *id = within < root->column_count ? root->columns[within].name : NULL;

    for (size_t i = 0; !start && !id && l->rule == LOAD_WINDOW && i < l->tree->id_count; i++) {
        id = strstr(l->tree->ids[i], "start") ? l->tree->ids[i] : id;
    }
    INVARIANT(l->rule != LOAD_WINDOW || start || id);
    words_add(w, "from", "\"%s\"", start ? start : id ? id : "");
    words_add(w, "day", day ? "\"%s\" IS ?8" : l->rule == LOAD_ENTITY ? "?8 IS ?8" : "1", day);
    words_add(w, "scope", scope ? "\"%s\"" : "?4", scope);
    words_add(w, "of_window", "%s",
              words_fill(w, start ? "{from} IS ?3 AND ?5 IS ?5"
                            : id  ? "{from} >= ?3 AND {from} < ?5"
                                  : "?3 IS ?3 AND ?5 IS ?5"));
    words_add(w, "listed", "%s", l->listed ? l->listed : "");
    words_add(w, "unseen", "%s", words_fill(w, l->listed ? sql_load_unlisted : sql_load_unseen));
}

/* Whether a stored row of LOAD_WINDOW is one of another window: its facts are in no hash. Of an
 * entity that may be another scope's 2: it stays so, 3: the new one takes it; one of another zone's
 * day is another. */
static const char *moved(struct loader *l)
{
    const char *const facts[] = {fact_column(l, SOURCE_START), fact_column(l, SOURCE_SCOPE)};
    const char *const known[] = {facts[0] ? facts[0] : facts[1], facts[1] ? facts[1] : facts[0]};
    const char *zone = fact_column(l, SOURCE_ZONE);

    if (l->tree->holds) {
        struct words w = {.arena = l->arena};

        words_add(&w, "stored", "stored");
        words_add(&w, "new", "new");
        words_add(&w, "zone", "\"%s\"", zone ? zone : "");
        return arena_printf(
            l->arena, "CASE WHEN stored.\"%s\" IS new.\"%s\" THEN %s WHEN %s THEN 2 ELSE 3 END",
            facts[1], facts[1], zone ? words_fill(&w, "stored.{zone} IS NOT new.{zone}") : "0",
            words_fill(&w, l->tree->holds));
    }
    return l->rule != LOAD_WINDOW || !known[0]
               ? "0"
               : arena_printf(l->arena, "(%s) IS NOT (%s)",
                              words_each(l->arena, known, COUNT_OF(known), "stored.$", ", "),
                              words_each(l->arena, known, COUNT_OF(known), "new.$", ", "));
}

/* Which fields of the root count, and where they stand; and which do not, so that their lack shows
 * in no hash. */
static void add_fields(struct loader *l, struct words *w)
{
    const struct table_map *map = l->tree->root;
    const char *const *ids = l->tree->ids;
    const char **fields = arena_array(l->arena, map->column_count + 1, sizeof(*fields));
    const char **others = arena_array(l->arena, map->column_count + 1, sizeof(*others));
    size_t count = 0;
    size_t other_count = 0;

    for (size_t i = 0; i < map->column_count; i++) {
        const struct column_map *c = &map->columns[i];
        bool is_field = !(c->flags & COLUMN_UNHASHED) || c->source == SOURCE_SCOPE;

        if (!str_is_listed(c->name, ids, l->tree->id_count)) {
            *(is_field ? &fields[count++] : &others[other_count++]) = c->name;
        }
    }
    words_add(w, "lacks", "0 %s",
              words_each(l->arena, others, other_count, "OR stored.$ IS NULL AND new.$ IS NOT NULL",
                         " "));
    words_add(w, "new_values", "WHEN NULL THEN NULL %s",
              words_each(l->arena, fields, count, "WHEN '$' THEN new.$", " "));
    fields[count] = l->gone;
    count += l->has[HAS_GONE] != NULL;
    words_add(w, "old_values", "WHEN NULL THEN NULL %s",
              words_each(l->arena, fields, count, "WHEN '$' THEN stored.$", " "));
    words_add(w, "fields", "%s",
              count ? words_each(l->arena, fields, count, "('$')", ",") : "(NULL)");
    words_add(w, "stored_fields", "%s", words_fill(w, sql_load_fields));
}

/* Where changes of the root's fields go. */
static void add_log(struct loader *l, struct words *w)
{
    const char *const *ids = l->tree->ids;

    words_add(w, "log", "\"%s\"", l->log ? l->log : "");
    words_add(w, "old_names", "%s", l->has[OLD_NAMES]);
    words_add(w, "counts", "%s", l->has[COUNTS]);
    words_add(w, "new_counts", "%s", l->has[NEW_COUNTS]);
    words_add(w, "log_columns", "%s",
              l->tree->changes ? words_each(l->arena, ids, l->tree->id_count, "$", ", ")
                               : "table_name, id");
    words_add(w, "was", "%s", l->rule == LOAD_WINDOW ? "" : "was IS NOT ?2 OR");
    words_add(w, "log_id", l->tree->changes ? "%.0s%s" : "'%s', %s", l->tree->root->table,
              words_each(l->arena, ids, l->tree->id_count, "stored.$",
                         l->tree->changes ? ", " : " || '/' || "));
    /* What two scopes bring of a row when both are first read is no change of it. */
    words_add(w, "read_before", "%s",
              l->rule == LOAD_WINDOW || l->tree->changes ? words_fill(w, sql_load_read_before)
                                                         : "?3 IS ?3");
}

static struct words words_of(struct loader *l, size_t table)
{
    const struct walk_shape *t = &l->tables[table];
    const struct walk_shape *parent = &l->tables[t->parent];
    const char *const *ids = l->tree->ids;
    size_t count = l->tree->id_count;
    const char *root = l->tree->root->table;
    struct words w = {.arena = l->arena};

    words_add(&w, "key", "\"%s\"", l->key);
    words_add(&w, "id", "\"%s\"", ids[0]);
    words_add(&w, "root", "\"%s\"", root);
    words_add(&w, "new_root", "\"" FEED "%s\"", root);
    words_add(&w, "gone", "\"%s\"", l->gone);
    words_add(&w, "owes", "%s", l->tree->owes ? l->tree->owes : "");
    words_add(&w, "root_change", "\"%s_change\"", root);
    /* What an entity that is there gets: all but its key and id. */
    words_add(
        &w, "changes", "%s%s%s", each_column(l, l->tree->root, ids, count, "$ = excluded.$, ", ""),
        words_each(l->arena, own_columns, l->own_stored, "$ = excluded.$", ", "),
        l->has[HAS_GONE] ? words_fill(&w, ", {gone} = CASE WHEN ?1 THEN {root}.{gone} END") : "");
    words_add(&w, "ids", "%s", words_each(l->arena, ids, count, "$", ", "));
    words_add(&w, "stored_ids", "%s", words_each(l->arena, ids, count, "stored.$", ", "));
    words_add(&w, "new_ids", "%s", words_each(l->arena, ids, count, "new.$", ", "));
    words_add(&w, "one_id", "%s", words_each(l->arena, ids, count, "$", " || char(31) || "));
    add_unseen(l, &w);
    words_add(&w, "deleted", l->has[HAS_GONE] ? "stored.\"%s\" IS NOT NULL" : "0", l->gone);
    words_add(&w, "moved", "%s", moved(l));
    words_add(&w, "attribute_hash", l->attributes ? "stored.row_attribute_hash" : "NULL");
    words_add(&w, "was_read", l->attributes ? "ifnull(stored.row_attribute_read, 0)" : "0");
    words_add(&w, "written", l->attributes && table == l->attributes ? "attributes" : "rows");
    words_add(&w, "table", "\"%s\"", t->map->table);
    words_add(&w, "new", "\"" FEED "%s\"", t->map->table);
    words_add(&w, "columns", "%s", stored_columns(l, table, false));
    words_add(&w, "parent", "\"%s\"", parent->map->table);
    words_add(&w, "new_parent", "\"" FEED "%s\"", parent->map->table);
    words_add(&w, "parent_id", "\"%s_id\"", parent->map->table);
    words_add(&w, "no", "\"%s\"", parent->ordinal_count ? parent->ordinals[0] : "");
    words_add(&w, "name", "%s", t->map->table);
    add_fields(l, &w);
    add_log(l, &w);
    return w;
}

/* Makes a statement about a table, where it is needed. */
static void make(struct loader *l, size_t statement, size_t table, bool is_needed,
                 const char *template)
{
    struct arena *kept = l->arena;

    if (is_needed) {
        ARENA_SCOPED struct arena *words = arena_new(0); /* many times as long as the statement */
        l->arena = words;
        struct words w = words_of(l, table);
        l->sql[statement] = arena_strdup(kept, words_fill(&w, template));
        l->arena = kept;
    }
}

static bool make_root(struct loader *l, struct err *e)
{
    const char *root = l->tree->root->table;
    const char *change = arena_printf(l->arena, "%s_change", root);

    l->gone = l->tree->gone ? l->tree->gone : GONE_COLUMN;
    l->has[OLD_NAMES] = l->has[COUNTS] = l->has[NEW_COUNTS] = "";
    if (!db_texts(db_ask(l->db, e, sql_load_has, S(change), S(root), S(l->gone)), l->arena, l->has,
                  OLD_NAMES) ||
        (l->has[HAS_CHANGE] &&
         !db_texts(db_ask(l->db, e, sql_load_measures, S(change), S(root), S(l->key)), l->arena,
                   &l->has[OLD_NAMES], HAS_COUNT - OLD_NAMES))) {
        return false;
    }
    bool has_change = l->has[HAS_CHANGE] != NULL;
    bool has_gone = l->has[HAS_GONE] != NULL;
    l->log = l->tree->changes                        ? l->tree->changes
             : l->rule == LOAD_ENTITY && !has_change ? "dimension_change"
                                                     : NULL;
    MADE_STATEMENTS;
    make(l, ALTER, 0, has_change, sql_load_alter_root);
    make(l, END, 0, l->rule == LOAD_WINDOW || has_gone,
         l->rule == LOAD_WINDOW ? sql_load_end_root : sql_load_mark_root);
    return true;
}

/* --- making --- */

/* The row of an entity's root, and the cells behind it; and whether one of them says yes. */
static struct cell *root_cells(const struct loader *l, size_t entity)
{
    const struct row_set *roots = &l->rows->sets[0];

    return roots->cells + entity * roots->cells_per_row;
}

static struct cell *own_cells(const struct loader *l, size_t entity)
{
    return root_cells(l, entity + 1) - OWN_COUNT;
}

static bool is(const struct cell *own, enum own what)
{
    return own[what].value.integer != 0;
}

/* Whether a row of the page is written. */
static bool is_fed(const void *user, size_t table, size_t row)
{
    const struct loader *l = user;
    const struct cell *own = own_cells(l, l->rows->sets[table].entities[row]);

    if (table == 0) {
        return is(own, OWN_ROWS) || is(own, OWN_ATTRIBUTES) || is(own, OWN_MARKED);
    }
    return is(own, l->attributes && table == l->attributes ? OWN_ATTRIBUTES : OWN_ROWS);
}

/* Makes a page's rows of a table a table of the database. */
static bool feed(struct loader *l, size_t i, struct err *e)
{
    const struct walk_shape *t = &l->tables[i];
    struct db_feed *f = &l->feeds[i];
    const char *columns = stored_columns(l, i, true);
    size_t width = 1 + t->ordinal_count + t->map->column_count;
    const char *taken;

    if (i == 0) {
        columns = arena_printf(
            l->arena, "%s%s%s", l->tree->key ? "" : "entity_key,", columns,
            words_each(l->arena, own_columns + l->own_stored, OWN_COUNT - l->own_stored, ",$", ""));
        width += OWN_COUNT;
    }
    *f = (struct db_feed){.name = arena_printf(l->arena, FEED "%s", t->map->table),
                          .columns = columns,
                          .width = width,
                          .has = is_fed,
                          .user = l,
                          .table = i};
    /* It would be read in place of the feed. */
    return db_texts(db_ask(l->db, e, "SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
                           S(f->name)),
                    l->arena, &taken, 1) &&
           (taken ? err_set(e, ERR_STORE,
                            "%s: holds a table or view %s, a name that rollcall needs for itself; "
                            "rename it and run again",
                            db_path(l->db), f->name)
                  : db_feed(l->db, f, e));
}

static bool make_tree(struct loader *l, struct err *e)
{
    l->tables = walk_shapes(l->walker, l->tree_no, &l->table_count);
    for (size_t i = 1; i < l->table_count; i++) {
        if (l->tables[i].map->hash_part == HASH_ATTRIBUTES) {
            l->attributes = i;
        }
    }
    l->own_stored = l->attributes ? OWN_IS_NEW : OWN_ATTRIBUTE_HASH;
    if (!make_root(l, e) || !feed(l, 0, e)) {
        return false;
    }
    for (size_t i = 1; i < l->table_count; i++) {
        make(l, ALTER + i, i, l->has[HAS_CHANGE],
             i == l->attributes ? sql_load_alter_attributes : sql_load_alter_child);
        make(l, REMOVE + i, i, true, sql_load_remove);
        make(l, INSERT + i, i, true, sql_load_insert);
        make(l, END + i, i, l->rule == LOAD_WINDOW, sql_load_end_child);
        if (!feed(l, i, e)) {
            return false;
        }
    }
    const struct walk_shape *t = &l->tables[l->attributes];
    INVARIANT(!l->attributes ||
              (l->tree->key && l->tables[t->parent].parent == 0 && t->ordinal_count == 1));
    return db_exec(l->db, sql_load_temporary, e);
}

struct loader *load_new(struct db *d, const struct tree_map *const *trees, enum load_rule rule,
                        const struct table_map *state, struct err *e)
{
    struct loader *first = NULL;
    struct loader **end = &first;

    struct page_walker *walker = page_walker_new(trees);

    INVARIANT((rule == LOAD_OBSERVE) == (state != NULL));
    for (size_t i = 0; trees[i]; i++, end = &(*end)->next) {
        struct loader *l = *end = xcalloc(1, sizeof(*l));

        l->db = d;
        l->tree = trees[i];
        l->key = l->tree->key ? l->tree->key : l->tree->ids[0];
        l->tree_no = i;
        l->rule = rule;
        l->arena = arena_new(0);
        l->walker = walker;
        if (rule >= LOAD_INTERVALS) {
            l->history = history_new(d, trees[i], state);
        }
        if (!(l->history ? db_exec(d, l->history->temporary, e) : make_tree(l, e))) {
            load_free(first);
            return NULL;
        }
    }
    return first;
}

void load_free(struct loader *l)
{
    if (!l) {
        return;
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        db_forget(l->db, l->sql[i]);
    }
    for (size_t i = 0; i < TABLES_MAX && l->feeds[i].name; i++) {
        db_unfeed(l->db, l->feeds[i].name);
    }
    load_free(l->next);
    history_free(l->history);
    if (l->tree_no == 0) {
        page_walker_free(l->walker);
    }
    arena_free(l->arena);
    free(l);
}

bool load_settle(struct loader *l, struct err *e)
{
    int64_t owes = 0;

    return !l->sql[FIND_LENGTHS] ||
           (db_number(db_ask(l->db, e, sql_load_owes_lengths, NONE), &owes) &&
            (!owes || db_do(l->db, e, l->sql[FIND_LENGTHS], NONE)));
}

const char *const *load_statements(const struct loader *l, size_t *count)
{
    *count = l->history ? (size_t)HISTORY_STATEMENTS : (size_t)STATEMENTS;
    return l->history ? l->history->sql : l->sql;
}

/* --- notes --- */

bool load_note(struct db *d, const char *stream, const struct walk_note *n, struct err *e)
{
    if (!n->problem) {
        return db_do(d, e, sql_load_unknown_field, S(stream), S(n->path), T(clock_now_ms()),
                     I(n->count));
    }
    return db_do(d, e, sql_load_data_problem, S(stream), S(n->path), T(clock_now_ms()), I(n->count),
                 S(n->problem), S(n->example));
}

/* --- rows that wait --- */

/* Finds the stored attributes that are to move or to go, by the stored participants and the fed
 * ones, takes those that go out of their conversation's hash, and counts them. */
static bool find_moved(struct loader *l, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct walk_note n = {.path = l->tables[l->attributes].path,
                          .problem = "dropped: its participant is gone"};

    if (!db_do(l->db, e, l->sql[FIND_MOVED], NONE)) {
        return false;
    }
    struct rows q = db_ask(l->db, e, l->sql[SELECT_GONE], NONE);
    while (db_next(&q)) {
        struct cell id = db_cell(&q, 1, NULL);
        struct cell columns[] = {db_cell(&q, 2, NULL), db_cell(&q, 3, NULL)};
        uint64_t term = walk_attribute_term(l->walker, l->tree_no, &id, columns);

        for (size_t i = 0; i < l->rows->count; i++) {
            struct cell *own = own_cells(l, i);

            if (is(own, OWN_KEEPS) && root_cells(l, i)->value.integer == db_int(&q, 0)) {
                uint64_t hash = (uint64_t)own[OWN_ATTRIBUTE_HASH].value.integer;

                own[OWN_ATTRIBUTE_HASH] = cell_int((int64_t)walk_never_zero(hash - term));
                own[OWN_PART] = cell_int(3);
                own[OWN_NEW_ATTRIBUTES] = cell_int(1);
            }
        }
        if (n.count++ == 0) {
            n.example = db_kept(&q, 1, a);
        }
    }
    return db_end(&q) &&
           (n.count == 0 || l->page->replays || load_note(l->db, l->page->stream, &n, e));
}

/* Runs a statement for each table that has it; those of rows are not of the root. */
static bool for_tables(struct loader *l, enum statement first, struct err *e)
{
    for (size_t i = 0; i < l->table_count; i++) {
        if (l->sql[first + i] && !db_do(l->db, e, l->sql[first + i], NONE)) {
            return false;
        }
    }
    return true;
}

/* What is to be written of a page. */
struct writes {
    bool any;
    bool old;        /* in place of what is stored */
    bool keeps;      /* attributes that are stored move */
    bool attributes; /* other ones than are stored */
    bool notes;      /* changes, where they are noted */
    bool logs;       /* changes, a field each */
};

/* Counts a page's entities, and finds what is to be written of them. */
static struct writes count_entities(const struct loader *l, struct load_counts *counts)
{
    struct writes w = {0};

    for (size_t i = 0; i < l->rows->count; i++) {
        const struct cell *own = own_cells(l, i);
        bool written = is(own, OWN_ROWS) || is(own, OWN_ATTRIBUTES);
        bool changes = written && !is(own, OWN_IS_NEW);

        l->rows->entities[i].written = is(own, OWN_ROWS);
        counts->rows_new += is(own, OWN_IS_NEW);
        counts->rows_changed += changes || is(own, OWN_RETURNS);
        counts->rows_unchanged += !is(own, OWN_IS_NEW) && !changes && !is(own, OWN_RETURNS);
        w.any = w.any || written || is(own, OWN_MARKED);
        w.old = w.old || changes;
        w.logs = w.logs || (l->sql[LOG_FIELDS] && (changes || is(own, OWN_RETURNS)));
        w.keeps = w.keeps || is(own, OWN_KEEPS);
        w.attributes = w.attributes || is(own, OWN_KEEPS) || is(own, OWN_NEW_ATTRIBUTES);
    }
    w.notes = w.old && l->has[HAS_CHANGE];
    if (l->page->replays) { /* all that was counted and noted when it first came */
        w.notes = w.logs = w.attributes = false;
    }
    return w;
}

/* Writes the page's rows, and counts them. Kept attributes find their places first, while the old
 * rows are there. What is about to change is noted, where changes are; and, once the rows are
 * written, what they are then. */
static bool write_rows(struct loader *l, struct load_counts *counts, struct err *e)
{
    const struct writes w = count_entities(l, counts);
    int64_t last_change = 0;

    /* Made in a transaction that was rolled back, temporary tables went with it. */
    if (w.any && !db_exec(l->db, sql_load_temporary, e)) {
        return false;
    }
    return (!w.keeps || find_moved(l, e)) &&
           (!w.notes || (for_tables(l, ALTER, e) &&
                         db_number(db_ask(l->db, e, l->sql[LAST_CHANGE], NONE), &last_change) &&
                         db_do(l->db, e, l->sql[NOTE_CHANGE], I(l->page->run_id),
                               T(l->page->received_ms), S(l->page->plan)))) &&
           (!w.old || !w.attributes || db_do(l->db, e, l->sql[COUNT_NAMES], I(-1))) &&
           (!w.logs || db_do(l->db, e, l->sql[LOG_FIELDS], T(l->page->received_ms),
                             I(l->page->run_id), I(l->page->window_id))) &&
           (!w.any || db_do(l->db, e, l->sql[WRITE_ROOT], I(l->page->replays))) &&
           (!w.old || for_tables(l, REMOVE, e)) && (!w.any || for_tables(l, INSERT, e)) &&
           (!w.keeps || (db_do(l->db, e, l->sql[REMOVE_MOVED], NONE) &&
                         db_do(l->db, e, l->sql[INSERT_MOVED], NONE))) &&
           (!w.attributes || (db_do(l->db, e, l->sql[COUNT_NAMES], I(1)) &&
                              db_do(l->db, e, l->sql[NOTE_NAMES], T(l->page->received_ms)))) &&
           (!w.any || !l->sql[OWE] ||
            (db_do(l->db, e, l->sql[OWE], NONE) && l->tree->make(l->db, l->rows, e))) &&
           (!w.notes || !l->sql[NOTE_RESULT] ||
            db_do(l->db, e, l->sql[NOTE_RESULT], I(last_change)));
}

/* An entity as if it were new; of those that share an id the last counts. */
static void begin_entity(struct loader *l, size_t at)
{
    const struct walked *walked = &l->rows->entities[at];
    struct cell *own = own_cells(l, at);
    bool counts = !walked->superseded;

    memset(own, 0, OWN_COUNT * sizeof(*own));
    *root_cells(l, at) = walked->id;
    own[OWN_HASH] = cell_int((int64_t)walked->row_hash);
    own[OWN_RUN] = cell_int(load_run_id(l->page));
    own[OWN_ATTRIBUTE_READ] = cell_int(l->brings);
    if (l->brings) {
        own[OWN_ATTRIBUTE_HASH] = cell_int((int64_t)walked->attribute_hash);
    }
    own[OWN_IS_NEW] = own[OWN_ROWS] = cell_int(counts);
    own[OWN_ATTRIBUTES] = cell_int(counts && l->brings);
    own[OWN_NEW_ATTRIBUTES] = cell_int(counts && l->brings && walked->has_attributes);
}

/* Compares the page's entities with what is stored; those that are not found are new, and get
 * their keys in their order. */
static bool find_stored(struct loader *l, struct err *e)
{
    const struct load_page *p = l->page;

    for (size_t i = 0; i < l->rows->count; i++) {
        begin_entity(l, i);
    }
    if (l->sql[SEE] && !(p->replays && l->rule == LOAD_ENTITY) &&
        !db_do(l->db, e, l->sql[SEE], I(p->window_id), I((int64_t)l->tree_no))) {
        return false;
    }
    struct rows q = db_ask(l->db, e, l->sql[FIND], I(l->brings), I(p->lost_run_id), I(p->replays),
                           I(load_run_id(p)), I(p->run_id));
    while (db_next(&q)) {
        size_t at = (size_t)db_int(&q, 0);
        struct cell *own = own_cells(l, at);

        if (l->tree->key) {
            *root_cells(l, at) = cell_int(db_int(&q, 1));
        }
        for (int i = 0; i < OWN_COUNT; i++) {
            own[i] = db_cell(&q, 2 + i, NULL);
        }
    }
    for (size_t i = 0; l->tree->key && i < l->rows->count; i++) {
        if (is(own_cells(l, i), OWN_IS_NEW)) {
            *root_cells(l, i) = cell_int(++l->last_key);
        }
    }
    return db_end(&q);
}

static bool load_tree(struct loader *l, const struct walked_tree *t, struct load_counts *counts,
                      struct err *e)
{
    l->rows = t;
    for (size_t i = 0; i < l->table_count; i++) {
        l->feeds[i].cells = t->sets[i].cells;
        l->feeds[i].row_count = t->sets[i].row_count;
    }
    if ((l->sql[LAST_KEY] && !db_number(db_ask(l->db, e, l->sql[LAST_KEY], NONE), &l->last_key)) ||
        !find_stored(l, e)) {
        return false;
    }
    for (size_t i = 1; i < l->table_count; i++) {
        const struct row_set *set = &t->sets[i];

        for (size_t r = 0; r < set->row_count; r++) {
            set->cells[r * set->cells_per_row] = *root_cells(l, set->entities[r]);
        }
    }
    return write_rows(l, counts, e);
}

/* --- rows one by one --- */

static bool load_singly(struct loader *l, const struct walked_tree *t, struct load_counts *counts,
                        struct err *e)
{
    static const char *const problems[] = {
        [PLACED_LATE] = "older than the last observation",
        [PLACED_BAD] = "interval ends before it starts, or is not yet",
    };

    bool fills = l->rule == LOAD_OBSERVE && l->page->replays; /* closes nothing */

    /* Made in a transaction that was rolled back, the temporary table went with it. */
    if (!db_exec(l->db, l->history->temporary, e)) {
        return false;
    }
    for (size_t i = 0; i < t->count; i++) {
        const struct cell *id = &t->entities[i].id;
        const struct cell *row = t->sets[0].cells + i * t->sets[0].cells_per_row + 1;
        enum placed outcome;

        if ((!fills && !db_do(l->db, e, "INSERT OR IGNORE INTO reading_seen VALUES (?1, ?2, ?3)",
                              I(l->page->window_id), I((int64_t)l->tree_no),
                              X(id->value.text, id->length))) ||
            !history_take(l->history, row, t->entities[i].row_hash, l->page, &outcome, e)) {
            return false;
        }
        counts->rows_new += outcome == PLACED_NEW;
        counts->rows_changed += outcome == PLACED_CHANGED;
        counts->rows_unchanged += outcome >= PLACED_UNCHANGED;
        if (outcome > PLACED_UNCHANGED && !l->page->replays &&
            !load_note(l->db, l->page->stream,
                       &(struct walk_note){l->tree->ids[0], problems[outcome], id->value.text, 1},
                       e)) {
            return false;
        }
    }
    return true;
}

/* --- pages --- */

bool load_page(struct loader *l, struct walked_page *rows, const struct load_page *page,
               struct load_counts *counts, struct err *e)
{
    const struct walked_tree *tree = rows->trees;
    struct db *d = l->db;

    *counts = (struct load_counts){.rows_read = (int64_t)rows->count};
    for (struct loader *t = l; t; t = t->next) {
        t->page = page;
        t->brings = t->attributes > 0 && page->brings_attributes;
        if (!(t->history ? load_singly : load_tree)(t, tree++, counts, e)) {
            return false;
        }
    }
    for (size_t i = 0; i < rows->note_count && !page->replays; i++) {
        if (!load_note(d, page->stream, &rows->notes[i], e)) {
            return false;
        }
    }
    return true;
}

/* --- readings --- */

bool load_begin(struct loader *l, int64_t window_id, struct err *e)
{
    return db_do(l->db, e, "DELETE FROM reading_seen WHERE window_id = ?1", I(window_id));
}

bool load_unlisted(struct loader *l, const char *scope_sql, int64_t now_ms, int64_t run_id,
                   int64_t *count, struct err *e)
{
    *count = 0;
    for (struct loader *t = l; t; t = t->next) {
        if (!t->has[HAS_GONE] || !fact_column(t, SOURCE_SCOPE)) {
            continue;
        }
        const struct db_value values[] = {I(0),    S(NULL),   S(NULL),  S(NULL),
                                          S(NULL), T(now_ms), I(run_id)};

        if (!t->sql[UNLISTED]) {
            t->listed = scope_sql;
            make(t, UNLISTED, 0, true, sql_load_mark_root);
            make(t, LOG_UNLISTED, 0, t->log, sql_load_log_gone);
            t->listed = NULL;
        }
        if ((t->sql[LOG_UNLISTED] &&
             !db_do_values(t->db, e, t->sql[LOG_UNLISTED], values, COUNT_OF(values))) ||
            !db_do_values(t->db, e, t->sql[UNLISTED], values, COUNT_OF(values))) {
            return false;
        }
        *count += db_changes(t->db);
    }
    return true;
}

bool load_end(struct loader *l, const struct load_page *page, struct load_counts *counts,
              struct err *e)
{
    static const size_t asked[] = {
        [LOAD_ENTITY] = 8, [LOAD_WINDOW] = 7, [LOAD_INTERVALS] = 7, [LOAD_OBSERVE] = 1};
    struct db *d = l->db;

    for (struct loader *t = l; t; t = t->next) {
        const char *const *sql = t->history ? &t->history->sql[HISTORY_WHOLE] : &t->sql[END];
        size_t tables = t->history ? 1 : t->table_count;
        int64_t end_ms = t->rule == LOAD_INTERVALS ? page->until_ms : page->facts.end_ms;
        const struct db_value values[] = {I(page->window_id),
                                          I((int64_t)t->tree_no),
                                          T(page->facts.start_ms),
                                          S(page->facts.scope),
                                          T(end_ms),
                                          T(page->received_ms),
                                          I(page->replays ? -1 : page->run_id),
                                          S(page->facts.day)};

        if (!t->history && t->sql[LOG_GONE] && !page->replays &&
            !db_do_values(d, e, t->sql[LOG_GONE], values, asked[t->rule])) {
            return false;
        }
        for (size_t i = 1; i <= tables; i++) { /* the root comes last */
            const char *one = sql[i % tables];

            if (one && !db_do_values(d, e, one, values, asked[t->rule])) {
                return false;
            }
        }
        counts->rows_changed += sql[0] ? db_changes(d) : 0;
    }
    return load_begin(l, page->window_id, e);
}
