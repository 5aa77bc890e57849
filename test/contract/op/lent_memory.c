// Rule 6: what is lent is borrowed until the final callback and not a moment longer; addresses and
// options are read before the start returns.
#include "rule_tools.h"

enum { BIG = 8 << 20 };

struct lent {
  struct rec rec;
  void *page[2];
  size_t size[2];
};

// Gives the buffer and the buffer array back to the system inside the final callback.
static void give_back(struct rec *rec, int64_t result) {
  (void)result;
  struct lent *lent = (struct lent *)(void *)rec;
  for (int i = 0; i < 2; i++) page_drop(lent->page[i], lent->size[i]);
}

static eddy_buf_t *lend(struct lent *lent, size_t size) {
  memset(lent, 0, sizeof *lent);
  lent->rec.then = give_back;
  lent->size[0] = 4096;
  lent->size[1] = size;
  for (int i = 0; i < 2; i++) lent->page[i] = page_take(lent->size[i]);
  eddy_buf_t *bufs = lent->page[0];
  bufs[0] = buffer(lent->page[1], size / 2);
  bufs[1] = buffer((char *)lent->page[1] + size / 2, size / 2);
  return bufs;
}

static void rule_6_lent_until_the_final_callback(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct lent read, write, cancelled, stuck, closed;
  eddy_stream_read(stream, &read.rec.op, lend(&read, 8192), 2, rec_cb);
  eddy_stream_read(stream, &cancelled.rec.op, lend(&cancelled, 8192), 2, rec_cb);
  eddy_stream_write(stream, &write.rec.op, lend(&write, 8192), 2, rec_cb);
  turns(loop, 2);
  peer_send(&peer, "abc", 3);
  turn_until(loop, &read.rec.finals, 1);
  turn_until(loop, &write.rec.finals, 1);
  eddy_cancel(&cancelled.rec.op);
  turn_until(loop, &cancelled.rec.finals, 1);
  assert_int_equal(cancelled.rec.result, EDDY_ECANCELED);
  peer_send(&peer, "def", 3); // would land in unmapped memory if it were still lent

  eddy_stream_write(stream, &stuck.rec.op, lend(&stuck, BIG), 2, rec_cb);
  turns(loop, 3);
  eddy_cancel(&stuck.rec.op);
  turn_until(loop, &stuck.rec.finals, 1);
  char data[8];
  eddy_buf_t buf = buffer(data, 8);
  struct rec next = {0};
  eddy_stream_read(stream, &next.op, &buf, 1, rec_cb);
  turn_until(loop, &next.finals, 1);
  assert_memory_equal(data, "def", 3);
  eddy_stream_read(stream, &closed.rec.op, lend(&closed, 8192), 2, rec_cb);
  eddy_stream_close(stream, NULL, NULL);
  turn_until(loop, &closed.rec.finals, 1);
  peer_send(&peer, "ghi", 3);
  turns(loop, 5);
  peer_close(&peer);
}

static void rule_6_addresses_and_options_are_read_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t *addr = page_take(4096);
  eddy_listen_options_t *options = page_take(4096);
  *options = (eddy_listen_options_t){.size = sizeof *options, .backlog = 5};
  eddy_addr_loopback(addr, EDDY_AF_INET, 0);
  eddy_listener_t *listener;
  assert_int_equal(eddy_listener_open(loop, addr, options, &listener), 0);
  page_drop(options, 4096);
  assert_int_equal(eddy_listener_address(listener, addr), 0);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  struct rec connect = {0}, accept = {0};
  eddy_listener_accept(listener, &accept.op, rec_cb);
  eddy_stream_connect(stream, &connect.op, addr, rec_cb);
  page_drop(addr, 4096);
  turn_until(loop, &connect.finals, 1);
  turn_until(loop, &accept.finals, 1);
  assert_int_equal(connect.result, 0);
  assert_int_equal(accept.result, 0);
  eddy_stream_close(stream, NULL, NULL);
  eddy_listener_close(listener, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_6_lent_until_the_final_callback),
                                     FIXTURE_TEST(rule_6_addresses_and_options_are_read_at_once)};
  return RUN_TESTS(tests);
}
