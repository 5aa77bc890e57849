// Rule 7: reads, writes and accepts take effect and finish in start order; a shutdown counts as a write.
#include "rule_tools.h"

enum { MANY = 100 };

static void rule_7_reads_and_writes_in_start_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);
  static struct rec reads[MANY], writes[MANY];
  static unsigned char in[MANY][3], out[MANY][3];
  static eddy_buf_t to[MANY], from[MANY];
  memset(reads, 0, sizeof reads);
  memset(writes, 0, sizeof writes);
  struct rec shut = {0}, late = {0}, end = {0};
  for (int i = 0; i < MANY; i++) {
    memset(out[i], i, 3);
    to[i] = buffer(in[i], 1 + (size_t)i % 3);
    eddy_stream_read(b, &reads[i].op, &to[i], 1, rec_cb);
  }
  eddy_stream_read(b, &end.op, &to[0], 1, rec_cb);
  for (int i = 0; i < MANY; i++) {
    from[i] = buffer(out[i], 1 + (size_t)i % 3);
    eddy_stream_write(a, &writes[i].op, &from[i], 1, rec_cb);
  }
  eddy_stream_shutdown(a, &shut.op, EDDY_SHUT_WRITE, rec_cb);
  eddy_stream_write(a, &late.op, &from[0], 1, rec_cb);
  // The reads may be shorter than asked, so the end may come before the last of them.
  turn_until(loop, &end.finals, 1);
  turn_until(loop, &shut.finals, 1);
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_EPIPE);
  assert_int_equal(shut.result, 0);
  assert_int_equal(end.result, 0);
  int total = 0, read_total = 0;
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(writes[i].result, 1 + i % 3);
    if (i) assert_true(writes[i - 1].order < writes[i].order);
    total += 1 + i % 3;
  }
  assert_true(writes[MANY - 1].order < shut.order);
  unsigned char last = 0;
  for (int i = 0; i < MANY; i++) {
    if (i) assert_true(reads[i - 1].order < reads[i].order);
    for (int64_t at = 0; at < reads[i].result; at++) {
      assert_true(in[i][at] >= last);
      last = in[i][at];
    }
    read_total += (int)reads[i].result;
  }
  assert_true(reads[MANY - 1].order < end.order);
  assert_int_equal(total, read_total);
  eddy_stream_close(a, NULL, NULL);
  eddy_stream_close(b, NULL, NULL);
}

// A write too large for the kernel, then small ones: the peer sees the bytes in order.
static void rule_7_writes_behind_a_stuck_one(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  enum { BIG = 8 << 20 };
  unsigned char *memory = page_take(BIG), *got = page_take(BIG + 4096);
  for (size_t i = 0; i < BIG; i++) memory[i] = (unsigned char)(i * 7 + (i >> 8));
  eddy_buf_t halves[3] = {{memory, BIG / 2}, {memory, 0}, {memory + BIG / 2, BIG / 2}};
  eddy_buf_t tail = buffer((char[]){"0123456789"}, 10);
  struct rec big = {0}, empty = {0}, small[5] = {0};
  eddy_stream_write(stream, &big.op, halves, 3, rec_cb);
  eddy_stream_write(stream, &empty.op, NULL, 0, rec_cb);
  for (int i = 0; i < 5; i++) eddy_stream_write(stream, &small[i].op, &tail, 1, rec_cb);
  assert_true(eddy_stream_queued(stream) > 0);
  turns(loop, 3);
  assert_int_equal(empty.finals, 0); // zero bytes, but in their turn
  size_t total = 0;
  while (total < BIG + 50) {
    int64_t more = peer_receive_some(&peer, got + total, BIG + 4096 - total);
    if (more > 0) total += (size_t)more;
    eddy_loop_step(loop, 0);
  }
  turn_until(loop, &small[4].finals, 1);
  assert_int_equal(big.result, BIG);
  assert_int_equal(empty.result, 0);
  assert_true(big.order < empty.order && empty.order < small[0].order);
  for (int i = 1; i < 5; i++) assert_true(small[i - 1].order < small[i].order);
  assert_memory_equal(got, memory, BIG);
  for (int i = 0; i < 5; i++) assert_memory_equal(got + BIG + i * 10, "0123456789", 10);
  assert_int_equal(eddy_stream_queued(stream), 0);
  eddy_stream_close(stream, NULL, NULL);
  page_drop(memory, BIG);
  page_drop(got, BIG + 4096);
  peer_close(&peer);
}

static void rule_7_accepts_in_start_order(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, local[3], peer;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_stream_t *clients[3];
  struct rec accepts[3] = {
      {.then = take_accepted}, {.then = take_accepted}, {.then = take_accepted}};
  for (int i = 0; i < 3; i++) eddy_listener_accept(listener, &accepts[i].op, rec_cb);
  for (int i = 0; i < 3; i++) {
    struct rec connect = {0};
    assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &clients[i]), 0);
    eddy_stream_connect(clients[i], &connect.op, &addr, rec_cb);
    turn_until(loop, &connect.finals, 1);
    assert_int_equal(eddy_stream_local_address(clients[i], &local[i]), 0);
  }
  turn_until(loop, &accepts[2].finals, 1);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(eddy_stream_peer_address(accepts[i].context, &peer), 0);
    assert_true(eddy_addr_equal(&peer, &local[i]));
    if (i) assert_true(accepts[i - 1].order < accepts[i].order);
    eddy_stream_close(accepts[i].context, NULL, NULL);
    eddy_stream_close(clients[i], NULL, NULL);
  }
  eddy_listener_close(listener, NULL, NULL);
}

static void rule_7_ops_without_effect_may_finish_first(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char data[2];
  eddy_buf_t buf = buffer(data, 2);
  struct rec first = {0}, bad = {0};
  eddy_stream_read(stream, &first.op, &buf, 1, rec_cb);
  eddy_stream_read(stream, &bad.op, NULL, 0, rec_cb);
  turn_until(loop, &bad.finals, 1);
  assert_int_equal(first.finals, 0);
  peer_send(&peer, "ab", 2);
  turn_until(loop, &first.finals, 1);
  assert_int_equal(first.result, 2);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_7_reads_and_writes_in_start_order),
                                     FIXTURE_TEST(rule_7_writes_behind_a_stuck_one),
                                     FIXTURE_TEST(rule_7_accepts_in_start_order),
                                     FIXTURE_TEST(rule_7_ops_without_effect_may_finish_first)};
  return RUN_TESTS(tests);
}
