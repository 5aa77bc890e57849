// A queue that one turn cannot send is not overtaken by what is written meanwhile, although the socket takes more.
#include "peer.h"

enum {
  FIRST = 4 << 20,
  QUEUED = 20000, // more writes than some turns send
  APART = 250,    // of so many callbacks one writes
  LATE = 1 + QUEUED / APART
};

static char first_bytes[FIRST], received[FIRST + QUEUED + LATE];
static struct rec first, queued[QUEUED], late[LATE];
static int late_started;

static void write_late(struct rec *rec, int64_t result) {
  eddy_buf_t byte = buffer((void *)(uintptr_t) "z", 1);
  assert_true(result > 0);
  eddy_stream_write(rec->context, &late[late_started++].op, &byte, 1, rec_cb);
}

static void in_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_buf_t all = buffer(first_bytes, FIRST), byte = buffer((void *)(uintptr_t) "q", 1);
  small_buffers(stream, 65536);
  memset(first_bytes, 'f', FIRST);
  memset(queued, 0, sizeof queued);
  memset(late, 0, sizeof late);
  late_started = 0;
  first = (struct rec){.then = write_late, .context = stream};
  for (int i = 0; i < QUEUED; i += APART)
    queued[i] = (struct rec){.then = write_late, .context = stream};
  eddy_stream_write(stream, &first.op, &all, 1, rec_cb);
  for (int i = 0; i < QUEUED; i++) eddy_stream_write(stream, &queued[i].op, &byte, 1, rec_cb);
  turns(loop, 3); // the socket is full and has said so: from now on events move the queue
  assert_true(eddy_stream_queued(stream) > QUEUED);
  for (size_t got = 0; got < sizeof received;) {
    int64_t size = peer_receive_some(&peer, received + got, sizeof received - got);
    got += size > 0 ? (size_t)size : 0;
    eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
  }
  for (int i = 0; i < LATE; i++) turn_until(loop, &late[i].finals, 1);
  for (size_t i = 0; i < QUEUED; i++) assert_int_equal(received[FIRST + i], 'q');
  for (size_t i = 0; i < LATE; i++) assert_int_equal(received[FIRST + QUEUED + i], 'z');
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(in_order)};
  return RUN_TESTS(tests);
}
