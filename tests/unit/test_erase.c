#include "test.h"

#include "doc.h"
#include "etl/erase.h"
#include "io/hash.h"
#include "maps.h"

static const struct tree_map tree = {CONVERSATION_TREE};
static const struct tree_map *const trees[] = {&tree, NULL};

/* The erasures of a file in memory. */
struct scene {
    struct db *db;
    struct arena *arena;
    struct erasures erased;
};

static struct scene scene_of(enum erased_kind kind, const char *text)
{
    struct scene s = {.arena = arena_new(0)};
    struct err e;

    s.db = db_open_memory(true, &e);
    assert_non_null(s.db);
    assert_true(erasures_load(s.db, s.arena, &s.erased, &e));
    assert_true(erasures_add(s.db, &s.erased, kind, text, &e));
    assert_true(erasures_load(s.db, s.arena, &s.erased, &e));
    assert_int_equal(s.erased.count, 1);
    return s;
}

static void end(struct scene *s)
{
    db_close(s->db);
    arena_free(s->arena);
}

static bool holds(const struct scene *s, const char *text)
{
    return erasures_find(&s->erased, text, strlen(text), ERASED_TEXTS) != NULL;
}

/* The document as it is scrubbed, its entities in `conversations`, with ' for ". */
static const char *scrubbed(const struct scene *s, const char *text)
{
    struct json_doc *doc = doc_of(text);
    struct scrubber *by = scrubber_new(&s->erased, trees);
    bool changed = scrub(by, json_root(doc), json_get(json_root(doc), "conversations"));
    char *out = arena_strdup(s->arena, json_write(s->arena, json_root(doc), NULL));

    for (char *at = out; (at = strchr(at, '"')) != NULL;) {
        *at = '\'';
    }
    assert_int_equal(changed, strcmp(out, text) != 0);
    scrubber_free(by);
    json_free(doc);
    return out;
}

TEST(sha_256_is_that_of_the_standard)
{
    char text[SHA256_TEXT_BYTES];
    char many[1000];

    hash_sha256("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text);
    assert_string_equal(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    memset(many, 'a', sizeof(many));
    hash_sha256(many, sizeof(many), text);
    assert_string_equal(text, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

static void check_form(const struct scene *s, const char *text, bool known)
{
    fail_if(holds(s, text) != known, "%s: %d", text, known);
}

TEST(a_number_is_known_in_every_form)
{
    static const char *const same[] = {
        "tel:+4930123456",       "+4930123456",       "4930123456",
        "004930123456",          "+49 (30) 123-456",  "sip:+4930123456@edge;x=1",
        "<tel:+4930123456>",     "call +4930123456.", "x?ani=+4930123456&y",
        "TEL:+4930123456;ext=1", "x4930123456",       "4930123456a"};
    static const char *const others[] = {"tel:+49301234567", "14930123456", "+493012345",
                                         "30123456", ""};
    struct scene s = scene_of(ERASED_ADDRESS, "tel:+4930123456");

    for (size_t i = 0; i < COUNT_OF(same); i++) {
        check_form(&s, same[i], true);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        check_form(&s, others[i], false);
    }
    end(&s);
}

TEST(an_address_is_known_as_a_word)
{
    struct scene s = scene_of(ERASED_ADDRESS, "Jane.Doe@Example.org");

    assert_true(holds(&s, "\"Jane\" <jane.doe@example.org>"));
    assert_true(holds(&s, "mailto:JANE.DOE@example.org"));
    assert_true(holds(&s, "from jane.doe@example.org, today"));
    assert_false(holds(&s, "jane.doe@example.org.uk"));
    assert_false(holds(&s, "mary-jane.doe@example.org"));
    end(&s);
}

TEST(what_is_too_short_is_refused)
{
    struct scene s = scene_of(ERASED_CONTACT, "abcd");
    struct err e = {0};

    assert_false(erasures_add(s.db, &s.erased, ERASED_ADDRESS, "tel:123", &e));
    assert_int_equal(e.kind, ERR_USAGE);
    end(&s);
}

TEST(a_person_s_participant_is_emptied)
{
    struct scene s = scene_of(ERASED_CONTACT, "c-17");
    const char *at = s.erased.list[0].at;

    assert_string_equal(
        scrubbed(&s,
                 "{'conversations':[{'conversationId':'x','participants':["
                 "{'participantId':'p-1','externalContactId':'c-17','participantName':'Jane Doe',"
                 "'purpose':'customer','nick':'J','age':5,'attributes':{'a':'1','b':null},"
                 "'sessions':[{'sessionId':'s','ani':'tel:1','mediaType':'voice','bcc':['q'],"
                 "'metrics':[{'name':'tAcd','value':7}]}]},"
                 "{'participantId':'p-2','purpose':'agent','participantName':'Ann','sessions':["
                 "{'sessionId':'t','remote':'Jane Doe (1)','ani':'tel:1','segments':["
                 "{'queueId':'q','wrapUpNote':'nice','properties':[{'value':'nice'}]}]}]}]},"
                 "{'conversationId':'y','participants':[{'participantId':'p-3','participantName':'"
                 "Jane Doe'}]}]}"),
        arena_printf(s.arena,
                     "{'conversations':[{'conversationId':'x','participants':["
                     "{'erasedAt':'%s','externalContactId':null,'participantName':null,"
                     "'purpose':'customer','nick':null,'age':null,'attributes':{'a':null,'b':null},"
                     "'sessions':[{'sessionId':'s','ani':null,'mediaType':'voice','bcc':[null],"
                     "'metrics':[{'name':'tAcd','value':7}]}]},"
                     "{'participantId':'p-2','purpose':'agent','participantName':'Ann','sessions':["
                     "{'sessionId':'t','remote':null,'ani':'tel:1','segments':["
                     "{'queueId':'q','wrapUpNote':null,'properties':[{'value':null}]}]}]}]},"
                     "{'conversationId':'y','participants':[{'participantId':'p-3','"
                     "participantName':'Jane Doe'}]}]}",
                     at));
    end(&s);
}

TEST(an_address_finds_persons_of_outside_alone)
{
    struct scene s = scene_of(ERASED_ADDRESS, "tel:+4930123456");

    assert_string_equal(
        scrubbed(&s,
                 "{'conversations':[{'conversationId':'4930123456','participants':["
                 "{'participantId':'p','participantName':'Ann','purpose':'agent','sessions':["
                 "{'sessionId':'4930123456','ani':'tel:+4930123456'}]},"
                 "{'participantId':'o','participantName':'Bob','purpose':'customer','sessions':["
                 "{'ani':'tel:2','segments':[{'wrapUpNote':'knows "
                 "4930123456'}]}]}]}],'more':'4930123456'}"),
        "{'conversations':[{'conversationId':'4930123456','participants':["
        "{'participantId':'p','participantName':'Ann','purpose':'agent','sessions':["
        "{'sessionId':'4930123456','ani':null}]},"
        "{'participantId':'o','participantName':'Bob','purpose':'customer','sessions':["
        "{'ani':'tel:2','segments':[{'wrapUpNote':null}]}]}]}],'more':null}");
    end(&s);
}
