/* The optional fields of a conversation's objects, as tables: name, kind of value, how often, in
 * which media. Whether an object has a field, and its value, follow from the object's key alone. */
#ifndef STANDIN_FIELDS_H
#define STANDIN_FIELDS_H

#include "jw.h"

#include <stdbool.h>
#include <stdint.h>

enum fields_of {
    FIELDS_CONVERSATION,
    FIELDS_CONVERSATION_ENDED,
    FIELDS_PARTICIPANT,
    FIELDS_SESSION,
    FIELDS_SEGMENT,
    FIELDS_FLOW,
    FIELDS_FLOW_ENDED,
    FIELDS_OUTCOME,
    FIELDS_ENDPOINT,
    FIELDS_EVALUATION,
    FIELDS_SURVEY,
    FIELDS_RESOLUTION
};

struct fields_context {
    uint64_t key;   /* of the object */
    int64_t origin; /* moments are told from here */
    int64_t as_of;  /* and left out when they lie after this */
    unsigned media; /* bit 1 << enum media */
    bool all;       /* every field, whatever its frequency */
};

/* Writes the chosen fields into the object that is open in w. */
void fields_write(struct jw *w, enum fields_of of, const struct fields_context *context);
/* True in `permille` of 1000 objects with this key and this purpose. */
bool fields_chance(uint64_t key, const char *purpose, unsigned permille);
/* One of the words between separators, by h; out has room for each of them. Returns how many there
 * are. */
uint64_t fields_word(const char *words, char separator, uint64_t h, char *out);

#endif
