/*
 * The view of participants' attributes as columns, which [conversations] attribute_columns asks
 * for.
 */
#include "sql.h"
#include "streams/stream.h"

/* Makes a table of the columns, of names one a line. */
static bool list_columns(struct db *d, const char *names, struct err *e)
{
    bool done = db_exec(d, sql_attribute_view_columns, e);

    while (done && names) {
        size_t length = strcspn(names, "\n");

        done = db_do(d, e, sql_attribute_view_column, X(names, length));
        names = names[length] ? names + length + 1 : NULL;
    }
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
