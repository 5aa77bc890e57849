// A listener that backs off, for there are no descriptors, can be closed at that very time: its accept ends, and
// nothing of the back-off is left to keep the loop.
#include "needs.h"
#include "tcp.h"

#if HAS_DESCRIPTOR_LIMIT

int __real_accept4(int, struct sockaddr *, socklen_t *, int);
int __wrap_accept4(int, struct sockaddr *, socklen_t *, int);

static int full, refused;

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *length, int flags) {
  if (!full) return __real_accept4(fd, addr, length, flags);
  refused++;
  errno = EMFILE;
  return -1;
}

static void close_while(eddy_loop_t *loop, int drops, int with_op) {
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accept = {0}, closed = {0};
  eddy_listener_accept_many(listener, &accept.op, 0, rec_cb);
  full = 1;
  refused = 0;
  int peer = raw_connect(&addr);
  turn_until(loop, &accept.mores, 1);
  assert_int_equal(accept.last_more, EDDY_EMFILE);
  if (drops) {
    eddy_cancel(&accept.op);
    turn_until(loop, &accept.finals, 1);
  }
  int tries = refused;
  eddy_listener_close(listener, with_op ? &closed.op : NULL, with_op ? rec_cb : NULL);
  int steps = 0;
  for (; eddy_loop_alive(loop); steps++) eddy_loop_step(loop, EDDY_NEVER);
  assert_true(steps <= 4);
  assert_int_equal(refused, tries); // it does not try any more
  assert_int_equal(accept.finals, 1);
  assert_int_equal(accept.result, EDDY_ECANCELED);
  assert_int_equal(closed.finals, with_op);
  assert_int_equal(eddy_loop_next_deadline(loop), EDDY_NEVER);
  full = 0;
  close(peer);
}

static void at_that_time(void **state) {
  for (int drops = 0; drops < 2; drops++)
    for (int with_op = 0; with_op < 2; with_op++) close_while(LOOP(state), drops, with_op);
}

static int calls;
static eddy_listener_t *listener_to_close;

static void close_it(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  assert_int_equal(result, EDDY_EMFILE);
  calls++;
  eddy_listener_close(listener_to_close, NULL, NULL);
}

static void in_the_callback_that_tells(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  listener_to_close = listen_loopback(loop, &addr);
  struct rec accept = {.then = close_it};
  eddy_listener_accept_many(listener_to_close, &accept.op, 0, rec_cb);
  full = 1;
  int peer = raw_connect(&addr);
  eddy_loop_run(loop);
  assert_int_equal(calls, 1);
  assert_int_equal(accept.result, EDDY_ECANCELED);
  assert_int_equal(eddy_loop_next_deadline(loop), EDDY_NEVER);
  full = 0;
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(at_that_time),
                                     FIXTURE_TEST(in_the_callback_that_tells)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("there is no limit of descriptors here");
#endif
