/*
 * The view of participants' attributes as columns, which [conversations] attribute_columns asks
 * for.
 */
#include "sql.h"
#include "streams/stream.h"

bool stream_views(struct db *d, const struct config *c, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *text; /* makes the view; NULL: there is to be none */
    const char *stands;
    bool done = db_begin(d, e) && db_exec(d, sql_attribute_view_columns, e);

    for (const char *names = c->attribute_columns; done && names;) { /* one a line */
        size_t length = strcspn(names, "\n");

        done = db_do(d, e, sql_attribute_view_column, X(names, length));
        names = names[length] ? names + length + 1 : NULL;
    }
    done = done && db_texts(db_ask(d, e, sql_attribute_view_text, NONE), a, &text, 1) &&
           db_texts(db_ask(d, e, sql_attribute_view_stands, S(text)), a, &stands, 1) &&
           (stands || (db_exec(d, sql_attribute_view_drop, e) && (!text || db_exec(d, text, e))));
    return db_finish(d, done, e);
}
