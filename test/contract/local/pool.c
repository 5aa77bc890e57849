// Pool reads on local streams: hard credits, no buffer for the idle, what has arrived before the end.
#include "local.h"

enum { SIZE = 4096, BUFFERS = 8 };

struct taker {
  struct rec read;
  uint64_t bytes;
  eddy_lease_t kept[BUFFERS];
  int keeps, count;
};

static void take(struct rec *rec, int64_t result) {
  struct taker *taker = rec->context;
  if (!eddy_op_more(&rec->op)) return;
  eddy_lease_t lease;
  assert_int_equal(eddy_op_take_lease(&rec->op, &lease), 1);
  assert_int_equal(lease.size, result);
  pattern_check(lease.data, lease.size, taker->bytes);
  taker->bytes += lease.size;
  taker->kept[taker->count++] = lease;
}

static void give_all(struct taker *taker, eddy_pool_t *pool) {
  int count = taker->count;
  taker->count = 0;
  for (int i = 0; i < count; i++) assert_int_equal(eddy_pool_give(pool, taker->kept[i].id), 0);
}

static void credits_hold(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  eddy_pool_t *pool = open_pool(loop, BUFFERS, SIZE);
  struct taker taker = {.read = {.then = take}};
  taker.read.context = &taker;
  eddy_stream_read_pool(ends[1], &taker.read.op, pool, 3, rec_cb);
  turns(loop, 3);
  assert_int_equal(eddy_pool_free(pool), BUFFERS); // an idle read holds none
  enum { TOTAL = 40 * SIZE };
  char *data = malloc(TOTAL);
  pattern_fill(data, TOTAL, 0);
  eddy_buf_t out = buffer(data, TOTAL);
  struct rec write = {0};
  eddy_stream_write(ends[0], &write.op, &out, 1, rec_cb);
  TURN_UNTIL(loop, taker.count == 3);
  turns(loop, 5);
  assert_int_equal(taker.count, 3);
  while (taker.bytes < TOTAL) {
    give_all(&taker, pool);
    TURN_UNTIL(loop, taker.count > 0);
    assert_true(taker.count <= 3);
  }
  turn_until(loop, &write.finals, 1);
  give_all(&taker, pool);
  close_stream(loop, ends[0]);
  turn_until(loop, &taker.read.finals, 1);
  assert_int_equal(taker.read.result, 0);
  assert_int_equal(eddy_pool_free(pool), BUFFERS);
  close_stream(loop, ends[1]);
  eddy_pool_close(pool, NULL, NULL);
  free(data);
}

// A cancelled pool read leaves the bytes to the next read; a pool that closes ends its reads.
static void ends(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *ends[2];
  local_pair(loop, ends);
  eddy_pool_t *pool = open_pool(loop, 2, SIZE);
  struct taker taker = {.read = {.then = take}};
  taker.read.context = &taker;
  for (int round = 1; round <= 5; round++) {
    eddy_stream_read_pool(ends[1], &taker.read.op, pool, 0, rec_cb);
    if (round & 1) turns(loop, 2);
    eddy_cancel(&taker.read.op);
    turn_until(loop, &taker.read.finals, round);
    assert_int_equal(taker.read.result, EDDY_ECANCELED);
    send_text(loop, ends[0], "plain");
    expect_text(loop, ends[1], "plain");
  }
  eddy_stream_read_pool(ends[1], &taker.read.op, pool, 0, rec_cb);
  turns(loop, 2);
  struct rec closed = {0};
  eddy_pool_close(pool, &closed.op, rec_cb);
  turn_until(loop, &closed.finals, 1);
  assert_int_equal(taker.read.finals, 6);
  assert_int_equal(taker.read.result, EDDY_ECANCELED);
  close_pair(loop, ends);
}

// Two streams share a pool that is too small for both: the one that waits has its turn.
static void share(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *one[2], *two[2];
  local_pair(loop, one);
  local_pair(loop, two);
  eddy_pool_t *pool = open_pool(loop, 1, SIZE);
  struct taker a = {.read = {.then = take}}, b = {.read = {.then = take}};
  a.read.context = &a;
  b.read.context = &b;
  eddy_stream_read_pool(one[1], &a.read.op, pool, 0, rec_cb);
  eddy_stream_read_pool(two[1], &b.read.op, pool, 0, rec_cb);
  char byte;
  pattern_fill(&byte, 1, 0);
  for (int round = 0; round < 10; round++) {
    struct rec writes[2] = {0};
    a.bytes = b.bytes = 0;
    eddy_buf_t out = buffer(&byte, 1);
    eddy_stream_write(one[0], &writes[0].op, &out, 1, rec_cb);
    eddy_stream_write(two[0], &writes[1].op, &out, 1, rec_cb);
    TURN_UNTIL(loop, a.count + b.count == 1);
    turns(loop, 3);
    assert_int_equal(a.count + b.count, 1);
    give_all(a.count ? &a : &b, pool);
    TURN_UNTIL(loop, a.count + b.count == 1);
    give_all(a.count ? &a : &b, pool);
    assert_int_equal(a.bytes + b.bytes, 2);
    TURN_UNTIL(loop, writes[0].finals && writes[1].finals);
  }
  close_pair(loop, one);
  close_pair(loop, two);
  eddy_pool_close(pool, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(credits_hold), FIXTURE_TEST(ends),
                                     FIXTURE_TEST(share)};
  return RUN_TESTS(tests);
}
