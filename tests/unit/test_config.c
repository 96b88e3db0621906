#include "test.h"

#include "base/clock.h"
#include "config_fixture.h"
#include "io/config.h"

static char example[4096]; /* path of config.example.ini */

/* --- values ---------------------------------------------------------------------------------- */

TEST_IN(enter, tempdir_leave, defaults)
{
    struct loaded l = load_as(NULL, false);
    assert_good(&l);
    assert_null(l.c.path);
    assert_null(l.c.region);
    assert_null(l.c.client_id);
    assert_null(l.c.client_secret);
    assert_string_equal(l.c.database_path, "rollcall.db");
    assert_int_equal(l.c.start_day, INT32_MIN);
    assert_string_equal(l.c.timezone, "UTC");
    assert_int_equal(l.c.stream_count, 0);
    assert_int_equal(l.c.lookback_days, 4);
    assert_int_equal(l.c.reread_hours, 20);
    assert_int_equal(l.c.in_flight, 4);
    assert_int_equal(l.c.requests_per_minute, 300);
    assert_int_equal(l.c.conversations_method, METHOD_AUTO);
    assert_int_equal(l.c.adherence_realtime, ADHERENCE_AUTO);
    assert_string_equal(l.c.export_directory, "export");
    assert_false(l.c.export_gzip || l.c.export_bom || l.c.neutralize_formulas);
    assert_int_equal(l.c.export_table_count, 0);
    assert_int_equal(l.c.due_hours, 26);
    assert_null(l.c.metrics_textfile);
    assert_int_equal(l.c.log_level, LOG_WARN);
    assert_int_equal(l.c.log_format, LOG_TEXT);
    unload(&l);
}

TEST_IN(enter, tempdir_leave, every_key)
{
    struct loaded l = load_text("[genesys]\n"
                                "region = ap-northeast-2\n"
                                "login_url = https://login.example.com/\n"
                                "api_url = http://127.0.0.1:8080\n"
                                "client_id = id-1\n"
                                "client_secret = s3cret\n"
                                "organization = Example Centre\n"
                                "proxy = http://proxy:3128\n"
                                "ca_file = /etc/ca.pem\n"
                                "[database]\n"
                                "path = /var/lib/rollcall/a.db\n"
                                "[extract]\n"
                                "start = 2026-02-28\n"
                                "timezone = Asia/Seoul\n"
                                "streams = users, queues\n"
                                "lookback_days = 31\n"
                                "reread_hours = 0\n"
                                "in_flight = 64\n"
                                "requests_per_minute = 1000000\n"
                                "[conversations]\n"
                                "method = query\n"
                                "[adherence]\n"
                                "realtime = realtime_intervals\n"
                                "[export]\n"
                                "directory = out\n"
                                "gzip = yes\n"
                                "bom = TRUE\n"
                                "tables = conversation v_segment\n"
                                "neutralize_formulas = on\n"
                                "[log]\n"
                                "level = debug\n"
                                "format = json\n",
                                true);
    assert_good(&l);
    assert_string_equal(l.c.path, "rollcall.ini");
    assert_string_equal(l.c.region, "ap-northeast-2");
    assert_string_equal(l.c.login_url, "https://login.example.com");
    assert_string_equal(l.c.api_url, "http://127.0.0.1:8080");
    assert_string_equal(l.c.client_id, "id-1");
    assert_string_equal(secret_expose(l.c.client_secret), "s3cret");
    assert_string_equal(l.c.client_secret_origin, "rollcall.ini:6: [genesys] client_secret");
    assert_string_equal(l.c.organization, "Example Centre");
    assert_string_equal(l.c.proxy, "http://proxy:3128");
    assert_string_equal(l.c.ca_file, "/etc/ca.pem");
    assert_string_equal(l.c.database_path, "/var/lib/rollcall/a.db");
    char day[CLOCK_DAY_BYTES];
    assert_string_equal(clock_format_day(l.c.start_day, day), "2026-02-28");
    assert_string_equal(l.c.timezone, "Asia/Seoul");
    assert_int_equal(l.c.stream_count, 2);
    assert_string_equal(l.c.streams[0], "users");
    assert_string_equal(l.c.streams[1], "queues");
    assert_int_equal(l.c.lookback_days, 31);
    assert_int_equal(l.c.reread_hours, 0);
    assert_int_equal(l.c.in_flight, 64);
    assert_int_equal(l.c.requests_per_minute, 1000000);
    assert_int_equal(l.c.conversations_method, METHOD_QUERY);
    assert_int_equal(l.c.adherence_realtime, ADHERENCE_REALTIME_INTERVALS);
    assert_string_equal(l.c.export_directory, "out");
    assert_true(l.c.export_gzip && l.c.export_bom && l.c.neutralize_formulas);
    assert_int_equal(l.c.export_table_count, 2);
    assert_string_equal(l.c.export_tables[1], "v_segment");
    assert_int_equal(l.c.log_level, LOG_DEBUG);
    assert_int_equal(l.c.log_format, LOG_JSON);
    unload(&l);
}

TEST_IN(enter, tempdir_leave, keys_of_monitoring)
{
    struct loaded l = load_text("[status]\ndue_hours = 8760\n"
                                "[metrics]\ntextfile = /run/rollcall.prom\n",
                                false);
    assert_good(&l);
    assert_int_equal(l.c.due_hours, 8760);
    assert_string_equal(l.c.metrics_textfile, "/run/rollcall.prom");
    unload(&l);
}

/* How values may be written: [database] path stands for all. */
static const struct {
    const char *ini;
    const char *path;
} writings[] = {
    {"[database]\npath = a.db", "a.db"},
    {"[database]\r\npath = a.db\r\n", "a.db"},
    {"\xEF\xBB\xBF[database]\npath = a.db\n", "a.db"},
    {"[database]\npath=a.db\n", "a.db"},
    {"[database]\npath : a.db\n", "a.db"},
    {"  [database]  \n  path  =  a.db  \n", "a.db"},
    {"[log]\n  level = info\n  format = text\n[database]\n\n\tpath = a.db\n", "a.db"},
    {"[database]\npath = a.db ; the file\n", "a.db"},
    {"[database]\npath = a.db # the file\n", "a.db"},
    {"[database]\npath = a#b;c.db\n", "a#b;c.db"},
    {"[database]\npath = \"my file.db\"\n", "my file.db"},
    {"[database]\npath = 'my file.db' # the file's name\n", "my file.db"},
    {"[database]\npath = \"a # b.db\"\n", "a # b.db"},
    {"[database]\npath = \"a ; b.db\" ; \"quoted\"\n", "a ; b.db"},
    {"[database]\npath = \"a.db\" # \"quoted\"\n", "a.db"},
    {"[database]\npath = \"a.db\n", "\"a.db"},
    {"# a comment = x\n; another\n[database] ; section\npath = a.db\n# path = b.db", "a.db"},
    {"[database]\n[log]\nlevel = info\n[database]\npath = a.db\n", "a.db"},
    {"", "rollcall.db"},
    {"\n\n", "rollcall.db"},
};

TEST_IN(enter, tempdir_leave, empty_values)
{
    static const char *const writings_of_none[] = {"", "# none", "; none", "\"\""};

    for (size_t i = 0; i < COUNT(writings_of_none); i++) {
        char ini[64];
        snprintf(ini, sizeof(ini), "[extract]\ntimezone = %s\n", writings_of_none[i]);
        struct loaded l = load_text(ini, false);
        assert_good(&l);
        assert_string_equal(l.c.timezone, "UTC");
        unload(&l);
    }
}

TEST_IN(enter, tempdir_leave, writings_are_understood)
{
    for (size_t i = 0; i < COUNT(writings); i++) {
        struct loaded l = load_text(writings[i].ini, false);
        assert_good(&l);
        assert_string_equal(l.c.database_path, writings[i].path);
        unload(&l);
    }
}

static const struct {
    const char *value;
    size_t count;
    const char *first;
    const char *last;
} lists[] = {
    {"users", 1, "users", "users"},
    {"users,queues", 2, "users", "queues"},
    {" users ,, queues\tconversations, ", 3, "users", "conversations"},
    {"users,\n  queues\n  conversations # last\n", 3, "users", "conversations"},
    {"\n  users\n\tqueues\n", 2, "users", "queues"},
    {"all", 0, NULL, NULL},
    {"", 0, NULL, NULL},
};

TEST_IN(enter, tempdir_leave, lists_are_taken_apart)
{
    for (size_t i = 0; i < COUNT(lists); i++) {
        char ini[256];
        snprintf(ini, sizeof(ini), "[extract]\nstreams = %s\nin_flight = 5\n", lists[i].value);
        struct loaded l = load_text(ini, false);
        assert_good(&l);
        assert_int_equal(l.c.stream_count, lists[i].count);
        if (lists[i].count > 0) {
            assert_string_equal(l.c.streams[0], lists[i].first);
            assert_string_equal(l.c.streams[lists[i].count - 1], lists[i].last);
        }
        assert_int_equal(l.c.in_flight, 5);
        unload(&l);
    }
}

/* --- refusals -------------------------------------------------------------------------------- */

static const struct {
    const char *ini;
    int line;
    const char *message; /* a part of it */
} refused[] = {
    {"[genesis]\n", 1, "did you mean [genesys]?"},
    {"[log]\n[zzz]\n", 2, "known are [genesys], [database], [extract]"},
    {"[log\nlevel = info\n", 1, "bracket"},
    {"[log]\nlevel = info\n\n[nowhere]\nx = 1\n", 4, "unknown section [nowhere]"},
    {"[extract]\ninflight = 4\n", 2, "did you mean in_flight?"},
    {"[extract]\nTimezone = UTC\n", 2, "did you mean timezone?"},
    {"[extract]\nfrobnicate = 4\n", 2, "known are start, timezone"},
    {"[extract]\npath = a.db\n", 2, "belongs below [database]"},
    {"region = x\n[genesys]\n", 1, "before the first [section]; it belongs below [genesys]"},
    {"[genesys]\nscope = a b\n", 2, "do not apply to the client credentials grant"},
    {"[extract]\nscopes = a b\n", 2, "do not apply to the client credentials grant"},
    {"scope = a b\n", 1, "do not apply to the client credentials grant"},
    {"[log]\nlevel = info\nlevel = warn\n", 3, "second time (first in rollcall.ini:2"},
    {"[log]\nlevel = info\n[database]\n[log]\nlevel = info\n", 5, "second time"},
    {"[log]\nlevel\n", 2, "neither [section] nor key = value"},
    {"[log]\njust some words\nlevvel = x\n", 2, "neither [section] nor key = value"},
    {"[log]\nlevvel = x\njust some words\n", 2, "did you mean level?"},
    {"[log]\nlevel = info\n  debug\n", 3, "begins with a blank"},
    {"[log]\nlevel = loud\n", 2, "must be error, warn, info or debug"},
    {"[log]\nlevel = debg\n", 2, "did you mean debug?"},
    {"[extract]\nin_flight = 0\n", 2, "from 1 to 64"},
    {"[extract]\nin_flight = 65\n", 2, "from 1 to 64"},
    {"[extract]\nin_flight = 4x\n", 2, "from 1 to 64"},
    {"[extract]\nin_flight = 99999999999999999999\n", 2, "from 1 to 64"},
    {"[extract]\nlookback_days = 32\n", 2, "from 0 to 31"},
    {"[extract]\nlookback_days = -1\n", 2, "from 0 to 31"},
    {"[extract]\nreread_hours = 169\n", 2, "from 0 to 168"},
    {"[status]\ndue_hours = 0\n", 2, "from 1 to 8760"},
    {"[status]\ndue_hours = 8761\n", 2, "from 1 to 8760"},
    {"[extract]\nrequests_per_minute = 0\n", 2, "from 1 to 1000000"},
    {"[extract]\nrequests_per_minute = 1000001\n", 2, "from 1 to 1000000"},
    {"[extract]\nstart = 2026-02-29\n", 2, "YYYY-MM-DD"},
    {"[extract]\nstart = yesterday\n", 2, "YYYY-MM-DD"},
    {"[extract]\ntimezone = /etc/passwd\n", 2, "IANA"},
    {"[extract]\ntimezone = Asia Seoul\n", 2, "IANA"},
    {"[extract]\ntimezone = ../x\n", 2, "IANA"},
    {"[extract]\nstreams = user\n", 2, "unknown name user; did you mean users?"},
    {"[extract]\nstreams = users, frobs\n", 2, "known are conversations, adherence_realtime"},
    {"[extract]\nstreams = users, users\n", 2, "users is named twice"},
    {"[export]\ngzip = maybe\n", 2, "yes or no"},
    {"[database]\npath = ~/r.db\n", 2, "write the whole path"},
    {"[database]\npath =\n", 2, "is empty; give a path, or remove the line for rollcall.db"},
    {"[database]\npath = \"\"\n", 2, "is empty"},
    {"[database]\npath = # none\n", 2, "is empty"},
    {"[database]\npath = :memory:\n", 2, "must be a file's path"},
    {"[database]\npath = file:r.db?mode=memory\n", 2, "must be a file's path"},
    {"[database]\npath = .\n", 2, "is a directory"},
    {"[database]\npath = absent/\n", 2, "is a directory"},
    {"[export]\ndirectory =\n", 2, "is empty"},
    {"[conversations]\nmethod = jobs\n", 2, "did you mean job?"},
    {"[genesys]\nlogin_url = login.example.com\n", 2, "https://login.example.com"},
    {"[genesys]\nlogin_url = http://login.example.com\n", 2, "only https"},
    {"[genesys]\nlogin_url = http://127.0.0.1.example.com\n", 2, "only https"},
    {"[genesys]\napi_url = ftp://api.example.com\n", 2, "only https"},
    {"[genesys]\napi_url = https://api.example.com/api/v2\n", 2, "write https://api.example.com"},
    {"[genesys]\napi_url = https://api.example.com?x=1\n", 2, "write https://api.example.com"},
    {"[genesys]\napi_url = https://u:p@api.example.com\n", 2, "user name or password"},
    {"[genesys]\nproxy = gopher://x\n", 2, "no URL of a proxy"},
    {"[genesys]\norganization = a\x01"
     "b\n",
     2, "control characters"},
};

TEST_IN(enter, tempdir_leave, bad_values_are_refused)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        char place[64];
        struct loaded l = load_text(refused[i].ini, false);
        snprintf(place, sizeof(place), "rollcall.ini:%d: ", refused[i].line);
        if (l.good || l.e.kind != ERR_CONFIG || !str_starts_with(l.e.message, place) ||
            strstr(l.e.message, refused[i].message) == NULL) {
            fail_msg("%s-> %s", refused[i].ini, l.good ? "accepted" : l.e.message);
        }
        unload(&l);
    }
}

TEST_IN(enter, tempdir_leave, a_proxy_is_not_shown)
{
    struct loaded l = load_text("[genesys]\nproxy = gopher://user:hunter2@x\n", false);
    assert_false(l.good);
    assert_null(strstr(l.e.message, "hunter2"));
    unload(&l);
}

/* --- finding the file ------------------------------------------------------------------------ */

TEST_IN(enter, tempdir_leave, search_order)
{
    assert_int_equal(mkdir("xdg", 0777) | mkdir("xdg/rollcall", 0777), 0);
    assert_int_equal(mkdir(".config", 0777) | mkdir(".config/rollcall", 0777), 0);
    write_file("given.ini", "[database]\npath = given\n");
    write_file("rollcall.ini", "[database]\npath = here\n");
    write_file("xdg/rollcall/rollcall.ini", "[database]\npath = of-xdg\n");
    write_file(".config/rollcall/rollcall.ini", "[database]\npath = home\n");
    char xdg[128];
    snprintf(xdg, sizeof(xdg), "%s/xdg", tempdir);
    setenv("XDG_CONFIG_HOME", xdg, 1);
    static const char *const removed[] = {NULL, "rollcall.ini", "xdg/rollcall/rollcall.ini"};
    static const char *const expected[] = {"here", "of-xdg", "rollcall.db"};
    for (size_t i = 0; i < 3; i++) {
        if (removed[i] != NULL) {
            unlink(removed[i]);
        }
        struct loaded l = load_as(NULL, false);
        assert_good(&l);
        assert_string_equal(l.c.database_path, expected[i]);
        unload(&l);
    }
    unsetenv("XDG_CONFIG_HOME");
    struct loaded l = load_as(NULL, false);
    assert_string_equal(l.c.database_path, "home");
    unload(&l);
    l = load_as("given.ini", false);
    assert_string_equal(l.c.database_path, "given");
    unload(&l);
    l = load_as("absent.ini", false);
    assert_false(l.good);
    assert_int_equal(l.e.kind, ERR_CONFIG);
    assert_non_null(strstr(l.e.message, "absent.ini"));
    unload(&l);
}

TEST_IN(enter, tempdir_leave, a_directory_is_no_configuration)
{
    assert_int_equal(mkdir("rollcall.ini", 0777), 0);
    struct loaded l = load_as(NULL, false);
    assert_false(l.good);
    assert_int_equal(l.e.kind, ERR_CONFIG);
    unload(&l);
}

/* --- blame ----------------------------------------------------------------------------------- */

TEST_IN(enter, tempdir_leave, blame)
{
    struct loaded l = load_text("[extract]\ntimezone = Asia/Soul\n", false);
    assert_good(&l);
    err_set(&l.e, ERR_USAGE, "no such zone");
    assert_false(config_blame(&l.c, "extract", "timezone", &l.e));
    assert_int_equal(l.e.kind, ERR_CONFIG);
    assert_string_equal(l.e.message, "rollcall.ini:2: [extract] timezone: no such zone");
    err_set(&l.e, ERR_STORE, "gone");
    assert_false(config_blame(&l.c, "database", "path", &l.e));
    assert_string_equal(l.e.message, "[database] path: gone");
    unload(&l);
}

/* --- the example ----------------------------------------------------------------------------- */

/* config.example.ini, with the mark of commented-out keys ("#key") removed: prose has "# ". */
static char *example_with_all_keys(struct arena *a)
{
    FILE *file = fopen(example, "rb");
    if (file == NULL) {
        fail_msg("no %s", example);
        return NULL;
    }
    char *text = arena_strdup(a, "");
    char line[512];
    while (fgets(line, sizeof(line), file) != NULL) {
        bool is_key = line[0] == '#' && line[1] != ' ' && line[1] != '\n';
        text = arena_printf(a, "%s%s", text, is_key ? line + 1 : line);
    }
    fclose(file);
    return text;
}

/* The part of the example that describes a key: its section's text up to the key. */
static const char *find_key(const char *text, const struct config_key *key, struct arena *a)
{
    const char *section = strstr(text, arena_printf(a, "\n[%s]\n", key->section));
    if (section == NULL) {
        return NULL;
    }
    const char *end = strstr(section + 2, "\n[");
    const char *line = strstr(section, arena_printf(a, "\n%s =", key->name));
    return line == NULL || (end != NULL && line > end) ? NULL : line + 1;
}

/* The comment directly above a key's line. */
static const char *comment_above(const char *text, const char *line, struct arena *a)
{
    const char *blank = line;
    while (blank > text && strncmp(blank, "\n\n", 2) != 0 && strncmp(blank, "]\n", 2) != 0) {
        blank--;
    }
    return arena_strndup(a, blank, (size_t)(line - blank));
}

TEST_IN(enter, tempdir_leave, example_has_every_key)
{
    struct arena *a = arena_new(0);
    const char *text = example_with_all_keys(a);
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = &config_keys[id];
        const char *line = find_key(text, key, a);
        if (line == NULL) {
            fail_msg("[%s] %s is not in config.example.ini", key->section, key->name);
            return;
        }
        const char *comment = comment_above(text, line, a);
        const char *value = arena_printf(a, "Default: %s", key->default_text);
        if (key->default_text != NULL && strstr(comment, value) == NULL) {
            fail_msg("[%s] %s: '%s' is not in its comment", key->section, key->name, value);
        }
        const char *range =
            arena_printf(a, "range: %lld-%lld", (long long)key->min, (long long)key->max);
        if (key->type == CONFIG_INT && strstr(comment, range) == NULL) {
            fail_msg("[%s] %s: '%s' is not in its comment", key->section, key->name, range);
        }
        size_t count = 0;
        char **words = str_split_list(a, key->words == NULL ? "" : key->words, &count);
        for (size_t i = 0; i < count; i++) {
            assert_non_null(strstr(comment, words[i]));
        }
    }
    arena_free(a);
}

TEST_IN(enter, tempdir_leave, example_is_valid)
{
    struct loaded as_it_is = load_as(example, false);
    assert_good(&as_it_is);
    struct loaded defaults = load_as(NULL, false);
    struct arena *a = arena_new(0);
    struct loaded all = load_text(example_with_all_keys(a), false);
    assert_good(&all);
    /* The values shown for keys that have a default are the default. */
    const struct config *shown[] = {&as_it_is.c, &all.c};
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(shown[i]->database_path, defaults.c.database_path);
        assert_string_equal(shown[i]->timezone, defaults.c.timezone);
        assert_string_equal(shown[i]->export_directory, defaults.c.export_directory);
        assert_int_equal(shown[i]->lookback_days, defaults.c.lookback_days);
        assert_int_equal(shown[i]->reread_hours, defaults.c.reread_hours);
        assert_int_equal(shown[i]->in_flight, defaults.c.in_flight);
        assert_int_equal(shown[i]->requests_per_minute, defaults.c.requests_per_minute);
        assert_int_equal(shown[i]->log_level, defaults.c.log_level);
        assert_int_equal(shown[i]->stream_count, 0);
        assert_int_equal(shown[i]->export_table_count, 0);
    }
    assert_non_null(all.c.proxy);
    assert_non_null(all.c.login_url);
    arena_free(a);
    unload(&as_it_is);
    unload(&defaults);
    unload(&all);
}

static int find_example(__attribute__((unused)) void **state)
{
    char here[2048];

    if (getcwd(here, sizeof(here)) == NULL) {
        return 1;
    }
    (void)snprintf(example, sizeof(example), "%s/config.example.ini", here);
    return 0;
}

TEST_GROUP(find_example, NULL);
