// A refused connect tells so, and what queued behind it fails with its error; then only close is left.
#include "tcp.h"

static void refused(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, told;
  dead_address(&addr);
  eddy_stream_t *stream = open_stream(loop);
  struct rec connect = {0}, again = {0}, write = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, EDDY_ECONNREFUSED);
  assert_int_equal(eddy_op_os_error(&connect.op), NATIVE_ECONNREFUSED);
  assert_int_equal(eddy_stream_peer_address(stream, &told), EDDY_ENOTCONN);
  eddy_stream_connect(stream, &again.op, &addr, rec_cb);
  eddy_buf_t byte = buffer(&(char){'x'}, 1);
  eddy_stream_write(stream, &write.op, &byte, 1, rec_cb);
  turn_until(loop, &again.finals, 1);
  turn_until(loop, &write.finals, 1);
  assert_true(again.result < 0);
  assert_int_equal(write.result, EDDY_ENOTCONN);
  close_stream(loop, stream);
}

static void writes_behind_it(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  dead_address(&addr);
  eddy_stream_t *stream = open_stream(loop);
  struct rec connect = {0}, first = {0}, second = {0}, shut = {0};
  eddy_buf_t hello = buffer((char[]){"hello"}, 5);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_write(stream, &first.op, &hello, 1, rec_cb);
  eddy_stream_write(stream, &second.op, &hello, 1, rec_cb);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  assert_int_equal(eddy_stream_queued(stream), 10);
  all_ended(loop);
  assert_int_equal(connect.result, EDDY_ECONNREFUSED);
  assert_int_equal(first.result, EDDY_ECONNREFUSED);
  assert_int_equal(second.result, EDDY_ECONNREFUSED);
  assert_int_equal(shut.result, EDDY_ECONNREFUSED);
  assert_int_equal(eddy_stream_queued(stream), 0);
  assert_int_equal(first.transferred, 0);
  assert_true(connect.order < first.order && first.order < second.order);
  close_stream(loop, stream);
}

// A read in the queue must not eat the socket's only report of the error.
static void reads_behind_it(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  dead_address(&addr);
  eddy_stream_t *stream = open_stream(loop);
  char room[16];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec connect = {0}, first = {0}, second = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_read(stream, &first.op, &in, 1, rec_cb);
  eddy_stream_read(stream, &second.op, &in, 1, rec_cb);
  all_ended(loop);
  assert_int_equal(connect.result, EDDY_ECONNREFUSED);
  assert_int_equal(first.result, EDDY_ECONNREFUSED);
  assert_int_equal(second.result, EDDY_ECONNREFUSED);
  assert_true(connect.order < first.order);
  close_stream(loop, stream);
}

static void pool_reads_and_waits_behind_it(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  dead_address(&addr);
  eddy_stream_t *stream = open_stream(loop);
  eddy_pool_t *pool = open_pool(loop, 4, 256);
  struct rec connect = {0}, many = {0}, wait = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  eddy_stream_read_pool(stream, &many.op, pool, 0, rec_cb);
  eddy_stream_wait(stream, &wait.op, EDDY_READABLE, rec_cb);
  all_ended(loop);
  assert_int_equal(connect.result, EDDY_ECONNREFUSED);
  assert_int_equal(many.result, EDDY_ECONNREFUSED);
  assert_int_equal(many.mores, 0);
  assert_int_equal(wait.result, EDDY_ECONNREFUSED);
  assert_int_equal(eddy_pool_free(pool), 4);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(refused), FIXTURE_TEST(writes_behind_it),
                                     FIXTURE_TEST(reads_behind_it),
                                     FIXTURE_TEST(pool_reads_and_waits_behind_it)};
  return RUN_TESTS(tests);
}
