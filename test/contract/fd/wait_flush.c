// A wait reports what holds when the loop looks, in the turn that begins behind its start: not what held before and
// holds no more, and all that holds by then.
#include "waited.h"

static void what_is_gone_is_not_told(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (enum how how = STREAM; how < HOWS; how++)
    for (int first = 0; first < 2; first++) { // the first wait of a descriptor, and a later one
      struct waited waited = waited_open(loop, how);
      struct rec wait = {0};
      if (!first) {
        peer_send(&waited.peer, "x", 1);
        waited_start(&waited, &wait, EDDY_READABLE);
        assert_int_equal(waited_told(loop, &wait), EDDY_READABLE);
        waited_steal(&waited, 1);
      }
      peer_send(&waited.peer, "y", 1);
      peer_settled(&waited.peer);
      waited_start(&waited, &wait, EDDY_READABLE);
      waited_steal(&waited, 1);
      turns(loop, 4);
      assert_int_equal(wait.calls, 0);
      peer_send(&waited.peer, "z", 1);
      assert_int_equal(waited_told(loop, &wait), EDDY_READABLE);
      waited_close(loop, &waited);
    }
}

// ... nor to a wait that has been pending for long, when it came and went between two turns.
static void what_came_and_went_is_not_told(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (enum how how = STREAM; how < HOWS; how++) {
    struct waited waited = waited_open(loop, how);
    struct rec wait = {0};
    waited_start(&waited, &wait, EDDY_READABLE);
    turns(loop, 3);
    for (int i = 0; i < 3; i++) {
      peer_send(&waited.peer, "x", 1);
      peer_settled(&waited.peer);
      waited_steal(&waited, 1);
      turns(loop, 3);
      assert_int_equal(wait.calls, 0);
    }
    peer_send(&waited.peer, "z", 1);
    assert_int_equal(waited_told(loop, &wait), EDDY_READABLE);
    waited_close(loop, &waited);
  }
}

static void what_has_come_is_told(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (enum how how = STREAM; how < HOWS; how++) {
    struct waited waited = waited_open(loop, how);
    struct rec wait = {0}, other = {0};
    for (int i = 0; i < 2; i++) {
      waited_start(&waited, &wait, EDDY_READABLE | EDDY_WRITABLE | EDDY_DISCONNECT);
      peer_send(&waited.peer, "x", 1);
      peer_settled(&waited.peer);
      assert_int_equal(waited_told(loop, &wait), EDDY_READABLE | EDDY_WRITABLE);
      waited_steal(&waited, 1);
    }
    waited_start(&waited, &other, EDDY_DISCONNECT | EDDY_READABLE);
    peer_half_close(&waited.peer);
    assert_int_equal(waited_told(loop, &other), EDDY_DISCONNECT | EDDY_READABLE);
    waited_close(loop, &waited);
  }
}

// A wait that ends inside its start tells the others nothing: they hear what holds at their own time.
static void an_inline_wait_speaks_for_itself(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (enum how how = STREAM; how < HOWS; how++) {
    struct waited waited = waited_open(loop, how);
    struct rec wait = {0}, quick = {0};
    waited_start(&waited, &wait, EDDY_READABLE);
    turns(loop, 2);
    peer_send(&waited.peer, "x", 1);
    peer_settled(&waited.peer);
    eddy_op_set_flags(&quick.op, EDDY_OP_INLINE);
    int ended = how == STREAM ? eddy_stream_wait(waited.stream, &quick.op, EDDY_READABLE, rec_cb)
                              : eddy_fd_poll(waited.fd, &quick.op, EDDY_READABLE, 0, rec_cb);
    waited_steal(&waited, 1);
    turns(loop, 3);
    assert_int_equal(wait.calls, 0);
    assert_int_equal(quick.calls, 0);
    if (ended == EDDY_DONE) assert_int_equal(eddy_op_result(&quick.op), EDDY_READABLE);
    peer_send(&waited.peer, "y", 1);
    assert_int_equal(waited_told(loop, &wait), EDDY_READABLE);
    if (ended == EDDY_PENDING) turn_until(loop, &quick.finals, 1);
    waited_steal(&waited, 1);
    assert_int_equal(eddy_op_pending(&quick.op), 0);
    quick.finals = 0; // alone it ends at once
    ended = how == STREAM ? eddy_stream_wait(waited.stream, &quick.op, EDDY_WRITABLE, rec_cb)
                          : eddy_fd_poll(waited.fd, &quick.op, EDDY_WRITABLE, 0, rec_cb);
    assert_int_equal(ended, EDDY_DONE);
    assert_int_equal(eddy_op_result(&quick.op), EDDY_WRITABLE);
    waited_close(loop, &waited);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(what_is_gone_is_not_told), FIXTURE_TEST(what_came_and_went_is_not_told),
      FIXTURE_TEST(what_has_come_is_told), FIXTURE_TEST(an_inline_wait_speaks_for_itself)};
  return RUN_TESTS(tests);
}
