// A full descriptor table: a multishot accept says so now and then, never spins, and takes the waiting
// connection once there is room. The driver's edge-triggered event must not be its only chance.
#include "needs.h"

#if HAS_DESCRIPTOR_LIMIT

#include "trap.h"

static void hold(struct rec *rec, int64_t result) {
  if (result == 0 && eddy_op_more(&rec->op)) rec->context = eddy_op_take_stream(&rec->op);
}

static void fill(int *table, int *used) {
  int fd;
  while ((fd = dup(0)) >= 0) table[(*used)++] = fd;
  CHECK_EQ(errno, EMFILE);
}

static void multishot(void *unused) {
  (void)unused;
  struct rlimit limit = {64, 64};
  eddy_loop_t *loop = open_with(NULL);
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  CHECK_EQ(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  CHECK_EQ(eddy_listener_address(listener, &addr), 0);
  struct rec accepting = {.then = hold};
  eddy_listener_accept_many(listener, &accepting.op, 0, rec_cb);
  eddy_loop_step(loop, 0);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  int peer = socket(AF_INET, SOCK_STREAM, 0), table[64], used = 0;
  fill(table, &used);
  connect_raw(peer, &addr);
  UNTIL(loop, accepting.mores);
  CHECK_EQ(accepting.last_more, EDDY_EMFILE);

  uint64_t burnt = cpu_time();
  eddy_time_t end = eddy_update_now(loop) + 350 * EDDY_MILLISECOND;
  int turns = 0, before = accepting.mores;
  while (eddy_update_now(loop) < end) {
    eddy_loop_step(loop, end);
    turns++;
  }
  int reported = accepting.mores - before;
  CHECK(reported >= 1);
  CHECK(reported <= 4);
  CHECK(turns <= 20);
  CHECK(cpu_time() - burnt < 150 * EDDY_MILLISECOND);
  CHECK_EQ(accepting.finals, 0);

  while (used) close(table[--used]);
  UNTIL(loop, accepting.context);
  CHECK_EQ(accepting.last_more, 0);
  eddy_stream_t *stream = accepting.context;
  char got[4];
  struct rec read = {0};
  eddy_buf_t in = buffer(got, sizeof got);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  CHECK_EQ(write(peer, "hey", 3), 3);
  UNTIL(loop, read.finals);
  CHECK_EQ(read.result, 3);
  end_loop(loop);
}

static void one_at_a_time(void *unused) {
  (void)unused;
  struct rlimit limit = {64, 64};
  eddy_loop_t *loop = open_with(NULL);
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  CHECK_EQ(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  CHECK_EQ(eddy_listener_address(listener, &addr), 0);
  eddy_loop_step(loop, 0);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  int peer = socket(AF_INET, SOCK_STREAM, 0), table[64], used = 0;
  fill(table, &used);
  connect_raw(peer, &addr);
  for (int i = 0; i < 3; i++) {
    struct rec full = {.then = take_accepted};
    eddy_listener_accept(listener, &full.op, rec_cb);
    UNTIL(loop, full.finals);
    CHECK_EQ(full.result, EDDY_EMFILE);
    CHECK_EQ(full.calls, 1);
  }
  struct rec accepted = {.then = take_accepted};
  while (used) close(table[--used]);
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  UNTIL(loop, accepted.finals);
  CHECK_EQ(accepted.result, 0);
  CHECK(accepted.context);
  end_loop(loop);
}

static void multishot_waits_and_goes_on(void **state) {
  (void)state;
  run_child(multishot, NULL);
}

static void one_shot_gives_the_error(void **state) {
  (void)state;
  run_child(one_at_a_time, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(multishot_waits_and_goes_on),
                                     cmocka_unit_test(one_shot_gives_the_error)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("there is no limit of descriptors here; windows_accept_errors puts the errors in");
#endif
