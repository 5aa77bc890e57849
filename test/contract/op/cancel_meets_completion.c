// A cancel that meets the completion: whoever wins, there is one callback, and what it reports is true.
#include "peer.h"
#include "trap.h"

enum { kRounds = 2000 };

static int canceled, completed;

static void tally(const struct rec *rec) {
  CHECK_EQ(rec->finals, 1);
  if (rec->result == EDDY_ECANCELED)
    canceled++;
  else if (rec->result >= 0)
    completed++;
  else
    CHECK_EQ(rec->result, 0);
}

static void both_seen(void) {
  printf("%d cancelled, %d completed\n", canceled, completed);
  CHECK(canceled > 0);
  CHECK(completed > 0);
  CHECK_EQ(canceled + completed, kRounds);
  canceled = completed = 0;
}

// How far the loop gets between the event and the cancel: sometimes not at all.
static void let_it_race(eddy_loop_t *loop, eddy_op_t *op, int round, struct peer *peer, int end) {
  if (round % 3 == 0) eddy_cancel(op);
  if (peer) peer_send(peer, "x", 1);
  if (end >= 0) CHECK_EQ(write(end, "x", 1), 1);
  if (round % 3 == 1) eddy_loop_flush(loop);
  for (int i = 0; i < 2 && round % 3 == 2; i++) eddy_loop_step(loop, 0);
  eddy_cancel(op);
}

static void reads(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  int64_t sent = 0, got = 0;
  char in[64];
  eddy_buf_t room = buffer(in, sizeof in);
  for (int i = 0; i < kRounds; i++) {
    struct rec read = {0};
    eddy_stream_read(stream, &read.op, &room, 1, rec_cb);
    if (i % 2) eddy_loop_step(loop, 0);
    if (!read.finals) {
      let_it_race(loop, &read.op, i, &peer, -1);
      sent++;
    }
    UNTIL(loop, read.finals);
    tally(&read);
    if (read.result > 0) got += read.result;
  }
  while (got < sent) {
    struct rec read = {0};
    eddy_stream_read(stream, &read.op, &room, 1, rec_cb);
    UNTIL(loop, read.finals);
    CHECK(read.result > 0);
    got += read.result;
  }
  CHECK_EQ(got, sent);
  both_seen();
  peer_close(&peer);
}

static int64_t pooled;

static void count_pooled(struct rec *rec, int64_t result) {
  if (eddy_op_more(&rec->op)) pooled += result;
}

static void pool_reads(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_pool_t *pool = pool_of(loop, 4, 64);
  int64_t sent = 0;
  pooled = 0;
  for (int i = 0; i < kRounds; i++) {
    struct rec read = {.then = count_pooled};
    eddy_stream_read_pool(stream, &read.op, pool, i % 5 ? 0 : 1, rec_cb);
    if (i % 2) eddy_loop_step(loop, 0);
    let_it_race(loop, &read.op, i, &peer, -1);
    sent++;
    UNTIL(loop, read.finals);
    CHECK_EQ(read.finals, 1);
    CHECK_EQ(read.result, EDDY_ECANCELED);
    read.mores ? completed++ : canceled++;
  }
  peer_half_close(&peer);
  struct rec rest = {.then = count_pooled};
  eddy_stream_read_pool(stream, &rest.op, pool, 0, rec_cb);
  UNTIL(loop, rest.finals);
  CHECK_EQ(rest.result, 0);
  CHECK_EQ(pooled, sent);
  CHECK_EQ(eddy_pool_free(pool), 4);
  both_seen();
  peer_close(&peer);
}

static void polls(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int ends[2];
  char in[64];
  CHECK_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
  eddy_fd_t *fd;
  CHECK_EQ(eddy_fd_open(loop, ends[0], &fd), 0);
  for (int i = 0; i < kRounds; i++) {
    struct rec poll = {0};
    eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
    if (i % 2) eddy_loop_step(loop, 0);
    let_it_race(loop, &poll.op, i, NULL, ends[1]);
    UNTIL(loop, poll.finals);
    tally(&poll);
    CHECK_EQ(read(ends[0], in, sizeof in), 1); // a poll takes nothing
  }
  both_seen();
  eddy_fd_close(fd, NULL, NULL);
  close(ends[0]);
  close(ends[1]);
}

static void connects_and_accepts(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  int accepts[2] = {0};
  for (int i = 0; i < kRounds; i++) {
    struct rec connect = {0}, accept = {0}; // what is not taken is closed
    eddy_stream_t *stream;
    CHECK_EQ(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
    eddy_listener_accept(listener, &accept.op, rec_cb);
    eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
    if (i % 4 == 0) eddy_cancel(&accept.op);
    let_it_race(loop, &connect.op, i, NULL, -1);
    if (i % 4 == 1) eddy_cancel(&accept.op);
    UNTIL(loop, connect.finals);
    tally(&connect);
    eddy_cancel(&accept.op);
    UNTIL(loop, accept.finals);
    CHECK_EQ(accept.finals, 1);
    if (accept.result) CHECK_EQ(accept.result, EDDY_ECANCELED);
    accepts[accept.result == 0]++;
    eddy_stream_close_reset(stream, NULL, NULL);
    eddy_loop_step(loop, 0);
  }
  both_seen();
  CHECK(accepts[0] && accepts[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(reads), FIXTURE_TEST(pool_reads),
                                     FIXTURE_TEST(polls), FIXTURE_TEST(connects_and_accepts)};
  return RUN_TESTS(tests);
}
