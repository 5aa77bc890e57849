// close(2) sends no FIN while a request of the kernel's holds the file. The peer must hear of the close
// although reads, pool reads and waits are in flight.
#include "peer.h"
#include "trap.h"

static void the_peer_hears_of_it(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_pool_t *pool = pool_of(loop, 4, 64);
  for (int kind = 0; kind < 5; kind++) {
    eddy_stream_t *stream;
    struct peer peer = peer_open(loop, PEER_TCP, &stream);
    char room[8], got;
    eddy_buf_t in = buffer(room, sizeof room);
    struct rec op = {0}, closed = {0};
    switch (kind) {
    case 0: eddy_stream_read(stream, &op.op, &in, 1, rec_cb); break;
    case 1: eddy_stream_read_pool(stream, &op.op, pool, 0, rec_cb); break;
    case 2: eddy_stream_read_pool(stream, &op.op, pool, 1, rec_cb); break;
    case 3: eddy_stream_wait(stream, &op.op, EDDY_READABLE | EDDY_PRIORITY, rec_cb); break;
    default: eddy_stream_wait(stream, &op.op, EDDY_DISCONNECT, rec_cb);
    }
    eddy_loop_step(loop, 0);
    eddy_loop_step(loop, 0);
    eddy_stream_close(stream, &closed.op, rec_cb);
    UNTIL(loop, closed.finals);
    CHECK_EQ(op.finals, 1);
    CHECK_EQ(op.result, EDDY_ECANCELED);
    CHECK_EQ(peer_receive_some(&peer, &got, 1), 0);
    peer_close(&peer);
  }
}

// Without a close op, and with the loop going down at once.
static void also_when_the_loop_ends(void **state) {
  (void)state;
  eddy_loop_t *loop = open_with(NULL);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char room[8], got;
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_loop_step(loop, 0);
  eddy_stream_close(stream, NULL, NULL);
  end_loop(loop);
  CHECK_EQ(peer_receive_any(&peer, &got, 1), 0);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(the_peer_hears_of_it),
                                     cmocka_unit_test(also_when_the_loop_ends)};
  return RUN_TESTS(tests);
}
