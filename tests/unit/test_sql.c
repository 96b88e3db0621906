/* The statements that stand in .sql files beside the modules. */
#include "test.h"

#include "io/db.h"
#include "sql.h"

TEST(every_statement_prepares_on_our_schema)
{
    struct err e = {0};
    struct db *d = db_open_memory(&e);

    assert_non_null(d);
    for (size_t i = 0; i < sql_statement_count; i++) {
        struct db_stmt *s = db_prepare(d, sql_statements[i].text, &e);

        if (!s) {
            fail_msg("%s: %s", sql_statements[i].name, e.message);
        }
        db_finalize(s);
    }
    db_close(d);
}
