// What is done at one place of a queue of writes touches nothing far from there: not when parts of it are sent, nor
// when one is cancelled or joins it. Most of the queue is out of reach meanwhile, so that a walk over it faults.
#include "peer.h"

#include <sys/mman.h>

enum { FRONT = 1024, MASS = 256000, TAIL = 1024, ALL = FRONT + MASS + TAIL, BLOCK = 65536 };

static eddy_op_t *ops;
static char data[BLOCK];
static int ended, whole, closing;
static size_t next; // the op that must end next

static void cb(eddy_op_t *op, int64_t result) {
  if (op >= ops && op < ops + ALL) ended++;
  if (result <= 0 || closing) return;
  whole++;
  assert_true(op == ops + next);
  next++;
}

static void reach(int protection) {
  enum { PAGE = 65536 };
  uintptr_t from = ((uintptr_t)(ops + FRONT) + PAGE - 1) / PAGE * PAGE;
  uintptr_t to = (uintptr_t)(ops + FRONT + MASS) / PAGE * PAGE;
  assert_int_equal(mprotect((void *)from, to - from, protection), 0);
}

static void write_some(eddy_stream_t *stream, eddy_op_t *op, size_t size) {
  eddy_buf_t bytes = buffer(data, size);
  eddy_stream_write(stream, op, &bytes, 1, cb);
}

static void let_go(eddy_loop_t *loop, struct peer *peer, int wanted) {
  static char sink[BLOCK];
  while (whole < wanted) {
    peer_receive_some(peer, sink, sizeof sink);
    eddy_loop_step(loop, 0);
  }
}

static void far_writes_are_left_alone(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  small_buffers(stream, 65536);
  size_t size = sizeof(eddy_op_t) * ALL;
  ops = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(ops != MAP_FAILED);
  ended = whole = closing = 0;
  next = 0;
  for (int i = 0; i < ALL; i++) write_some(stream, &ops[i], i < FRONT ? BLOCK : 1);
  eddy_loop_step(loop, 0);
  reach(PROT_NONE);
  let_go(loop, &peer, 4);
  static struct rec late; // joins behind the last one
  eddy_buf_t byte = buffer(data, 1);
  eddy_stream_write(stream, &late.op, &byte, 1, rec_cb);
  eddy_cancel(&ops[FRONT - 1 - 8]); // in the middle of what can be reached
  eddy_cancel(&ops[ALL - 2]);
  eddy_cancel(&late.op);
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_ECANCELED);
  assert_int_equal(ended, whole + 2);
  let_go(loop, &peer, 8);
  reach(PROT_READ | PROT_WRITE);

  // The others, half of them one by one and half by the close.
  for (int i = ALL - 1; i >= ALL / 2; i--) eddy_cancel(&ops[i]);
  closing = 1; // what the kernel has may go out yet
  close_stream(loop, stream);
  TURN_UNTIL(loop, ended == ALL);
  peer_close(&peer);
  munmap(ops, size);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(far_writes_are_left_alone)};
  return RUN_TESTS(tests);
}
