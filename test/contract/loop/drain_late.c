// Rule 14: a drain whose time is over from the start does not wait, but delivers what is due and what follows from it, in
// a handful of turns. Work without an end cannot hold it.
#include "rule_tools.h"

enum { CHAIN = 6 };

static eddy_loop_t *the_loop;
static int links, limit;

static void go_on(struct rec *rec, int64_t result) {
  (void)result;
  if (++links < limit) eddy_yield(the_loop, &rec->op, rec_cb);
}

// Each link is refused, and told so in a turn of its own.
static void a_chain_ends(void **state) {
  eddy_loop_t *loop = the_loop = LOOP(state);
  eddy_remote_t *remote = eddy_loop_remote(loop);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  struct rec chain = {.then = go_on}, posted = {0}, tick = {0}, closed = {0};
  links = 0;
  limit = CHAIN;
  eddy_sleep(loop, &chain.op, EDDY_NEVER, rec_cb);
  eddy_tick(loop, &tick.op, EDDY_NEVER, 1, EDDY_TICK_SKIP, rec_cb);
  eddy_post(remote, &posted.op, rec_cb);
  eddy_stream_close(stream, &closed.op, rec_cb);
  assert_int_equal(eddy_loop_drain(loop, 0), 0);
  assert_int_equal(links, CHAIN);
  assert_int_equal(chain.result, EDDY_ECLOSED);
  assert_int_equal(tick.result, EDDY_ECANCELED);
  assert_int_equal(posted.result, EDDY_ECANCELED);
  assert_int_equal(closed.finals, 1);
  eddy_remote_release(remote);
}

static void one_without_an_end_does_not_hold_it(void **state) {
  eddy_loop_t *loop = the_loop = LOOP(state);
  struct rec chain = {.then = go_on};
  links = 0;
  limit = 1000000;
  eddy_yield(loop, &chain.op, rec_cb);
  assert_int_equal(eddy_loop_drain(loop, 0), 1);
  assert_true(links >= CHAIN && links < 20);
  limit = 0;
  assert_int_equal(eddy_loop_drain(loop, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(a_chain_ends),
                                     FIXTURE_TEST(one_without_an_end_does_not_hold_it)};
  return RUN_TESTS(tests);
}
