// A full descriptor table: a one-shot accept ends with it, a multishot one says so and goes on. The
// connection stays in the kernel's queue.
#include "needs.h"

#if HAS_DESCRIPTOR_LIMIT

#include "tcp.h"

#include <sys/resource.h>

static int errors;

static void count_errors(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  if (result) {
    assert_int_equal(result, EDDY_EMFILE);
    assert_int_equal(eddy_op_os_error(&rec->op), EMFILE);
    assert_null(eddy_op_take_stream(&rec->op));
    errors++;
  } else {
    eddy_stream_close(eddy_op_take_stream(&rec->op), NULL, NULL);
  }
}

static void goes_on(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  int peer = raw_connect(&addr);
  accept_queue_wait(eddy_listener_native(listener), 1);
  turns(loop, 2);

  struct rlimit before, none;
  getrlimit(RLIMIT_NOFILE, &before);
  int lowest = dup(peer);
  close(lowest);
  none = before;
  none.rlim_cur = (rlim_t)lowest; // descriptors below are all in use
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

  struct rec one = {0}, many = {.then = count_errors};
  errors = 0;
  eddy_listener_accept(listener, &one.op, rec_cb);
  TURN_UNTIL(loop, one.finals);
  eddy_listener_accept_many(listener, &many.op, 0, rec_cb);
  TURN_UNTIL(loop, errors);
  uint32_t waiting = accept_queue(eddy_listener_native(listener), NULL);
  setrlimit(RLIMIT_NOFILE, &before);
  assert_int_equal(one.result, EDDY_EMFILE);
  assert_int_equal(waiting, 1);
  TURN_UNTIL(loop, many.mores > errors); // no user's help needed
  assert_int_equal(many.finals, 0);
  close(peer);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(goes_on)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("there is no limit of descriptors here");
#endif
