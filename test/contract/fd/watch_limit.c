// The system's limit of watched descriptors (max_user_watches, epoll(7)) has a name, and ends no listener. Linked with
// --wrap=epoll_ctl.
#include "needs.h"

#if HAS_CALL_WRAPS

#include "peer.h"

#include <errno.h>
#include <sys/epoll.h>

static int refuse; // additions that are still to fail
static int asked;

int __real_epoll_ctl(int, int, int, struct epoll_event *);
int __wrap_epoll_ctl(int set, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int set, int what, int fd, struct epoll_event *event) {
  if (what == EPOLL_CTL_ADD && refuse) {
    asked++;
    refuse--;
    errno = ENOSPC;
    return -1;
  }
  return __real_epoll_ctl(set, what, fd, event);
}

static void has_a_name(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char byte;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec read = {0};
  asked = 0;
  refuse = 1;
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  turns(loop, 3);
  int used = asked;
  refuse = 0;
  if (used) {
    assert_int_equal(read.result, EDDY_ENOSPC);
    assert_int_equal(eddy_op_os_error(&read.op), ENOSPC);
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  }
  peer_send(&peer, "x", 1);
  turn_until(loop, &read.finals, used + 1);
  assert_int_equal(read.result, 1);
  peer_close(&peer);
  close_stream(loop, stream);
  if (!used) SKIP("this driver does not watch by epoll");
}

static void ends_no_listener(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *many = listen_loopback(loop, &addr);
  struct rec accepting = {.then = take_accepted}, next = {.then = take_accepted};
  asked = 0;
  refuse = 2;
  eddy_listener_accept_many(many, &accepting.op, 0, rec_cb);
  turns(loop, 2);
  if (asked) assert_int_equal(accepting.last_more, EDDY_ENOSPC);
  eddy_addr_t other;
  eddy_listener_t *single = listen_loopback(loop, &other);
  eddy_listener_accept_next(single, &next.op, rec_cb);
  turns(loop, 2);
  assert_int_equal(next.calls, 0);
  struct peer a = peer_connect(&addr), b = peer_connect(&other);
  TURN_UNTIL(loop, accepting.context && next.context);
  refuse = 0;
  eddy_stream_close(accepting.context, NULL, NULL);
  eddy_stream_close(next.context, NULL, NULL);
  eddy_listener_close(many, NULL, NULL);
  eddy_listener_close(single, NULL, NULL);
  all_ended(loop);
  peer_close(&a);
  peer_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(has_a_name), FIXTURE_TEST(ends_no_listener)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("it concerns epoll");
#endif
