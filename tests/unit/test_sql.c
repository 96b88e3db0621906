/* The statements that stand in .sql files beside the modules. */
#include "test.h"

#include "io/db.h"
#include "io/embedded.h"
#include "sql.h"

static bool makes(const struct sql_statement *s)
{
    return strncmp(s->text, "CREATE ", 7) == 0;
}

/* Templates are the tests' of the modules that fill them. Those that make tables of the
 * connection's own are run, for the others read from them. */
/* As erase makes it. */
static int64_t no_answer(void *user, const char *text, size_t length)
{
    (void)user;
    (void)text;
    return (int64_t)length;
}

TEST(every_statement_prepares_on_our_schema)
{
    struct err e = {0};
    struct db *d = db_open_memory(true, &e);

    assert_non_null(d);
    assert_true(db_exec(d, "ATTACH ':memory:' AS copy", &e)); /* as a snapshot's typed copy is */
    assert_true(db_exec(d, embedded_dictionary[0].text, &e));
    assert_true(db_function(d, &(const struct db_function){"erased", no_answer, NULL}, &e));
    assert_true(sql_statement_count > 10);
    for (size_t i = 0; i < sql_statement_count * 2; i++) {
        const struct sql_statement *statement = &sql_statements[i % sql_statement_count];

        fail_if(strstr(statement->text, ";\n") == strchr(statement->text, '\0') - 2,
                "%s: SQLite's own text would end at the semicolon", statement->name);
        if (strchr(statement->text, '{') || strstr(statement->text, ".$") || /* a template */
            makes(statement) != (i < sql_statement_count)) {
            continue;
        }
        bool done = makes(statement) && db_exec(d, statement->text, &e);
        if (!makes(statement)) {
            struct rows q = db_ask(d, &e, statement->text, NONE);
            done = db_end(&q);
        }
        fail_if(!done, "%s: %s", statement->name, e.message);
    }
    db_close(d);
}
