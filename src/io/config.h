/*
 * The configuration: one struct, filled from the environment, a systemd credential, a .env file and
 * the INI file, in that order of precedence; the command line comes on top, in src/cmd.
 *
 * Invariants: after config_load every value is present (default or given) and within its range;
 * paths are as the user wrote them, relative to the working directory; an unknown section or key, a
 * bad value or a duplicate is ERR_CONFIG with file:line and the nearest known name.
 * src/io/config.txt is the one list of keys: the parser goes by it, and config.example.ini, which
 * says what each means, and the manual page are held against it by tests.
 *
 * How a value is read: blanks around it and one pair of quotes are dropped, ` ;` and ` #` begin a
 * comment, an empty value is none (but for the paths that the program cannot do without; of
 * later_looks it says that there are none), and a list may go on in the next line if that is
 * indented; the names of one keep their quotes. A stream after a minus is taken out.
 */
#pragma once

#include "base/causes.h"
#include "base/log.h"
#include "io/secret.h"

enum { CONFIG_DOUBTS_MOST = 16, CONFIG_LOOKS_MOST = 12 };

/* Something that looks like a mistake in a value that can be read. */
struct config_doubt {
    enum cause_id cause;
    const char *where; /* the value's origin */
};

/* The types of keys, and what their values become: config_types.txt. */
enum config_type { CONFIG_TYPE_IDS };
CONFIG_FIELD_TYPES;

struct config {
    const char *path; /* the INI file read; NULL when there is none */

    /* A field a key, of which config.txt says more. */
    CONFIG_FIELDS;
    size_t later_look_count;
    size_t stream_count; /* of streams: names, groups and `all`, some with a minus; 0: all */
    const char *streams_written; /* the same with commas between */
    size_t export_table_count;   /* 0 means the default set */

    /* What is odd about the values; there also when loading failed. */
    struct config_doubt doubts[CONFIG_DOUBTS_MOST];
    size_t doubt_count;

    /* For config_origin: where each key's value came from, by key; NULL: the default. */
    const char *const *origins;
};

enum config_key_id { CONFIG_KEY_IDS, CONFIG_KEY_COUNT };

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

/* What is in force for a key of type CONFIG_WORD or CONFIG_WORDS; NULL when there is none (or no
 * key). */
const char *config_word(const struct config *c, const struct config_key *key);

/* Wipes the client secret. */
void config_wipe(struct config *c);
