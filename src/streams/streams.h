/*
 * The streams themselves, one a file, for registry.c alone; everyone else goes through
 * streams/stream.h.
 */
#ifndef ROLLCALL_STREAMS_STREAMS_H
#define ROLLCALL_STREAMS_STREAMS_H

#include "streams/stream.h"

extern const struct stream stream_users;
extern const struct stream stream_queues;
extern const struct stream stream_adherence_realtime;
extern const struct stream stream_conversations;

#endif
