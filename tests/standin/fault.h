/* Faults, by name: `name[:key=value[,key=value]...]`.
 * Every fault may have path= (a prefix, `*` stands for anything), after=N (spares the first N
 * chances), every=N (then strikes each N-th), times=N or count=N (and at most so often).
 * Thread-safe. */
#ifndef STANDIN_FAULT_H
#define STANDIN_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#define FAULT_TEXT 64

/* Replaces all faults by none. */
void fault_clear(void);
/* Adds one; false with a message in `why` if it cannot be understood. */
bool fault_add(const char *spec, char *why, size_t size);
/* The list as given, each by the callback. */
void fault_each(void (*show)(void *cls, const char *spec), void *cls);

/* True when a fault of that name strikes now: one chance is used up on those whose path matches. */
bool fault_strikes(const char *name, const char *path);
/* The same, copying the value of `key` (or `otherwise`) of the one that strikes. */
bool fault_strikes_with(const char *name, const char *path, const char *key, const char *otherwise,
                        char value[FAULT_TEXT]);
/* The numeric value of `key` of the first fault of that name, or `otherwise`; uses no chance. */
long fault_number(const char *name, const char *key, long otherwise);

#endif
