/* Moments: milliseconds since 1970-01-01T00:00:00Z in an int64_t. Days are UTC days, counted from
 * the same origin. NEVER is later than every moment. */
#ifndef STANDIN_WHEN_H
#define STANDIN_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEN_SECOND INT64_C(1000)
#define WHEN_MINUTE (60 * WHEN_SECOND)
#define WHEN_HOUR   (60 * WHEN_MINUTE)
#define WHEN_DAY    (24 * WHEN_HOUR)
#define WHEN_NEVER  INT64_MAX
#define WHEN_SIZE   32

/* The wall clock. */
int64_t when_wall(void);
/* The UTC day that holds the moment. */
int64_t when_day(int64_t ms);
/* Writes YYYY-MM-DDTHH:MM:SS.mmmZ. */
void when_text(int64_t ms, char out[WHEN_SIZE]);
/* Writes the HTTP form, `Sun, 06 Nov 1994 08:49:37 GMT`. */
void when_http(int64_t ms, char out[WHEN_SIZE]);
/* Reads YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS[.f]](Z|+HH:MM|-HH:MM); false if it is anything else,
 * or NULL. */
bool when_parse(const char *text, int64_t *out);
/* Reads `from/to`, both moments; false if malformed or NULL (from may be after to). */
bool when_parse_interval(const char *text, int64_t *from, int64_t *to);

#endif
