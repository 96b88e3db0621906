/*
 * The stop flag: SIGINT, SIGTERM and SIGHUP (unless it is ignored) ask for an end after the page in
 * hand; a second SIGINT ends at once (a crash like any other, so nothing is lost).
 */
#pragma once

#include <stdbool.h>

/* Installs the handlers (and ignores SIGPIPE and SIGXFSZ: their failed writes tell). */
void stop_install(void);

/* True once a stop was asked for. Async-signal-safe to set, safe to read in any thread. */
bool stop_requested(void);
