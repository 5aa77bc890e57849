// A handle closed inside any callback of its own, with other ops pending on it, some of them just about
// to be called as well.
#include "peer.h"
#include "trap.h"

static eddy_stream_t *victim;
static eddy_listener_t *victim_listener;
static eddy_fd_t *victim_fd;
static struct rec closed;

static void close_victim(struct rec *rec, int64_t result) {
  (void)rec;
  (void)result;
  if (!victim) return;
  eddy_stream_close(victim, &closed.op, rec_cb);
  victim = NULL;
}

static void close_listener(struct rec *rec, int64_t result) {
  if (result == 0 && eddy_op_more(&rec->op)) rec->context = eddy_op_take_stream(&rec->op);
  if (!victim_listener) return;
  eddy_listener_close(victim_listener, &closed.op, rec_cb);
  victim_listener = NULL;
}

static void close_fd(struct rec *rec, int64_t result) {
  (void)rec;
  (void)result;
  if (!victim_fd) return;
  eddy_fd_close(victim_fd, &closed.op, rec_cb);
  victim_fd = NULL;
}

enum { kRead, kWrite, kPool, kWait, kShutdown, kDeadline, kUncongested, kCancel, kKinds };

static void on_a_stream(void **state) {
  eddy_loop_t *loop = LOOP(state);
  char *big = calloc(1, 4 << 20);
  for (int kind = 0; kind < kKinds; kind++) {
    for (int busy = 0; busy < 2; busy++) {
      struct peer peer = peer_open(loop, PEER_TCP, &victim);
      eddy_stream_t *stream = victim;
      eddy_pool_t *pool = pool_of(loop, 4, 64);
      memset(&closed, 0, sizeof closed);
      struct rec doer = {.then = close_victim}, others[4] = {{.then = NULL}};
      char room[8], room2[8];
      eddy_buf_t in = buffer(room, 8), in2 = buffer(room2, 8), out = buffer(big, 4 << 20);
      peer_send(&peer, "12345678", 8);
      switch (kind) {
      case kRead: eddy_stream_read(stream, &doer.op, &in, 1, rec_cb); break;
      case kWrite:
        out.size = 3;
        eddy_stream_write(stream, &doer.op, &out, 1, rec_cb);
        break;
      case kPool: eddy_stream_read_pool(stream, &doer.op, pool, 0, rec_cb); break;
      case kWait: eddy_stream_wait(stream, &doer.op, EDDY_READABLE, rec_cb); break;
      case kShutdown: eddy_stream_shutdown(stream, &doer.op, EDDY_SHUT_WRITE, rec_cb); break;
      case kDeadline:
        eddy_op_set_deadline(&doer.op, eddy_update_now(loop) + EDDY_MILLISECOND);
        eddy_stream_wait(stream, &doer.op, EDDY_DISCONNECT, rec_cb);
        break;
      case kUncongested: eddy_stream_wait_uncongested(stream, &doer.op, rec_cb); break;
      default: eddy_stream_wait(stream, &doer.op, EDDY_DISCONNECT, rec_cb); eddy_cancel(&doer.op);
      }
      if (busy) {
        eddy_stream_read(stream, &others[0].op, &in2, 1, rec_cb);
        out.size = 4 << 20;
        eddy_stream_write(stream, &others[1].op, &out, 1, rec_cb);
        eddy_stream_wait(stream, &others[2].op, EDDY_WRITABLE, rec_cb);
        eddy_stream_wait(stream, &others[3].op, EDDY_DISCONNECT, rec_cb);
      }
      UNTIL(loop, closed.finals && doer.finals);
      CHECK_EQ(doer.finals, 1);
      for (int i = 0; i < 4 * busy; i++) {
        CHECK_EQ(others[i].calls, 1);
        CHECK(others[i].order < closed.order);
      }
      if (kind == kPool) CHECK_EQ(doer.result, EDDY_ECANCELED);
      CHECK_EQ(eddy_pool_free(pool), 4);
      eddy_pool_close(pool, NULL, NULL);
      peer_close(&peer);
    }
  }
  free(big);
}

static void in_its_connect(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  listen_loopback(loop, &addr);
  for (int refused = 0; refused < 2; refused++) {
    struct rec connect = {.then = close_victim}, read = {0};
    memset(&closed, 0, sizeof closed);
    if (refused) addr.port = 1;
    CHECK_EQ(eddy_stream_open(loop, EDDY_AF_INET, &victim), 0);
    eddy_stream_t *stream = victim;
    char room[8];
    eddy_buf_t in = buffer(room, 8);
    eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    UNTIL(loop, closed.finals);
    CHECK_EQ(connect.calls, 1);
    CHECK_EQ(connect.result, refused ? EDDY_ECONNREFUSED : 0);
    CHECK_EQ(read.calls, 1);
    CHECK(read.result < 0);
  }
}

static void in_an_accept(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  victim_listener = listen_loopback(loop, &addr);
  memset(&closed, 0, sizeof closed);
  struct rec accepts = {.then = close_listener};
  struct peer peers[5];
  for (int i = 0; i < 5; i++) {
    peers[i] = peer_connect(&addr);
    assert_true(peers[i].fd >= 0);
  }
  eddy_listener_accept_many(victim_listener, &accepts.op, 0, rec_cb);
  UNTIL(loop, closed.finals);
  CHECK_EQ(accepts.mores, 1);
  CHECK_EQ(accepts.finals, 1);
  CHECK_EQ(accepts.result, EDDY_ECANCELED);
  CHECK(accepts.order < closed.order);
  eddy_stream_close(accepts.context, NULL, NULL);
  eddy_loop_step(loop, 0);
  eddy_loop_step(loop, 0);
  for (int i = 0; i < 5; i++) {
    char byte;
    CHECK(peer_receive_any(&peers[i], &byte, 1) <= 0); // all of them are told
    peer_close(&peers[i]);
  }
}

static void in_a_poll(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int ends[2];
  CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
  CHECK_EQ(write(ends[1], "x", 1), 1);
  CHECK_EQ(eddy_fd_open(loop, ends[0], &victim_fd), 0);
  memset(&closed, 0, sizeof closed);
  struct rec a = {.then = close_fd}, b = {.then = close_fd};
  eddy_fd_t *fd = victim_fd;
  eddy_fd_poll(fd, &a.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_fd_poll(fd, &b.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  UNTIL(loop, closed.finals);
  CHECK_EQ(a.finals, 1);
  CHECK_EQ(b.finals, 1);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(on_a_stream), FIXTURE_TEST(in_its_connect),
                                     FIXTURE_TEST(in_an_accept), FIXTURE_TEST(in_a_poll)};
  return RUN_TESTS(tests);
}
