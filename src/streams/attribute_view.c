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

bool stream_views(struct db *d, const struct config *c, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *text; /* makes the view; NULL: there is to be none */
    const char *stands;
    bool done =
        db_begin(d, e) && list_columns(d, c->attribute_columns, e) &&
        db_texts(db_ask(d, e, sql_attribute_view_text, NONE), a, &text, 1) &&
        db_texts(db_ask(d, e, sql_attribute_view_stands, S(text)), a, &stands, 1) &&
        (stands || (db_exec(d, sql_attribute_view_drop, e) && (!text || db_exec(d, text, e))));

    return db_finish(d, done, e);
}
