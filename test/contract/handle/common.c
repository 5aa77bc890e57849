// What all handles have. Their generation: no two in the same memory have the same one, and a closed handle has none.
// Their data: there until the close has been told, and never of the handle before.
#include "peer.h"

static uint32_t generation(const void *handle) {
  return eddy_handle_generation((const eddy_handle_t *)handle);
}

static void of_every_kind(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_stream_t *stream, *peer;
  stream_pair(loop, &stream, &peer);
  eddy_pool_options_t options = {.size = sizeof options, .buffers = 1, .buffer_size = 64};
  eddy_pool_t *pool;
  assert_int_equal(eddy_pool_open(loop, &options, &pool), 0);
  assert_int_equal(generation(NULL), 0);
  assert_int_not_equal(generation(listener), 0);
  assert_int_not_equal(generation(stream), 0);
  assert_int_not_equal(generation(pool), 0);
  eddy_pool_close(pool, NULL, NULL);
  assert_int_equal(generation(pool), 0);
  eddy_listener_close(listener, NULL, NULL);
  assert_int_equal(generation(listener), 0);
  eddy_stream_close(stream, NULL, NULL);
  assert_int_equal(generation(stream), 0);
  close_stream(loop, peer);
}

// A release that is refused leaves the handle what it was.
static void of_a_released_one(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream, *peer;
  stream_pair(loop, &stream, &peer);
  uint32_t before = generation(stream);
  struct rec read = {0}, release = {0};
  char bytes[4];
  eddy_buf_t buf = {bytes, sizeof bytes};
  eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
  eddy_stream_release(stream, &release.op, rec_cb);
  turn_until(loop, &release.finals, 1);
  assert_int_equal(release.result, EDDY_EBUSY);
  assert_int_equal(generation(stream), before);
  eddy_cancel(&read.op);
  turn_until(loop, &read.finals, 1);
  eddy_stream_release(stream, &release.op, rec_cb);
  assert_int_equal(generation(stream), 0);
  turn_until(loop, &release.finals, 2);
  close_stream(loop, peer);
}

static void differs_in_the_same_memory(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *first = NULL;
  uint32_t before = 0;
  int met = 0;
  for (int i = 0; i < 4000 && !met; i++) {
    eddy_stream_t *one, *two;
    assert_int_equal(eddy_stream_pair(loop, &one, &two), 0);
    met = i > 0 && (one == first || two == first);
    if (met) assert_int_not_equal(generation(first), before);
    if (i == 0) {
      first = one;
      before = generation(one);
    }
    close_stream(loop, one);
    close_stream(loop, two);
  }
  assert_true(met || generation(first) == 0);
}

static void *data_of(void *handle) { return eddy_handle_data((eddy_handle_t *)handle); }

static void see_data(struct rec *rec, int64_t result) {
  (void)result;
  assert_ptr_equal(data_of(rec->context), &rec->context);
}

static void the_users_data(void **state) {
  eddy_loop_t *loop = LOOP(state);
  assert_null(eddy_loop_data(loop));
  eddy_loop_set_data(loop, state);
  assert_null(data_of(NULL));
  for (int round = 0; round < 2000; round++) { // in the memory of closed ones, too
    eddy_stream_t *one, *two;
    assert_int_equal(eddy_stream_pair(loop, &one, &two), 0);
    assert_null(data_of(one));
    assert_null(data_of(two));
    struct rec closed = {.then = see_data, .context = one};
    eddy_handle_set_data((eddy_handle_t *)one, &closed.context);
    eddy_stream_close(one, &closed.op, rec_cb);
    turn_until(loop, &closed.finals, 1);
    close_stream(loop, two);
  }
  eddy_addr_t addr;
  struct rec accepted = {.then = take_accepted};
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  eddy_handle_set_data((eddy_handle_t *)listener, &addr);
  struct peer peer = peer_connect(&addr);
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  turn_until(loop, &accepted.finals, 1);
  assert_null(data_of(accepted.context)); // it is no heir of its listener
  assert_ptr_equal(data_of(listener), &addr);
  eddy_listener_close(listener, NULL, NULL);
  close_stream(loop, accepted.context);
  peer_close(&peer);
  assert_ptr_equal(eddy_loop_data(loop), state);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(of_every_kind), FIXTURE_TEST(the_users_data),
                                     FIXTURE_TEST(of_a_released_one),
                                     FIXTURE_TEST(differs_in_the_same_memory)};
  return RUN_TESTS(tests);
}
