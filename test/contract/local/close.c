// Closing local streams while the kernel has their ops, from inside callbacks, and by a drain.
#include "local.h"

static void with_everything_pending(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int turned = 0; turned < 2; turned++) {
    eddy_stream_t *ends[2];
    local_pair(loop, ends);
    char *data = calloc(1, LOCAL_FILLED_BY), byte;
    eddy_buf_t out = buffer(data, LOCAL_FILLED_BY), in = buffer(&byte, 1);
    struct rec write = {0}, behind = {0}, read = {0}, second = {0}, wait = {0}, closed = {0};
    eddy_stream_write(ends[0], &write.op, &out, 1, rec_cb);
    eddy_stream_write(ends[0], &behind.op, &out, 1, rec_cb);
    eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
    eddy_stream_read(ends[0], &second.op, &in, 1, rec_cb);
    eddy_stream_wait(ends[0], &wait.op, EDDY_READABLE, rec_cb);
    if (turned) turns(loop, 3);
    eddy_stream_close(ends[0], &closed.op, rec_cb);
    turn_until(loop, &closed.finals, 1);
    assert_int_equal(write.result, EDDY_ECANCELED);
    assert_int_equal(behind.result, EDDY_ECANCELED);
    assert_int_equal(read.result, EDDY_ECANCELED);
    assert_int_equal(second.result, EDDY_ECANCELED);
    assert_int_equal(wait.result, EDDY_ECANCELED);
    assert_int_equal(write.finals + behind.finals + read.finals + second.finals + wait.finals, 5);
    assert_true(closed.order > write.order && closed.order > read.order);
    close_stream(loop, ends[1]);
    free(data);
  }
}

static void close_it(struct rec *rec, int64_t result) {
  (void)result;
  eddy_stream_close(rec->context, NULL, NULL);
}

static void inside_callbacks(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  char room[4], more[4];
  eddy_buf_t in = buffer(room, 4), out = buffer("four", 4), rest = buffer(more, 4);
  struct rec read = {.then = close_it, .context = ends[1]}, pending = {0};
  struct rec write = {.then = close_it, .context = ends[0]};
  eddy_stream_read(ends[1], &read.op, &in, 1, rec_cb);
  eddy_stream_read(ends[1], &pending.op, &rest, 1, rec_cb);
  eddy_stream_write(ends[0], &write.op, &out, 1, rec_cb);
  all_ended(loop);
  assert_int_equal(read.result, 4);
  assert_int_equal(write.result, 4);
  assert_true(pending.result == EDDY_ECANCELED || pending.result == 0);
}

// The tear-down drains what is left open here.
static void by_a_drain(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static eddy_stream_t *ends[2], *idle;
  static struct rec read, write, connect, accept;
  static char data[1 << 20], byte;
  memset(&read, 0, sizeof read);
  memset(&write, 0, sizeof write);
  memset(&connect, 0, sizeof connect);
  memset(&accept, 0, sizeof accept);
  eddy_addr_t addr;
  local_pair(loop, ends);
  idle = local_stream(loop);
  eddy_listener_t *listener = local_listen(loop, &addr);
  eddy_buf_t in = buffer(&byte, 1), out = buffer(data, sizeof data);
  eddy_listener_accept_many(listener, &accept.op, 0, rec_cb);
  eddy_stream_connect(idle, &connect.op, &addr, rec_cb);
  eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
  eddy_stream_write(ends[0], &write.op, &out, 1, rec_cb);
  turns(loop, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(with_everything_pending),
                                     FIXTURE_TEST(inside_callbacks), FIXTURE_TEST(by_a_drain)};
  return RUN_TESTS(tests);
}
