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
void record_reset(void);

/* auth.c: checks the bearer token and counts its use; answers 401 and returns false if it may not
 * go on. */
bool auth_passes(const struct request *request, struct reply *reply);
/* jobs.c: the interval that a job was asked for; "" if there is no such job. */
void jobs_interval(const char *id, char *out, size_t size);
/* directory.c, whose tables alone know the paths of lists and of single documents: the pattern of
 * the one that this path asks for, what stands for {id}, and the permission that it needs (NULL:
 * none); NULL: it is neither's. */
const char *directory_route(const char *path, char segment[64], const char **permission);
/* proof.c: answers with what was posted for a path; false: nothing was. */
bool proof_list(const struct request *request, struct reply *reply);
/* Whether reports of adherence were posted; the n-th posted one (from 0) of a unit whose start lies
 * in [from, to), to be freed (NULL: there is none). */
bool proof_report(const char *unit, int64_t from, int64_t to, long n, char **text);

/* The handlers, each named after its file; whose answer it is (users' or conversations') they see
 * by the path. */
typedef void handler(const struct request *request, struct reply *reply);
handler login_token, conversations_query, conversations_by_ids, directory_answer;
handler jobs_submit, jobs_status, jobs_results, jobs_delete, jobs_availability;
handler statuses_query, statuses_truth, truth_conversations, aggregates_query;
handler adherence_workforce, adherence_agents_status, adherence_intervals;
handler historical_submit, historical_status, historical_download;
handler schedules_search, schedules_explanations, schedules_job, schedules_download;
handler quality_evaluation, quality_surveys, quality_form;
handler control_set, control_show, proof_set, record_show;

#endif
