/*
 * Lists of names, each a page after the other of one GET: three lines each.
 *
 * users: agents and everyone else, former ones too, so that old conversations keep their names;
 * asked for without `expand`: what that adds is of the moment, or needs permissions of its own.
 * Should the API send such a field all the same, it is kept, but a change of presence, status and
 * the like alone is no change of the user.
 */
#include "maps.h"
#include "streams/stream.h"

LIST(users, "users", 0, USER_TREE, "/api/v2/users?state=any&sortOrder=ASC", NULL);

LIST(queues, "queues", 1, QUEUE_TREE, "/api/v2/routing/queues?sortOrder=asc", "routing:queue:view");
