/*
 * The configuration: one struct, filled from the environment, a systemd credential, a .env file and
 * the INI file, in that order of precedence; the command line comes on top, in src/cmd.
 *
 * Invariants: after config_load every value is present (default or given) and within its range;
 * paths are as the user wrote them, relative to the working directory; an unknown section or key, a
 * bad value or a duplicate is ERR_CONFIG with file:line and the nearest known name. CONFIG_KEYS is
 * the one list of keys: the parser goes by it, and config.example.ini, which says what each means,
 * and the manual page are held against it by tests.
 *
 * How a value is read: blanks around it and one pair of quotes are dropped, ` ;` and ` #` begin a
 * comment, an empty value is none (but for the paths that the program cannot do without; of
 * later_looks it says that there are none), and a list may go on in the next line if that is
 * indented; the names of one keep their quotes. A stream after a minus is taken out.
 */
#ifndef ROLLCALL_IO_CONFIG_H
#define ROLLCALL_IO_CONFIG_H

#include "base/arena.h"
#include "base/causes.h"
#include "base/err.h"
#include "base/log.h"
#include "io/secret.h"

enum { CONFIG_DOUBTS_MOST = 16, CONFIG_LOOKS_MOST = 12 };

/* Something that looks like a mistake in a value that can be read. */
struct config_doubt {
    enum cause_id cause;
    const char *where; /* the value's origin */
};

struct config {
    const char *path; /* the INI file read; NULL when there is none */

    const char *region;    /* as written; NULL when absent */
    const char *login_url; /* no trailing slash; NULL when absent: the caller makes it of region */
    const char *api_url;   /* likewise */
    const char *client_id; /* NULL when absent: only commands that log in need it */
    struct secret *client_secret;
    const char *client_secret_file;
    const char *organization;
    const char *proxy; /* may hold a password, so never shown */
    const char *ca_file;
    int connect_seconds; /* these four are the limits of their names (base/limits.h) then */
    int stall_seconds;
    int retry_seconds;
    int patience_seconds;

    const char *database_path;
    int database_mode; /* permission bits; 0: FILE_MODE at most */

    int32_t start_day; /* day number of the business zone; INT32_MIN when absent */
    const char *timezone;
    const char *const *streams; /* names, groups and `all`, some with a minus; none: all */
    size_t stream_count;
    const char *streams_written; /* the same with commas between */
    int lookback_days;
    int later_looks[CONFIG_LOOKS_MOST]; /* ages in days */
    size_t later_look_count;
    int reread_hours;
    int in_flight;
    int requests_per_minute;

    const char *conversations_method; /* words of CONFIG_KEYS */
    const char *attribute_columns;    /* keys of attributes, one a line; NULL: none */
    int open_reread_max;
    const char *adherence_realtime;
    const char *adherence_day;
    const char *conversation_metrics; /* words, as they stand there; NULL: the stream's own */
    const char *user_metrics;

    bool include_flow_outs; /* [kpi] */
    bool include_short_abandons;
    bool include_abandons;
    int default_target_seconds;

    const char *export_directory;
    int export_mode; /* likewise */
    bool export_gzip;
    bool export_bom;
    int export_delimiter; /* its place among the words of the key */
    bool neutralize_formulas;
    const char *const *export_tables; /* export_table_count 0 means the default set */
    size_t export_table_count;

    int due_hours;                /* [status] */
    const char *metrics_textfile; /* NULL: none */

    enum log_level log_level;
    enum log_format log_format;

    /* What is odd about the values; there also when loading failed. */
    struct config_doubt doubts[CONFIG_DOUBTS_MOST];
    size_t doubt_count;

    /* For config_origin: where each key's value came from, by CONFIG_KEYS; NULL: the default. */
    const char *const *origins;
};

enum config_type {
    CONFIG_TEXT,
    CONFIG_PATH,
    CONFIG_URL, /* scheme and host alone */
    CONFIG_PROXY,
    CONFIG_CREDENTIAL,
    CONFIG_LIST,  /* separated by commas or blanks */
    CONFIG_WORDS, /* likewise, kept as they stand: letters and digits, in the API's spelling */
    CONFIG_NAMES, /* separated by commas, in quotes where need be (doubled inside): a name a line */
    CONFIG_INT,
    CONFIG_AGES, /* whole numbers, separated likewise; given and empty: none */
    CONFIG_BOOL,
    CONFIG_DAY,
    CONFIG_MODE,   /* permission bits of files, octal; 0600 at least */
    CONFIG_WORD,   /* one of `words`, as it is spelt there */
    CONFIG_CHOICE, /* one of `words`, in the order of the field's enum */
};

/* X(id, section, name, field of struct config, type and what else there is of struct config_key: a
 * default, a range, words, a variable) */
#define CONFIG_KEYS(X)                                                                             \
    X(KEY_REGION, "genesys", "region", region, CONFIG_TEXT, .variable = "GENESYS_REGION")          \
    X(KEY_LOGIN_URL, "genesys", "login_url", login_url, CONFIG_URL)                                \
    X(KEY_API_URL, "genesys", "api_url", api_url, CONFIG_URL)                                      \
    X(KEY_CLIENT_ID, "genesys", "client_id", client_id, CONFIG_CREDENTIAL,                         \
      .variable = "GENESYS_CLIENT_ID")                                                             \
    X(KEY_CLIENT_SECRET, "genesys", "client_secret", client_secret, CONFIG_CREDENTIAL,             \
      .variable = "GENESYS_CLIENT_SECRET")                                                         \
    X(KEY_CLIENT_SECRET_FILE, "genesys", "client_secret_file", client_secret_file, CONFIG_PATH)    \
    X(KEY_ORGANIZATION, "genesys", "organization", organization, CONFIG_TEXT)                      \
    X(KEY_PROXY, "genesys", "proxy", proxy, CONFIG_PROXY)                                          \
    X(KEY_CA_FILE, "genesys", "ca_file", ca_file, CONFIG_PATH)                                     \
    X(KEY_CONNECT_SECONDS, "genesys", "connect_seconds", connect_seconds, CONFIG_INT, "15",        \
      .min = 1, .max = 300)                                                                        \
    X(KEY_STALL_SECONDS, "genesys", "stall_seconds", stall_seconds, CONFIG_INT, "60", .min = 1,    \
      .max = 600)                                                                                  \
    X(KEY_RETRY_SECONDS, "genesys", "retry_seconds", retry_seconds, CONFIG_INT, "300",             \
      .max = 86400)                                                                                \
    X(KEY_PATIENCE_SECONDS, "genesys", "patience_seconds", patience_seconds, CONFIG_INT, "8",      \
      .min = 1, .max = 300)                                                                        \
    X(KEY_DATABASE_PATH, "database", "path", database_path, CONFIG_PATH, "rollcall.db")            \
    X(KEY_DATABASE_MODE, "database", "mode", database_mode, CONFIG_MODE)                           \
    X(KEY_START, "extract", "start", start_day, CONFIG_DAY)                                        \
    X(KEY_TIMEZONE, "extract", "timezone", timezone, CONFIG_TEXT, "UTC")                           \
    X(KEY_STREAMS, "extract", "streams", streams, CONFIG_LIST)                                     \
    X(KEY_LOOKBACK_DAYS, "extract", "lookback_days", lookback_days, CONFIG_INT, "7", .max = 31)    \
    X(KEY_LATER_LOOKS, "extract", "later_looks", later_looks, CONFIG_AGES, "15, 31", .min = 1,     \
      .max = 365)                                                                                  \
    X(KEY_REREAD_HOURS, "extract", "reread_hours", reread_hours, CONFIG_INT, "20", .max = 168)     \
    X(KEY_IN_FLIGHT, "extract", "in_flight", in_flight, CONFIG_INT, "4", .min = 1, .max = 64)      \
    X(KEY_REQUESTS_PER_MINUTE, "extract", "requests_per_minute", requests_per_minute, CONFIG_INT,  \
      "300", .min = 1, .max = 1000000)                                                             \
    X(KEY_METHOD, "conversations", "method", conversations_method, CONFIG_WORD, "auto",            \
      .words = "auto job query")                                                                   \
    X(KEY_ATTRIBUTE_COLUMNS, "conversations", "attribute_columns", attribute_columns,              \
      CONFIG_NAMES, .max = 1000)                                                                   \
    X(KEY_OPEN_REREAD_MAX, "conversations", "open_reread_max", open_reread_max, CONFIG_INT,        \
      "2000", .max = 1000000)                                                                      \
    X(KEY_REALTIME, "adherence", "realtime", adherence_realtime, CONFIG_WORD, "auto",              \
      .words = "auto workforcemanagement agents_status realtime_intervals")                        \
    X(KEY_ADHERENCE_DAY, "adherence", "day", adherence_day, CONFIG_WORD, "unit",                   \
      .words = "unit extract")                                                                     \
    X(KEY_CONVERSATION_METRICS, "aggregates", "conversation_metrics", conversation_metrics,        \
      CONFIG_WORDS)                                                                                \
    X(KEY_USER_METRICS, "aggregates", "user_metrics", user_metrics, CONFIG_WORDS)                  \
    X(KEY_INCLUDE_FLOW_OUTS, "kpi", "include_flow_outs", include_flow_outs, CONFIG_BOOL, "no")     \
    X(KEY_INCLUDE_SHORT_ABANDONS, "kpi", "include_short_abandons", include_short_abandons,         \
      CONFIG_BOOL, "yes")                                                                          \
    X(KEY_INCLUDE_ABANDONS, "kpi", "include_abandons", include_abandons, CONFIG_BOOL, "yes")       \
    X(KEY_DEFAULT_TARGET_SECONDS, "kpi", "default_target_seconds", default_target_seconds,         \
      CONFIG_INT, "20", .min = 1, .max = 86400)                                                    \
    X(KEY_DIRECTORY, "export", "directory", export_directory, CONFIG_PATH, "export")               \
    X(KEY_EXPORT_MODE, "export", "mode", export_mode, CONFIG_MODE)                                 \
    X(KEY_GZIP, "export", "gzip", export_gzip, CONFIG_BOOL, "no")                                  \
    X(KEY_BOM, "export", "bom", export_bom, CONFIG_BOOL, "no")                                     \
    X(KEY_DELIMITER, "export", "delimiter", export_delimiter, CONFIG_CHOICE, "comma",              \
      .words = "comma semicolon tab pipe ; |")                                                     \
    X(KEY_TABLES, "export", "tables", export_tables, CONFIG_LIST)                                  \
    X(KEY_NEUTRALIZE_FORMULAS, "export", "neutralize_formulas", neutralize_formulas, CONFIG_BOOL,  \
      "no")                                                                                        \
    X(KEY_DUE_HOURS, "status", "due_hours", due_hours, CONFIG_INT, "26", .min = 1, .max = 8760)    \
    X(KEY_TEXTFILE, "metrics", "textfile", metrics_textfile, CONFIG_PATH)                          \
    X(KEY_LEVEL, "log", "level", log_level, CONFIG_CHOICE, "warn",                                 \
      .words = "error warn info debug")                                                            \
    X(KEY_FORMAT, "log", "format", log_format, CONFIG_CHOICE, "text", .words = "text json")

enum config_key_id {
#define CONFIG_KEY_ENUM(id, ...) id,
    CONFIG_KEYS(CONFIG_KEY_ENUM)
#undef CONFIG_KEY_ENUM
        CONFIG_KEY_COUNT
};

struct config_key {
    const char *section;
    const char *name;
    size_t field; /* its offset */
    enum config_type type;
    const char *default_text;
    int64_t min;
    int64_t max;
    const char *words;
    const char *variable; /* of the environment and of .env */
};

extern const struct config_key config_keys[CONFIG_KEY_COUNT];

/* What the command line and the caller add. */
struct config_request {
    const char *file;                 /* -c FILE; NULL: search the known places */
    bool needs_login;                 /* credentials and URLs must be there; else none is sought */
    const char *const *known_streams; /* names to check `streams` against and to suggest from */
    size_t known_stream_count;
};

/* Loads the configuration into memory of `a`. What is odd (blanks
 * or quotes cut off a credential, a file with a secret readable by others) is in out->doubts, for
 * the caller to tell. Does not set the time zone. On failure `e` is ERR_CONFIG with file:line, its
 * cause noted where it is one of the list. On success free the secret with config_wipe. */
bool config_load(const struct config_request *request, struct arena *a, struct config *out,
                 struct err *e);

/* Where a value came from, for messages, and what it overrides: "rollcall.ini:12: [genesys]
 * client_id", "environment variable GENESYS_CLIENT_ID, which overrides .env:3: GENESYS_CLIENT_ID".
 * NULL: it is absent or the default. */
const char *config_origin(const struct config *c, enum config_key_id id);

/* For errors that a value causes in a higher layer (a time zone, a region, a table's name): puts
 * the value's origin in front ("rollcall.ini:12: [extract] timezone: ...") and makes the error
 * ERR_CONFIG. Returns false. */
bool config_blame(const struct config *c, enum config_key_id id, struct err *e);

/* What is in force for a key of type CONFIG_WORD or CONFIG_WORDS, named "section.key"; NULL when
 * there is none. */
const char *config_word(const struct config *c, const char *name);

/* Wipes the client secret. */
void config_wipe(struct config *c);

#endif
