// Rule 14: drain in the middle of traffic; every buffer is unmapped in its op's final callback, so that a
// late touch faults.
#include "rule_tools.h"

enum { PAIRS = 16, SIZE = 65536 };

struct flow {
  struct rec rec; // first
  void *page;
  eddy_stream_t *stream;
  int writes;
};

static void run_flow(struct flow *flow);

static void flow_cb(struct rec *rec, int64_t result) {
  struct flow *flow = (struct flow *)(void *)rec;
  page_drop(flow->page, SIZE + 4096);
  flow->page = NULL;
  if (result > 0) run_flow(flow);
}

static void run_flow(struct flow *flow) {
  flow->page = page_take(SIZE + 4096);
  eddy_buf_t *buf = (eddy_buf_t *)(void *)((char *)flow->page + SIZE);
  *buf = buffer(flow->page, SIZE);
  if (flow->writes)
    eddy_stream_write(flow->stream, &flow->rec.op, buf, 1, rec_cb);
  else
    eddy_stream_read(flow->stream, &flow->rec.op, buf, 1, rec_cb);
}

static void rule_14_drain_under_load(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static struct flow flows[PAIRS][4];
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepts = {0}, connects[PAIRS] = {0};
  memset(flows, 0, sizeof flows);
  for (int i = 0; i < PAIRS; i++) {
    eddy_stream_t *ends[2];
    stream_pair(loop, &ends[0], &ends[1]);
    for (int j = 0; j < 4; j++) {
      flows[i][j] = (struct flow){.rec = {.then = flow_cb}, .stream = ends[j / 2], .writes = j & 1};
      run_flow(&flows[i][j]);
    }
  }
  turns(loop, 50);
  // Connections under way too.
  eddy_listener_accept_many(listener, &accepts.op, 0, rec_cb);
  for (int i = 0; i < PAIRS; i++) {
    eddy_stream_t *stream;
    assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
    eddy_stream_connect(stream, &connects[i].op, &addr, rec_cb);
  }
  eddy_loop_flush(loop);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 10 * EDDY_SECOND), 0);
  for (int i = 0; i < PAIRS; i++) {
    assert_int_equal(connects[i].finals, 1);
    for (int j = 0; j < 4; j++) {
      assert_null(flows[i][j].page);
      assert_int_equal(eddy_op_pending(&flows[i][j].rec.op), 0);
      assert_true(flows[i][j].rec.finals > 0);
    }
  }
  assert_int_equal(accepts.finals, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_14_drain_under_load)};
  return RUN_TESTS(tests);
}
