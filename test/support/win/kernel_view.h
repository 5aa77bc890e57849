// Windows does not tell what is in flight, nor how many connections wait: a while passes instead. Nor does it
// tell whether a socket is blocking: that shows in what a call does.
#ifndef EDDY_TEST_KERNEL_VIEW_H
#define EDDY_TEST_KERNEL_VIEW_H

#include "../net.h"

static inline void raw_settled(int fd) {
  (void)fd;
  Sleep(50);
}

int is_nonblocking(int fd); // of a socket that has nothing to receive or accept

static inline int accept_queue_empty(int64_t listener) {
  (void)listener;
  return 1;
}

static inline void accept_queue_is(int64_t listener, uint32_t wanted) {
  (void)listener;
  (void)wanted;
}

static inline void accept_queue_wait(int64_t listener, uint32_t wanted) {
  (void)listener;
  (void)wanted;
  Sleep(50);
}

#endif
