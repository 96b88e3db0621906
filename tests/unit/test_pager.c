#include "test.h"

#include "api/pager.h"
#include "base/clock.h"
#include "doc.h"
#include "limit.h"

#define STEP(...)        ROW(__VA_ARGS__)
#define STEPS(name, ...) static const struct step name[] = {__VA_ARGS__, {.path = NULL}}

#define START "2026-03-01T00:00:00.000Z"
#define END   "2026-03-02T00:00:00.000Z"

#define QUERY                                                                                      \
    STEP(.method = HTTP_POST, .path = "/q",                                                        \
         .body = "{\"i\":\"{start}/{end}\",\"n\":{page},\"s\":{size}}", .follow = FOLLOW_PAGES,    \
         .size = 10, .rows = "conversations", .must = "conversations|totalHits")
#define SUBMIT(path_, token_, ...)                                                                 \
    STEP(.method = HTTP_POST, .path = path_, .token = token_, __VA_ARGS__)
#define POLL(path_, ...) STEP(.path = path_, .follow = FOLLOW_DONE, __VA_ARGS__)
#define URLS(rows_)      STEP(.path = "{token}", .follow = FOLLOW_URLS, .rows = rows_)
#define CLEANUP(path_)   STEP(.method = HTTP_DELETE, .path = path_, .cleanup = true)

STEPS(query, QUERY);
STEPS(job, SUBMIT("/jobs", "jobId", .body = "{\"i\":\"{start}/{end}\"}"),
      POLL("/jobs/{token}", .state = "state", .done = "FULFILLED DONE",
           .failed = "FAILED CANCELLED EXPIRED", .reason = "errorMessage"),
      STEP(.path = "/jobs/{token}/results?pageSize={size}", .follow = FOLLOW_CURSOR, .size = 1000,
           .rows = "conversations", .must = "conversations|cursor|dataAvailabilityDate",
           .cursor = "cursor", .available = "dataAvailabilityDate"),
      CLEANUP("/jobs/{token}"));
STEPS(list, STEP(.path = "/l?state=any", .follow = FOLLOW_PAGES, .size = 10, .rows = "entities"));
STEPS(chain, STEP(.path = "/c", .follow = FOLLOW_CURSOR, .size = 10, .rows = "entities",
                  .cursor = "next.cursor"));
STEPS(links, STEP(.path = "/t?n={size}", .follow = FOLLOW_CURSOR, .size = 10, .rows = "entities",
                  .cursor = "nextUri", .cursor_as = "after"));
STEPS(by_id,
      STEP(.path = "/u?x=y", .follow = FOLLOW_IDS, .size = 2, .rows = "", .ids_as = "userId"));
STEPS(by_filter, STEP(.method = HTTP_POST, .path = "/s", .body = "{\"or\":[{ids}]}",
                      .follow = FOLLOW_IDS, .size = 2, .rows = "entities", .ids_as = "userId"));
STEPS(by_word, STEP(.method = HTTP_POST, .path = "/m", .body = "{\"of\":[{ids}]}",
                    .follow = FOLLOW_IDS, .size = 2, .rows = "entities"));
STEPS(export, SUBMIT("/e", "id", .body = "{\"unit\":\"{scope}\"}"),
      POLL("/e/{token}", .state = "status", .done = "COMPLETED", .failed = "FAILED",
           .urls = "url|urls"),
      URLS("entities"), CLEANUP("/e/{token}"));
/* Answers that bring the result in several ways: a report, a search, a query. */
#define REPORTED                                                                                   \
    .state = "job.status", .done = "Complete", .failed = "Error", .urls = "downloadUrls"
STEPS(report, SUBMIT("/r", "job.id", REPORTED), POLL("/r/{token}", REPORTED), URLS("userResults"));
STEPS(search,
      POLL("/s", .method = HTTP_POST, .state = "status", .done = "Complete",
           .failed = "Error Canceled", .urls = "downloadUrl", .rows = "result.list"),
      URLS("list"));
STEPS(ways, SUBMIT("/w", "job.id", .urls = "downloadUrl", .rows = "result.list"),
      POLL("/w/{token}", .state = "status", .done = "Complete", .failed = "Error",
           .reason = "error.message", .urls = "downloadUrl", .rows = "result.list"),
      URLS("list"), CLEANUP("/w/{token}"));
STEPS(single, STEP(.path = "/a/{id}/b/{id2}", .follow = FOLLOW_IDS, .size = 1, .single = true,
                   .rows = ".", .must = "id", .ids_as = "bId"));
STEPS(bare_array, STEP(.path = "/b", .rows = ""));
STEPS(any_object, STEP(.path = "/b", .rows = "r", .must = ""));
STEPS(odd_places, STEP(.path = "/b", .rows = "a.rows|results|"));

static const char *const ids[] = {"id-0", "id&1", "id\"2", "id-3", "id-4"};

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* A pager over 2026-03-01 and five ids. */
static struct pager *pager_at(const struct step *steps, struct pager_at at)
{
    struct pager_spec spec = {.steps = steps,
                              .label = "day",
                              .start = START,
                              .end = END,
                              .zone = "Asia/Seoul",
                              .scope = "a/b \"c\"",
                              .list = " x,y\"  z,",
                              .ids = ids,
                              .id_count = COUNT(ids),
                              .hits_overflow = at.id_from == SIZE_MAX,
                              .at = at};

    spec.at.id_from = spec.hits_overflow ? 0 : at.id_from;
    return pager_new(arena, &spec);
}

static struct pager *pager_of(const struct step *steps)
{
    return pager_at(steps, (struct pager_at){.page = 0});
}

static struct pager_request ask(struct pager *p)
{
    struct pager_request r = {.sequence = 0};

    assert_int_equal(pager_state(p), PAGER_READY);
    assert_true(pager_next(p, arena, &r));
    return r;
}

static enum pager_taken give(struct pager *p, int64_t sequence, const char *text,
                             struct pager_page *page, struct err *e)
{
    struct json_doc *doc = doc_of(text);
    enum pager_taken taken = pager_answer(p, sequence, doc, page, e);

    json_free(doc);
    return taken;
}

static struct pager_page take(struct pager *p, int64_t sequence, const char *text)
{
    struct pager_page page;
    struct err e;

    fail_if(give(p, sequence, text, &page, &e) != PAGER_TAKEN, "%s: %s", text, e.message);
    return page;
}

/* The next request's answer. */
static struct pager_page next(struct pager *p, const char *text)
{
    return take(p, ask(p).sequence, text);
}

/* Texts of which either may be NULL. */
static void check_text(const char *text, const char *expected)
{
    assert_string_equal(text ? text : "", expected ? expected : "");
}

/* A page of `count` rows under `key`, with further members in front. */
static const char *rows(const char *members, const char *key, int count)
{
    const char *text = arena_printf(arena, "{%s%s'%s':[", members, members[0] ? "," : "", key);

    for (int i = 0; i < count; i++) {
        text = arena_printf(arena, "%s%s{}", text, i ? "," : "");
    }
    return arena_printf(arena, "%s]}", text);
}

static const char *conversations(const char *members, int count)
{
    return rows(members, "conversations", count);
}

/* Answers all requests with `text` until one is not taken, or nothing is left; how many. */
static int answer_all(struct pager *p, const char *const *texts, size_t count, struct err *e)
{
    struct pager_page page;
    int answered = 0;

    err_clear(e);
    while (pager_state(p) == PAGER_READY && answered < 1000) {
        const char *text = texts[(size_t)answered++ % count];

        if (give(p, ask(p).sequence, text, &page, e) != PAGER_TAKEN) {
            break;
        }
    }
    return answered;
}

STEPS(encoded, STEP(.path = "/{scope}?i={start}/{end}&z={zone}&{other}", .rows = "r"));
STEPS(escaped,
      STEP(.method = HTTP_POST, .path = "/s", .body = "{\"{scope}\":\"{cursor}\",\"z\":\"{zone}\"}",
           .follow = FOLLOW_CURSOR, .size = 1, .rows = "r", .cursor = "c"));
STEPS(marked, STEP(.path = "/c?after={cursor}&n={size}", .follow = FOLLOW_CURSOR, .size = 7,
                   .rows = "r", .cursor = "c"));
STEPS(paged, STEP(.path = "/p?n={page}&s={size}", .follow = FOLLOW_PAGES, .size = 7, .rows = "r"));
STEPS(listed, STEP(.method = HTTP_POST, .path = "/m", .body = "[{list}]", .rows = "r"));
static const struct {
    const struct step *steps;
    struct pager_at at;
    const char *path;
    const char *body;
    const char *label;
} filled[] = {
    {listed, {.page = 1}, "/m", "[\"x\",\"y\\\"\",\"z\"]", "day"},
    {query, {.page = 7}, "/q", "{\"i\":\"" START "/" END "\",\"n\":7,\"s\":10}", "day page 7"},
    /* a stored token that the steps do not know */
    {list, {.token = "j"}, "/l?state=any&pageSize=10&pageNumber=1", NULL, "day page 1"},
    {paged, {.page = 3}, "/p?n=3&s=7", NULL, "day page 3"},
    {chain, {.cursor = "a+b="}, "/c?cursor=a%2Bb%3D", NULL, "day result page 1"},
    {links, {0}, "/t?n=10", NULL, "day result page 1"},
    {links, {.cursor = "a b="}, "/t?n=10&after=a%20b%3D", NULL, "day result page 1"},
    {marked, {.cursor = "a&b"}, "/c?after=a%26b&n=7", NULL, "day result page 1"},
    ROW(escaped, {.cursor = "{\"x\\"}, "/s",
        "{\"a/b \\\"c\\\"\":\"{\\\"x\\\\\",\"z\":\"Asia/Seoul\"}", "day result page 1"),
    ROW(encoded, {.page = 1},
        "/a%2Fb%20%22c%22?i=2026-03-01T00%3A00%3A00.000Z/2026-03-02T00%3A00%3A00.000Z"
        "&z=Asia%2FSeoul&{other}",
        NULL, "day"),
    {by_id, {.id_from = 0}, "/u?x=y&userId=id-0&userId=id%261", NULL, "day batch 1"},
    ROW(by_filter, {.id_from = 1}, "/s",
        "{\"or\":[{\"dimension\":\"userId\",\"value\":\"id&1\"},"
        "{\"dimension\":\"userId\",\"value\":\"id\\\"2\"}]}",
        "day batch 1"),
    {by_word, {.page = 1}, "/m", "{\"of\":[\"x\",\"y\\\"\"]}", "day batch 1"},
    {by_word, {.cursor = "x "}, "/m", "{\"of\":[\"y\\\"\",\"z\"]}", "day batch 1"},
    {job, {.token = "a/b c"}, "/jobs/a%2Fb%20c", NULL, "day job a/b c"},
    {export, {.page = 1}, "/e", "{\"unit\":\"a/b \\\"c\\\"\"}", "day job submission"},
};

TEST_IN(setup, teardown, requests_are_filled)
{
    for (size_t i = 0; i < COUNT(filled); i++) {
        struct pager *p = pager_at(filled[i].steps, filled[i].at);
        struct pager_request r = ask(p);

        assert_string_equal(r.request.path, filled[i].path);
        assert_int_equal(r.request.method, filled[i].body ? HTTP_POST : HTTP_GET);
        check_text(r.request.body, filled[i].body);
        assert_string_equal(r.request.label, filled[i].label);
        assert_false(r.request.target == CLIENT_URL);
        pager_again(p, r.sequence, arena, &r); /* the same, once more */
        assert_string_equal(r.request.path, filled[i].path);
        check_text(r.request.body, filled[i].body);
    }
}

/* Pages that a reading asks for and what ends it: rows per page in order; what each answer says. */
TEST_IN(setup, teardown, numbered_readings_end_right)
{
    static const struct {
        const char *name;
        const char *members; /* of every answer */
        int rows[8];
        int pages; /* asked in all */
    } cases[] = {
        {"one short page", "", {3}, 1},
        {"nothing at all", "", {0}, 1},
        {"no hint, full pages, then a short one", "", {10, 10, 4}, 3},
        {"no hint, an exact multiple", "", {10, 10, 0}, 3},
        {"totalHits", "'totalHits':24", {10, 10, 4}, 3},
        {"totalHits too small", "'totalHits':5", {10, 10, 4}, 3},
        {"totalHits too large", "'totalHits':38", {10, 10, 4, 0}, 4},
        {"a short page before the expected end", "'totalHits':30", {10, 7, 10, 3}, 4},
        {"an empty page before the expected end", "'totalHits':30", {10, 0, 10, 3}, 4},
        {"a link to the next page", "'pageCount':1,'nextUri':'/l?pageNumber=9'", {10, 4, 0}, 3},
        {"pageCount", "'total':20,'pageCount':2", {10, 10}, 2},
        {"pageCount, rows filtered out", "'total':30,'pageCount':3", {9, 0, 8}, 3},
        {"total without pageCount", "'total':12", {10, 2}, 2},
        {"a server that cuts the page size", "'pageSize':5,'totalHits':12", {5, 5, 2}, 3},
        {"negative totals", "'totalHits':-1,'pageCount':-4", {10, 1}, 2},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager *p = pager_of(query);

        print_message("%s\n", cases[i].name);
        for (int n = 0; n < cases[i].pages; n++) {
            struct pager_page page = next(p, conversations(cases[i].members, cases[i].rows[n]));

            assert_true(page.has_rows);
            assert_int_equal(page.row_count, cases[i].rows[n]);
            assert_int_equal(page.next.page, n + 2);
        }
        assert_int_equal(pager_state(p), PAGER_DONE);
    }
}

TEST_IN(setup, teardown, a_resumed_reading_goes_on_at_its_page)
{
    struct pager *p = pager_at(query, (struct pager_at){.page = 3});

    assert_int_equal(next(p, conversations("'totalHits':45", 10)).next.page, 4);
    assert_non_null(strstr(ask(p).request.body, "\"n\":4"));
    ask(p);
    assert_int_equal(pager_state(p), PAGER_WAITING);
    take(p, 1, conversations("'totalHits':45", 10));
    take(p, 2, conversations("'totalHits':45", 5));
    assert_int_equal(pager_state(p), PAGER_DONE);
    /* what it finds behind the last page says nothing against its total */
    next(pager_at(query, (struct pager_at){.page = 3}), conversations("'totalHits':20", 0));
}

/* A page of two rows that began at these minutes. */
static const char *begun(const char *first, const char *second)
{
    return arena_printf(arena,
                        "{'totalHits':900,'conversations':[{'t':'2026-03-01T10:%s:00Z'},"
                        "{'t':'2026-03-01T10:%s:00Z'}]}",
                        first, second);
}

/* Of what came since 10:30 the newest are read, page by page, to the first row that came before. */
TEST_IN(setup, teardown, the_newest_are_read_back_to_what_is_known)
{
    STEPS(steps,
          STEP(.method = HTTP_POST, .path = "/q", .body = "{order} {page}", .follow = FOLLOW_PAGES,
               .size = 2, .rows = "conversations", .newest = "t", .limited = true));
    struct pager_spec spec = {.steps = steps, .label = "day", .hits_overflow = true};

    limit("QUERY_ROWS", "100");
    assert_true(clock_parse("2026-03-01T10:30:00Z", true, &spec.since_ms));
    struct pager *p = pager_new(arena, &spec);
    assert_string_equal(ask(p).request.body, "desc 1");
    assert_int_equal(pager_state(p), PAGER_WAITING);
    struct pager_page page = take(p, 0, begun("50", "40"));
    assert_int_equal(page.unwanted, 0);
    assert_int_equal(page.total_hits, -1); /* nothing need add up to it */
    page = next(p, begun("30", "29"));
    assert_int_equal(page.unwanted, 1);
    assert_int_equal(pager_state(p), PAGER_DONE);

    /* what does not come in that order is all taken: where the end is, is not known */
    spec.hits_overflow = false;
    p = pager_new(arena, &spec);
    page = next(p, begun("20", "40"));
    assert_int_equal(page.unwanted, 0);
    assert_int_equal(page.total_hits, 900);
    assert_int_equal(page.next.page, 1); /* a page of this order is none of the other */
    assert_string_equal(ask(p).request.body, "desc 2");
    page = take(p, 1, begun("10", "09"));
    assert_int_equal(page.unwanted, 0);
    assert_int_equal(pager_state(p), PAGER_READY);
    spec.since_ms = 0;
    assert_string_equal(ask(pager_new(arena, &spec)).request.body, "asc 1");
}

/* Paging that reaches 100 rows: what its answers say, and how it ends. */
TEST_IN(setup, teardown, more_than_paging_reaches_overflows)
{
    static const struct {
        const char *members;
        bool limited;
        bool hits_overflow;
        int pages;
        int last;             /* rows of the last page; the others are full */
        const char *overflow; /* where it is seen; NULL: it ends */
    } cases[] = {
        {"'totalHits':101", true, true, 1, 10, "101 rows"},
        {"'totalHits':100", true, true, 10, 9, NULL},
        /* the total is a hint: where nothing else can read the rows, paging goes on */
        {"'totalHits':3000", true, false, 10, 4, NULL},
        /* a total that hides it */
        {"", true, false, 10, 10, "page 10 is full"},
        {"'totalHits':101", false, true, 11, 1, NULL},
    };

    limit("QUERY_ROWS", "100");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct step steps[] = {QUERY, {.path = NULL}};

        steps[0].limited = cases[i].limited;
        struct pager *p =
            pager_at(steps, (struct pager_at){.id_from = cases[i].hits_overflow ? SIZE_MAX : 0});
        for (int n = 1; n < cases[i].pages; n++) {
            next(p, conversations(cases[i].members, 10));
        }
        const char *last = conversations(cases[i].members, cases[i].last);
        struct pager_page page;
        struct err e;
        assert_int_equal(give(p, ask(p).sequence, last, &page, &e),
                         cases[i].overflow ? PAGER_OVERFLOW : PAGER_TAKEN);
        assert_int_equal(page.row_count, cases[i].last);
        if (cases[i].overflow) {
            assert_non_null(strstr(e.message, cases[i].overflow));
        } else {
            assert_int_equal(pager_state(p), PAGER_DONE);
        }
    }
    limit("QUERY_ROWS", NULL);
}

/* Answers that come one after the other for ever, and what puts an end to them. */
TEST_IN(setup, teardown, what_never_ends_is_temporary)
{
    static const struct {
        const struct step *steps;
        const char *texts[3];
        size_t count;
        int answers; /* until it is found out */
        const char *why;
    } cases[] = {
        ROW(query, {"{'totalHits':900,'conversations':[1,2,3,4,5,6,7,8,9,10]}"}, 1, 8,
            "PAGES_PER_WINDOW"),
        {list, {"{'entities':[1,2,3,4,5,6,7,8,9,10]}"}, 1, 8, "PAGES_PER_WINDOW"},
        {chain, {"{'entities':[1],'next':{'cursor':'a'}}"}, 1, 2, "a cursor that came before"},
        ROW(chain,
            {"{'entities':[1],'next':{'cursor':'a'}}", "{'entities':[1],'next':{'cursor':'b'}}"}, 2,
            3, "a cursor that came before"),
        ROW(chain,
            {"{'entities':[1],'next':{'cursor':'a'}}", "{'entities':[],'next':{'cursor':'b'}}",
             "{'entities':[1],'next':{'cursor':'c'}}"},
            3, 4, "a cursor that came before"),
    };
    struct err e;

    limit("PAGES_PER_WINDOW", "8");
    limit("EMPTY_PAGES", "3");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager *p = pager_of(cases[i].steps);

        assert_int_equal(answer_all(p, cases[i].texts, cases[i].count, &e), cases[i].answers);
        assert_int_equal(e.kind, ERR_TEMPORARY);
        assert_non_null(strstr(e.message, cases[i].why));
    }

    /* Cursors that are new each time: with rows, without, and with rows in between. */
    for (int rows_each = 0; rows_each < 3; rows_each++) {
        const char *texts[9];

        for (int i = 0; i < 9; i++) {
            texts[i] = arena_printf(arena, "{'entities':[%s],'next':{'cursor':'%d'}}",
                                    rows_each == 1 || (rows_each == 2 && i % 3 == 2) ? "1" : "", i);
        }
        assert_int_equal(answer_all(pager_of(chain), texts, 9, &e), rows_each == 0 ? 3 : 8);
        assert_int_equal(e.kind, ERR_TEMPORARY);
        assert_non_null(strstr(e.message, rows_each == 0 ? "EMPTY_PAGES" : "PAGES_PER_WINDOW"));
    }

    /* A total that goes on where the rows do not. */
    static const char *const none[] = {"{'total':900,'entities':[]}"};
    struct pager *p = pager_of(list);
    next(p, rows("'total':900", "entities", 10));
    assert_int_equal(answer_all(p, none, 1, &e), 3);
    assert_non_null(strstr(e.message, "EMPTY_PAGES"));
    /* The last page may be empty. */
    limit("EMPTY_PAGES", "1");
    next(p = pager_of(list), "{'total':0,'entities':[]}");
    assert_int_equal(pager_state(p), PAGER_DONE);
    next(p = pager_of(chain), "{'entities':[]}");
    assert_int_equal(pager_state(p), PAGER_DONE);
    limit("PAGES_PER_WINDOW", NULL);
    limit("EMPTY_PAGES", NULL);
}

/* The first answer of a pager that begins at `at`: how many rows, or that it is none, wrong, or
 * that all is lost. */
enum { AGAIN = -1, WRONG = -2, NO_ROWS = -3, LOST = -4 };
static const struct {
    const struct step *steps;
    struct pager_at at;
    const char *text;
    int rows;
} answers[] = {
    {query, {0}, "{'conversations':[1,2]}", 2},
    {query, {0}, "{'totalHits':0}", 0},
    {query, {0}, "{'totalHits':3}", AGAIN},
    {query, {0}, "{'totalHits':3,'conversations':[]}", AGAIN},
    {query, {0}, "{}", AGAIN},
    {query, {0}, "[1,2]", AGAIN},
    {query, {0}, "{'conversations':{}}", WRONG},
    {bare_array, {0}, "[1,2,3]", 3},
    {bare_array, {0}, "{}", AGAIN},
    {odd_places, {0}, "[1]", 1},
    {odd_places, {0}, "{'a':{'rows':[1,2]},'results':[]}", 2},
    {odd_places, {0}, "{'a':{'rows':null},'results':[1]}", 1},
    {odd_places, {0}, "{'a':[1]}", AGAIN},
    {odd_places, {0}, "{'results':4}", WRONG},
    {job, {0}, "{'jobId':'j'}", NO_ROWS},
    {job, {0}, "{'jobId':7}", WRONG},
    {job, {0}, "{'jobId':''}", WRONG},
    {job, {0}, "{'jobId':'..'}", WRONG},
    {job, {0}, "{'jobId':'a\\u0000b'}", WRONG},
    {job, {.token = "j"}, "{'state':'SOMETHING_NEW'}", NO_ROWS},
    {job, {.token = "j"}, "{'state':'DON'}", NO_ROWS},
    {job, {.token = "j"}, "{'state':7}", WRONG},
    {job, {.token = "j"}, "{'state':'FAILED','errorMessage':'out of \\u001bmemory'}", LOST},
    {job, {.token = "j", .waited = true}, "{'state':'EXPIRED'}", LOST},
    {job, {.token = "j", .waited = true}, "{'state':'PENDING'}", LOST},
    {job, {.token = "j", .waited = true}, "{'state':'FULFILLED'}", NO_ROWS},
    {job, {.token = "j", .cursor = "c"}, "{'dataAvailabilityDate':'2026-03-05T01:02:03Z'}", 0},
    {job, {.token = "j", .cursor = "c"}, "{'conversations':[1]}", 1},
    {job, {.token = "j", .cursor = "c"}, "{}", AGAIN},
    {export, {.token = "x"}, "{'status':'RUNNING'}", NO_ROWS},
    {export, {.token = "x"}, "{'status':'COMPLETED','urls':[7]}", WRONG},
    {export, {.token = "x"}, "{'status':'COMPLETED','url':''}", WRONG},
    {export, {.token = "x"}, "{'status':'COMPLETED','url':'http://example.org/1'}", WRONG},
    {export, {.token = "x"}, "{'status':'COMPLETED','urls':['https://x/1','file:///x']}", WRONG},
    {export, {.token = "x"}, "{'status':'COMPLETED'}", NO_ROWS}, /* there are none */
    {any_object, {0}, "{}", 0},
};

/* Gives a request its answer, of which the rows or what becomes of it are expected. */
static enum pager_taken check_answer(struct pager *p, int64_t sequence, const char *text, int rows,
                                     struct err *e)
{
    static const enum pager_taken taken_as[] = {[0] = PAGER_TAKEN,
                                                [-AGAIN] = PAGER_AGAIN,
                                                [-WRONG] = PAGER_FAILED,
                                                [-NO_ROWS] = PAGER_TAKEN,
                                                [-LOST] = PAGER_LOST};
    struct pager_page page;

    e->kind = ERR_CONTRACT; /* of an answer before */
    enum pager_taken taken = give(p, sequence, text, &page, e);
    print_message("%s\n", text);
    assert_int_equal(taken, taken_as[rows < 0 ? -rows : 0]);
    if (taken == PAGER_TAKEN) {
        assert_int_equal(e->kind, ERR_NONE);
        assert_int_equal(page.has_rows, rows >= 0);
        assert_int_equal(page.row_count, rows > 0 ? rows : 0);
    }
    return taken;
}

TEST_IN(setup, teardown, answers_are_taken_asked_again_or_refused)
{
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct pager *p = pager_at(answers[i].steps, answers[i].at);
        struct pager_request first = ask(p);
        struct pager_request again;
        struct err e;
        enum pager_taken taken =
            check_answer(p, first.sequence, answers[i].text, answers[i].rows, &e);

        if (taken == PAGER_LOST) {
            assert_true(str_starts_with(e.message, "the job is "));
            assert_null(strchr(e.message, '\x1b'));
        } else if (taken != PAGER_TAKEN) {
            assert_int_equal(e.kind, taken == PAGER_AGAIN ? ERR_TEMPORARY : ERR_CONTRACT);
            assert_non_null(strstr(e.message, "day: "));
        }
        if (taken == PAGER_AGAIN) { /* asked once more it waits as before */
            assert_int_equal(pager_state(p), PAGER_WAITING);
            pager_again(p, first.sequence, arena, &again);
            assert_string_equal(again.request.path, first.request.path);
        }
    }
}

/* The cursor is a parameter of the link to the next page; no link is the last page. */
TEST_IN(setup, teardown, a_cursor_may_lie_in_a_link)
{
    static const struct {
        const char *link;
        const char *cursor; /* NULL: trouble */
    } cases[] = {
        {"/t?n=10&after=a%2Bb%3d", "a+b="},
        {"https://x/t?after=c&n=10#after=d", "c"},
        {"/t?before=b&thereafter=z&after=5", "5"},
        {"/t?after=%zz%4%41", "%zz%4A"},
        {"/t?after=", NULL},
        {"/t", NULL},
    };
    struct pager_page page;
    struct err e = {0};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager *p = pager_of(links);
        const char *answer = arena_printf(arena, "{'entities':[1],'nextUri':'%s'}", cases[i].link);
        int64_t sequence = ask(p).sequence;

        if (cases[i].cursor) {
            page = take(p, sequence, answer);
            assert_string_equal(page.next.cursor, cases[i].cursor);
            page = next(p, "{'entities':[]}");
            assert_int_equal(pager_state(p), PAGER_DONE);
        } else {
            assert_int_equal(give(p, sequence, answer, &page, &e), PAGER_FAILED);
            assert_int_equal(e.kind, ERR_CONTRACT);
            assert_non_null(strstr(e.message, "nextUri"));
        }
    }
}

TEST_IN(setup, teardown, a_job_runs_from_submission_to_deletion)
{
    static const struct {
        const char *state;
        int64_t delay_ms;
    } polls[] = {
        {"QUEUED", 500}, {"PENDING", 1000}, {"PENDING", 2000}, {"NEW", 3000}, {"FULFILLED", 3000}};
    struct pager *p = pager_of(job);
    struct pager_request r = ask(p);

    assert_int_equal(r.sequence, -1);
    assert_int_equal(pager_state(p), PAGER_WAITING);
    assert_string_equal(take(p, r.sequence, "{'jobId':'a/b c'}").token, "a/b c");
    for (size_t i = 0; i < COUNT(polls); i++) {
        r = ask(p);
        assert_string_equal(r.request.path, "/jobs/a%2Fb%20c");
        assert_int_equal(r.request.delay_ms, polls[i].delay_ms);
        assert_false(
            take(p, r.sequence, arena_printf(arena, "{'state':'%s'}", polls[i].state)).has_rows);
    }
    struct pager_page page = next(p, "{'conversations':[{}],'cursor':'c+1=',"
                                     "'dataAvailabilityDate':'2026-03-05T01:02:03.004Z'}");
    assert_string_equal(page.next.token, "a/b c");
    assert_string_equal(page.next.cursor, "c+1=");
    assert_int_equal(page.available_ms, INT64_C(1772672523004));
    r = ask(p);
    assert_int_equal(r.sequence, 1);
    assert_string_equal(r.request.path, "/jobs/a%2Fb%20c/results?pageSize=1000&cursor=c%2B1%3D");
    page = take(p, r.sequence, "{'conversations':[]}");
    assert_null(page.next.cursor);
    assert_int_equal(page.available_ms, TIME_NONE);
    assert_int_equal(pager_state(p), PAGER_DONE);
    assert_true(pager_cleanup(p, arena, &r));
    assert_int_equal(r.request.method, HTTP_DELETE);
    assert_int_equal(r.sequence, -1);
    assert_string_equal(r.request.path, "/jobs/a%2Fb%20c");
    assert_false(pager_cleanup(p, arena, &r));               /* once */
    assert_false(pager_cleanup(pager_of(job), arena, &r));   /* nothing was submitted */
    assert_false(pager_cleanup(pager_of(query), arena, &r)); /* nothing ever is */
}

/* Several scopes of a request are its items; a job of theirs that failed is none to submit again.
 */
TEST_IN(setup, teardown, several_scopes)
{
    STEPS(
        steps,
        SUBMIT("/s", "id", .body = "{\"items\":[{items}],\"zone\":\"{zone}\"}",
               .item = "{\"unit\":\"{scope}\",\"from\":\"{start}\"}"),
        POLL("/s/{token}", .state = "state", .done = "Complete", .failed = "Error", .urls = "urls"),
        URLS("r"));
    static const char *const scopes[] = {"a", "b\"c"};

    for (size_t count = 1; count <= COUNT(scopes); count++) {
        struct pager *p = pager_new(arena, &(struct pager_spec){.steps = steps,
                                                                .label = "w",
                                                                .start = "1",
                                                                .zone = "Z",
                                                                .scope = scopes[0],
                                                                .scopes = scopes,
                                                                .scope_count = count});
        struct pager_request r = ask(p);
        struct pager_page page;
        struct err e;

        assert_string_equal(r.request.body, count == 1
                                                ? "{\"items\":[{\"unit\":\"a\",\"from\":\"1\"}],"
                                                  "\"zone\":\"Z\"}"
                                                : "{\"items\":[{\"unit\":\"a\",\"from\":\"1\"},"
                                                  "{\"unit\":\"b\\\"c\",\"from\":\"1\"}],"
                                                  "\"zone\":\"Z\"}");
        assert_int_equal(give(p, r.sequence, "{'id':'t'}", &page, &e), PAGER_TAKEN);
        assert_int_equal(give(p, ask(p).sequence, "{'state':'Error'}", &page, &e),
                         count == 1 ? PAGER_LOST : PAGER_FAILED);
    }
}

TEST_IN(setup, teardown, pages_by_number_behind_other_steps)
{
    STEPS(steps, STEP(.method = HTTP_POST, .path = "/s", .token = "id"),
          STEP(.path = "/s/{token}", .follow = FOLLOW_PAGES, .size = 2, .rows = "r"));
    struct pager *p = pager_of(steps);

    next(p, "{'id':'t'}");
    next(p, "{'r':[1,2],'total':3}");
    next(p, "{'r':[3],'total':3}");
    assert_int_equal(pager_state(p), PAGER_DONE);
}

/* Words go on behind those that are done, unless the list begins otherwise by now. */
TEST_IN(setup, teardown, words_go_on)
{
    struct pager *p = pager_of(by_word);
    struct pager_page page = take(p, ask(p).sequence, "{'entities':[1]}");

    assert_string_equal(page.next.cursor, "x y\" ");
    page = take(p, ask(p).sequence, "{'entities':[]}");
    assert_string_equal(page.next.cursor, "x y\" z ");
    assert_int_equal(pager_state(p), PAGER_DONE);
    assert_int_equal(pager_state(pager_at(by_word, page.next)), PAGER_DONE);
}

TEST_IN(setup, teardown, a_job_that_never_ends_is_temporary)
{
    static const char *const pending[] = {"{'state':'PENDING'}"};
    struct pager *p = pager_at(job, (struct pager_at){.page = 1});
    struct pager_page page;
    struct err e;

    limit("JOB_WAIT_MS", "10000");
    assert_int_equal(give(p, ask(p).sequence, "{'jobId':'j'}", &page, &e), PAGER_TAKEN);
    for (int polls = 0; polls < 5; polls++) { /* .5, 1.5, 3.5, 6.5, 9.5 s */
        assert_false(next(p, pending[0]).waited);
    }
    assert_int_equal(give(p, ask(p).sequence, pending[0], &page, &e), PAGER_FAILED); /* 12.5 s */
    assert_int_equal(e.kind, ERR_TEMPORARY);
    assert_true(page.waited);
    /* An earlier run's, which was cut while it polled, is submitted anew by this one. */
    p = pager_at(job, (struct pager_at){.token = "j"});
    (void)answer_all(p, pending, 1, &e);
    assert_non_null(strstr(e.message, "waited for long enough"));
    limit("JOB_WAIT_MS", NULL);
}

TEST_IN(setup, teardown, refusals_that_a_pager_can_deal_with)
{
    static const struct {
        const struct step *steps;
        struct pager_at at;
        int status;
        bool lost;
        bool cleans;
    } cases[] = {
        {job, {0}, 404, false, false}, /* the submission's path itself is unknown */
        {job, {.token = "j"}, 404, true, false},
        {job, {.token = "j"}, 410, true, false},
        {job, {.token = "j"}, 403, false, true},
        {job, {.token = "j", .cursor = "c"}, 404, true, false},
        {job, {.token = "j", .cursor = "c"}, 400, true, true},
        {job, {.token = "j", .cursor = "c"}, 500, false, true},
        {query, {0}, 404, false, false},
        {chain, {.cursor = "c"}, 404, false, false},
    };
    struct pager_request r;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager *p = pager_at(cases[i].steps, cases[i].at);

        print_message("refusal case %zu\n", i);
        struct err e = {.kind = ERR_NONE};
        ask(p);
        assert_int_equal(pager_refused(p, cases[i].status, "not.found", &e),
                         cases[i].lost ? PAGER_LOST : PAGER_FAILED);
        assert_true(cases[i].lost || pager_state(p) == PAGER_WAITING);
        assert_int_equal(strstr(e.message, "not.found") != NULL, cases[i].lost);
        assert_int_equal(pager_cleanup(p, arena, &r), cases[i].cleans);
    }
}

TEST_IN(setup, teardown, ids_go_out_in_batches)
{
    struct pager *p = pager_of(by_id);

    ask(p);
    ask(p);
    assert_string_equal(ask(p).request.path, "/u?x=y&userId=id-4");
    assert_int_equal(pager_state(p), PAGER_WAITING);
    struct pager_page page = take(p, 2, "[{}]");
    assert_int_equal(page.next.id_from, 5);
    assert_int_equal(page.id_count, 1);
    take(p, 0, "[]");
    page = take(p, 1, "[{},{}]");
    assert_int_equal(page.next.id_from, 4);
    assert_int_equal(page.id_count, 2);
    assert_int_equal(pager_state(p), PAGER_DONE);
    assert_int_equal(pager_state(pager_at(by_id, (struct pager_at){.id_from = 5})), PAGER_DONE);
}

TEST_IN(setup, teardown, single_ids_are_segments_of_a_path)
{
    const char *parts[] = {"a?b/c&d", "..", "a/", "/b", "a/..", "./b", "a", "a/b/c", "x/y"};
    struct pager_page page;
    struct pager_at behind;
    const char *id;
    struct err e;

    assert_int_equal(pager_fit_ids(single, parts, COUNT(parts)), 3);
    assert_string_equal(parts[2], "x/y");
    assert_int_equal(pager_fit_ids(by_id, parts, 3), 3);
    struct pager *p = pager_new(
        arena, &(struct pager_spec){.steps = single, .label = "day", .ids = parts, .id_count = 3});
    assert_string_equal(ask(p).request.path, "/a/a%3Fb/b/c%26d");
    assert_string_equal(ask(p).request.path, "/a/a/b/b%2Fc");
    assert_string_equal(ask(p).request.path, "/a/x/b/y");
    assert_int_equal(take(p, 1, "{'id':'b'}").row_count, 1);
    assert_int_equal(take(p, 2, "{'id':[]}").row_count, 1);
    assert_int_equal(give(p, 0, "{'message':'b'}", &page, &e), PAGER_AGAIN);
    assert_int_equal(pager_state(p), PAGER_WAITING);
    assert_false(pager_halve(p, 0, &behind, &id)); /* it is left out */
    assert_int_equal(pager_state(p), PAGER_DONE);
}

/* What one answer after the other says, and the paths that are asked for: the result comes in any
 * of its ways. What an answer brings: its rows, or that it is none, or that all is lost. */
static const struct {
    const struct step *steps;
    struct {
        const char *path;
        const char *text;
        int rows;
    } asked[4];
    int count; /* what comes after it: nothing, unless the last one is no answer */
} result_ways[] = {
    {search, {{"/s", "{'status':'Complete','result':{'list':[1,2]}}", 2}}, 1},
    {search, {{"/s", "{'result':{'list':[]}}", 0}}, 1},
    {search,
     {{"/s", "{'status':'Complete','result':{'list':[]},'downloadUrl':'https://x/1'}", NO_ROWS},
      {"https://x/1", "{'list':[1,2,3]}", 3}},
     2},
    {search,
     {{"/s", "{'status':'Processing','result':{'list':[1]}}", NO_ROWS},
      {"/s", "{'status':'Processing','downloadUrl':'https://x/1'}", NO_ROWS},
      {"/s", "{'status':'Complete','result':{'list':[1]}}", 1}},
     3},
    {search, {{"/s", "{'status':'Complete'}", AGAIN}}, 1},
    {search, {{"/s", "{'status':7}", WRONG}}, 1},
    {search, {{"/s", "{'status':'Complete','result':{'list':7}}", WRONG}}, 1},
    {search, {{"/s", "{'status':'Complete','downloadUrl':{}}", WRONG}}, 1},
    {search, {{"/s", "{'status':'Canceled'}", LOST}}, 1},
    {ways, {{"/w", "{'result':{'list':[1]}}", 1}}, 1},
    {ways,
     {{"/w", "{'job':{'id':'j'},'result':null,'downloadUrl':null}", NO_ROWS},
      {"/w/j", "{'status':'Processing'}", NO_ROWS},
      {"/w/j", "{'status':'Complete','downloadUrl':'https://x/3'}", NO_ROWS},
      {"https://x/3", "{'list':[1]}", 1}},
     4},
    {ways,
     {{"/w", "{'job':{'id':'j'}}", NO_ROWS},
      {"/w/j", "{'status':'Complete','result':{'list':[1]}}", 1}},
     2},
    {ways, {{"/w", "{'job':{'id':'j'}}", NO_ROWS}, {"/w/j", "{'status':'Complete'}", AGAIN}}, 2},
    {ways, {{"/w", "{'job':{'id':'j'}}", NO_ROWS}, {"/w/j", "{'status':'Error'}", LOST}}, 2},
    {report,
     {{"/r", "{'job':{'id':'j','status':'Complete'},'downloadUrls':['https://x/4']}", NO_ROWS},
      {"https://x/4", "{'userResults':[1]}", 1}},
     2},
    {report, {{"/r", "{'job':{'id':'j','status':'Complete'},'downloadUrls':[]}", NO_ROWS}}, 1},
    {report, {{"/r", "{'job':{'status':'Processing'}}", WRONG}}, 1},
    {export,
     {{"/e", "{'id':'x'}", NO_ROWS},
      {"/e/x", "{'status':'COMPLETED','url':'https://x/a?c={page}&d=%2F'}", NO_ROWS},
      {"https://x/a?c={page}&d=%2F", "{'entities':[1]}", 1}},
     3},
    {report,
     {{"/r", "{'job':{'id':'j','status':'Processing'},'downloadUrls':[]}", NO_ROWS},
      {"/r/j", "{'job':{'status':'Complete'}}", NO_ROWS}},
     2},
};

TEST_IN(setup, teardown, a_result_comes_in_several_ways)
{
    for (size_t i = 0; i < COUNT(result_ways); i++) {
        struct pager *p = pager_of(result_ways[i].steps);
        enum pager_taken taken = PAGER_TAKEN;
        struct err e;

        for (int n = 0; n < result_ways[i].count; n++) {
            struct pager_request r = ask(p);

            assert_string_equal(r.request.path, result_ways[i].asked[n].path);
            assert_int_equal(r.request.target == CLIENT_URL, r.request.path[0] != '/');
            taken = check_answer(p, r.sequence, result_ways[i].asked[n].text,
                                 result_ways[i].asked[n].rows, &e);
        }
        assert_true(taken != PAGER_TAKEN || pager_state(p) == PAGER_DONE);
        assert_true(taken != PAGER_AGAIN || pager_state(p) == PAGER_WAITING);
    }
}

/* What no job stands behind is asked a few times, in the rhythm of polls; then it is trouble that
 * leaves nothing behind to be asked for. */
TEST_IN(setup, teardown, what_has_no_job_is_asked_a_few_times)
{
    static const int64_t delays[] = {0, 500, 1000, 2000, 3000};
    static const char *const limits[][2] = {{"ASKS", "5"}, {"JOB_WAIT_MS", "6500"}};

    for (size_t i = 0; i < COUNT(limits); i++) {
        struct pager *p = pager_of(search);
        struct pager_page page;
        struct pager_request r;
        struct err e;

        limit(limits[i][0], limits[i][1]);
        for (size_t n = 0; n < COUNT(delays); n++) {
            r = ask(p);
            assert_int_equal(r.request.delay_ms, delays[n]);
            assert_int_equal(r.request.poll, n);
            assert_string_equal(r.request.label, "day");
            assert_int_equal(give(p, r.sequence, "{'status':'Processing'}", &page, &e),
                             n + 1 < COUNT(delays) ? PAGER_TAKEN : PAGER_FAILED);
        }
        assert_int_equal(e.kind, ERR_TEMPORARY);
        assert_non_null(strstr(e.message, "asked 5 times"));
        assert_non_null(strstr(e.message, limits[i][0]));
        assert_false(page.waited);
        assert_false(pager_cleanup(p, arena, &r));
        limit(limits[i][0], NULL);
    }
}

/* Where a job stands behind it that is there yet, and cleared up before the next. */
TEST_IN(setup, teardown, an_expired_url_is_lost)
{
    for (int with_job = 0; with_job < 2; with_job++) {
        struct pager *p =
            with_job ? pager_at(export, (struct pager_at){.token = "x"}) : pager_of(search);
        struct pager_request r;
        struct err e;

        next(p, with_job ? "{'status':'COMPLETED','url':'https://x/1'}"
                         : "{'status':'Complete','downloadUrl':'https://x/1'}");
        r = ask(p);
        assert_int_equal(pager_refused(p, with_job ? 404 : 403, NULL, &e), PAGER_LOST);
        assert_string_equal(e.message, "the download has expired");
        assert_int_equal(pager_cleanup(p, arena, &r), with_job);
        assert_string_equal(r.request.path, with_job ? "/e/x" : "https://x/1");
    }
}

/* A request that asked for too much: where the one begins that asks for half. */
TEST_IN(setup, teardown, requests_are_halved)
{
    static const char taken[] = "{'entities':[1],'next':{'cursor':'c'}}";
    static const char cut[] = "{'entities':[1,2,3,4],'pageSize':4,'total':20}";
    static const struct {
        const struct step *steps;
        struct pager_at at;
        int sequence;
        bool halved;
        struct pager_at to;
        const char *id;
        const char *before; /* what the first request was answered */
    } cases[] = {
        {query, {.page = 3}, 0, true, {.page = 5, .page_size = 5}, NULL, NULL},
        /* row 15 is in it */
        {list, {.page_size = 5}, 3, true, {.page = 8, .page_size = 2}, NULL, NULL},
        {list, {.page = 9, .page_size = 1}, 0, false, {.page = 9}, NULL, NULL},
        {by_id, {0}, 1, true, {.id_from = 2, .page_size = 1}, NULL, NULL},
        {by_id, {.page_size = 1, .id_from = 2}, 1, false, {.id_from = 4}, "id-3", NULL},
        {by_word, {0}, 1, false, {0}, NULL, NULL},
        {bare_array, {0}, 0, false, {.page = 1}, NULL, NULL},
        ROW(job, ROW(.token = "j", .cursor = "c"), 0, true,
            ROW(.token = "j", .cursor = "c", .page_size = 500), NULL, NULL),
        /* of a page that was taken the cursor that is known leads on */
        {chain, {0}, 0, false, {0}, NULL, taken},
        {chain, {0}, 1, true, {.cursor = "c", .page_size = 5}, NULL, taken},
        /* half of what the server gives, less than was asked for: rows 4 and 5 */
        {list, {0}, 1, true, {.page = 3, .page_size = 2}, NULL, cut},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager *p = pager_at(cases[i].steps, cases[i].at);
        struct pager_at to;
        const char *id = "unset";
        int64_t first = ask(p).sequence;

        if (cases[i].before) {
            take(p, first, cases[i].before);
        }
        assert_int_equal(pager_halve(p, cases[i].sequence, &to, &id), cases[i].halved);
        check_text(id, cases[i].id);
        if (!cases[i].halved && !id) {
            continue; /* no way on */
        }
        check_text(to.token, cases[i].to.token);
        check_text(to.cursor, cases[i].to.cursor);
        assert_int_equal(to.page_size, cases[i].to.page_size);
        assert_int_equal(to.id_from, cases[i].to.id_from);
        if (cases[i].steps[0].follow == FOLLOW_PAGES) {
            assert_int_equal(to.page, cases[i].to.page);
        }
    }
}
