#include "test.h"

#include "base/clock.h"
#include "base/str.h"
#include "io/config.h"
#include "tempdir.h"

static const char *const streams[] = {"conversations", "adherence_realtime", "users", "queues"};

static inline int enter(void **state)
{
    static const char *const variables[] = {"GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET",
                                            "GENESYS_REGION", "CREDENTIALS_DIRECTORY",
                                            "XDG_CONFIG_HOME"};
    for (size_t i = 0; i < COUNT(variables); i++) {
        unsetenv(variables[i]);
    }
    return tempdir_enter(state) == 0 ? setenv("HOME", tempdir, 1) : -1;
}

/* One configuration loaded from ./rollcall.ini, .env, the environment; the test's end frees it. */
struct loaded {
    struct loaded *before;
    struct arena *a;
    struct config c;
    struct err e;
    bool good;
};

static struct loaded *last;

static inline int leave(void **state)
{
    while (last) {
        struct loaded *l = last;

        last = l->before;
        config_wipe(&l->c);
        arena_free(l->a);
        free(l);
    }
    return tempdir_leave(state);
}

#define TEST_IN_FIXTURE(test) TEST_IN(enter, leave, test)

static inline struct loaded *load_as(const char *file, bool needs_login)
{
    struct loaded *l = xcalloc(1, sizeof(*l));
    struct config_request request = {
        .file = file,
        .needs_login = needs_login,
        .known_streams = streams,
        .known_stream_count = COUNT(streams),
    };
    l->before = last;
    last = l;
    l->a = arena_new(0);
    l->good = config_load(&request, l->a, &l->c, &l->e);
    return l;
}

static inline struct loaded *load_text(const char *ini, bool needs_login)
{
    write_file("rollcall.ini", ini);
    return load_as(NULL, needs_login);
}

static inline struct loaded *good(struct loaded *l)
{
    fail_if(!l->good, "%s", l->e.message);
    return l;
}

/* That it was refused, with a message that holds `part` and no secret: those of the tests are
 * hunter2. */
static inline void check_refused(const struct loaded *l, const char *part)
{
    assert_false(l->good);
    assert_int_equal(l->e.kind, ERR_CONFIG);
    fail_if(!strstr(l->e.message, part), "no %s in: %s", part, l->e.message);
    assert_null(strstr(l->e.message, "hunter"));
}

/* A key's value as an INI file would have it; NULL when there is none. */
static const char *value_of(const struct config *c, enum config_key_id id, struct arena *a)
{
    const struct config_key *key = &config_keys[id];
    const void *field = (const char *)c + key->field;
    const char *const *list = id == KEY_STREAMS ? c->streams : c->export_tables;
    size_t count = id == KEY_STREAMS ? c->stream_count : c->export_table_count;
    const char *text = NULL;
    size_t words = 0;
    char day[CLOCK_DAY_BYTES];

    switch (key->type) {
    case CONFIG_MODE:
        return *(const int *)field ? arena_printf(a, "0%o", *(const int *)field) : NULL;
    case CONFIG_INT:
        return *(const int *)field < key->min ? NULL /* without a default there may be none */
                                              : arena_printf(a, "%d", *(const int *)field);
    case CONFIG_AGES:
        for (size_t i = 0; i < c->later_look_count; i++) {
            text = arena_printf(a, "%s%s%d", text ? text : "", text ? ", " : "", c->later_looks[i]);
        }
        return text;
    case CONFIG_BOOL:
        return *(const bool *)field ? "yes" : "no";
    case CONFIG_DAY:
        return c->start_day == INT32_MIN ? NULL
                                         : arena_strdup(a, clock_format_day(c->start_day, day));
    case CONFIG_CHOICE:
        return str_split_list(a, key->words, &words)[*(const int *)field];
    case CONFIG_LIST:
        for (size_t i = 0; i < count; i++) {
            text = i == 0 ? list[0] : arena_printf(a, "%s, %s", text, list[i]);
        }
        return text;
    default:
        if (id == KEY_CLIENT_SECRET) {
            return c->client_secret == NULL ? NULL : secret_expose(c->client_secret);
        }
        return *(const char *const *)field;
    }
}

/* How values may be written: one key stands for all. */
static const struct {
    const char *ini;
    enum config_key_id key;
    const char *value;
} writings[] = {
    {"[database]\npath = a.db", KEY_DATABASE_PATH, "a.db"},
    {"[database]\r\npath = a.db\r\n", KEY_DATABASE_PATH, "a.db"},
    {"\xEF\xBB\xBF[database]\npath = a.db\n", KEY_DATABASE_PATH, "a.db"},
    {"[database]\npath=a.db\n", KEY_DATABASE_PATH, "a.db"},
    {"[database]\npath : a.db\n", KEY_DATABASE_PATH, "a.db"},
    {"  [database]  \n  path  =  a.db  \n", KEY_DATABASE_PATH, "a.db"},
    {"[log]\n  level = info\n  format = text\n[database]\n\n\tpath = a.db\n", KEY_DATABASE_PATH,
     "a.db"},
    {"[database]\npath = a.db ; the file\n", KEY_DATABASE_PATH, "a.db"},
    {"[database]\npath = a.db # the file\n", KEY_DATABASE_PATH, "a.db"},
    {"[database]\npath = a#b;c.db\n", KEY_DATABASE_PATH, "a#b;c.db"},
    {"[database]\npath = \"my file.db\"\n", KEY_DATABASE_PATH, "my file.db"},
    {"[database]\npath = 'my file.db' # the file's name\n", KEY_DATABASE_PATH, "my file.db"},
    {"[database]\npath = \"a ; b.db\" ; \"quoted\"\n", KEY_DATABASE_PATH, "a ; b.db"},
    {"[database]\npath = \"a.db\n", KEY_DATABASE_PATH, "\"a.db"},
    {"# a comment = x\n; another\n[database] ; section\npath = a.db\n# path = b.db",
     KEY_DATABASE_PATH, "a.db"},
    {"[database]\n[log]\nlevel = info\n[database]\npath = a.db\n", KEY_DATABASE_PATH, "a.db"},
    {"", KEY_DATABASE_PATH, "rollcall.db"},
    {"[extract]\ntimezone =\n", KEY_TIMEZONE, "UTC"},
    {"[extract]\ntimezone = # none\n", KEY_TIMEZONE, "UTC"},
    {"[extract]\ntimezone = \"\"\n", KEY_TIMEZONE, "UTC"},
    {"[export]\nbom = TRUE\n", KEY_BOM, "yes"},
    {"[export]\ngzip = on\n", KEY_GZIP, "yes"},
    {"[export]\ngzip = 1\n", KEY_GZIP, "yes"},
    {"[kpi]\ninclude_abandons = Off\n", KEY_INCLUDE_ABANDONS, "no"},
    {"[kpi]\ninclude_abandons = 0\n", KEY_INCLUDE_ABANDONS, "no"},
    {"[kpi]\ninclude_abandons = FALSE\n", KEY_INCLUDE_ABANDONS, "no"},
    {"[genesys]\nproxy = proxy.corp:3128\n", KEY_PROXY, "proxy.corp:3128"},
    {"[genesys]\nproxy = socks5h://127.0.0.1:1080\n", KEY_PROXY, "socks5h://127.0.0.1:1080"},
    {"[genesys]\nlogin_url = https://login.example.com/\n", KEY_LOGIN_URL,
     "https://login.example.com"},
    {"[export]\ntables = conversation v_segment\n", KEY_TABLES, "conversation, v_segment"},
    {"[extract]\nstreams =  users ,, queues\tconversations, \n", KEY_STREAMS,
     "users, queues, conversations"},
    {"[extract]\nstreams = users,\n  queues\n  conversations # last\nin_flight = 5\n", KEY_STREAMS,
     "users, queues, conversations"},
    {"[extract]\nstreams =\n  users\n\tqueues\n", KEY_STREAMS, "users, queues"},
    {"[extract]\nstreams =\n", KEY_STREAMS, NULL},
    {"[extract]\nstreams = -users, all -queues\n", KEY_STREAMS, "-users, all, -queues"},
    {"[extract]\nlater_looks =\n", KEY_LATER_LOOKS, NULL},
    {"[extract]\nlater_looks = 40, 365, 1\n", KEY_LATER_LOOKS, "40, 365, 1"},
    {"[export]\ndelimiter = tab\n", KEY_DELIMITER, "tab"},
    {"[export]\nmode = 0644\n", KEY_EXPORT_MODE, "0644"},
    {"[export]\ntables = all\n", KEY_TABLES, NULL},
    {"[conversations]\nattribute_columns = Account No,vip # last\n", KEY_ATTRIBUTE_COLUMNS,
     "Account No\nvip"},
    {"[conversations]\nattribute_columns = \"Last, First\" , ' a ''b'' # 1',,\nmethod = job\n",
     KEY_ATTRIBUTE_COLUMNS, "Last, First\n a 'b' # 1"},
    {"[conversations]\nattribute_columns = \"a\", \"A\"\n  it's, # more\n\tx \"y\"\n",
     KEY_ATTRIBUTE_COLUMNS, "a\nA\nit's\nx \"y\""},
    {"[conversations]\nattribute_columns = # none\n", KEY_ATTRIBUTE_COLUMNS, NULL},
};

TEST_IN_FIXTURE(writings_are_understood)
{
    for (size_t i = 0; i < COUNT(writings); i++) {
        struct loaded *l = good(load_text(writings[i].ini, false));
        const char *value = value_of(&l->c, writings[i].key, l->a);
        fail_if(!str_eq(value, writings[i].value), "%s-> %s", writings[i].ini, value);
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
    {"[extract]\nfrobnicate = 4\n", 2, "known are start, timezone"},
    {"[extract]\npath = a.db\n", 2, "belongs below [database]"},
    {"region = x\n[genesys]\n", 1, "before the first [section]; it belongs below [genesys]"},
    {"[genesys]\nscope = a b\n", 2, "do not apply to the client credentials grant"},
    {"[extract]\nscopes = a b\n", 2, "do not apply to the client credentials grant"},
    {"scope = a b\n", 1, "do not apply to the client credentials grant"},
    {"[log]\nlevel = info\nlevel = warn\n", 3, "second time (first in rollcall.ini:2"},
    {"[log]\nlevel\n", 2, "neither [section] nor key = value"},
    {"[log]\nlevvel = x\njust some words\n", 2, "did you mean level?"},
    {"[log]\nlevel = info\n  debug\n", 3, "begins with a blank"},
    {"[log]\nlevel = loud\n", 2, "must be error, warn, info or debug"},
    {"[log]\nlevel = debg\n", 2, "did you mean debug?"},
    {"[extract]\nin_flight = 0\n", 2, "from 1 to 64"},
    {"[extract]\nin_flight = 65\n", 2, "from 1 to 64"},
    {"[extract]\nin_flight = 4x\n", 2, "from 1 to 64"},
    {"[extract]\nin_flight = 99999999999999999999\n", 2, "from 1 to 64"},
    {"[extract]\nlookback_days = -1\n", 2, "from 0 to 31"},
    {"[extract]\nlater_looks = 15, soon\n", 2, "ages in days, each from 1 to 365"},
    {"[extract]\nlater_looks = 0\n", 2, "ages in days"},
    {"[extract]\nlater_looks = 1 2 3 4 5 6 7 8 9 10 11 12 13\n", 2, "more than 12"},
    {"[kpi]\ninclude_abandons = some\n", 2, "must be yes or no"},
    {"[extract]\nstart = 2026-02-29\n", 2, "YYYY-MM-DD"},
    {"[extract]\nstreams = user\n", 2, "unknown name user; did you mean users?"},
    {"[extract]\nstreams = users, frobs\n", 2, "known are conversations, adherence_realtime"},
    {"[extract]\nstreams = users, users\n", 2, "users is named twice"},
    {"[extract]\nstreams = -users, queues, -users\n", 2, "-users is named twice"},
    {"[database]\npath = ~/r.db\n", 2, "write the whole path"},
    {"[database]\npath =\n", 2, "is empty; give a path, or remove the line for rollcall.db"},
    {"[database]\npath = \"\"\n", 2, "is empty"},
    {"[database]\npath = :memory:\n", 2, "must be a file's path"},
    {"[database]\npath = file:r.db?mode=memory\n", 2, "must be a file's path"},
    {"[database]\npath = .\n", 2, "is a directory"},
    {"[database]\npath = absent/\n", 2, "is a directory"},
    {"[conversations]\nattribute_columns = a, \"b\n", 2, "closing quote is missing"},
    {"[conversations]\nattribute_columns = \"a\" b\n", 2, "text follows it"},
    {"[conversations]\nattribute_columns = a, b, a\n", 2, "a is named twice"},
    {"[conversations]\nattribute_columns = a, b\x01\n", 2, "control characters"},
    {"[conversations]\nmethod = jobs\n", 2, "did you mean job?"},
    {"[genesys]\nlogin_url = login.example.com\n", 2, "https://login.example.com"},
    {"[genesys]\nlogin_url = http://login.example.com\n", 2, "only https"},
    {"[genesys]\nlogin_url = http://127.0.0.1.example.com\n", 2, "only https"},
    {"[genesys]\napi_url = https://api.example.com/api/v2\n", 2, "only scheme and host"},
    {"[genesys]\napi_url = https://u:p@api.example.com\n", 2, "user name or password"},
    {"[genesys]\nproxy = gopher://user:hunter2@x\n", 2, "no URL of a proxy"},
    {"[genesys]\nproxy = http://\n", 2, "no URL of a proxy"},
    {"[genesys]\nproxy = http://user:hunter2@x:99999999\n", 2, "no URL of a proxy"},
};

TEST_IN_FIXTURE(bad_values_are_refused)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        char place[64];
        struct loaded *l = load_text(refused[i].ini, false);
        snprintf(place, sizeof(place), "rollcall.ini:%d: ", refused[i].line);
        print_message("%s\n", refused[i].ini);
        check_refused(l, refused[i].message);
        assert_true(str_starts_with(l->e.message, place));
    }
}

TEST_IN_FIXTURE(so_many_columns_and_no_more)
{
    static char ini[16000] = "[conversations]\nattribute_columns = 0";
    size_t used = strlen(ini);

    for (int i = 1; i < 1000; i++) {
        used += (size_t)snprintf(ini + used, sizeof(ini) - used, ", %d", i);
    }
    (void)good(load_text(ini, false));
    snprintf(ini + used, sizeof(ini) - used, ", more");
    check_refused(load_text(ini, false), "1001 names, at most 1000");
}

/* --- finding the file ------------------------------------------------------------------------ */

TEST_IN_FIXTURE(search_order)
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
        assert_string_equal(good(load_as(NULL, false))->c.database_path, expected[i]);
    }
    unsetenv("XDG_CONFIG_HOME");
    assert_string_equal(good(load_as(NULL, false))->c.database_path, "home");
    assert_string_equal(good(load_as("given.ini", false))->c.database_path, "given");
    check_refused(load_as("absent.ini", false), "absent.ini");
}

TEST_IN_FIXTURE(a_directory_is_no_configuration)
{
    assert_int_equal(mkdir("rollcall.ini", 0777), 0);
    check_refused(load_as(NULL, false), "rollcall.ini");
}

/* --- credentials ----------------------------------------------------------------------------- */

#define LOGIN_INI "[genesys]\nregion = mypurecloud.jp\nclient_id = ini-id\n"

static void assert_secret(const char *text, const char *origin)
{
    struct loaded *l = good(load_as(NULL, true));
    assert_string_equal(secret_expose(l->c.client_secret), text);
    assert_non_null(strstr(config_origin(&l->c, KEY_CLIENT_SECRET), origin));
}

TEST_IN_FIXTURE(precedence)
{
    write_file("rollcall.ini", LOGIN_INI "client_secret = from-ini\n");
    assert_secret("from-ini", "rollcall.ini:4");
    assert_null(strstr(config_origin(&last->c, KEY_CLIENT_SECRET), "overrides"));
    write_file("secret", "from-file\n");
    write_file("rollcall.ini", LOGIN_INI "client_secret_file = secret\n");
    assert_secret("from-file", "secret");
    write_file(".env", "OTHER=1\nGENESYS_CLIENT_SECRET=from-dotenv\n");
    assert_secret("from-dotenv", ".env:2");
    assert_int_equal(mkdir("credentials", 0777), 0);
    setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
    assert_secret("from-dotenv", ".env:2");
    write_file("credentials/client_secret", "from-systemd");
    assert_secret("from-systemd", "credentials/client_secret");
    setenv("GENESYS_CLIENT_SECRET", "from-environment", 1);
    assert_secret("from-environment", "GENESYS_CLIENT_SECRET");
    setenv("GENESYS_CLIENT_SECRET", "", 1);
    assert_secret("from-systemd", "credentials/client_secret");
}

TEST_IN_FIXTURE(origins_say_what_they_override)
{
    write_file("secret", "x\n");
    write_file("rollcall.ini", LOGIN_INI "client_secret_file = secret\n");
    write_file(".env",
               "GENESYS_CLIENT_ID=b\nGENESYS_CLIENT_SECRET=y\nGENESYS_REGION=mypurecloud.de");
    setenv("GENESYS_CLIENT_ID", "c", 1);
    struct loaded *l = good(load_as(NULL, true));
    assert_string_equal(l->c.region, "mypurecloud.de");
    assert_string_equal(config_origin(&l->c, KEY_CLIENT_ID),
                        "environment variable GENESYS_CLIENT_ID, which overrides .env:1: "
                        "GENESYS_CLIENT_ID, which overrides rollcall.ini:3: [genesys] client_id");
    assert_string_equal(config_origin(&l->c, KEY_CLIENT_SECRET),
                        ".env:2: GENESYS_CLIENT_SECRET, which overrides rollcall.ini:4: [genesys] "
                        "client_secret_file");
}

TEST_IN_FIXTURE(env_file_lies_beside_the_configuration)
{
    assert_int_equal(mkdir("conf", 0777), 0);
    write_file("conf/my.ini", LOGIN_INI);
    write_file("conf/.env", "GENESYS_CLIENT_SECRET=beside");
    write_file(".env", "GENESYS_CLIENT_SECRET=elsewhere");
    assert_string_equal(secret_expose(good(load_as("conf/my.ini", true))->c.client_secret),
                        "beside");
}

static const struct {
    const char *env;
    const char *secret; /* NULL: refused */
} env_files[] = {
    {"\xEF\xBB\xBFGENESYS_CLIENT_SECRET=abc\r\n", "abc"},
    {"  export\tGENESYS_CLIENT_SECRET = abc # it\n", "abc"},
    {"GENESYS_CLIENT_SECRET=\"a\\\"b\\\\c\" # it\n", "a\"b\\c"},
    {"GENESYS_CLIENT_SECRET='a\"b'\n", "a\"b"},
    {"GENESYS_CLIENT_SECRET=a#b\n", "a#b"},
    {"GENESYS_CLIENT_SECRET=one\nGENESYS_CLIENT_SECRET=two\n", "two"},
    {"# GENESYS_CLIENT_SECRET=no\nexportGENESYS_CLIENT_SECRET=no\nX='\nGENESYS_CLIENT_SECRET=yes",
     "yes"},
    {"GENESYS_CLIENT_SECRET=\n", "from-ini"},
    {"GENESYS_CLIENT_SECRETS=x\nno assignment\n=\n", "from-ini"},
    {"GENESYS_CLIENT_SECRET='abc\n", NULL},
    {"GENESYS_CLIENT_SECRET=\"abc\\\n", NULL},
    {"GENESYS_CLIENT_SECRET='abc' def\n", NULL},
};

TEST_IN_FIXTURE(env_files_are_read)
{
    write_file("rollcall.ini", LOGIN_INI "client_secret = from-ini\n");
    for (size_t i = 0; i < COUNT(env_files); i++) {
        write_file(".env", env_files[i].env);
        struct loaded *l = load_as(NULL, true);
        if (env_files[i].secret == NULL) {
            check_refused(l, ".env:1: GENESYS_CLIENT_SECRET");
            assert_null(strstr(l->e.message, "abc"));
        } else {
            assert_string_equal(secret_expose(good(l)->c.client_secret), env_files[i].secret);
        }
    }
}

TEST_IN_FIXTURE(bad_credentials)
{
    static const struct {
        const char *file; /* of the secret */
        const char *id;
        const char *message;
    } cases[] = {
        {"hunter2\nhunter3\n", "i", "more than one line"},
        {"hunter 2\n", "i", "character that no client secret has (position 7)"},
        {"hunter\xE2\x80\x8B"
         "2\n",
         "i", "character that no client secret has (position 7)"},
        {"\xEF\xBB\xBF  \r\n", "i", "secret is empty"},
        {"client_secret = hunter2\n", "i", "begins with a name"},
        {"\xEF\xBB\xBF"
         "export GENESYS_CLIENT_SECRET=hunter2\r\n",
         "i", "begins with a name"},
        {"hunter2", "client_id: x", "begins with a name"},
        {"hunter2", "a:b", "character that no client id has (position 2)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char ini[256];
        write_file("secret", cases[i].file);
        snprintf(ini, sizeof(ini),
                 "[genesys]\nregion = x\nclient_id = %s\nclient_secret_file = secret\n",
                 cases[i].id);
        check_refused(load_text(ini, true), cases[i].message);
    }
}

TEST_IN_FIXTURE(secret_file_failures)
{
    check_refused(load_text(LOGIN_INI "client_secret_file = absent\n", true),
                  "rollcall.ini:4: [genesys] client_secret_file: ");
    /* Who only reads the database, or has the secret in the environment, does not need the file. */
    good(load_as(NULL, false));
    setenv("GENESYS_CLIENT_SECRET", "s", 1);
    good(load_as(NULL, true));
    unsetenv("GENESYS_CLIENT_SECRET");
    check_refused(
        load_text(LOGIN_INI "client_secret = hunter2\nclient_secret_file = absent\n", true),
        "keep one of them");
}

/* --- doubts ---------------------------------------------------------------------------------- */

static bool is_doubted(const struct config *c, enum cause_id cause)
{
    for (size_t i = 0; i < c->doubt_count; i++) {
        if (c->doubts[i].cause == cause) {
            return true;
        }
    }
    return false;
}

TEST_IN_FIXTURE(doubts)
{
    static const struct {
        const char *ini;
        const char *env;
        const char *loosened; /* a file that becomes readable by all; NULL: none */
        enum cause_id cause;  /* CAUSE_NONE: none of the three */
    } cases[] = {
        {LOGIN_INI "client_secret = hunter2\n", "", NULL, CAUSE_NONE},
        {LOGIN_INI "client_secret_file = secret\n", "", NULL, CAUSE_NONE},
        {LOGIN_INI, "GENESYS_CLIENT_SECRET='hunter2'\n", NULL, CAUSE_NONE},
        {LOGIN_INI "client_secret_file = secret\n", "", "rollcall.ini", CAUSE_NONE},
        {LOGIN_INI "client_secret = hunter2\n", "", "rollcall.ini", CAUSE_CONFIG_READABLE},
        {LOGIN_INI "client_secret_file = secret\n", "", "secret", CAUSE_CONFIG_READABLE},
        {LOGIN_INI, "GENESYS_CLIENT_SECRET=hunter2\n", ".env", CAUSE_CONFIG_READABLE},
        {LOGIN_INI "client_secret = \"hunter2\"\n", "", NULL, CAUSE_CONFIG_QUOTES},
        {LOGIN_INI, "GENESYS_CLIENT_SECRET='hunter2 '\n", NULL, CAUSE_CONFIG_BLANKS},
        {"[genesys]\nregion = x\nclient_id = 'i'\nclient_secret = hunter2\n", "", NULL,
         CAUSE_CONFIG_QUOTES},
    };
    static const enum cause_id three[] = {CAUSE_CONFIG_READABLE, CAUSE_CONFIG_QUOTES,
                                          CAUSE_CONFIG_BLANKS};

    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file("rollcall.ini", cases[i].ini);
        write_file("secret", "hunter2\n");
        write_file(".env", cases[i].env);
        assert_true(cases[i].loosened == NULL || chmod(cases[i].loosened, 0644) == 0);
        struct loaded *l = good(load_as(NULL, true));
        assert_string_equal(secret_expose(l->c.client_secret), "hunter2");
        for (size_t t = 0; t < COUNT(three); t++) {
            assert_int_equal(is_doubted(&l->c, three[t]), three[t] == cases[i].cause);
        }
    }
}

/* --- blame ----------------------------------------------------------------------------------- */

TEST_IN_FIXTURE(blame)
{
    struct loaded *l = good(load_text("[extract]\ntimezone = Asia/Soul\n", false));
    err_set(&l->e, ERR_USAGE, "no such zone");
    assert_false(config_blame(&l->c, KEY_TIMEZONE, &l->e));
    assert_int_equal(l->e.kind, ERR_CONFIG);
    assert_string_equal(l->e.message, "rollcall.ini:2: [extract] timezone: no such zone");
    err_set(&l->e, ERR_STORE, "gone");
    assert_false(config_blame(&l->c, KEY_DATABASE_PATH, &l->e));
    assert_string_equal(l->e.message, "[database] path: gone");
}

/* --- the example ----------------------------------------------------------------------------- */

static const char *example_path(struct arena *a)
{
    return arena_printf(a, "%s/config.example.ini", tempdir_from);
}

/* config.example.ini, with the mark of commented-out keys ("#key") removed: prose has "# ". */
static char *example_with_all_keys(struct arena *a)
{
    FILE *file = fopen(example_path(a), "rb");
    assert_non_null(file);
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

TEST_IN_FIXTURE(example_has_every_key)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
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
        fail_if(key->default_text != NULL && strstr(comment, value) == NULL,
                "[%s] %s: '%s' is not in its comment", key->section, key->name, value);
        const char *range =
            arena_printf(a, "range: %lld-%lld", (long long)key->min, (long long)key->max);
        fail_if(key->type == CONFIG_INT && strstr(comment, range) == NULL,
                "[%s] %s: '%s' is not in its comment", key->section, key->name, range);
        size_t count = 0;
        char **words = str_split_list(a, key->words == NULL ? "" : key->words, &count);
        for (size_t i = 0; i < count; i++) {
            assert_non_null(strstr(comment, words[i]));
        }
    }
}

TEST_IN_FIXTURE(example_is_valid)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct loaded *as_it_is = good(load_as(example_path(a), false));
    struct loaded *defaults = good(load_as(NULL, false));
    struct loaded *all = good(load_text(example_with_all_keys(a), false));
    assert_null(defaults->c.path);
    /* The values shown for keys that have a default are the default; the others have none. */
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const char *text = config_keys[id].default_text;
        const char *value = value_of(&defaults->c, (enum config_key_id)id, a);

        fail_if(!str_eq(value, text), "%s is %s", config_keys[id].name, value);
        assert_true(str_eq(value_of(&as_it_is->c, (enum config_key_id)id, a), text));
        if (text != NULL) {
            assert_string_equal(value_of(&all->c, (enum config_key_id)id, a), text);
        }
    }
    assert_non_null(all->c.proxy);
    assert_non_null(all->c.login_url);
}
