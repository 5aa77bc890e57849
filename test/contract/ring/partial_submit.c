// A kernel that takes only a part of the requests of one enter (it does when memory is short): those that are left
// keep their message headers and buffer lists, and go with a later enter.
#include "needs.h"

#if HAS_IO_URING

#include "tcp.h"

#include <signal.h>
#include <sys/syscall.h>

enum { kStreams = 40, kPart = 700, kRounds = 6 };

static int most = 1, cut;

// In place of liburing's, which calls the kernel with all of them.
int io_uring_enter2(unsigned fd, unsigned submit, unsigned wait, unsigned flags, sigset_t *arg,
                    size_t size);
int io_uring_enter2(unsigned fd, unsigned submit, unsigned wait, unsigned flags, sigset_t *arg,
                    size_t size) {
  if ((int)submit > most) {
    submit = (unsigned)most;
    wait = 0; // what was not all submitted is not waited for
    cut++;
  }
  long result = syscall(SYS_io_uring_enter, fd, submit, wait, flags, arg, size);
  return result < 0 ? -errno : (int)result;
}

struct side {
  eddy_stream_t *stream;
  int peer;
  struct rec write, read;
  eddy_buf_t out[3], in[3];
  char sent[3 * kPart], got[3 * kPart];
};

static struct side sides[kStreams];

static void start(struct side *side, int seed) {
  pattern_fill(side->sent, sizeof side->sent, (uint64_t)seed * 1009);
  memset(side->got, 0, sizeof side->got);
  side->write = side->read = (struct rec){0};
  for (int i = 0; i < 3; i++) {
    side->out[i] = buffer(side->sent + i * kPart, kPart);
    side->in[i] = buffer(side->got + i * kPart, kPart);
  }
  raw_send(side->peer, side->sent, sizeof side->sent);
  eddy_stream_write(side->stream, &side->write.op, side->out, 3, rec_cb);
  eddy_stream_read(side->stream, &side->read.op, side->in, 3, rec_cb);
}

static void nothing_is_mixed_up(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int i = 0; i < kStreams; i++) sides[i].peer = raw_peer(loop, &sides[i].stream);
  for (int round = 0; round < kRounds; round++) {
    most = round % 2 ? 1 : 3;
    for (int i = 0; i < kStreams; i++) start(&sides[i], round * kStreams + i);
    for (int i = 0; i < kStreams; i++) {
      struct side *side = &sides[i];
      char back[3 * kPart];
      turn_until(loop, &side->write.finals, 1);
      turn_until(loop, &side->read.finals, 1);
      assert_int_equal(side->write.result, sizeof back);
      assert_int_equal(side->read.result, sizeof back);
      raw_receive(side->peer, back, sizeof back);
      assert_memory_equal(back, side->sent, sizeof back);
      assert_memory_equal(side->got, side->sent, sizeof back);
    }
  }
  if (driver_is(loop, EDDY_DRIVER_IO_URING)) assert_true(cut > kRounds);
  for (int i = 0; i < kStreams; i++) {
    eddy_stream_close_reset(sides[i].stream, NULL, NULL);
    close(sides[i].peer);
  }
  all_ended(loop);
}

// ... and ended while most of it was not taken.
static void ended_half_way(void **state) {
  (void)state;
  eddy_loop_t *loop = test_loop();
  most = 1;
  for (int i = 0; i < kStreams; i++) sides[i].peer = raw_peer(loop, &sides[i].stream);
  for (int i = 0; i < kStreams; i++) start(&sides[i], i);
  for (int i = 0; i < kStreams; i++) {
    eddy_cancel(&sides[i].read.op);
    if (i % 2) eddy_cancel(&sides[i].write.op);
  }
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 20 * EDDY_SECOND), 0);
  assert_int_equal(eddy_loop_close(loop), 0);
  for (int i = 0; i < kStreams; i++) {
    assert_int_equal(sides[i].read.finals, 1);
    assert_int_equal(sides[i].write.finals, 1);
    raw_reset(sides[i].peer);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(nothing_is_mixed_up),
                                     cmocka_unit_test(ended_half_way)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("it concerns io_uring");
#endif
