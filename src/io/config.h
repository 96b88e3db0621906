/*
 * The configuration: one struct, filled from the command line, the environment, a systemd
 * credential, a .env file and the INI file, in that order of precedence.
 *
 * Invariants: after config_load every value is present (default or given) and within its range;
 * paths are as the user wrote them, relative to the working directory; an unknown section or key, a
 * bad value or a duplicate is ERR_CONFIG with file:line and the nearest known name. CONFIG_KEYS in
 * config_keys.h is the one list of keys: parser, config.example.ini's check and docs go by it.
 *
 * How a value is read: blanks around it and one pair of quotes are dropped, ` ;` and ` #` begin a
 * comment, an empty value is none (but for the paths that the program cannot do without), and a
 * list may go on in the next line if that is indented.
 */
#ifndef ROLLCALL_IO_CONFIG_H
#define ROLLCALL_IO_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/causes.h"
#include "base/err.h"
#include "base/log.h"
#include "io/secret.h"

enum conversations_method { METHOD_AUTO, METHOD_JOB, METHOD_QUERY };

enum adherence_source {
    ADHERENCE_AUTO,
    ADHERENCE_WORKFORCEMANAGEMENT,
    ADHERENCE_AGENTS_STATUS,
    ADHERENCE_REALTIME_INTERVALS,
};

enum { CONFIG_DOUBTS_MOST = 16 };

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
    const char *client_secret_origin; /* an environment variable or a file's path: for messages */
    const char *organization;
    const char *proxy;
    const char *ca_file;

    const char *database_path;

    int32_t start_day; /* day number of the business zone; INT32_MIN when absent */
    const char *timezone;
    const char *const *streams; /* names as written; stream_count 0 means all */
    size_t stream_count;
    int lookback_days;
    int reread_hours;
    int in_flight;
    int requests_per_minute;

    enum conversations_method conversations_method;
    enum adherence_source adherence_realtime;

    const char *export_directory;
    bool export_gzip;
    bool export_bom;
    bool neutralize_formulas;
    const char *const *export_tables; /* export_table_count 0 means the default set */
    size_t export_table_count;

    int due_hours;                /* [status] */
    const char *metrics_textfile; /* NULL: none */

    enum log_level log_level;
    enum log_format log_format;

    /* What is odd about the values, for `rollcall check`; there also when loading failed. */
    struct config_doubt doubts[CONFIG_DOUBTS_MOST];
    size_t doubt_count;

    /* For config_blame: where each key's value came from, by CONFIG_KEYS; NULL: the default. */
    const char *const *origins;
};

/* What the command line and the caller add. */
struct config_request {
    const char *file;    /* -c FILE; NULL: search the known places */
    bool needs_login;    /* credentials and URLs must be there; otherwise none is looked for */
    bool needs_database; /* [database] path must be there (it has a default: ./rollcall.db) */
    const char *const *known_streams; /* names to check `streams` against and to suggest from */
    size_t known_stream_count;
};

/* Loads the configuration into memory of `a`. Warnings (blanks or quotes cut off a credential, a
 * file readable by others while it holds a secret) are logged. Does not set the time zone. On
 * failure `e` is ERR_CONFIG with file:line, its cause noted where it is one of the list. On success
 * free the secret with config_wipe. */
bool config_load(const struct config_request *request, struct arena *a, struct config *out,
                 struct err *e);

/* For errors that a value causes in a higher layer (a time zone, a region, a table's name): puts
 * the value's origin in front ("rollcall.ini:12: [extract] timezone: ...") and makes the error
 * ERR_CONFIG. `section` and `key` must be in CONFIG_KEYS. Returns false. */
bool config_blame(const struct config *c, const char *section, const char *key, struct err *e);

/* Wipes the client secret. */
void config_wipe(struct config *c);

#endif
