#include "test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "utf8.h"

/* Standard error is a datagram socket while a line is caught: one write is one datagram. */
struct catcher {
    int real_stderr;
    int read_end;
};

static struct catcher catch_start(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    struct catcher c = {.real_stderr = dup(STDERR_FILENO), .read_end = ends[0]};
    assert_true(c.real_stderr >= 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(ends[1]), 0);
    return c;
}

/* The writes' texts one after another in `out`; returns how many there were. */
static int catch_end(struct catcher c, char *out, size_t size)
{
    size_t length = 0;
    int writes = 0;

    assert_int_equal(dup2(c.real_stderr, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(c.real_stderr), 0);
    for (;;) {
        ssize_t got = recv(c.read_end, out + length, size - 1 - length, MSG_DONTWAIT);

        if (got < 0) {
            break;
        }
        length += (size_t)got;
        writes++;
    }
    out[length] = '\0';
    assert_int_equal(close(c.read_end), 0);
    return writes;
}

static char caught[65536];

/* Logs one event and returns its line, checked to be one write and one line, without its time. */
static const char *line_of(enum log_level level, const char *event, const struct log_field *fields,
                           int count, const char *time_key)
{
    struct catcher c = catch_start();
    char now[CLOCK_ISO_BYTES];
    int64_t ms = 0;

    log_event(level, event, fields, count);
    assert_int_equal(catch_end(c, caught, sizeof(caught)), 1);
    assert_ptr_equal(strchr(caught, '\n'), caught + strlen(caught) - 1);
    caught[strlen(caught) - 1] = '\0';

    assert_true(str_starts_with(caught, time_key));
    (void)snprintf(now, sizeof(now), "%.24s", caught + strlen(time_key));
    assert_true(clock_parse(now, false, &ms));
    assert_true(ms > clock_now_ms() - 60000 && ms <= clock_now_ms());
    return caught + strlen(time_key) + 24;
}

/* The first: those after it set the log up. */
TEST(before_setup_warnings_show_as_text)
{
    struct catcher c = catch_start();

    log_event(LOG_INFO, "early", NULL, 0);
    assert_int_equal(catch_end(c, caught, sizeof(caught)), 0);
    assert_string_equal(line_of(LOG_WARN, "early", NULL, 0, "time="), " level=warn event=early");
}

TEST(lines_have_time_level_event_and_fields)
{
    const struct log_field fields[] = {LOG_S("stream", "conversations"), LOG_N("rows", 1000),
                                       LOG_N("least", INT64_MIN), LOG_S("cursor", NULL)};

    log_setup(LOG_DEBUG, LOG_TEXT);
    assert_string_equal(line_of(LOG_INFO, "page committed", fields, 4, "time="),
                        " level=info event=\"page committed\" stream=conversations rows=1000 "
                        "least=-9223372036854775808 cursor=null");
    assert_string_equal(line_of(LOG_ERROR, "stopped", NULL, 0, "time="),
                        " level=error event=stopped");
    log_setup(LOG_DEBUG, LOG_JSON);
    assert_string_equal(line_of(LOG_WARN, "page committed", fields, 4, "{\"time\":\""),
                        "\",\"level\":\"warn\",\"event\":\"page committed\",\"stream\":"
                        "\"conversations\",\"rows\":1000,\"least\":-9223372036854775808,"
                        "\"cursor\":null}");
    assert_string_equal(line_of(LOG_DEBUG, "stopped", NULL, 0, "{\"time\":\""),
                        "\",\"level\":\"debug\",\"event\":\"stopped\"}");
}

TEST(values_are_escaped)
{
    static const struct {
        const char *value;
        const char *text;
        const char *json;
    } rows[] = {
        {"plain-word/1.2:x", "plain-word/1.2:x", "\"plain-word/1.2:x\""},
        {"", "\"\"", "\"\""},
        {"null", "\"null\"", "\"null\""},
        {"a=b", "\"a=b\"", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\""},
        {"C:\\dir", "\"C:\\\\dir\"", "\"C:\\\\dir\""},
        {"a\nlevel=error", "\"a\\nlevel=error\"", "\"a\\u000Alevel=error\""},
        {"\x1B[2J", "\"\\x1B[2J\"", "\"\\u001B[2J\""},
        {"x\x7F", "\"x\\x7F\"", "\"x\\u007F\""},
        {"\u202Eevil", "\"\\u{202E}evil\"", "\"\\u202Eevil\""},
        {"\uD64D\uAE38\uB3D9", "\"\uD64D\uAE38\uB3D9\"", "\"\uD64D\uAE38\uB3D9\""},
        {"bad\xFF", "\"bad\\xFF\"", "\"bad\\\\xFF\""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct log_field fields[] = {LOG_S("v", rows[i].value), LOG_N("n", 1)};
        char wanted[256];

        log_setup(LOG_INFO, LOG_TEXT);
        (void)snprintf(wanted, sizeof(wanted), " level=info event=e v=%s n=1", rows[i].text);
        assert_string_equal(line_of(LOG_INFO, "e", fields, 2, "time="), wanted);
        log_setup(LOG_INFO, LOG_JSON);
        (void)snprintf(wanted, sizeof(wanted),
                       "\",\"level\":\"info\",\"event\":\"e\",\"v\":%s,\"n\":1}", rows[i].json);
        assert_string_equal(line_of(LOG_INFO, "e", fields, 2, "{\"time\":\""), wanted);
    }
}

/* Whatever its length, a line stays one write of at most 16 KiB that ends as it must: what has no
 * room is cut between characters, or left out whole. */
TEST(long_lines_are_cut)
{
    static const struct {
        enum log_format format;
        const char *time_key;
        const char *end;
        const char *cut_end;
    } rows[] = {
        {LOG_TEXT, "time=", " x=y", "\" cut=true"},
        {LOG_JSON, "{\"time\":\"", "\",\"x\":\"y\"}", "\",\"cut\":true}"},
    };
    enum { SHORTEST = 16200, LONGEST = 16400 };
    static char value[LONGEST + 1];
    const struct log_field fields[] = {LOG_S("v", value), LOG_S("w", "\"quoted\""),
                                       LOG_S("x", "y")};

    for (size_t i = 0; i < COUNT(rows); i++) {
        int cuts = 0;

        log_setup(LOG_INFO, rows[i].format);
        for (size_t length = SHORTEST; length < LONGEST; length++) {
            size_t quotes = 0;

            memset(value, 'a', length % 3);
            for (size_t at = length % 3; at < length; at += 3) {
                memcpy(value + at, "\uAC00", 4);
            }
            const char *rest = line_of(LOG_INFO, "e", fields, 3, rows[i].time_key);
            bool cut = strstr(rest, "cut") != NULL;

            cuts += cut ? 1 : 0;
            for (const char *c = caught; *c; c++) {
                quotes += (*c == '"' && c[-1] != '\\') ? 1 : 0;
            }
            assert_int_equal(quotes % 2, 0);
            assert_true(strlen(caught) < 16384);
            assert_true(is_utf8(caught, strlen(caught)));
            assert_true(str_ends_with(rest, cut ? rows[i].cut_end : rows[i].end));
        }
        assert_in_range(cuts, 1, LONGEST - SHORTEST - 1);
    }
}

TEST(errno_is_left_alone)
{
    int real = dup(STDERR_FILENO);

    log_setup(LOG_INFO, LOG_TEXT);
    assert_int_equal(close(STDERR_FILENO), 0);
    errno = EDOM;
    log_event(LOG_INFO, "nobody hears", NULL, 0);
    int after = errno;
    assert_int_equal(dup2(real, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(real), 0);
    assert_int_equal(after, EDOM);
}
