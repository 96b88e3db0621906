#include "test.h"

#include "base/limits.h"

static const char *variable_of(size_t i)
{
    static char name[64];

    (void)snprintf(name, sizeof(name), "ROLLCALL_LIMIT_%s", limit_facts[i].name);
    return name;
}

static bool load_with(const char *variable, const char *value, struct err *e)
{
    err_clear(e);
    assert_int_equal(setenv(variable, value, 1), 0);
    bool loaded = limits_load(e);
    assert_int_equal(unsetenv(variable), 0);
    return loaded;
}

TEST(each_limit_moves_within_its_range)
{
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        const int64_t right[] = {limit_facts[i].min, limit_facts[i].max};
        const int64_t wrong[] = {limit_facts[i].min - 1, limit_facts[i].max + 1};
        char text[32];
        struct err e;

        assert_in_range(limit_facts[i].usual, limit_facts[i].min, limit_facts[i].max);
        for (size_t j = 0; j < 2; j++) {
            (void)snprintf(text, sizeof(text), "%lld", (long long)right[j]);
            assert_true(load_with(variable_of(i), text, &e));
            assert_int_equal(limit_get((enum limit)i), right[j]);
            (void)snprintf(text, sizeof(text), "%lld", (long long)wrong[j]);
            assert_false(load_with(variable_of(i), text, &e));
            assert_int_equal(e.kind, ERR_CONFIG);
            assert_non_null(strstr(e.message, variable_of(i)));
        }
        /* What is no longer in the environment is no longer in force. */
        assert_true(limits_load(&e));
        assert_int_equal(limit_get((enum limit)i), limit_facts[i].usual);
    }
}

TEST(the_environment_comes_before_the_configuration)
{
    struct err e;

    assert_true(load_with("ROLLCALL_LIMIT_STALL_MS", "60000", &e));
    limit_set(LIMIT_STALL_MS, 4321);
    limit_set(LIMIT_CONNECT_MS, 1234);
    assert_int_equal(limit_get(LIMIT_STALL_MS), 60000);
    assert_int_equal(limit_get(LIMIT_CONNECT_MS), 1234);
    assert_true(limits_load(&e));
}

TEST(bad_settings_are_named)
{
    static const struct {
        const char *variable;
        const char *value;
        const char *message; /* NULL: it is none of the limits' */
    } rows[] = {
        {"ROLLCALL_LIMIT_STALL_MS", "soon", "ROLLCALL_LIMIT_STALL_MS=soon"},
        {"ROLLCALL_LIMIT_STALL_MS", "", "not a whole number from 1000 to 600000"},
        {"ROLLCALL_LIMIT_STALL_MS", "60s", "not a whole number from 1000 to 600000"},
        {"ROLLCALL_LIMIT_STALL_MS", "1\x1B[2J", "STALL_MS=1\\x1B[2J:"},
        {"ROLLCALL_LIMIT_STAL_MS", "1000", "did you mean ROLLCALL_LIMIT_STALL_MS?"},
        {"ROLLCALL_LIMIT_stall_ms", "1000", "did you mean ROLLCALL_LIMIT_STALL_MS?"},
        {"ROLLCALL_LIMIT_", "1000", "no such limit"},
        {"ROLLCALL_LIMIT_ELEPHANTS", "1000", "no such limit"},
        {"ROLLCALL_LIMITS", "x", NULL},
        {"XROLLCALL_LIMIT_STALL_MS", "x", NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        bool loaded = load_with(rows[i].variable, rows[i].value, &e);
        assert_int_equal(loaded, rows[i].message == NULL);
        assert_int_equal(e.kind, loaded ? ERR_NONE : ERR_CONFIG);
        fail_if(!loaded && !strstr(e.message, rows[i].message), "%s: %s", rows[i].variable,
                e.message);
    }
}
