/* Which path is answered by what, and everything an answer passes through on its way. */
#ifndef STANDIN_ROUTES_H
#define STANDIN_ROUTES_H

#include "http.h"

/* The body of the answer to a path that is not there. */
#define ROUTES_NOT_FOUND                                                                           \
    "{\"message\":\"HTTP 404 Not Found\",\"code\":\"not found\",\"status\":404}"

/* Compares segment by segment; what stands for {id} goes to `segment`. */
bool routes_match(const char *pattern, const char *path, char segment[64]);
/* Answers a request. */
void routes_answer(struct request *request, struct reply *reply);
/* Writes `METHOD /pattern` of the path, ids replaced; of an unknown path, the path itself. */
void routes_name(const char *method, const char *path, char *out, size_t size);

/* record.c: what was asked: counts by route, the list of the last requests, and how many were under
 * way at once. The stand-in's own /standin/ paths are not recorded. */
void record_begin(const char *path);
/* `shown` is the path with its query. */
void record_end(const char *method, const char *path, const char *shown, int status);
void record_show(const struct request *request, struct reply *reply);
void record_reset(void);

/* auth.c: */
/* Checks the bearer token and counts its use; answers 401 and returns false if it may not
 * go on. */
bool auth_passes(const struct request *request, struct reply *reply);

/* Decodes base64 (not its URL form) into out, ended by NUL; false if malformed or too long. */
bool auth_base64_decode(const char *text, char *out, size_t size);
void auth_base64_encode(const char *bytes, size_t length, char *out, size_t size);

/* The handlers, by file; whose answer it is (users' or conversations') they see by the path.
 * auth.c:
 */
void login_token(const struct request *request, struct reply *reply);
/* conversations.c: */
void conversations_query(const struct request *request, struct reply *reply);
void conversations_by_ids(const struct request *request, struct reply *reply);
/* jobs.c: */
void jobs_submit(const struct request *request, struct reply *reply);
void jobs_status(const struct request *request, struct reply *reply);
void jobs_results(const struct request *request, struct reply *reply);
void jobs_delete(const struct request *request, struct reply *reply);
/* The interval that a job was asked for; "" if there is no such job. */
void jobs_interval(const char *id, char *out, size_t size);
void jobs_availability(const struct request *request, struct reply *reply);
/* statuses.c: */
void statuses_query(const struct request *request, struct reply *reply);
/* adherence.c: */
void adherence_workforce(const struct request *request, struct reply *reply);
void adherence_agents_status(const struct request *request, struct reply *reply);
void adherence_intervals(const struct request *request, struct reply *reply);
/* directory.c; the paths of lists and of single documents are known to its tables alone: */
void directory_answer(const struct request *request, struct reply *reply);
/* The pattern of the list or document that this path asks for, what stands for {id}, and the
 * permission that it needs (NULL: none); NULL: it is neither's. */
const char *directory_route(const char *path, char segment[64], const char **permission);
/* historical.c: */
void historical_submit(const struct request *request, struct reply *reply);
void historical_status(const struct request *request, struct reply *reply);
void historical_download(const struct request *request, struct reply *reply);
/* schedules.c: published schedules and adherence explanations; /wfm-downloads takes no token */
void schedules_search(const struct request *request, struct reply *reply);
void schedules_explanations(const struct request *request, struct reply *reply);
void schedules_job(const struct request *request, struct reply *reply);
void schedules_download(const struct request *request, struct reply *reply);
/* proof.c: */
void proof_set(const struct request *request, struct reply *reply);
/* Answers with what was posted for a path; false: nothing was. */
bool proof_list(const struct request *request, struct reply *reply);
/* Whether reports of adherence were posted; the n-th posted one (from 0) of a unit whose start lies
 * in [from, to), to be freed (NULL: there is none). */
bool proof_report(const char *unit, int64_t from, int64_t to, long n, char **text);
/* aggregates.c: */
void aggregates_query(const struct request *request, struct reply *reply);
/* quality.c: */
void quality_evaluation(const struct request *request, struct reply *reply);
void quality_surveys(const struct request *request, struct reply *reply);
void quality_form(const struct request *request, struct reply *reply);
/* control.c: */
void control_set(const struct request *request, struct reply *reply);
void control_show(const struct request *request, struct reply *reply);
/* truth.c: */
void truth_conversations(const struct request *request, struct reply *reply);

#endif
