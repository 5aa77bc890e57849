// A released stream yields its descriptor, which a loop on another thread adopts; while ops are pending
// release is refused and changes nothing.
#include "peer.h"

static void take_native(struct rec *rec, int64_t result) {
  rec->context = (void *)(intptr_t)(result == 0 ? eddy_op_take_native(&rec->op) : -1);
}

static void *serve(void *argument) {
  intptr_t failed = 1;
  eddy_loop_t *loop = NULL;
  eddy_stream_t *stream = NULL;
  if (eddy_loop_open(NULL, &loop)) return (void *)failed;
  if (eddy_stream_adopt(loop, (intptr_t)argument, &stream) == 0) {
    char room[8];
    eddy_buf_t in = buffer(room, sizeof room), out;
    struct rec read = {0}, write = {0}, closed = {0};
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    eddy_loop_run(loop);
    if (read.result > 0) {
      out = buffer(room, (size_t)read.result);
      eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
      eddy_loop_run(loop);
      failed = write.result != read.result;
    }
    eddy_stream_close(stream, &closed.op, rec_cb);
    eddy_loop_run(loop);
  }
  return (void *)(failed | (eddy_loop_close(loop) != 0));
}

static void moves_to_another_thread(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  // Used before, so that this loop's kernel interface knows it.
  char byte = 0;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec read = {0}, released = {.then = take_native};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  turns(loop, 2);
  peer_send(&peer, "1", 1);
  turn_until(loop, &read.finals, 1);
  eddy_stream_release(stream, &released.op, rec_cb);
  turn_until(loop, &released.finals, 1);
  assert_int_equal(released.result, 0);
  int native = (int)(intptr_t)released.context;
  assert_true(fcntl(native, F_GETFD) >= 0);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, serve, (void *)(intptr_t)native), 0);
  peer_send(&peer, "move", 4);
  char back[5] = {0};
  peer_receive(&peer, back, 4);
  assert_string_equal(back, "move");
  assert_int_equal(peer_drain(&peer), 0);
  void *failed;
  pthread_join(thread, &failed);
  assert_null(failed);
  peer_close(&peer);
}

static void busy_changes_nothing(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[8] = {0};
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec read = {0}, busy = {.then = take_native}, released = {.then = take_native};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_stream_release(stream, &busy.op, rec_cb);
  turn_until(loop, &busy.finals, 1);
  assert_int_equal(busy.result, EDDY_EBUSY);
  assert_int_equal(read.calls, 0);
  peer_send(&peer, "still", 5);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, 5);
  eddy_stream_release(stream, &released.op, rec_cb);
  turn_until(loop, &released.finals, 1);
  assert_int_equal(released.result, 0);
  close((int)(intptr_t)released.context);
  assert_int_equal(peer_drain(&peer), 0);
  peer_close(&peer);
}

static void not_taken_is_closed(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec released = {0};
  eddy_stream_release(stream, &released.op, rec_cb);
  eddy_cancel(&released.op); // too late
  turn_until(loop, &released.finals, 1);
  assert_int_equal(released.result, 0);
  assert_int_equal(eddy_op_take_native(&released.op), EDDY_NO_NATIVE);
  assert_int_equal(peer_drain(&peer), 0);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(moves_to_another_thread),
                                     FIXTURE_TEST(busy_changes_nothing),
                                     FIXTURE_TEST(not_taken_is_closed)};
  return RUN_TESTS(tests);
}
