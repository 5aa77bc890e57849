// Whatever ends the head of a lane hands the lane on: the op behind it goes on by itself, with no event to help it.
#include "peer.h"

enum head { PLAIN, POOLED, POOLED_ONE, PARKED, HEADS };
enum end { BY_CLOSE, BY_RESET, BY_CANCEL, BY_DEADLINE, BY_POOL, ENDS };

struct reading {
  struct rec rec;
  char room[16];
  int64_t bytes;
};

static void take(struct rec *rec, int64_t result) {
  struct reading *reading = (struct reading *)(void *)rec;
  if (result > 0) reading->bytes += result;
}

static void start(struct reading *reading, eddy_stream_t *stream, eddy_pool_t *pool, int credits) {
  eddy_buf_t in = buffer(reading->room, sizeof reading->room);
  reading->rec.then = take;
  if (pool)
    eddy_stream_read_pool(stream, &reading->rec.op, pool, (uint32_t)credits, rec_cb);
  else
    eddy_stream_read(stream, &reading->rec.op, &in, 1, rec_cb);
}

static eddy_lease_t lease;

static void keep(struct rec *rec, int64_t result) {
  (void)result;
  if (eddy_op_more(&rec->op)) assert_int_equal(eddy_op_take_lease(&rec->op, &lease), 1);
}

// The pool's only buffer is on loan.
static void use_up(eddy_loop_t *loop, eddy_pool_t *pool) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec read = {.then = keep};
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  peer_send(&peer, "x", 1);
  turn_until(loop, &read.mores, 1);
  eddy_cancel(&read.op);
  turn_until(loop, &read.finals, 1);
  close_stream(loop, stream);
  peer_close(&peer);
}

static void one(eddy_loop_t *loop, enum peer_kind kind, enum head head, enum end end,
                int behind_pooled, int early) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, kind, &stream);
  eddy_pool_t *pool = open_pool(loop, head == PARKED ? 1 : 4, 64), *other = open_pool(loop, 4, 64);
  struct reading first = {0}, second = {0};
  if (head == PARKED) use_up(loop, pool);
  if (end == BY_DEADLINE)
    eddy_op_set_deadline(&first.rec.op, eddy_update_now(loop) + 3 * EDDY_MILLISECOND);
  start(&first, stream, head == PLAIN ? NULL : pool, head == POOLED_ONE);
  start(&second, stream, behind_pooled ? other : NULL, 0);
  if (head == PARKED) peer_send(&peer, "!", 1); // it has to come to want a buffer
  if (!early) turns(loop, 4);
  switch (end) {
  case BY_CLOSE: peer_close(&peer); break;
  case BY_RESET: peer_reset(&peer); break;
  case BY_CANCEL: eddy_cancel(&first.rec.op); break;
  case BY_POOL: eddy_pool_close(pool, NULL, NULL); break;
  default: break;
  }
  turn_until(loop, &first.rec.finals, 1);
  int64_t ends[] = {0, EDDY_ECONNRESET, EDDY_ECANCELED, EDDY_ETIMEDOUT, EDDY_ECANCELED};
  if (end == BY_RESET && kind == PEER_LOCAL) ends[end] = 0;
  assert_int_equal(first.rec.result, ends[end]);
  if (end > BY_RESET) {
    if (head != PARKED) peer_send(&peer, "!", 1);
    TURN_UNTIL(loop, second.bytes == 1);
    if (behind_pooled) eddy_cancel(&second.rec.op);
    turn_until(loop, &second.rec.finals, 1);
  } else {
    turn_until(loop, &second.rec.finals, 1);
    assert_int_equal(second.rec.result, ends[end]);
  }
  if (head == PARKED) eddy_pool_give(pool, lease.id);
  eddy_stream_close(stream, NULL, NULL);
  if (end != BY_POOL) eddy_pool_close(pool, NULL, NULL);
  eddy_pool_close(other, NULL, NULL);
  peer_close(&peer);
  all_ended(loop);
}

static void each(eddy_loop_t *loop, enum peer_kind kind) {
  for (enum head head = PLAIN; head < HEADS; head++)
    for (enum end end = BY_CLOSE; end < ENDS; end++)
      for (int mode = 0; mode < 4; mode++) {
        if (head == PLAIN && end == BY_POOL) continue;
        if (head == PARKED && (end < BY_CANCEL || mode / 2)) continue; // it sees neither
        one(loop, kind, head, end, mode % 2, mode / 2);
      }
}

static void reads_of_tcp(void **state) { each(LOOP(state), PEER_TCP); }

static void reads_of_local_streams(void **state) {
  NEEDS(UNIX_SOCKETS);
  each(LOOP(state), PEER_LOCAL);
}

// The kernel's buffers are full, so that the head of the write lane has moved nothing.
static void writes(void **state) {
  NEEDS(FULL_SOCKETS);
  eddy_loop_t *loop = LOOP(state);
  for (int end = BY_CLOSE; end < BY_POOL; end++)
    for (int pieces = 1; pieces < 3; pieces++) {
      eddy_stream_t *stream;
      struct peer peer = peer_open(loop, PEER_TCP, &stream),
                  own = {(int)eddy_stream_native(stream)};
      size_t filled = peer_fill(&own);
      static char block[64];
      struct rec first = {0}, second = {0}, shut = {0};
      eddy_buf_t out[2] = {buffer(block, 32), buffer(block + 32, 32)};
      if (end == BY_DEADLINE)
        eddy_op_set_deadline(&first.op, eddy_update_now(loop) + 3 * EDDY_MILLISECOND);
      eddy_stream_write(stream, &first.op, out, (uint32_t)pieces, rec_cb);
      eddy_stream_write(stream, &second.op, out, (uint32_t)pieces, rec_cb);
      eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
      turns(loop, 3);
      if (end != BY_DEADLINE) assert_int_equal(first.calls, 0); // which may have passed already
      if (end == BY_CLOSE || end == BY_RESET) {
        peer_reset(&peer);
        turn_until(loop, &first.finals, 1);
        turn_until(loop, &second.finals, 1);
        turn_until(loop, &shut.finals, 1);
        assert_true(first.result == EDDY_ECONNRESET || first.result == EDDY_EPIPE);
        assert_int_equal(second.result, EDDY_ECANCELED);
      } else {
        if (end == BY_CANCEL) eddy_cancel(&first.op);
        turn_until(loop, &first.finals, 1);
        assert_int_equal(first.result, end == BY_CANCEL ? EDDY_ECANCELED : EDDY_ETIMEDOUT);
        assert_int_equal(first.transferred, 0);
        static char sink[1 << 16];
        size_t got = 0;
        for (int64_t now; !second.finals || !shut.finals || got < filled + 32 * (size_t)pieces;) {
          while ((now = peer_receive_some(&peer, sink, sizeof sink)) > 0) got += (size_t)now;
          eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
        }
        assert_int_equal(second.result, 32 * pieces);
        assert_int_equal(shut.result, 0);
        assert_int_equal(got, filled + 32 * (size_t)pieces);
        peer_close(&peer);
      }
      close_stream(loop, stream);
    }
}

static void accepts(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int many = 0; many < 2; many++)
    for (int end = BY_CANCEL; end <= BY_DEADLINE; end++)
      for (int early = 0; early < 2; early++) {
        eddy_addr_t addr;
        eddy_listener_t *listener = listen_loopback(loop, &addr);
        struct rec first = {.then = take_accepted}, second = {.then = take_accepted};
        if (end == BY_DEADLINE)
          eddy_op_set_deadline(&first.op, eddy_update_now(loop) + 3 * EDDY_MILLISECOND);
        if (many)
          eddy_listener_accept_many(listener, &first.op, 0, rec_cb);
        else
          eddy_listener_accept(listener, &first.op, rec_cb);
        eddy_listener_accept(listener, &second.op, rec_cb);
        if (!early) turns(loop, 3);
        if (end == BY_CANCEL) eddy_cancel(&first.op);
        turn_until(loop, &first.finals, 1);
        assert_int_equal(first.result, end == BY_CANCEL ? EDDY_ECANCELED : EDDY_ETIMEDOUT);
        struct peer peer = peer_connect(&addr);
        turn_until(loop, &second.finals, 1);
        assert_int_equal(second.result, 0);
        close_stream(loop, second.context);
        eddy_listener_close(listener, NULL, NULL);
        peer_close(&peer);
        all_ended(loop);
      }
}

// A connect that ends takes with it all that waits for it, on each lane.
static void connects(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int end = BY_CLOSE; end < BY_POOL; end++) {
    if (end == BY_RESET) continue;
    struct full_listener full;
    eddy_addr_t addr;
    if (end == BY_CLOSE)
      dead_address(&addr);
    else
      full_listener_open(&full), addr = full.addr;
    eddy_stream_t *stream = open_stream(loop);
    eddy_pool_t *pool = open_pool(loop, 2, 64);
    struct rec connect = {0}, wait = {0}, write = {0}, shut = {0};
    struct reading pooled = {0}, plain = {0};
    if (end == BY_DEADLINE)
      eddy_op_set_deadline(&connect.op, eddy_update_now(loop) + 3 * EDDY_MILLISECOND);
    eddy_buf_t out = buffer("x", 1);
    eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
    start(&pooled, stream, pool, 0);
    start(&plain, stream, NULL, 0);
    eddy_stream_wait(stream, &wait.op, EDDY_READABLE, rec_cb);
    eddy_stream_write(stream, &write.op, &out, 1, rec_cb);
    eddy_stream_shutdown(stream, &shut.op, EDDY_SHUT_WRITE, rec_cb);
    if (end == BY_CANCEL) {
      turns(loop, 3);
      eddy_cancel(&connect.op);
    }
    struct rec *all[] = {&connect, &pooled.rec, &plain.rec, &wait, &write, &shut};
    for (int i = 0; i < COUNT(all); i++) turn_until(loop, &all[i]->finals, 1);
    const int64_t why[] = {EDDY_ECONNREFUSED, 0, EDDY_ECANCELED, EDDY_ETIMEDOUT};
    for (int i = 0; i < COUNT(all); i++) assert_int_equal(all[i]->result, why[end]);
    close_stream(loop, stream);
    eddy_pool_close(pool, NULL, NULL);
    all_ended(loop);
    if (end != BY_CLOSE) full_listener_close(&full);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(reads_of_tcp),
                                     FIXTURE_TEST(reads_of_local_streams), FIXTURE_TEST(writes),
                                     FIXTURE_TEST(accepts), FIXTURE_TEST(connects)};
  return RUN_TESTS(tests);
}
