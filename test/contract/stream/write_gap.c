// Rule 7: what is started behind a write that came short, but before its callback has told so, ends with it: else the
// peer would get bytes with a gap. What is started in that callback, or later, goes out.
#include "rule_tools.h"

enum { BIG = 32 << 20 };

static struct rec restarted;
static eddy_buf_t again;

static void restart(struct rec *rec, int64_t result) {
  (void)result;
  eddy_stream_write(rec->context, &restarted.op, &again, 1, rec_cb);
}

static void behind_a_torn_write(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char *memory = page_take(BIG);
  eddy_buf_t big = buffer(memory, BIG), small = buffer(memory, 10);
  again = buffer(memory, 7);
  struct rec write = {.then = restart, .context = stream}, behind = {0}, at_once = {0}, shut = {0};
  restarted = (struct rec){0};
  eddy_stream_write(stream, &write.op, &big, 1, rec_cb);
  turns(loop, 5);
  assert_int_equal(write.finals, 0); // nobody reads
  eddy_cancel(&write.op);
  eddy_op_set_flags(&at_once.op, EDDY_OP_INLINE);
  eddy_stream_write(stream, &behind.op, &small, 1, rec_cb);
  eddy_stream_write(stream, &at_once.op, &small, 1, rec_cb);
  eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  turn_until(loop, &write.finals, 1);
  turn_until(loop, &behind.finals, 1);
  turn_until(loop, &at_once.finals, 1);
  turn_until(loop, &shut.finals, 1);
  assert_true(write.transferred > 0 && write.transferred < BIG);
  struct rec *all[] = {&write, &behind, &at_once, &shut};
  for (int i = 0; i < 4; i++) assert_int_equal(all[i]->result, EDDY_ECANCELED);
  assert_int_equal(behind.transferred, 0);
  assert_true(write.order < behind.order && behind.order < at_once.order &&
              at_once.order < shut.order);

  static char waste[1 << 20];
  int64_t got = 0;
  for (int tries = 0; !restarted.finals; tries++) {
    assert_true(tries < 30000);
    eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
    got += peer_receive_some(&peer, waste, sizeof waste) > 0;
  }
  assert_int_equal(restarted.result, 7);
  page_drop(memory, BIG);
  eddy_stream_close(stream, NULL, NULL);
  turns(loop, 3);
  assert_true(got > 0);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(behind_a_torn_write)};
  return RUN_TESTS(tests);
}
