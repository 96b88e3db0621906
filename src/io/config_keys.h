/*
 * The keys of the configuration, in one list: section, name, type, where the value goes, default,
 * range, words, meaning. The parser goes by it, config.example.ini is held against it by a test.
 *
 * The rest of this file is what the parts of io/config share: config.c (sources and their order),
 * config_ini.c (the INI file), config_env.c (the .env file), config_values.c (a text to its value).
 */
#ifndef ROLLCALL_IO_CONFIG_KEYS_H
#define ROLLCALL_IO_CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/config.h"

enum config_type {
    CONFIG_TEXT,
    CONFIG_PATH,
    CONFIG_URL,   /* scheme and host alone */
    CONFIG_PROXY, /* checked as libcurl takes it; may hold a password, so never shown */
    CONFIG_CREDENTIAL,
    CONFIG_LIST, /* separated by commas or blanks */
    CONFIG_INT,
    CONFIG_BOOL,
    CONFIG_DAY,
    CONFIG_ZONE,
    CONFIG_CHOICE, /* one of `words`, in the order of the field's enum */
};

/* X(id, section, name, type, default or NULL, smallest, largest, words or NULL, meaning). The field
 * of struct config is the one that CONFIG_FIELDS names. */
#define CONFIG_KEYS(X)                                                                             \
    X(KEY_REGION, "genesys", "region", CONFIG_TEXT, NULL, 0, 0, NULL,                              \
      "AWS region, login domain, or any URL of your Genesys Cloud")                                \
    X(KEY_LOGIN_URL, "genesys", "login_url", CONFIG_URL, NULL, 0, 0, NULL,                         \
      "login host in place of the region's (private gateway, tests)")                              \
    X(KEY_API_URL, "genesys", "api_url", CONFIG_URL, NULL, 0, 0, NULL,                             \
      "API host in place of the region's (private gateway, tests)")                                \
    X(KEY_CLIENT_ID, "genesys", "client_id", CONFIG_CREDENTIAL, NULL, 0, 0, NULL,                  \
      "id of the OAuth client (client credentials grant)")                                         \
    X(KEY_CLIENT_SECRET, "genesys", "client_secret", CONFIG_CREDENTIAL, NULL, 0, 0, NULL,          \
      "its secret; better kept in client_secret_file or the environment")                          \
    X(KEY_CLIENT_SECRET_FILE, "genesys", "client_secret_file", CONFIG_PATH, NULL, 0, 0, NULL,      \
      "a file that holds the secret alone (chmod 600)")                                            \
    X(KEY_ORGANIZATION, "genesys", "organization", CONFIG_TEXT, NULL, 0, 0, NULL,                  \
      "name or id of the organization the client must belong to")                                  \
    X(KEY_PROXY, "genesys", "proxy", CONFIG_PROXY, NULL, 0, 0, NULL,                               \
      "proxy, as http://HOST:PORT; otherwise the environment's (HTTPS_PROXY, NO_PROXY)")           \
    X(KEY_CA_FILE, "genesys", "ca_file", CONFIG_PATH, NULL, 0, 0, NULL,                            \
      "certificates to trust in place of the system's (PEM)")                                      \
    X(KEY_DATABASE_PATH, "database", "path", CONFIG_PATH, "rollcall.db", 0, 0, NULL,               \
      "the SQLite file; on a local disk")                                                          \
    X(KEY_START, "extract", "start", CONFIG_DAY, NULL, 0, 0, NULL,                                 \
      "first day to extract, YYYY-MM-DD, in the time zone below")                                  \
    X(KEY_TIMEZONE, "extract", "timezone", CONFIG_ZONE, "UTC", 0, 0, NULL,                         \
      "time zone of a business day (IANA name)")                                                   \
    X(KEY_STREAMS, "extract", "streams", CONFIG_LIST, NULL, 0, 0, NULL,                            \
      "what to extract; all when empty")                                                           \
    X(KEY_LOOKBACK_DAYS, "extract", "lookback_days", CONFIG_INT, "4", 0, 31, NULL,                 \
      "finished days that are read again, since Genesys still changes them")                       \
    X(KEY_REREAD_HOURS, "extract", "reread_hours", CONFIG_INT, "20", 0, 168, NULL,                 \
      "a day within the lookback is read again when its last reading is older")                    \
    X(KEY_IN_FLIGHT, "extract", "in_flight", CONFIG_INT, "4", 1, 64, NULL,                         \
      "requests under way at the same time")                                                       \
    X(KEY_REQUESTS_PER_MINUTE, "extract", "requests_per_minute", CONFIG_INT, "300", 1, 1000000,    \
      NULL, "pace; Genesys allows 300 a minute to one client")                                     \
    X(KEY_METHOD, "conversations", "method", CONFIG_CHOICE, "auto", 0, 0, "auto job query",        \
      "how conversations are fetched")                                                             \
    X(KEY_REALTIME, "adherence", "realtime", CONFIG_CHOICE, "auto", 0, 0,                          \
      "auto workforcemanagement agents_status realtime_intervals",                                 \
      "where real-time adherence comes from")                                                      \
    X(KEY_DIRECTORY, "export", "directory", CONFIG_PATH, "export", 0, 0, NULL,                     \
      "where CSV files go; made when absent")                                                      \
    X(KEY_GZIP, "export", "gzip", CONFIG_BOOL, "no", 0, 0, NULL, "compress the CSV files")         \
    X(KEY_BOM, "export", "bom", CONFIG_BOOL, "no", 0, 0, NULL,                                     \
      "begin each file with a byte order mark, which Excel wants")                                 \
    X(KEY_TABLES, "export", "tables", CONFIG_LIST, NULL, 0, 0, NULL,                               \
      "tables and views to export; all data tables and views when empty")                          \
    X(KEY_NEUTRALIZE_FORMULAS, "export", "neutralize_formulas", CONFIG_BOOL, "no", 0, 0, NULL,     \
      "put an apostrophe before text that a spreadsheet would run as a formula")                   \
    X(KEY_DUE_HOURS, "status", "due_hours", CONFIG_INT, "26", 1, 8760, NULL,                       \
      "hours after which what was not read, or not read well, is overdue")                         \
    X(KEY_TEXTFILE, "metrics", "textfile", CONFIG_PATH, NULL, 0, 0, NULL,                          \
      "file for Prometheus, written after every run; none when empty")                             \
    X(KEY_LEVEL, "log", "level", CONFIG_CHOICE, "warn", 0, 0, "error warn info debug",             \
      "how much is logged")                                                                        \
    X(KEY_FORMAT, "log", "format", CONFIG_CHOICE, "text", 0, 0, "text json", "how it is logged")

enum config_key_id {
#define CONFIG_KEY_ENUM(id, section, name, type, value, min, max, words, meaning) id,
    CONFIG_KEYS(CONFIG_KEY_ENUM)
#undef CONFIG_KEY_ENUM
        CONFIG_KEY_COUNT
};

struct config_key {
    const char *section;
    const char *name;
    enum config_type type;
    const char *default_text;
    int64_t min;
    int64_t max;
    const char *words;
    const char *meaning;
};

extern const struct config_key config_keys[CONFIG_KEY_COUNT];

/* The key of a section, or CONFIG_KEY_COUNT when there is none. */
enum config_key_id config_key_find(const char *section, const char *name);

/* True for the name of a section. The names, in order, go to `names` (room for CONFIG_KEY_COUNT);
 * the count is returned. */
bool config_section_exists(const char *section);
size_t config_section_names(const char **names);

/* A value as it was found, before it is checked. */
struct config_text {
    char *text;         /* NULL: absent; in the arena; wiped once used when it is a credential */
    const char *origin; /* "rollcall.ini:12: [extract] timezone"; in the arena */
    bool was_quoted;
};

struct config_texts {
    struct config_text of[CONFIG_KEY_COUNT];
};

/* Reads the INI text of `path` into `out`; `text` is not changed. ERR_CONFIG with path:line. */
bool config_ini_read(struct arena *a, const char *path, const char *text, struct config_texts *out,
                     struct err *e);

/* Reads the names GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and GENESYS_REGION of a .env text into
 * `out` where they are set; other lines are passed over. ERR_CONFIG with path:line when one of the
 * three is malformed. */
bool config_env_read(struct arena *a, const char *path, const char *text, struct config_texts *out,
                     struct err *e);

/* Notes a doubt; what passes CONFIG_DOUBTS_MOST is dropped. */
void config_doubt(struct config *c, enum cause_id cause, const char *where);

/* Notes what is odd about the shapes of the credentials, which are clean of blanks and quotes;
 * either may be NULL or empty. */
void config_doubt_credentials(struct config *c, const char *id, const char *id_origin,
                              const char *secret, const char *secret_origin);

/* The key an environment variable stands for, or CONFIG_KEY_COUNT. */
enum config_key_id config_env_key(const char *variable, size_t length);

/* Checks one value and puts it into its field of `out`; an absent one leaves the field. ERR_CONFIG
 * beginning with the value's origin. CONFIG_CREDENTIAL is left to config.c. */
bool config_value_apply(enum config_key_id id, const struct config_text *value,
                        const struct config_request *request, struct arena *a, struct config *out,
                        struct err *e);

#endif
