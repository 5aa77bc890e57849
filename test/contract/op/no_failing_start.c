// Rule 4: start functions return EDDY_PENDING whatever is wrong; the op's result tells.
#include "rule_tools.h"

struct expected {
  struct rec rec;
  int64_t result;
};

static struct expected tried[32];
static int tries;

static eddy_op_t *next_op(int64_t result) {
  tried[tries].result = result;
  return &tried[tries++].rec.op;
}

#define GIVES(result, call)                                                                        \
  do {                                                                                             \
    eddy_op_t *op = next_op(result);                                                               \
    assert_int_equal(call, EDDY_PENDING);                                                          \
  } while (0)

static void check_all(eddy_loop_t *loop) {
  for (int i = 0; i < tries; i++) {
    turn_until(loop, &tried[i].rec.finals, 1);
    if (tried[i].rec.result != tried[i].result || tried[i].rec.calls != 1)
      fail_msg("start %d: %s instead of %s", i, eddy_error_name(tried[i].rec.result),
               eddy_error_name(tried[i].result));
    assert_int_equal(tried[i].rec.transferred, 0);
  }
}

static void rule_4_bad_arguments_are_results(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *idle;
  eddy_fd_t *fd;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  int ends[2];
  memset(tried, 0, sizeof tried);
  tries = 0;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &idle), 0);
  char data[4];
  eddy_buf_t one = buffer(data, 1), empty = buffer(data, 0), nowhere = buffer(NULL, 1);
  eddy_buf_t huge[2] = {{data, (size_t)1 << 61}, {data, (size_t)1 << 61}};
  eddy_addr_t path, loopback;
  assert_int_equal(eddy_addr_parse(&path, "unix:/nowhere", 0), 0);
  eddy_addr_loopback(&loopback, EDDY_AF_INET, 1);

  GIVES(EDDY_EINVAL, eddy_stream_read(stream, op, NULL, 0, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_read(stream, op, NULL, 1, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_read(stream, op, &empty, 1, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_read(stream, op, &nowhere, 1, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_write(stream, op, huge, 2, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_wait(stream, op, 0, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_wait(stream, op, 1 << 20, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_shutdown(stream, op, 0, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_shutdown(stream, op, 4, rec_cb));
  GIVES(EDDY_EISCONN, eddy_stream_connect(stream, op, &loopback, rec_cb));
  GIVES(EDDY_EINVAL, eddy_stream_connect(idle, op, NULL, rec_cb));
  GIVES(EDDY_EAFNOSUPPORT, eddy_stream_connect(idle, op, &path, rec_cb));
  GIVES(EDDY_ENOTCONN, eddy_stream_read(idle, op, &one, 1, rec_cb));
  GIVES(EDDY_ENOTCONN, eddy_stream_write(idle, op, &one, 1, rec_cb));
  GIVES(EDDY_ENOTCONN, eddy_stream_wait(idle, op, EDDY_READABLE, rec_cb));
  GIVES(EDDY_ENOTCONN, eddy_stream_shutdown(idle, op, EDDY_SHUT_WRITE, rec_cb));
  GIVES(EDDY_EINVAL, eddy_fd_poll(fd, op, 0, 0, rec_cb));
  GIVES(EDDY_EINVAL, eddy_fd_poll(fd, op, EDDY_READABLE, 1 << 5, rec_cb));
  GIVES(EDDY_EINVAL, eddy_fd_poll(fd, op, 1 << 9, EDDY_POLL_REPEAT, rec_cb));
  GIVES(EDDY_EINVAL, eddy_tick(loop, op, 0, 0, EDDY_TICK_SKIP, rec_cb));
  GIVES(EDDY_EINVAL, eddy_tick(loop, op, 0, 1, 3, rec_cb));
  check_all(loop);

  eddy_stream_close(stream, NULL, NULL);
  eddy_stream_close(idle, NULL, NULL);
  eddy_fd_close(fd, NULL, NULL);
  close(ends[0]);
  close(ends[1]);
  peer_close(&peer);
}

static void rule_4_closing_handles_are_results(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  eddy_fd_t *fd;
  eddy_pool_t *pool;
  eddy_addr_t addr;
  memset(tried, 0, sizeof tried);
  tries = 0;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  int ends[2];
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  struct rec closed[3] = {0};
  eddy_stream_close(stream, &closed[0].op, rec_cb);
  eddy_fd_close(fd, &closed[1].op, rec_cb);
  eddy_listener_close(listener, &closed[2].op, rec_cb);
  char data[4];
  eddy_buf_t one = buffer(data, 1);
  GIVES(EDDY_ECLOSED, eddy_stream_read(stream, op, &one, 1, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_stream_read_pool(stream, op, pool, 0, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_stream_write(stream, op, &one, 1, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_stream_wait(stream, op, EDDY_READABLE, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_stream_wait_uncongested(stream, op, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_stream_shutdown(stream, op, EDDY_SHUT_WRITE, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_stream_connect(stream, op, &addr, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_stream_release(stream, op, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_fd_poll(fd, op, EDDY_READABLE, 0, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_listener_accept(listener, op, rec_cb));
  GIVES(EDDY_ECLOSED, eddy_listener_accept_many(listener, op, 0, rec_cb));
  check_all(loop);
  for (int i = 0; i < 3; i++) turn_until(loop, &closed[i].finals, 1);
  eddy_pool_close(pool, NULL, NULL);
  close(ends[0]);
  close(ends[1]);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_4_bad_arguments_are_results),
                                     FIXTURE_TEST(rule_4_closing_handles_are_results)};
  return RUN_TESTS(tests);
}
