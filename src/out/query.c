#include "out/query.h"

#include "base/clock.h"
#include "base/str.h"
#include "sql.h"

/* Types that say more behind these. */
#define NUMBER "number "
#define CHOICE "choice "

const struct query *query_find(struct arena *a, const char *name, struct err *e)
{
    const char **names = arena_array(a, query_count, sizeof(*names));

    for (size_t i = 0; i < query_count; i++) {
        if (str_eq(query_table[i].name, name)) {
            return &query_table[i];
        }
        names[i] = query_table[i].name;
    }
    err_set(e, ERR_USAGE, "there is no query '%s'%s; `rollcall query` lists them", name,
            str_suggest(a, name, names, query_count));
    return NULL;
}

static bool refuse_param(const struct query *q, struct arena *a, const char *name, struct err *e)
{
    const char **names = arena_array(a, q->param_count + 1, sizeof(*names));

    for (size_t i = 0; i < q->param_count; i++) {
        names[i] = q->params[i].name;
    }
    return err_set(e, ERR_USAGE, "the query %s has no parameter '%s'%s; it has: %s", q->name, name,
                   str_suggest(a, name, names, q->param_count),
                   q->param_count > 0 ? str_join(a, names, q->param_count, ", ") : "none");
}

/* Replaces *value by what it is called, in any case. */
static bool find_known(struct db *d, const struct query_param *p, struct arena *a,
                       const char **value, struct err *e)
{
    const char **known;
    const char *recorded;
    size_t count;

    if (!db_list(db_ask(d, e, sql_query_known, S(p->type), S(*value)), a, &known, &count)) {
        return false;
    }
    if (count > 0) {
        *value = known[0];
        return true;
    }
    /* Records may name what no list has, or has any more. */
    if (!db_texts(db_ask(d, e, sql_query_recorded, S(p->type), S(*value)), a, &recorded, 1) ||
        recorded) {
        return recorded != NULL;
    }
    if (!db_list(db_ask(d, e, sql_query_known, S(p->type), NONE), a, &known, &count)) {
        return false;
    }
    const char *near = str_suggest(a, *value, known, count);
    if (str_starts_with(p->type, CHOICE) || str_eq(p->type, "media")) {
        return err_set(e, ERR_USAGE, "%s: '%s' is none of %s%s", p->name, *value,
                       str_join(a, known, count, ", "), near);
    }
    return err_set(e, ERR_USAGE, "%s: nothing is called '%s'%s", p->name, *value,
                   count > 0 ? near : "; the database has no names for it: give an id");
}

/* The place of a parameter; behind the last where there is none of that name. */
static size_t place_of(const struct query *q, const char *name)
{
    size_t at = 0;

    while (at < q->param_count && !str_eq(q->params[at].name, name)) {
        at++;
    }
    return at;
}

/* Puts the value that "key=value" gives in its parameter's place. */
static bool take_value(struct db *d, const struct query *q, struct arena *a, const char *assignment,
                       struct db_value *values, struct err *e)
{
    const char *equals = strchr(assignment, '=');
    int64_t number = 0;
    int32_t day = 0;

    if (!equals || equals == assignment) {
        return err_set(e, ERR_USAGE, "'%s' is no parameter; write key=value", assignment);
    }
    const char *marked = arena_printf(a, ":%.*s", (int)(equals - assignment), assignment);
    const char *value = equals + 1;
    size_t at = place_of(q, marked + 1);
    if (at == q->param_count) {
        return refuse_param(q, a, marked + 1, e);
    }
    const struct query_param *p = &q->params[at];
    bool is_number = str_starts_with(p->type, NUMBER);
    if (is_number) {
        const char *least = p->type + strlen(NUMBER);
        if (!str_to_int64(value, strtoll(least, NULL, 10), INT64_MAX, &number)) {
            return err_set(e, ERR_USAGE, "%s: '%s' is no whole number from %s on", p->name, value,
                           least);
        }
    } else if (str_eq(p->type, "day") || str_eq(p->type, "range")) {
        if (!clock_parse_day(value, &day)) {
            return err_set(e, ERR_USAGE, "%s: '%s' is no day; write YYYY-MM-DD", p->name, value);
        }
    } else if (!find_known(d, p, a, &value, e)) {
        return false;
    }
    if (values[at].name) {
        return err_set(e, ERR_USAGE, "%s is given twice", p->name);
    }
    values[at] = is_number ? I(number) : S(value);
    values[at].name = marked;
    return true;
}

struct db_value *query_values(struct db *d, const struct query *q, struct arena *a,
                              const char *const *words, struct err *e)
{
    struct db_value *values = arena_array(a, q->param_count + 1, sizeof(*values));
    size_t from = place_of(q, "from");
    size_t to = place_of(q, "to");

    for (; *words; words++) {
        if (!take_value(d, q, a, *words, values, e)) {
            return NULL;
        }
    }
    const char *range[] = {values[from].bytes, values[to].bytes};
    if (range[0] && range[1]) {
        if (strcmp(range[0], range[1]) > 0) {
            err_set(e, ERR_USAGE, "from: %s lies after to=%s", range[0], range[1]);
            return NULL;
        }
    } else if (to < q->param_count && str_eq(q->params[to].type, "range")) {
        /* Asked only where one is missing: it walks the database. */
        if (!db_texts(db_ask(d, e, sql_query_range, S(range[0]), S(range[1])), a, range, 2)) {
            return NULL;
        }
        values[from] = S(range[0]);
        values[from].name = ":from";
        values[to] = S(range[1]);
        values[to].name = ":to";
    }
    return values;
}
