// The system's answer to a start of a thread, by eddy: linked with --wrap=pthread_create.
#ifndef EDDY_TEST_THREAD_LIMIT_H
#define EDDY_TEST_THREAD_LIMIT_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { NATIVE_NO_THREAD = EAGAIN };

static atomic_int allowed;

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument) {
  if (allowed-- <= 0) return EAGAIN;
  return __real_pthread_create(thread, attributes, run, argument);
}

// A thread of the test's.
static inline int own_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
  return __real_pthread_create(thread, NULL, run, argument);
}

#endif
