// A child that closes the loop: memory and descriptors go, nothing is called, and the parent's pool reads,
// in flight meanwhile, get every byte.
#include "needs.h"

#if HAS_FORK

#include "trap.h"

static int calls;
static uint64_t bytes;

static void count(eddy_op_t *op, int64_t result) {
  calls++;
  if (eddy_op_more(op) && result > 0) bytes += (uint64_t)result;
}

static void child(void *context) {
  void **arguments = context;
  eddy_loop_t *loop = arguments[0];
  int expected = *(int *)arguments[1];
  calls = 0;
  CHECK_EQ(eddy_loop_close(loop), 0);
  CHECK_EQ(calls, 0);
  CHECK_EQ(open_descriptors(), expected);
}

static void frees_and_calls_nothing(void **state) {
  struct fixture *fixture = *state;
  eddy_loop_t *loop = fixture->loop;
  enum { kStreams = 8 };
  int peers[kStreams];
  struct rec others[kStreams];
  eddy_op_t reads[kStreams] = {{.data = NULL}};
  memset(others, 0, sizeof others);
  eddy_pool_t *pool = pool_of(loop, 16, 512);
  for (int i = 0; i < kStreams; i++) {
    eddy_stream_t *stream;
    peers[i] = tcp_peer(loop, &stream);
    eddy_stream_read_pool(stream, &reads[i], pool, i % 2, count);
    eddy_stream_wait(stream, &others[i].op, EDDY_DISCONNECT, rec_cb);
  }
  eddy_loop_step(loop, 0);
  static char data[10000];
  uint64_t sent = 0;
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < kStreams; i++) {
      CHECK_EQ(write(peers[i], data, 2000), 2000);
      sent += 2000;
    }
    int expected = fixture->descriptors + kStreams;
    void *arguments[] = {loop, &expected};
    run_child(child, arguments); // under ASan it would also tell of memory that is freed twice
    eddy_loop_step(loop, 0);
  }
  UNTIL(loop, bytes == sent);
  for (int i = 0; i < kStreams; i++) CHECK_EQ(others[i].calls, 0);
  for (int i = 0; i < kStreams; i++) close(peers[i]);
  for (int i = 0; i < kStreams; i++) UNTIL(loop, others[i].finals && !eddy_op_pending(&reads[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(frees_and_calls_nothing)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no fork here");
#endif
