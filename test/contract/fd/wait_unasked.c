// Waits are told what they asked for and errors, and nothing is told or woken by what it has not asked for: plain data
// is no urgent data, and the end of the peer's side concerns reads, and waits for EDDY_READABLE and EDDY_DISCONNECT.
#include "waited.h"

static void plain_data_is_not_urgent(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (enum how how = STREAM; how < HOWS; how++) {
    struct waited waited = waited_open(loop, how);
    struct rec urgent = {0}, plain = {0};
    waited_start(&waited, &urgent, EDDY_PRIORITY);
    for (int i = 0; i < 4; i++) { // on its way, and there when a wait is started
      peer_send(&waited.peer, "plain", 5);
      peer_settled(&waited.peer);
      turns(loop, 3);
      assert_int_equal(urgent.calls, 0);
    }
    waited_start(&waited, &plain, EDDY_PRIORITY | EDDY_READABLE);
    assert_int_equal(waited_told(loop, &plain), EDDY_READABLE);
    assert_int_equal(urgent.calls, 0);
    peer_urgent(&waited.peer, '!');
    assert_int_equal(waited_told(loop, &urgent), EDDY_PRIORITY);
    waited_start(&waited, &plain, EDDY_PRIORITY | EDDY_READABLE);
    assert_int_equal(waited_told(loop, &plain), EDDY_READABLE | EDDY_PRIORITY);
    waited_close(loop, &waited);
  }
}

enum { kFew = 10 }; // a loop that spins has thousands

// Turns until a timer, and how many those were: a step that returns earlier was woken for nothing.
static int quiet_turns(eddy_loop_t *loop) {
  struct rec timer = {0};
  int count = 0;
  eddy_sleep(loop, &timer.op, eddy_update_now(loop) + 20 * EDDY_MILLISECOND, rec_cb);
  for (; !timer.finals; count++) eddy_loop_step(loop, EDDY_NEVER);
  return count;
}

static void a_half_close_wakes_nobody_else(void **state) {
  NEEDS(FULL_SOCKETS);
  eddy_loop_t *loop = LOOP(state);
  for (enum how how = STREAM; how < HOWS; how++) {
    struct waited waited = waited_open(loop, how);
    struct rec full = {0}, urgent = {0}, error = {0}, ended = {0};
    struct peer own = {waited.native};
    peer_fill(&own);
    waited_start(&waited, &full, EDDY_WRITABLE);
    waited_start(&waited, &urgent, EDDY_PRIORITY);
    waited_start(&waited, &error, EDDY_POLL_ERROR);
    turns(loop, 3);
    peer_half_close(&waited.peer);
    assert_true(quiet_turns(loop) <= kFew);
    assert_true(quiet_turns(loop) <= kFew);
    assert_int_equal(full.calls + urgent.calls + error.calls, 0);
    waited_start(&waited, &ended, EDDY_DISCONNECT);
    assert_int_equal(waited_told(loop, &ended), EDDY_DISCONNECT);
    assert_true(quiet_turns(loop) <= kFew);
    assert_int_equal(full.calls + urgent.calls + error.calls, 0);
    waited_close(loop, &waited);
  }
}

// A reset is an error and a hang-up: told to all.
static void a_reset_ends_them_all(void **state) {
  eddy_loop_t *loop = LOOP(state);
  const uint32_t asked[] = {EDDY_WRITABLE, EDDY_PRIORITY, EDDY_POLL_ERROR, EDDY_READABLE};
  for (enum how how = STREAM; how < HOWS; how++) {
    struct waited waited = waited_open(loop, how);
    struct rec waits[COUNT(asked)] = {0};
    struct peer own = {waited.native};
    peer_fill(&own);
    for (int i = 0; i < COUNT(asked); i++) waited_start(&waited, &waits[i], asked[i]);
    turns(loop, 3);
    peer_reset(&waited.peer);
    for (int i = 0; i < COUNT(asked); i++) {
      int64_t told = waited_told(loop, &waits[i]);
      assert_true(told > 0 && (told & ~(int64_t)(asked[i] | EDDY_POLL_ERROR)) == 0);
      // Where no socket is ever full it has been writable before, for a moment at least.
      assert_true(told & EDDY_POLL_ERROR || (asked[i] == EDDY_WRITABLE && !HAS_FULL_SOCKETS));
    }
    waited_close(loop, &waited);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(plain_data_is_not_urgent),
                                     FIXTURE_TEST(a_half_close_wakes_nobody_else),
                                     FIXTURE_TEST(a_reset_ends_them_all)};
  return RUN_TESTS(tests);
}
