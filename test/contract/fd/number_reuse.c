// A descriptor number that is closed and given out again within one batch of events: those that are left
// of the old owner must not reach the new one.
#include "needs.h"

#if HAS_POSIX_FILES

#include "trap.h"

enum { kStreams = 32, kRounds = 60 };

struct slot {
  struct rec read;
  eddy_stream_t *stream;
  int peer;
  char room[16];
};

static struct slot slots[kStreams], fresh[kStreams];
static eddy_loop_t *loop;
static int replaced, same_number, spurious;

static void heard(struct rec *rec, int64_t result) {
  struct slot *slot = (struct slot *)(void *)rec;
  if (result == EDDY_ECANCELED) return;
  if (result != 3 || memcmp(slot->room, "new", 3) != 0) spurious++;
}

// The first one called closes all the others, whose bytes are in the same batch, and makes new ones.
static void replace(struct rec *rec, int64_t result) {
  (void)rec;
  if (replaced++) return;
  CHECK(result > 0);
  for (int i = 0; i < kStreams; i++) eddy_stream_close(slots[i].stream, NULL, NULL);
}

static void renew(void) {
  for (int i = 0; i < kStreams; i++) {
    memset(&fresh[i], 0, sizeof fresh[i]);
    fresh[i].peer = tcp_peer(loop, &fresh[i].stream);
    fresh[i].read.then = heard;
    eddy_buf_t in = buffer(fresh[i].room, sizeof fresh[i].room);
    eddy_stream_read(fresh[i].stream, &fresh[i].read.op, &in, 1, rec_cb);
  }
}

static void old_events_stay_old(void **state) {
  loop = LOOP(state);
  for (int round = 0; round < kRounds; round++) {
    replaced = 0;
    int highest = 0, reused = 0;
    for (int i = 0; i < kStreams; i++) {
      struct slot *slot = &slots[i];
      memset(slot, 0, sizeof *slot);
      slot->peer = tcp_peer(loop, &slot->stream);
      slot->read.then = replace;
      eddy_buf_t in = buffer(slot->room, sizeof slot->room);
      eddy_stream_read(slot->stream, &slot->read.op, &in, 1, rec_cb);
      if ((int)eddy_stream_native(slot->stream) > highest)
        highest = (int)eddy_stream_native(slot->stream);
    }
    eddy_loop_step(loop, 0);
    for (int i = 0; i < kStreams; i++) CHECK_EQ(write(slots[i].peer, "old", 3), 3);
    while (!replaced) eddy_loop_step(loop, EDDY_NEVER);
    for (int i = 0; i < 3 && round % 2; i++) eddy_loop_step(loop, 0);
    renew();
    for (int i = 0; i < kStreams; i++) reused += eddy_stream_native(fresh[i].stream) <= highest;
    same_number += reused;
    for (int i = 0; i < kStreams; i++) raw_reset(slots[i].peer); // the last events of the old ones
    for (int i = 0; i < 3; i++) eddy_loop_step(loop, 0);
    for (int i = 0; i < kStreams; i++) CHECK_EQ(fresh[i].read.calls, 0);
    for (int i = 0; i < kStreams; i++) CHECK_EQ(write(fresh[i].peer, "new", 3), 3);
    for (int i = 0; i < kStreams; i++) UNTIL(loop, fresh[i].read.finals);
    for (int i = 0; i < kStreams; i++) {
      CHECK_EQ(slots[i].read.finals, 1);
      eddy_stream_close(fresh[i].stream, NULL, NULL);
      raw_reset(fresh[i].peer);
    }
    eddy_loop_step(loop, 0);
    eddy_loop_step(loop, 0);
  }
  CHECK(same_number > 0);
  CHECK_EQ(spurious, 0);
}

// A listener and its accepts in the same batch: an accepted connection gets the number just closed.
static eddy_listener_t *listener;
static struct rec accepts;
static int accepted;

static void accept_more(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  CHECK_EQ(result, 0);
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  struct slot *slot = &fresh[accepted++];
  memset(slot, 0, sizeof *slot);
  slot->stream = stream;
  slot->read.then = heard;
  eddy_buf_t in = buffer(slot->room, sizeof slot->room);
  eddy_stream_read(stream, &slot->read.op, &in, 1, rec_cb);
}

static void accepted_ones_too(void **state) {
  loop = LOOP(state);
  eddy_addr_t addr;
  listener = listen_loopback(loop, &addr);
  memset(&accepts, 0, sizeof accepts);
  accepts.then = accept_more;
  eddy_listener_accept_many(listener, &accepts.op, 1, rec_cb);
  spurious = 0;
  for (int round = 0; round < kRounds; round++) {
    accepted = replaced = 0;
    for (int i = 0; i < 8; i++) {
      slots[i].peer = tcp_peer(loop, &slots[i].stream);
      memset(&slots[i].read, 0, sizeof slots[i].read);
      eddy_buf_t in = buffer(slots[i].room, sizeof slots[i].room);
      eddy_stream_read(slots[i].stream, &slots[i].read.op, &in, 1, rec_cb);
    }
    eddy_loop_step(loop, 0);
    int peers[8];
    for (int i = 0; i < 8; i++) {
      peers[i] = socket(AF_INET, SOCK_STREAM, 0);
      connect_raw(peers[i], &addr);
      CHECK_EQ(write(slots[i].peer, "old", 3), 3);
      eddy_stream_close(slots[i].stream, NULL, NULL);
    }
    UNTIL(loop, accepted == 8);
    for (int i = 0; i < 8; i++) raw_reset(slots[i].peer);
    eddy_loop_step(loop, 0);
    for (int i = 0; i < 8; i++) CHECK_EQ(write(peers[i], "new", 3), 3);
    for (int i = 0; i < 8; i++) {
      UNTIL(loop, fresh[i].read.finals);
      CHECK_EQ(fresh[i].read.calls, 1);
      eddy_stream_close(fresh[i].stream, NULL, NULL);
      raw_reset(peers[i]);
    }
  }
  CHECK_EQ(spurious, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(old_events_stay_old),
                                     FIXTURE_TEST(accepted_ones_too)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the lowest free number is given to the next descriptor by POSIX only");
#endif
