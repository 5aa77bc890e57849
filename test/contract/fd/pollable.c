// What can be polled is what epoll takes, whatever stat(2) calls it: files of procfs and sysfs tell of changes too.
#include "peer.h"

#if HAS_POSIX_FILES

#include <sys/epoll.h>

static int epoll_takes(int fd) {
  int set = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  int taken = epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0;
  close(set);
  return taken;
}

static void the_same_as_epoll(void **state) {
  eddy_loop_t *loop = LOOP(state);
  const char *names[] = {"/proc/self/mountinfo",
                         "/proc/self/mounts",
                         "/proc/swaps",
                         "/proc/sys/kernel/hostname",
                         "/proc/pressure/cpu",
                         "/proc/self/status",
                         "/sys/power/state",
                         "/sys/class/net/lo/operstate",
                         "/dev/null",
                         "/dev/zero",
                         "/proc/self/exe",
                         "/",
                         "/proc/kmsg"};
  int seen[2] = {0, 0};
  for (int i = 0; i < COUNT(names); i++) {
    int fd = open(names[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) continue; // not here, or not for this user
    eddy_fd_t *handle = NULL;
    int taken = epoll_takes(fd);
    int error = eddy_fd_open(loop, fd, &handle);
    if (error != (taken ? 0 : EDDY_EPERM))
      fail_msg("%s: %s, epoll %s it", names[i], eddy_error_name(error),
               taken ? "takes" : "refuses");
    seen[taken]++;
    if (handle) eddy_fd_close(handle, NULL, NULL);
    close(fd);
  }
  assert_true(seen[0] && seen[1]);
}

// Asking has opened nothing, and registered nothing.
static void sets_and_numbers(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int set = epoll_create1(EPOLL_CLOEXEC), before = open_descriptors();
  eddy_fd_t *handle = NULL;
  struct epoll_event none;
  assert_int_equal(eddy_fd_open(loop, set, &handle), 0); // a set in a set
  assert_int_equal(open_descriptors(), before);
  assert_int_equal(epoll_wait(set, &none, 1, 0), 0);
  eddy_fd_close(handle, NULL, NULL);
  close(set);
  assert_int_equal(eddy_fd_open(loop, set, &handle), EDDY_EBADF);
  assert_int_equal(eddy_fd_open(loop, -1, &handle), EDDY_EBADF);
  assert_int_equal(eddy_fd_open(loop, INT64_C(1) << 32, &handle), EDDY_EBADF);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(the_same_as_epoll),
                                     FIXTURE_TEST(sets_and_numbers)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no POSIX files here");
#endif
