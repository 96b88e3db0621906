/* Faults, by name: `name[:key=value[,key=value]...]`.
 * Every fault may have path= (a prefix, `*` stands for anything), method=, has= (what the query,
 * the body or the interval of the job asked about contains), after=N (spares the first N chances),
 * every=N (then strikes each N-th), times=N or count=N (and at most so often), n=N (the N-th
 * alone). Thread-safe. */
#ifndef STANDIN_FAULT_H
#define STANDIN_FAULT_H

#include "http.h"

/* Replaces all faults by none. */
void fault_clear(void);
/* Adds one; false with a message in `why` if it cannot be understood. */
bool fault_add(const char *spec, char *why, size_t size);
/* Writes the list as given. */
void fault_show(struct jw *w);

/* True when a fault of that name strikes now: one chance is used up on those whose path, method and
 * text match. */
bool fault_strikes(const char *name, const struct request *request);
/* The same; copies the value of its `key`, or `otherwise`. */
bool fault_strikes_with(const char *name, const struct request *request, const char *key,
                        const char *otherwise, char value[FAULT_TEXT]);
/* After how many uses a token dies (token-death:after=N); -1: never. Uses no chance. */
long fault_token_uses(void);

/* The page that is answered where page `number` was asked for: under page-cycle:of=N (1: the first
 * one each time) they begin anew after N. */
int64_t fault_page(const struct request *request, int64_t number);

/* Answers in place of a handler: latency, 429, 4xx, 5xx. True: answered. */
bool fault_answers(const struct request *request, struct reply *reply);

/* What will happen to the body of an answer, chosen before it is made. */
struct fault_body {
    bool (*strike)(struct reply *reply, const char *value); /* NULL: nothing */
    char value[FAULT_TEXT];
};
struct fault_body fault_body(const struct request *request);
void fault_spoil(const struct fault_body *body, struct reply *reply);

/* What will happen inside of a document; `jw_faults` goes to the writer. */
struct fault_document {
    unsigned jw_faults;
    bool missing_id;
    bool no_conversations;
    bool any;
};
struct fault_document fault_document(const struct request *request);

#endif
