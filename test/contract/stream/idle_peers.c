// No state of a peer keeps a loop awake or makes a thread of the kernel appear: while nothing happens, nobody turns.
#include "crowd.h"

#if HAS_PROC

#include <dirent.h>

enum state { UNREAD, HALF_CLOSED, HALF_CLOSED_BEFORE, CLOSED, RESET, STATES };
enum { kStreams = 3, kBuffers = 40 };

static int threads(void) {
  DIR *tasks = opendir("/proc/self/task");
  int count = 0;
  assert_non_null(tasks);
  for (struct dirent *task; (task = readdir(tasks));) count += task->d_name[0] != '.';
  closedir(tasks);
  return count;
}

// Steps until a timer of a short while, each of which could sleep until then.
static int wakings(eddy_loop_t *loop) {
  struct rec timer = {0};
  int count = 0;
  eddy_sleep(loop, &timer.op, eddy_update_now(loop) + 4 * EDDY_MILLISECOND, rec_cb);
  for (; !timer.finals; count++) eddy_loop_step(loop, EDDY_NEVER);
  return count;
}

struct idler {
  struct peer peer;
  eddy_stream_t *stream;
  struct rec write, waits[4];
  eddy_buf_t out[kBuffers];
};

static void enter_state(struct idler *idler, enum state to) {
  switch (to) {
  case HALF_CLOSED:
  case HALF_CLOSED_BEFORE: peer_half_close(&idler->peer); break;
  case CLOSED: peer_close(&idler->peer); break;
  case RESET: peer_reset(&idler->peer); break;
  default: break;
  }
}

static void start(struct idler *idler, int buffers, char *block, size_t size) {
  static const uint32_t asked[] = {EDDY_WRITABLE, EDDY_PRIORITY, EDDY_POLL_ERROR, EDDY_DISCONNECT};
  size_t each = size / (size_t)(buffers ? buffers : 1);
  for (int i = 0; i < buffers; i++) idler->out[i] = buffer(block, each);
  if (buffers)
    eddy_stream_write(idler->stream, &idler->write.op, idler->out, (uint32_t)buffers, rec_cb);
  for (int i = 0; i < COUNT(asked); i++)
    eddy_stream_wait(idler->stream, &idler->waits[i].op, asked[i], rec_cb);
}

static void one(eddy_loop_t *loop, struct crowd *crowd, enum peer_kind kind, enum state to,
                int buffers) {
  static char block[8 << 20];
  static struct idler idlers[kStreams];
  int before = threads();
  memset(idlers, 0, sizeof idlers);
  for (int i = 0; i < kStreams; i++) {
    struct idler *idler = &idlers[i];
    idler->peer = peer_open(loop, kind, &idler->stream);
    struct peer own = {(int)eddy_stream_native(idler->stream)};
    if (!buffers || i % 2) peer_fill(&own); // a write finds no room at all, or some
    if (to == HALF_CLOSED_BEFORE) enter_state(idler, to);
  }
  crowd_turn(loop, crowd); // so that the writes are batched
  for (int i = 0; i < kStreams; i++) start(&idlers[i], buffers, block, sizeof block);
  wakings(loop);
  if (to != HALF_CLOSED_BEFORE)
    for (int i = 0; i < kStreams; i++) enter_state(&idlers[i], to);
  int fewest = wakings(loop); // what has just happened may come in parts
  for (int i = 0; i < 5 && fewest > 3; i++) fewest = wakings(loop);
  assert_true(fewest <= 3);
  assert_int_equal(threads(), before);
  for (int i = 0; i < kStreams; i++) {
    struct idler *idler = &idlers[i];
    if (buffers) assert_int_equal(idler->write.finals, to >= CLOSED);
    if (to < CLOSED) assert_int_equal(idler->waits[1].finals + idler->waits[2].finals, 0);
    assert_int_equal(idler->waits[3].finals, to != UNREAD);
    eddy_stream_close_reset(idler->stream, NULL, NULL);
    peer_close(&idler->peer);
  }
  all_ended(loop);
}

static void each(eddy_loop_t *loop, enum peer_kind kind) {
  static struct crowd crowd;
  const int buffers[] = {0, 1, 2, kBuffers};
  crowd_open(loop, &crowd);
  for (enum state to = UNREAD; to < STATES; to++)
    for (int i = 0; i < COUNT(buffers); i++) one(loop, &crowd, kind, to, buffers[i]);
  crowd_close(loop, &crowd);
}

static void of_tcp(void **state) { each(LOOP(state), PEER_TCP); }
static void of_local_streams(void **state) { each(LOOP(state), PEER_LOCAL); }

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(of_tcp), FIXTURE_TEST(of_local_streams)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("threads and turns are counted on Linux");
#endif
