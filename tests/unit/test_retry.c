#include "test.h"

#include "api/pace.h"
#include "base/clock.h"
#include "base/limits.h"

#define SECONDS(n) (INT64_C(1000) * (n))

/* 2026-03-01T12:00:00Z */
static int64_t now_ms(void)
{
    int64_t ms = 0;

    assert_true(clock_parse("2026-03-01T12:00:00Z", false, &ms));
    return ms;
}

TEST(reasons)
{
    static const struct {
        enum http_failure failure;
        int status;
        enum retry_reason reason;
    } cases[] = {
        {HTTP_OK, 200, RETRY_NO},         {HTTP_OK, 301, RETRY_NO},
        {HTTP_OK, 403, RETRY_NO},         {HTTP_OK, 404, RETRY_NO},
        {HTTP_OK, 408, RETRY_SERVER},     {HTTP_OK, 409, RETRY_NO},
        {HTTP_OK, 429, RETRY_RATE},       {HTTP_OK, 500, RETRY_SERVER},
        {HTTP_OK, 501, RETRY_NO},         {HTTP_OK, 503, RETRY_SERVER},
        {HTTP_OK, 505, RETRY_NO},         {HTTP_OK, 520, RETRY_SERVER},
        {HTTP_OK, 600, RETRY_NO},         {HTTP_DNS, 0, RETRY_NAME},
        {HTTP_REFUSED, 0, RETRY_NETWORK}, {HTTP_PROXY, 0, RETRY_NO},
        {HTTP_TOO_LARGE, 0, RETRY_NO},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("failure %d status %d\n", cases[i].failure, cases[i].status);
        assert_int_equal(retry_reason(cases[i].failure, cases[i].status), cases[i].reason);
    }
}

TEST(every_form_of_retry_after)
{
    static const struct {
        const char *header;
        int64_t ms;
    } cases[] = {
        {"", -1},
        {"0", 0},
        {"3", SECONDS(3)},
        {" 3 ", SECONDS(3)},
        {"1.5", 1500},
        {"0.0001", 1},
        {"1.0019", 1002},
        {"-5", 0},
        {"-", -1},
        {"9223372036854775807", INT64_MAX / 2},
        {"99999999999999999999999999999999999999", INT64_MAX / 2},
        {"Sun, 01 Mar 2026 12:00:30 GMT", SECONDS(30)},
        {"Sunday, 01-Mar-26 12:01:00 GMT", SECONDS(60)},
        {"Sun Mar  1 12:00:04 2026", SECONDS(4)},
        {"Sun, 01 Mar 2026 11:59:00 GMT", 0},
        {"Sun, 99 Mar 2026 12:00:30 GMT", -1},
        {"soon", -1},
        {"3s", -1},
        {"3, 4", -1},
        {"+3", -1},
        {"0x10", -1},
        {"NaN", -1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("Retry-After %s\n", cases[i].header);
        assert_int_equal(retry_after_ms(cases[i].header, now_ms()), cases[i].ms);
    }
}

TEST(waits)
{
    static const struct {
        enum retry_reason reason;
        int attempt;
        int64_t retry_after;
        int64_t spent;
        double random;
        int64_t wait;
    } cases[] = {
        {RETRY_NO, 1, -1, 0, 0.5, -1},
        /* full jitter over 1, 2, 4, 8, 16, then 30 s */
        {RETRY_SERVER, 1, -1, 0, 0.0, 0},
        {RETRY_SERVER, 1, -1, 0, 0.5, 500},
        {RETRY_NETWORK, 3, -1, 0, 0.5, 2000},
        {RETRY_RATE, 5, -1, 0, 0.5, 8000},
        {RETRY_SERVER, 6, -1, 0, 0.5, 15000},
        {RETRY_SERVER, 2000000000, -1, 0, 0.999, 29970},
        {RETRY_RATE, 1, 1, 0, 0.0, 1},
        {RETRY_RATE, 1, SECONDS(3), 0, 0.5, 3150},
        {RETRY_RATE, 9, SECONDS(60), 0, 0.5, 60500},
        {RETRY_SERVER, 1, SECONDS(180), 0, 0.0, 180000},
        {RETRY_RATE, 1, SECONDS(181), 0, 0.0, -1},
        {RETRY_RATE, 1, INT64_MAX / 2, 0, 0.9, -1},
        /* the total */
        {RETRY_SERVER, 1, -1, SECONDS(300), 0.0, 0},
        {RETRY_SERVER, 1, -1, SECONDS(300), 0.5, -1},
        {RETRY_RATE, 2, SECONDS(150), SECONDS(151), 0.0, -1},
        {RETRY_RATE, 2, SECONDS(150), SECONDS(150), 0.0, 150000},
        {RETRY_SERVER, 2, -1, INT64_MAX, 0.5, -1},
        {RETRY_NAME, 1, -1, SECONDS(10), 0.5, -1},
        {RETRY_NAME, 1, -1, SECONDS(9), 0.5, 500},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("wait case %zu\n", i);
        assert_int_equal(retry_wait_ms(cases[i].reason, cases[i].attempt, cases[i].retry_after,
                                       cases[i].spent, cases[i].random),
                         cases[i].wait);
    }
}
