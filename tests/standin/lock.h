/* A lock that is held to the end of the block: HOLD(lock). */
#ifndef STANDIN_LOCK_H
#define STANDIN_LOCK_H

#include <pthread.h>

#define HOLD(lock)                                                                                 \
    __attribute__((cleanup(lock_let_go))) pthread_mutex_t *held = &(lock);                         \
    pthread_mutex_lock(held)

static inline void lock_let_go(pthread_mutex_t **held)
{
    pthread_mutex_unlock(*held);
}

#endif
