#include "test.h"

#include "api/pager.h"
#include "base/arena.h"
#include "limit.h"

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

static struct json_doc *doc_of(const char *text)
{
    struct err e;
    size_t length = strlen(text);
    char *bytes = calloc(1, length + JSON_PADDING_BYTES);

    memcpy(bytes, text, length);
    struct json_doc *doc = json_parse(bytes, length, &e);
    assert_non_null(doc);
    return doc;
}

/* A page of `rows` rows under `key`, with further members in front. */
static struct json_doc *page_doc(const char *members, const char *key, int rows)
{
    char *text = arena_printf(arena, "{%s%s\"%s\":[", members, members[0] ? "," : "", key);

    for (int i = 0; i < rows; i++) {
        text = arena_printf(arena, "%s%s{}", text, i ? "," : "");
    }
    return doc_of(arena_printf(arena, "%s]}", text));
}

static struct pager_page take(struct pager *p, int64_t sequence, struct json_doc *doc)
{
    struct pager_page page;
    struct err e;

    if (!pager_answer(p, sequence, doc, arena, &page, &e)) {
        fail_msg("%s", e.message);
    }
    json_free(doc);
    return page;
}

static struct pager_request ask(struct pager *p)
{
    struct pager_request r;

    assert_int_equal(pager_state(p), PAGER_READY);
    assert_true(pager_next(p, arena, &r));
    return r;
}

/* Answers the pager's next request; its words on an answer that it does not take are in *e. */
static bool answer(struct pager *p, const char *text, struct pager_page *page, struct err *e)
{
    struct json_doc *doc = doc_of(text);
    bool taken = pager_answer(p, ask(p).sequence, doc, arena, page, e);

    json_free(doc);
    return taken;
}

static struct pager_spec query_spec(void)
{
    return (struct pager_spec){
        .kind = PAGER_NUMBERED,
        .post = true,
        .path = "/q",
        .body = "{\"interval\":\"{start}/{end}\",\"paging\":{\"pageSize\":{size},\"pageNumber\":"
                "{page}},\"other\":{\"x\":1}}",
        .entities = "conversations",
        .label = "conversations 2026-03-01",
        .start = "2026-03-01T00:00:00.000Z",
        .end = "2026-03-02T00:00:00.000Z",
        .page_size = 10,
        .first_page = 1,
    };
}

TEST_IN(setup, teardown, a_numbered_post_fills_its_template)
{
    struct pager_spec spec = query_spec();

    spec.first_page = 7;
    struct pager *p = pager_new(arena, &spec);
    struct pager_request r = ask(p);
    assert_int_equal(r.method, HTTP_POST);
    assert_string_equal(r.path, "/q");
    assert_string_equal(r.body,
                        "{\"interval\":\"2026-03-01T00:00:00.000Z/2026-03-02T00:00:00.000Z\""
                        ",\"paging\":{\"pageSize\":10,\"pageNumber\":7},\"other\":{\"x\":1}"
                        "}");
    assert_string_equal(r.label, "conversations 2026-03-01 page 7");
    assert_int_equal(r.sequence, 0);
}

TEST_IN(setup, teardown, a_numbered_get_adds_paging)
{
    struct pager_spec spec = query_spec();

    spec.post = false;
    spec.body = NULL;
    spec.query = "interval={start}/{end}";
    struct pager_request r = ask(pager_new(arena, &spec));
    assert_int_equal(r.method, HTTP_GET);
    assert_null(r.body);
    assert_string_equal(r.path, "/q?interval=2026-03-01T00%3A00%3A00.000Z/"
                                "2026-03-02T00%3A00%3A00.000Z&pageSize=10&pageNumber=1");
    spec.query = NULL;
    assert_string_equal(ask(pager_new(arena, &spec)).path, "/q?pageSize=10&pageNumber=1");
    spec.query = "n={page}&s={size}";
    assert_string_equal(ask(pager_new(arena, &spec)).path, "/q?n=1&s=10");
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
        {"totalHits", "\"totalHits\":24", {10, 10, 4}, 3},
        {"totalHits of an exact multiple", "\"totalHits\":20", {10, 10, 0}, 3},
        {"totalHits 0", "\"totalHits\":0", {0}, 1},
        {"totalHits too small", "\"totalHits\":5", {10, 10, 4}, 3},
        {"totalHits too large", "\"totalHits\":38", {10, 10, 4, 0}, 4},
        {"a short page before the expected end", "\"totalHits\":30", {10, 7, 10, 3}, 4},
        {"an empty page before the expected end", "\"totalHits\":30", {10, 0, 10, 3}, 4},
        {"pageCount", "\"total\":20,\"pageCount\":2", {10, 10}, 2},
        {"pageCount, rows filtered out", "\"total\":30,\"pageCount\":3", {9, 0, 8}, 3},
        {"total without pageCount", "\"total\":12", {10, 2}, 2},
        {"a server that cuts the page size", "\"pageSize\":5,\"totalHits\":12", {5, 5, 2}, 3},
        {"negative totals", "\"totalHits\":-1,\"pageCount\":-4", {10, 1}, 2},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager_spec spec = query_spec();
        struct pager *p = pager_new(arena, &spec);
        int pages = 0;
        bool last = false;

        print_message("%s\n", cases[i].name);
        while (pager_state(p) == PAGER_READY) {
            assert_false(last);
            struct pager_request r = ask(p);
            assert_int_equal(r.sequence, pages);
            struct pager_page page = take(
                p, r.sequence, page_doc(cases[i].members, "conversations", cases[i].rows[pages]));
            assert_true(page.has_rows);
            assert_int_equal(page.row_count, cases[i].rows[pages]);
            assert_int_equal(page.next_page, pages + 2);
            pages++;
            last = page.last;
        }
        assert_int_equal(pager_state(p), PAGER_DONE);
        assert_int_equal(pages, cases[i].pages);
        assert_true(last);
    }
}

TEST_IN(setup, teardown, pages_in_flight_are_as_many_as_expected)
{
    struct pager_spec spec = query_spec();
    struct pager *p = pager_new(arena, &spec);

    ask(p);
    assert_int_equal(pager_state(p), PAGER_WAITING);
    take(p, 0, page_doc("\"totalHits\":40", "conversations", 10));
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(ask(p).sequence, i); /* one more than full pages */
    }
    assert_int_equal(pager_state(p), PAGER_WAITING);
    /* the last one first: it is the end, though others are on their way */
    assert_true(take(p, 4, page_doc("\"totalHits\":40", "conversations", 0)).last);
    assert_int_equal(pager_state(p), PAGER_WAITING);
    assert_false(take(p, 2, page_doc("", "conversations", 10)).last);
    assert_false(take(p, 1, page_doc("", "conversations", 10)).last);
    assert_int_equal(pager_state(p), PAGER_WAITING);
    assert_false(take(p, 3, page_doc("", "conversations", 10)).last);
    assert_int_equal(pager_state(p), PAGER_DONE);
}

TEST_IN(setup, teardown, rows_past_a_short_page_are_kept_and_read_on)
{
    struct pager_spec spec = query_spec();
    struct pager *p = pager_new(arena, &spec);

    ask(p);
    take(p, 0, page_doc("\"totalHits\":25", "conversations", 10));
    ask(p);
    ask(p);
    assert_false(take(p, 1, page_doc("\"totalHits\":25", "conversations", 9)).last);
    struct pager_page page = take(p, 2, page_doc("\"totalHits\":25", "conversations", 10));
    assert_int_equal(page.row_count, 10);
    assert_false(page.last);
    assert_int_equal(ask(p).sequence, 3);
    assert_true(take(p, 3, page_doc("", "conversations", 1)).last);
    assert_int_equal(pager_state(p), PAGER_DONE);
}

TEST_IN(setup, teardown, a_resumed_reading_goes_on_at_its_page)
{
    struct pager_spec spec = query_spec();

    spec.first_page = 3;
    struct pager *p = pager_new(arena, &spec);
    ask(p);
    assert_int_equal(take(p, 0, page_doc("\"totalHits\":45", "conversations", 10)).next_page, 4);
    assert_non_null(strstr(ask(p).body, "\"pageNumber\":4"));
    ask(p);
    assert_int_equal(pager_state(p), PAGER_WAITING);
    take(p, 1, page_doc("\"totalHits\":45", "conversations", 10));
    assert_true(take(p, 2, page_doc("\"totalHits\":45", "conversations", 5)).last);
    assert_int_equal(pager_state(p), PAGER_DONE);
}

/* Paging that reaches 30 rows: what its answers say, and how it ends. */
TEST_IN(setup, teardown, more_than_paging_reaches_overflows)
{
    static const struct {
        const char *members;
        bool hits_overflow;
        int rows[3]; /* of the pages asked; -1: no further one */
        enum pager_state end;
        const char *reason;
    } cases[] = {
        {"\"totalHits\":31", true, {10, -1}, PAGER_OVERFLOW, "31"},
        /* the total is a hint: where nothing else can read the rows, paging goes on */
        {"\"totalHits\":3000", false, {10, 10, 4}, PAGER_DONE, ""},
        /* a total that hides it */
        {"", false, {10, 10, 10}, PAGER_OVERFLOW, "page 3 is full"},
        /* the most that it reaches without */
        {"\"totalHits\":30", false, {10, 10, 9}, PAGER_DONE, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager_spec spec = query_spec();

        spec.row_limit = 30;
        spec.hits_overflow = cases[i].hits_overflow;
        struct pager *p = pager_new(arena, &spec);
        for (int page = 0; page < 3 && cases[i].rows[page] >= 0; page++) {
            take(p, ask(p).sequence,
                 page_doc(cases[i].members, "conversations", cases[i].rows[page]));
        }
        assert_int_equal(pager_state(p), cases[i].end);
        assert_non_null(strstr(pager_reason(p), cases[i].reason));
    }
}

TEST_IN(setup, teardown, endless_pages_break_the_contract)
{
    struct pager_spec spec = query_spec();
    struct pager_page page;
    struct err e = {.kind = ERR_NONE};

    limit("PAGES_PER_WINDOW", "5");
    struct pager *p = pager_new(arena, &spec);
    bool ok = true;
    int pages = 0;
    while (ok && pages < 100) {
        ok = answer(p, "{\"totalHits\":1000000,\"conversations\":[1,2,3,4,5,6,7,8,9,10]}", &page,
                    &e);
        pages++;
    }
    assert_int_equal(pages, 5);
    assert_int_equal(e.kind, ERR_CONTRACT);
    limit("PAGES_PER_WINDOW", NULL);
}

TEST_IN(setup, teardown, rows_are_found_or_refused)
{
    static const struct {
        const char *entities;
        const char *text;
        int rows; /* -1: refused */
    } cases[] = {
        {"conversations", "{\"conversations\":[1,2]}", 2},
        {"conversations", "{\"totalHits\":0}", 0},
        {"conversations", "{\"conversations\":null}", 0},
        {"conversations", "{\"conversations\":{}}", -1},
        {"conversations", "{\"conversations\":\"x\"}", -1},
        {"conversations", "[1,2]", -1},
        {"conversations", "7", -1},
        {"", "[1,2,3]", 3},
        {"", "[]", 0},
        {"", "{}", -1},
        {"", "null", -1},
        {"entities|results|", "[1]", 1},
        {"entities|results|", "{\"entities\":[1,2]}", 2},
        {"entities|results|", "{\"results\":[1,2,3]}", 3},
        {"entities|results|", "{\"entities\":null,\"results\":[1]}", 1},
        {"entities|results|", "{\"other\":[1]}", 0},
        {"entities|results|", "{\"results\":4}", -1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager_spec spec = query_spec();
        struct pager_page page;
        struct err e = {.kind = ERR_NONE};

        print_message("%s in %s\n", cases[i].entities, cases[i].text);
        spec.entities = cases[i].entities;
        struct pager *p = pager_new(arena, &spec);
        bool ok = answer(p, cases[i].text, &page, &e);
        assert_int_equal(ok, cases[i].rows >= 0);
        if (ok) {
            assert_int_equal(page.row_count, cases[i].rows);
        } else {
            assert_int_equal(e.kind, ERR_CONTRACT);
            assert_non_null(strstr(e.message, "conversations 2026-03-01"));
        }
    }
}

static struct pager_spec job_spec(void)
{
    struct pager_spec spec = query_spec();

    spec.kind = PAGER_JOB;
    spec.path = "/jobs";
    spec.body = "{\"interval\":\"{start}/{end}\"}";
    spec.page_size = 1000;
    return spec;
}

TEST_IN(setup, teardown, a_job_runs_from_submission_to_deletion)
{
    static const int64_t delays[] = {500, 1000, 2000, 3000, 3000};
    struct pager_spec spec = job_spec();
    struct pager *p = pager_new(arena, &spec);
    struct pager_request r = ask(p);

    assert_int_equal(r.method, HTTP_POST);
    assert_string_equal(r.path, "/jobs");
    assert_string_equal(r.body,
                        "{\"interval\":\"2026-03-01T00:00:00.000Z/2026-03-02T00:00:00.000Z\"}");
    assert_int_equal(pager_state(p), PAGER_WAITING);
    struct pager_page page = take(p, 0, doc_of("{\"jobId\":\"a/b c\"}"));
    assert_string_equal(page.job_id, "a/b c");
    assert_false(page.has_rows);
    for (int i = 0; i < 5; i++) {
        static const char *const states[] = {"QUEUED", "PENDING", "PENDING", "SOMETHING_NEW",
                                             "FULFILLED"};
        r = ask(p);
        assert_int_equal(r.method, HTTP_GET);
        assert_string_equal(r.path, "/jobs/a%2Fb%20c");
        assert_int_equal(r.delay_ms, delays[i]);
        take(p, r.sequence, doc_of(arena_printf(arena, "{\"state\":\"%s\"}", states[i])));
    }
    r = ask(p);
    assert_string_equal(r.path, "/jobs/a%2Fb%20c/results?pageSize=1000");
    page = take(p, r.sequence,
                doc_of("{\"conversations\":[{}],\"cursor\":\"c+1=\",\"dataAvailabilityDate\":"
                       "\"2026-03-05T01:02:03.004Z\"}"));
    assert_true(page.has_rows && !page.last && page.row_count == 1);
    assert_string_equal(page.cursor, "c+1=");
    assert_int_equal(page.availability_ms, INT64_C(1772672523004));
    r = ask(p);
    assert_string_equal(r.path, "/jobs/a%2Fb%20c/results?pageSize=1000&cursor=c%2B1%3D");
    assert_false(pager_delete(p, arena, &r));
    page = take(p, r.sequence, doc_of("{}"));
    assert_true(page.has_rows && page.last && page.row_count == 0);
    assert_null(page.cursor);
    assert_int_equal(pager_state(p), PAGER_DONE);
    assert_true(pager_delete(p, arena, &r));
    assert_int_equal(r.method, HTTP_DELETE);
    assert_string_equal(r.path, "/jobs/a%2Fb%20c");
    assert_false(pager_delete(p, arena, &r));
}

TEST_IN(setup, teardown, a_stored_job_is_taken_up_again)
{
    struct pager_spec spec = job_spec();

    spec.job_id = "j1";
    struct pager *p = pager_new(arena, &spec);
    struct pager_request r = ask(p);
    assert_string_equal(r.path, "/jobs/j1");
    assert_int_equal(r.delay_ms, 0);
    take(p, r.sequence, doc_of("{\"state\":\"PENDING\"}"));
    assert_int_equal(ask(p).delay_ms, 500);

    spec.cursor = "c9";
    p = pager_new(arena, &spec);
    r = ask(p);
    assert_string_equal(r.path, "/jobs/j1/results?pageSize=1000&cursor=c9");
}

TEST_IN(setup, teardown, lost_jobs)
{
    static const struct {
        const char *poll;
        const char *reason;
    } cases[] = {
        {"{\"state\":\"FAILED\",\"errorMessage\":\"out of \\u001bmemory\"}",
         "the job failed: out of \\x1Bmemory"},
        {"{\"state\":\"CANCELLED\"}", "the job was cancelled"},
        {"{\"state\":\"EXPIRED\"}", "the job expired"},
    };
    struct pager_spec spec = job_spec();
    struct pager_request r;

    spec.job_id = "j1";
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager *p = pager_new(arena, &spec);
        take(p, ask(p).sequence, doc_of(cases[i].poll));
        assert_int_equal(pager_state(p), PAGER_LOST);
        assert_string_equal(pager_reason(p), cases[i].reason);
        assert_true(pager_delete(p, arena, &r));
    }
}

TEST_IN(setup, teardown, refused_job_requests)
{
    static const struct {
        const char *job_id;
        const char *cursor;
        int status;
        bool lost;
        bool deletes;
    } cases[] = {
        {NULL, NULL, 404, false, false}, /* the submission's path itself is unknown */
        {NULL, NULL, 400, false, false}, {"j", NULL, 404, true, false},
        {"j", NULL, 410, true, false},   {"j", NULL, 400, false, false},
        {"j", NULL, 403, false, false},  {"j", "c", 404, true, false},
        {"j", "c", 400, true, true},     {"j", "c", 500, false, false},
        {"j", "c", 0, false, false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager_spec spec = job_spec();
        struct pager_request r;

        print_message("refusal case %zu\n", i);
        spec.job_id = cases[i].job_id;
        spec.cursor = cases[i].cursor;
        struct pager *p = pager_new(arena, &spec);
        assert_int_equal(pager_refused(p, ask(p).sequence, cases[i].status, "not.found"),
                         cases[i].lost);
        assert_int_equal(pager_state(p), cases[i].lost ? PAGER_LOST : PAGER_WAITING);
        assert_int_equal(pager_delete(p, arena, &r), cases[i].deletes);
    }
    struct pager_spec spec = query_spec();
    struct pager *p = pager_new(arena, &spec);
    assert_false(pager_refused(p, ask(p).sequence, 404, ""));
}

TEST_IN(setup, teardown, broken_job_answers)
{
    static const struct {
        const char *job_id;
        const char *cursor;
        const char *text;
    } cases[] = {
        {NULL, NULL, "{}"},
        {NULL, NULL, "[]"},
        {NULL, NULL, "{\"jobId\":7}"},
        {NULL, NULL, "{\"jobId\":\"\"}"},
        {NULL, NULL, "{\"jobId\":\"..\"}"},
        {NULL, NULL, "{\"jobId\":\"a\\u0000b\"}"},
        {"j", NULL, "{}"},
        {"j", NULL, "{\"state\":7}"},
        {"j", "c", "{\"conversations\":7}"},
        {"j", "c", "{\"conversations\":[],\"cursor\":\"c\"}"},
        {"j", "c", "[]"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pager_spec spec = job_spec();
        struct pager_page page;
        struct err e;

        print_message("%s\n", cases[i].text);
        spec.job_id = cases[i].job_id;
        spec.cursor = cases[i].cursor;
        struct pager *p = pager_new(arena, &spec);
        assert_false(answer(p, cases[i].text, &page, &e));
        assert_int_equal(e.kind, ERR_CONTRACT);
    }
}

TEST_IN(setup, teardown, a_job_that_never_ends_is_temporary)
{
    struct pager_spec spec = job_spec();
    struct pager_page page;
    struct err e;
    int polls = 0;

    limit("JOB_WAIT_MS", "10000");
    spec.job_id = "j";
    struct pager *p = pager_new(arena, &spec);
    bool ok = true;
    while (ok && polls < 100) {
        ok = answer(p, "{\"state\":\"PENDING\"}", &page, &e);
        polls++;
    }
    assert_int_equal(e.kind, ERR_TEMPORARY);
    assert_int_equal(polls, 7); /* at 0, .5, 1.5, 3.5, 6.5, 9.5, 12.5 s */
    limit("JOB_WAIT_MS", NULL);
}

static const char *const ids[] = {"id-0", "id&1", "id\"2", "id-3", "id-4"};

TEST_IN(setup, teardown, ids_in_query_strings)
{
    struct pager_spec spec = {.kind = PAGER_IDS,
                              .path = "/u",
                              .query = "expand=x",
                              .entities = "",
                              .id_parameter = "userId",
                              .label = "adherence",
                              .page_size = 2,
                              .ids = ids,
                              .id_count = 5};
    struct pager *p = pager_new(arena, &spec);

    assert_string_equal(ask(p).path, "/u?expand=x&userId=id-0&userId=id%261");
    struct pager_request r = ask(p);
    r = ask(p);
    assert_string_equal(r.path, "/u?expand=x&userId=id-4");
    assert_int_equal(pager_state(p), PAGER_WAITING);
    struct pager_page page = take(p, 2, doc_of("[{}]"));
    assert_true(page.last && page.has_rows);
    assert_int_equal(page.id_from, 4);
    assert_false(take(p, 0, doc_of("[]")).last);
    assert_false(take(p, 1, doc_of("[{},{}]")).last);
    assert_int_equal(pager_state(p), PAGER_DONE);

    spec.id_count = 0;
    assert_int_equal(pager_state(pager_new(arena, &spec)), PAGER_DONE);
}

TEST_IN(setup, teardown, ids_in_a_filter)
{
    struct pager_spec spec = {.kind = PAGER_IDS,
                              .post = true,
                              .path = "/s",
                              .body = "{\"userFilter\":{\"type\":\"or\",\"predicates\":[{ids}]}}",
                              .entities = "entities",
                              .id_parameter = "userId",
                              .label = "adherence",
                              .page_size = 2,
                              .ids = ids + 1,
                              .id_count = 2};
    struct pager_request r = ask(pager_new(arena, &spec));

    assert_int_equal(r.method, HTTP_POST);
    assert_string_equal(r.path, "/s");
    assert_string_equal(r.body, "{\"userFilter\":{\"type\":\"or\",\"predicates\":["
                                "{\"dimension\":\"userId\",\"value\":\"id&1\"},"
                                "{\"dimension\":\"userId\",\"value\":\"id\\\"2\"}]}}");
}
