#include "test.h"

#include "child.h"
#include "config_fixture.h"

/* --- credentials ----------------------------------------------------------------------------- */

#define LOGIN_INI "[genesys]\nregion = mypurecloud.jp\nclient_id = ini-id\n"

TEST_IN(enter, tempdir_leave, what_a_login_needs)
{
    static const struct {
        const char *ini;
        const char *missing; /* NULL: nothing */
    } cases[] = {
        {"[genesys]\n", "region is missing"},
        {"[genesys]\nlogin_url = https://l.example\n", "region is missing"},
        {"[genesys]\nregion = x\n", "client_id is missing"},
        {"[genesys]\nregion = x\nclient_id = i\n", "client secret is missing"},
        {"[genesys]\nregion = x\nclient_id = i\nclient_secret =\n", "client secret is missing"},
        {"[genesys]\nregion = x\nclient_id = i\nclient_secret = s\n", NULL},
        {"[genesys]\nlogin_url = https://l.example\napi_url = https://a.example\n"
         "client_id = i\nclient_secret = s\n",
         NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loaded l = load_text(cases[i].ini, true);
        assert_int_equal(l.good, cases[i].missing == NULL);
        if (cases[i].missing != NULL) {
            assert_int_equal(l.e.kind, ERR_CONFIG);
            assert_non_null(strstr(l.e.message, cases[i].missing));
            assert_true(str_starts_with(l.e.message, "rollcall.ini: "));
        }
        unload(&l);
        l = load_as(NULL, false);
        assert_good(&l);
        unload(&l);
    }
    unlink("rollcall.ini");
    struct loaded l = load_as(NULL, true);
    assert_false(l.good);
    assert_non_null(strstr(l.e.message, "./rollcall.ini"));
    assert_non_null(strstr(l.e.message, "/etc/rollcall/rollcall.ini"));
    unload(&l);
}

static void assert_secret(const char *text, const char *origin)
{
    struct loaded l = load_as(NULL, true);
    assert_good(&l);
    assert_string_equal(secret_expose(l.c.client_secret), text);
    assert_non_null(strstr(l.c.client_secret_origin, origin));
    unload(&l);
}

TEST_IN(enter, tempdir_leave, precedence)
{
    write_file("rollcall.ini", LOGIN_INI "client_secret = from-ini\n");
    assert_secret("from-ini", "rollcall.ini:4");
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

TEST_IN(enter, tempdir_leave, id_and_region)
{
    static const char *const ids[] = {"ini-id", "env-id", "variable-id"};
    static const char *const regions[] = {"mypurecloud.jp", "mypurecloud.de", "mypurecloud.ie"};
    write_file("rollcall.ini", LOGIN_INI "client_secret = s\n");
    for (size_t i = 0; i < 3; i++) {
        if (i == 1) {
            write_file(".env", "export GENESYS_CLIENT_ID='env-id'\nGENESYS_REGION=mypurecloud.de");
        } else if (i == 2) {
            setenv("GENESYS_CLIENT_ID", "variable-id", 1);
            setenv("GENESYS_REGION", "mypurecloud.ie", 1);
        }
        struct loaded l = load_as(NULL, true);
        assert_good(&l);
        assert_string_equal(l.c.client_id, ids[i]);
        assert_string_equal(l.c.region, regions[i]);
        unload(&l);
    }
}

TEST_IN(enter, tempdir_leave, env_file_lies_beside_the_configuration)
{
    assert_int_equal(mkdir("conf", 0777), 0);
    write_file("conf/my.ini", LOGIN_INI);
    write_file("conf/.env", "GENESYS_CLIENT_SECRET=beside");
    write_file(".env", "GENESYS_CLIENT_SECRET=elsewhere");
    struct loaded l = load_as("conf/my.ini", true);
    assert_good(&l);
    assert_string_equal(secret_expose(l.c.client_secret), "beside");
    unload(&l);
}

static const struct {
    const char *env;
    const char *secret; /* NULL: refused */
} env_files[] = {
    {"GENESYS_CLIENT_SECRET=abc", "abc"},
    {"\xEF\xBB\xBFGENESYS_CLIENT_SECRET=abc\r\n", "abc"},
    {"  export\tGENESYS_CLIENT_SECRET = abc # it\n", "abc"},
    {"GENESYS_CLIENT_SECRET=\"a\\\"b\\\\c\" # it\n", "a\"b\\c"},
    {"GENESYS_CLIENT_SECRET='a\"b'\n", "a\"b"},
    {"GENESYS_CLIENT_SECRET=a#b\n", "a#b"},
    {"GENESYS_CLIENT_SECRET=one\nGENESYS_CLIENT_SECRET=two\n", "two"},
    {"# GENESYS_CLIENT_SECRET=no\nexportGENESYS_CLIENT_SECRET=no\nX='\nGENESYS_CLIENT_SECRET=yes",
     "yes"},
    {"GENESYS_CLIENT_SECRET=\" abc \"\n", "abc"},
    {"GENESYS_CLIENT_SECRET=\n", "from-ini"},
    {"GENESYS_CLIENT_SECRETS=x\nno assignment\n=\n", "from-ini"},
    {"GENESYS_CLIENT_SECRET='abc\n", NULL},
    {"GENESYS_CLIENT_SECRET=\"abc\\\n", NULL},
    {"GENESYS_CLIENT_SECRET='abc' def\n", NULL},
};

TEST_IN(enter, tempdir_leave, env_files_are_read)
{
    write_file("rollcall.ini", LOGIN_INI "client_secret = from-ini\n");
    for (size_t i = 0; i < COUNT(env_files); i++) {
        write_file(".env", env_files[i].env);
        struct loaded l = load_as(NULL, true);
        if (env_files[i].secret == NULL) {
            assert_false(l.good);
            assert_true(str_starts_with(l.e.message, ".env:1: GENESYS_CLIENT_SECRET"));
            assert_null(strstr(l.e.message, "abc"));
        } else {
            assert_good(&l);
            assert_string_equal(secret_expose(l.c.client_secret), env_files[i].secret);
        }
        unload(&l);
    }
}

TEST_IN(enter, tempdir_leave, bad_credentials)
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
        {"", "i", "client secret is missing"},
        {"  \n", "i", "client secret is missing"},
        {"hunter2", "a:b", "character that no client id has (position 2)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char ini[256];
        write_file("secret", cases[i].file);
        snprintf(ini, sizeof(ini),
                 "[genesys]\nregion = x\nclient_id = %s\nclient_secret_file = secret\n",
                 cases[i].id);
        struct loaded l = load_text(ini, true);
        if (l.good || strstr(l.e.message, cases[i].message) == NULL) {
            fail_msg("%s: %s", cases[i].message, l.e.message);
        }
        assert_int_equal(l.e.kind, ERR_CONFIG);
        assert_null(strstr(l.e.message, "hunter"));
        unload(&l);
    }
}

TEST_IN(enter, tempdir_leave, secret_file_failures)
{
    struct loaded l = load_text(LOGIN_INI "client_secret_file = absent\n", true);
    assert_false(l.good);
    assert_true(str_starts_with(l.e.message, "rollcall.ini:4: [genesys] client_secret_file: "));
    unload(&l);
    /* Who only reads the database, or has the secret in the environment, does not need the file. */
    l = load_as(NULL, false);
    assert_good(&l);
    unload(&l);
    setenv("GENESYS_CLIENT_SECRET", "s", 1);
    l = load_as(NULL, true);
    assert_good(&l);
    unload(&l);
    unsetenv("GENESYS_CLIENT_SECRET");
    l = load_text(LOGIN_INI "client_secret = hunter2\nclient_secret_file = absent\n", true);
    assert_false(l.good);
    assert_non_null(strstr(l.e.message, "keep one of them"));
    assert_null(strstr(l.e.message, "hunter2"));
    unload(&l);
}

/* --- warnings -------------------------------------------------------------------------------- */

struct warning_case {
    const char *ini;
    const char *env;
    const char *loosened; /* a file that becomes readable by all; NULL: none */
    const char *warning;  /* NULL: none */
};

static void load_for_warnings(const void *argument)
{
    const struct warning_case *w = argument;
    write_file("rollcall.ini", w->ini);
    write_file("secret", "hunter2\n");
    write_file(".env", w->env);
    CHILD_ASSERT(w->loosened == NULL || chmod(w->loosened, 0644) == 0);
    struct loaded l = load_as(NULL, true);
    CHILD_ASSERT(l.good);
    CHILD_ASSERT(strcmp(secret_expose(l.c.client_secret), "hunter2") == 0);
    unload(&l);
}

TEST_IN(enter, tempdir_leave, warnings)
{
    static const struct warning_case cases[] = {
        {LOGIN_INI "client_secret = hunter2\n", "", NULL, NULL},
        {LOGIN_INI "client_secret_file = secret\n", "", NULL, NULL},
        {LOGIN_INI, "GENESYS_CLIENT_SECRET='hunter2'\n", NULL, NULL},
        {LOGIN_INI "client_secret_file = secret\n", "", "rollcall.ini", NULL},
        {LOGIN_INI "client_secret = hunter2\n", "", "rollcall.ini", "chmod 600"},
        {LOGIN_INI "client_secret_file = secret\n", "", "secret", "chmod 600"},
        {LOGIN_INI, "GENESYS_CLIENT_SECRET=hunter2\n", ".env", "chmod 600"},
        {LOGIN_INI "client_secret = \"hunter2\"\n", "", NULL, "quotes"},
        {LOGIN_INI "client_secret = \" hunter2\"\n", "", NULL, "cut off"},
        {LOGIN_INI, "GENESYS_CLIENT_SECRET='hunter2 '\n", NULL, "blanks around it"},
        {"[genesys]\nregion = x\nclient_id = 'i'\nclient_secret = hunter2\n", "", NULL,
         "client_id"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct child c = child_run(load_for_warnings, &cases[i]);
        assert_int_equal(c.exit_code, 0);
        if (cases[i].warning == NULL) {
            assert_string_equal(c.text, "");
        } else if (strstr(c.text, cases[i].warning) == NULL) {
            fail_msg("case %zu: %s not in: %s", i, cases[i].warning, c.text);
        }
        assert_null(strstr(c.text, "hunter2"));
    }
}
