#include "test.h"

#include "io/hash.h"

static bool add(struct idset *s, const char *id)
{
    return idset_add(s, id, strlen(id));
}

TEST(an_id_is_new_once)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct idset *s = idset_new(a);

    assert_int_equal(idset_count(s), 0);
    assert_true(add(s, "a"));
    assert_false(add(s, "a"));
    assert_true(add(s, "A"));
    assert_true(add(s, "aa"));
    assert_true(add(s, ""));
    assert_false(add(s, ""));
    assert_true(idset_add(s, "a\0b", 3)); /* bytes by their length, not texts */
    assert_true(idset_add(s, "a\0c", 3));
    assert_int_equal(idset_count(s), 6);
}

TEST(many_ids_are_kept_while_it_grows)
{
    enum { MANY = 100000 };
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct idset *s = idset_new(a);
    char id[40];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            (void)snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", i);
            assert_int_equal(add(s, id), round == 0);
        }
        assert_int_equal(idset_count(s), MANY);
    }
}
