// libuv's phases, built out of eddy's: timers, pending, idle, prepare, poll, check, closing.
#include "rule_tools.h"

static char trace[64];
static eddy_stream_t *stream;
static struct rec closed;

static void mark(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op) || rec->finals == 1) strcat(trace, rec->context);
}

// A close from an I/O callback is reported after the check phase of the same turn, as in libuv.
static void mark_and_close(struct rec *rec, int64_t result) {
  mark(rec, result);
  eddy_stream_close(stream, &closed.op, rec_cb);
}

static void once(struct rec *rec, int64_t result) {
  if (rec->mores == 1 && eddy_op_more(&rec->op)) mark(rec, result);
}

static void phases_of_libuv(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[4];
  eddy_buf_t buf = buffer(data, 4);
  struct rec timer = {.then = mark, .context = "T"}, pending = {.then = mark, .context = "Q"};
  struct rec idle = {.then = once, .context = "I"}, prepare = {.then = once, .context = "P"};
  struct rec check = {.then = once, .context = "K"},
             read = {.then = mark_and_close, .context = "R"};
  closed = (struct rec){.then = mark, .context = "C"};
  trace[0] = 0;
  peer_send(&peer, "x", 1);
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_hook_after_wait(loop, &check.op, rec_cb);
  eddy_hook_before_wait(loop, &prepare.op, rec_cb);
  eddy_hook_idle(loop, &idle.op, rec_cb);
  eddy_post(remote, &pending.op, rec_cb);
  eddy_sleep(loop, &timer.op, 0, rec_cb);
  eddy_loop_step(loop, eddy_now(loop) + EDDY_SECOND);
  assert_string_equal(trace, "TQIPRKC");
  eddy_cancel(&idle.op);
  eddy_cancel(&prepare.op);
  eddy_cancel(&check.op);
  turns(loop, 3);
  assert_int_equal(idle.finals + prepare.finals + check.finals, 3);
  eddy_remote_release(remote);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(phases_of_libuv)};
  return RUN_TESTS(tests);
}
