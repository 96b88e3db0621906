#include "out/relation.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "io/embedded.h"

enum { RELATIONS_MAX = 256, COLUMNS_MAX = 2000, SQL_BYTES_MAX = 262144 };

#define KEY  "conversation_key"
#define ID   "conversation_id"
#define ROOT "conversation"

/* A column as PRAGMA table_info tells of it. */
struct column {
    const char *name;
    bool is_blob;
    int64_t key_place; /* place in the primary key, from 1; 0: not in it */
};

struct columns {
    struct column *items;
    size_t count;
};

bool relation_list(struct db *d, struct arena *a, struct relation_list *out, struct err *e)
{
    struct db_stmt *s =
        db_prepare(d,
                   "SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') "
                   "AND name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY name",
                   e);
    bool row = false;
    bool read = s != NULL;

    *out = (struct relation_list){.items = arena_array(a, RELATIONS_MAX, sizeof(*out->items))};
    while (read && (read = db_step(s, &row, e)) && row && out->count < RELATIONS_MAX) {
        out->items[out->count++] = (struct relation){
            .name = arena_strdup(a, db_text(s, 0)),
            .is_view = db_int(s, 1) != 0,
        };
    }
    db_finalize(s);
    return read;
}

const struct relation *relation_find(const struct relation_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->items[i].name, name)) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* The name after `words` when a line of the schema begins with them, in the arena; else NULL. */
static const char *made_by(const char *line, const char *words, struct arena *a)
{
    if (!str_starts_with(line, words)) {
        return NULL;
    }
    line += strlen(words);
    return arena_strndup(a, line, strcspn(line, " (\n"));
}

void relation_list_own(struct arena *a, struct relation_list *out)
{
    *out = (struct relation_list){.items = arena_array(a, RELATIONS_MAX, sizeof(*out->items))};
    for (size_t i = 0; i < embedded_schema_count; i++) {
        const char *line = embedded_schema[i].text;

        while (*line != '\0') {
            const char *table = made_by(line, "CREATE TABLE ", a);
            const char *view = made_by(line, "CREATE VIEW ", a);

            if (table || view) {
                INVARIANT(out->count < RELATIONS_MAX);
                out->items[out->count++] = (struct relation){
                    .name = table ? table : view,
                    .is_view = view != NULL,
                };
            }
            line += strcspn(line, "\n");
            line += *line == '\n';
        }
    }
}

static const char *nearest(const struct relation_list *list, struct arena *a, const char *name)
{
    const char **names = arena_array(a, list->count + 1, sizeof(*names));

    for (size_t i = 0; i < list->count; i++) {
        names[i] = list->items[i].name;
    }
    return str_nearest(name, names, list->count);
}

bool relation_check(const struct relation_list *list, const char *const *names, size_t count,
                    struct arena *a, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (!relation_find(list, names[i])) {
            const char *near = nearest(list, a, names[i]);
            return err_set(e, ERR_USAGE, "there is no table or view '%s'%s%s", names[i],
                           near ? "; did you mean " : "", near ? near : "");
        }
    }
    return true;
}

static bool read_columns(struct db *d, const char *relation, struct arena *a, struct columns *out,
                         struct err *e)
{
    struct db_stmt *s =
        db_prepare(d, "SELECT name, type = 'BLOB', pk FROM pragma_table_info(?1) ORDER BY cid", e);
    bool row = false;
    bool read = s != NULL;

    *out = (struct columns){.items = arena_array(a, COLUMNS_MAX, sizeof(*out->items))};
    if (read) {
        db_bind_str(s, 1, relation);
    }
    while (read && (read = db_step(s, &row, e)) && row && out->count < COLUMNS_MAX) {
        out->items[out->count++] = (struct column){
            .name = arena_strdup(a, db_text(s, 0)),
            .is_blob = db_int(s, 1) != 0,
            .key_place = db_int(s, 2),
        };
    }
    db_finalize(s);
    return read;
}

static bool has_column(const struct columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (str_eq(columns->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A statement while it is written. */
struct writing {
    const struct relation *relation;
    const struct columns *columns;
    bool is_child; /* its rows hang on a conversation and get the id from there */
    bool since;
    struct buf sql;
};

static void put(struct writing *w, const char *text)
{
    INVARIANT(buf_add_str(&w->sql, text));
}

/* A column of the relation, quoted: t."name", or the parent's c."conversation_id". */
static void put_column(struct writing *w, const char *name)
{
    INVARIANT(strchr(name, '"') == NULL);
    put(w, w->is_child && str_eq(name, ID) ? "c.\"" : "t.\"");
    put(w, name);
    put(w, "\"");
}

/* The name a column has outside; NULL: it stays inside. */
static const char *outer_name(const struct writing *w, const struct column *column)
{
    if (column->is_blob || str_starts_with(column->name, "row_")) {
        return NULL;
    }
    if (!str_eq(column->name, KEY)) {
        return column->name;
    }
    return w->is_child ? ID : NULL;
}

static void put_columns(struct writing *w, struct arena *a, struct relation_reading *out)
{
    const char **names = arena_array(a, w->columns->count + 1, sizeof(*names));

    put(w, "SELECT ");
    for (size_t i = 0; i < w->columns->count; i++) {
        const char *name = outer_name(w, &w->columns->items[i]);
        if (name) {
            put(w, out->column_count > 0 ? ", " : "");
            put_column(w, name);
            names[out->column_count++] = name;
        }
    }
    out->columns = names;
}

/* CROSS JOIN fixes the order of the loops: ids outside, the child's primary key inside. */
static void put_source(struct writing *w)
{
    put(w, w->is_child ? " FROM " ROOT " AS c CROSS JOIN \"" : " FROM \"");
    put(w, w->relation->name);
    put(w, w->is_child ? "\" AS t ON t." KEY " = c." KEY : "\" AS t");
}

/* The plus keeps the index on the start out of it: rows are to come in the order of ids. */
static bool put_since(struct writing *w)
{
    static const char *const starts[] = {"conversation_start", "state_start", "interval_start"};

    if (!w->since) {
        return false;
    }
    if (w->is_child) {
        put(w, " WHERE +c.conversation_start >= ?1");
        return true;
    }
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (has_column(w->columns, starts[i])) {
            put(w, " WHERE +");
            put_column(w, starts[i]);
            put(w, " >= ?1");
            return true;
        }
    }
    return false;
}

/* By the primary key, the conversation's id in place of our key. */
static void put_table_order(struct writing *w)
{
    const char *before = " ORDER BY ";

    for (int64_t place = 1;; place++) {
        const struct column *found = NULL;
        for (size_t i = 0; i < w->columns->count && !found; i++) {
            found = w->columns->items[i].key_place == place ? &w->columns->items[i] : NULL;
        }
        if (!found) {
            return;
        }
        bool ours = str_eq(found->name, KEY) && (w->is_child || has_column(w->columns, ID));
        put(w, before);
        put_column(w, ours ? ID : found->name);
        before = ", ";
    }
}

/* Of a conversation's rows: by the ordinals. Of other views, which are small: by all columns. */
static void put_view_order(struct writing *w, bool ordinals_only)
{
    const char *before = " ORDER BY ";

    for (size_t i = 0; i < w->columns->count; i++) {
        const char *name = w->columns->items[i].name;
        if (!ordinals_only || str_ends_with(name, "_no")) {
            put(w, before);
            put_column(w, name);
            before = ", ";
        }
    }
}

bool relation_reading(struct db *d, const struct relation *r, bool since, struct arena *a,
                      struct relation_reading *out, struct err *e)
{
    struct columns columns;

    *out = (struct relation_reading){.sql = NULL};
    if (!read_columns(d, r->name, a, &columns, e)) {
        return false;
    }
    struct writing w = {
        .relation = r,
        .columns = &columns,
        .is_child = has_column(&columns, KEY) && !has_column(&columns, ID),
        .since = since,
    };
    buf_init(&w.sql, SQL_BYTES_MAX);
    out->by_conversation = r->is_view && has_column(&columns, ID);
    put_columns(&w, a, out);
    put_source(&w);
    if (out->by_conversation) {
        put(&w, " WHERE t." ID " = ?1");
        put_view_order(&w, true);
    } else {
        out->takes_since = put_since(&w);
        if (r->is_view) {
            put_view_order(&w, false);
        } else {
            put_table_order(&w);
        }
    }
    out->sql = arena_strdup(a, buf_str(&w.sql));
    buf_free(&w.sql);
    return true;
}

const char *relation_conversations_sql(bool since)
{
    return since ? "SELECT " ID " FROM " ROOT " WHERE +conversation_start >= ?1 ORDER BY " ID
                 : "SELECT " ID " FROM " ROOT " ORDER BY " ID;
}
