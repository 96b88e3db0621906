/*
 * How a run of extract is told of at its end: the summary, and the metrics file.
 */
#ifndef ROLLCALL_CMD_SUMMARY_H
#define ROLLCALL_CMD_SUMMARY_H

#include "cmd/cmd.h"
#include "run/extract.h"

/* Tells how a run ended: its error and one last line on stderr; or, when nobody is at the terminal
 * and all is well (cron mails what is printed), an event of the log. With -q nothing: the caller
 * prints the error. What was printed is taken out of `e`. */
void summary_tell(const struct cmd_context *ctx, const struct extract_result *result,
                  enum err_kind kind, struct err *e);

/* Writes the metrics file, if the configuration names one, whatever became of the run. The kind to
 * end with: `kind`, or, when all else was well and the file cannot be written, its error in `e`
 * (otherwise that is a warning of the log). */
enum err_kind summary_metrics(const struct cmd_context *ctx, const struct config *c,
                              const struct extract_result *result, enum err_kind kind,
                              struct err *e);

#endif
