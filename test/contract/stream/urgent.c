// Urgent data in the stream: a read stops short at its mark, and the bytes behind it still arrive.
#include "tcp.h"

static void bytes_behind_the_mark(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  raw_send(peer, "abc", 3);
  assert_int_equal(send(peer, "!", 1, MSG_OOB), 1);
  raw_send(peer, "def", 3);
  raw_settled(peer);
  char got[16] = {0};
  for (size_t have = 0; have < 6;) {
    struct rec read = {0};
    eddy_buf_t in = buffer(got + have, sizeof got - 1 - have);
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    TURN_UNTIL(loop, read.finals);
    assert_true(read.result > 0);
    have += (size_t)read.result;
  }
  assert_string_equal(got, "abcdef");
  close_stream(loop, stream);
  close(peer);
}

static void bytes_behind_the_mark_in_leases(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  eddy_pool_t *pool = open_pool(loop, 4, 4096);
  raw_send(peer, "abc", 3);
  assert_int_equal(send(peer, "!", 1, MSG_OOB), 1);
  raw_send(peer, "def", 3);
  raw_settled(peer);
  struct rec read = {0};
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  TURN_UNTIL(loop, read.mores >= 2);
  close_stream(loop, stream);
  assert_int_equal(read.finals, 1);
  eddy_pool_close(pool, NULL, NULL);
  close(peer);
}

static void priority_is_an_event(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  int peer = raw_peer(loop, &stream);
  struct rec wait = {0};
  eddy_stream_wait(stream, &wait.op, EDDY_PRIORITY, rec_cb);
  turns(loop, 3);
  assert_int_equal(wait.calls, 0);
  assert_int_equal(send(peer, "!", 1, MSG_OOB), 1);
  turn_until(loop, &wait.finals, 1);
  assert_int_equal(wait.result, EDDY_PRIORITY);
  close_stream(loop, stream);
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(priority_is_an_event),
                                     FIXTURE_TEST(bytes_behind_the_mark),
                                     FIXTURE_TEST(bytes_behind_the_mark_in_leases)};
  return RUN_TESTS(tests);
}
