/*
 * Whose the file is: it belongs to one organization, known before any row is stored.
 */
#ifndef ROLLCALL_RUN_OWNER_H
#define ROLLCALL_RUN_OWNER_H

#include <stdbool.h>

#include "run/run.h"

/* Asks for the client's organization (organization.id of /tokens/me, else id of /organizations/me),
 * unless the same client has asked the same hosts on this UTC day; a file without one adopts it.
 * ERR_CONFIG when it is another one than the file's or the one that [genesys] organization names,
 * or when that is set and neither answers (403, 404). Where it is not set and neither answers, that
 * is said once a day. Other trouble keeps its kind. The client must be logged in. */
bool owner_check(struct run *run, struct err *e);

#endif
