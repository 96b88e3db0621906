/* Users and queues as documents. */
#ifndef STANDIN_DIRECTORY_H
#define STANDIN_DIRECTORY_H

#include "jw.h"

void directory_user_json(struct jw *w, int user);
void directory_queue_json(struct jw *w, int queue);

#endif
