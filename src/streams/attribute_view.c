/*
 * The view of participants' attributes as columns, which [conversations] attribute_columns asks
 * for.
 */
#include "base/str.h"
#include "sql.h"
#include "streams/stream.h"

enum { COLUMNS_MOST = 1000 };

/* A name that no column has yet, however it is cased: `_2` and so on is put behind it. */
static const char *label_of(struct arena *a, const char *name, const char *const *labels,
                            size_t count)
{
    const char *label = name;
    bool is_taken = true;

    for (int n = 2; is_taken; n++) {
        is_taken = false;
        for (size_t i = 0; i < count && !is_taken; i++) {
            is_taken = str_eq_nocase(labels[i], label);
        }
        label = is_taken ? arena_printf(a, "%s_%d", name, n) : label;
    }
    return label;
}

/* Makes a table of the columns. */
static bool list_columns(struct db *d, const char *names, struct err *e)
{
    const char *labels[COLUMNS_MOST + 1] = {"conversation_id"};
    struct arena *a = arena_new(0);
    size_t count = 1;
    bool done = db_exec(d, sql_attribute_view_columns, e);

    while (done && names && count <= COLUMNS_MOST) {
        size_t length = strcspn(names, "\n");
        const char *name = arena_strndup(a, names, length);

        labels[count] = label_of(a, name, labels, count);
        done = db_do(d, e, sql_attribute_view_column, S(name), S(labels[count]));
        count++;
        names = names[length] ? names + length + 1 : NULL;
    }
    arena_free(a);
    return done;
}

/* The statement that makes the view, in the arena; NULL: there is to be none. */
static bool text_of_view(struct db *d, const char *names, const char **text, struct arena *a,
                         struct err *e)
{
    if (!list_columns(d, names, e)) {
        return false;
    }
    struct rows q = db_ask(d, e, sql_attribute_view_text, NONE);
    *text = db_next(&q) ? db_kept(&q, 0, a) : NULL;
    return db_end(&q);
}

bool stream_views(struct db *d, const struct config *c, struct err *e)
{
    struct arena *a = arena_new(0);
    const char *text = NULL;
    bool done = db_begin(d, e) && text_of_view(d, c->attribute_columns, &text, a, e);

    if (done) {
        struct rows q = db_ask(d, e, sql_attribute_view_stands, S(text));
        bool stands = db_next(&q) && db_int(&q, 0);

        done = db_end(&q) && (stands || (db_exec(d, sql_attribute_view_drop, e) &&
                                         (!text || db_exec(d, text, e)) && db_commit(d, e)));
    }
    db_rollback(d);
    arena_free(a);
    return done;
}
