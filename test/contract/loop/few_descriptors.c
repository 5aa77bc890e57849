// Few descriptors: every open fails by name, wherever it gets stuck, and leaks nothing.
#include "needs.h"

#if HAS_DESCRIPTOR_LIMIT

#include "trap.h"

static void scarce(void *unused) {
  (void)unused;
  int first = open_descriptors();
  for (rlim_t room = 3; room <= 20; room++) {
    struct rlimit limit = {room, 20};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    eddy_loop_t *loop = NULL;
    int error = eddy_loop_open(NULL, &loop);
    eddy_stream_t *streams[20];
    eddy_listener_t *listeners[20];
    int opened = 0;
    if (error) {
      CHECK_EQ(error, EDDY_EMFILE);
      CHECK(loop == NULL);
    } else {
      int failed = 0;
      eddy_addr_t addr;
      eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
      while (!failed) {
        if (opened % 2)
          failed = eddy_stream_open(loop, EDDY_AF_INET, &streams[opened]);
        else
          failed = eddy_listener_open(loop, &addr, NULL, &listeners[opened]);
        if (!failed) opened++;
      }
      CHECK_EQ(failed, EDDY_EMFILE);
      CHECK((opened % 2 ? (void *)streams[opened] : (void *)listeners[opened]) == NULL);
      struct rec timer = {0};
      eddy_sleep(loop, &timer.op, eddy_now(loop), rec_cb);
      UNTIL(loop, timer.finals);
      end_loop(loop);
    }
    limit.rlim_cur = 20;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(open_descriptors(), first);
  }
}

static void close_all_but_stdio(void *body) {
  for (int fd = 3; fd < 1024; fd++) close(fd);
  scarce(body);
}

static void everything_fails_by_name(void **state) {
  (void)state;
  run_child(close_all_but_stdio, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(everything_fails_by_name)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("there is no limit of descriptors here");
#endif
