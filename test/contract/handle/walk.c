// A walk visits the handles that are open, whatever it does with them, and a handle of any kind is closed by one call.
#include "tcp.h"

#define MOST 8

struct seen {
  eddy_handle_t *handles[MOST];
  int count;
  eddy_handle_t *also; // closed at the first visit
  eddy_loop_t *opens;
};

static void note(eddy_handle_t *handle, void *argument) {
  struct seen *seen = argument;
  assert_true(seen->count < MOST);
  seen->handles[seen->count++] = handle;
}

static struct seen walk(eddy_loop_t *loop) {
  struct seen seen = {0};
  eddy_loop_walk(loop, note, &seen);
  return seen;
}

static void close_it(eddy_handle_t *handle, void *argument) {
  note(handle, argument);
  assert_int_equal(eddy_handle_close(handle, NULL, NULL), EDDY_PENDING);
}

static void close_another(eddy_handle_t *handle, void *argument) {
  struct seen *seen = argument;
  note(handle, argument);
  if (seen->count == 1) eddy_handle_close(seen->also, NULL, NULL);
}

static void open_more(eddy_handle_t *handle, void *argument) {
  struct seen *seen = argument;
  note(handle, argument);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(seen->opens, EDDY_AF_INET, &stream), 0);
}

static void close_last_and_open(eddy_handle_t *handle, void *argument) {
  struct seen *seen = argument;
  if (!seen->count) eddy_handle_close(seen->also, NULL, NULL);
  open_more(handle, argument);
}

static void walk_again(eddy_handle_t *handle, void *argument) {
  note(handle, argument);
  eddy_loop_walk(eddy_handle_loop(handle), close_it, &(struct seen){0});
}

static void one_of_each(eddy_loop_t *loop, eddy_handle_t *of[4]) {
  eddy_addr_t addr;
  eddy_stream_t *stream;
  eddy_pool_options_t options = {.size = sizeof options, .buffers = 1, .buffer_size = 64};
  eddy_pool_t *pool;
  of[0] = (eddy_handle_t *)listen_loopback(loop, &addr);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  of[1] = (eddy_handle_t *)stream;
  assert_int_equal(eddy_pool_open(loop, &options, &pool), 0);
  of[2] = (eddy_handle_t *)pool;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  of[3] = (eddy_handle_t *)stream;
}

static void told_closed(struct rec *rec, int64_t result) {
  assert_int_equal(result, 0);
  assert_int_equal(eddy_handle_kind(rec->context), 0);
  assert_int_equal(eddy_handle_closing(rec->context), 1);
}

static void of_every_kind(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_handle_t *of[4];
  static const uint32_t kinds[] = {EDDY_HANDLE_LISTENER, EDDY_HANDLE_STREAM, EDDY_HANDLE_POOL,
                                   EDDY_HANDLE_STREAM};
  one_of_each(loop, of);
  struct seen seen = walk(loop);
  assert_int_equal(seen.count, 4);
  struct rec closes[4] = {0};
  for (int i = 0; i < 4; i++) {
    assert_ptr_equal(seen.handles[i], of[i]); // as they were opened
    assert_int_equal(eddy_handle_kind(of[i]), kinds[i]);
    assert_int_equal(eddy_handle_closing(of[i]), 0);
    closes[i].then = told_closed;
    closes[i].context = of[i];
    assert_int_equal(eddy_handle_close(of[i], &closes[i].op, rec_cb), EDDY_PENDING);
    assert_int_equal(eddy_handle_closing(of[i]), 1);
    assert_int_equal(walk(loop).count, 3 - i);
  }
  for (int i = 0; i < 4; i++) turn_until(loop, &closes[i].finals, 1);
  assert_string_equal(eddy_handle_kind_name(EDDY_HANDLE_LISTENER), "listener");
  assert_string_equal(eddy_handle_kind_name(EDDY_HANDLE_POOL), "pool");
  assert_null(eddy_handle_kind_name(0));
  assert_null(eddy_handle_kind_name(EDDY_HANDLE_POOL + 1));
  assert_int_equal(eddy_handle_kind(NULL), 0);
  assert_int_equal(eddy_handle_closing(NULL), 0);
}

static void closing_as_it_goes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_handle_t *of[4];
  one_of_each(loop, of);
  struct seen seen = {0};
  eddy_loop_walk(loop, close_it, &seen);
  assert_int_equal(seen.count, 4);
  assert_int_equal(walk(loop).count, 0);
}

// Those that are closed before their turn are not visited: the next, one further on, the last.
static void closing_others(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int which = 1; which < 4; which++) {
    eddy_handle_t *of[4];
    one_of_each(loop, of);
    struct seen seen = {.also = of[which]};
    eddy_loop_walk(loop, close_another, &seen);
    assert_int_equal(seen.count, 3);
    for (int i = 0; i < 3; i++) assert_ptr_not_equal(seen.handles[i], of[which]);
    eddy_loop_walk(loop, close_it, &(struct seen){0});
  }
}

static void opening_others(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_handle_t *of[4];
  one_of_each(loop, of);
  struct seen seen = {.opens = loop};
  eddy_loop_walk(loop, open_more, &seen);
  assert_int_equal(seen.count, 4);
  assert_int_equal(walk(loop).count, 8);
  eddy_loop_walk(loop, close_it, &(struct seen){0});
}

static void closing_the_last_and_opening(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_handle_t *of[4];
  one_of_each(loop, of);
  struct seen seen = {.also = of[3], .opens = loop};
  eddy_loop_walk(loop, close_last_and_open, &seen);
  assert_int_equal(seen.count, 3);
  eddy_loop_walk(loop, close_it, &(struct seen){0});
}

static void within_a_walk(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_handle_t *of[4];
  one_of_each(loop, of);
  struct seen seen = {0};
  eddy_loop_walk(loop, walk_again, &seen);
  assert_int_equal(seen.count, 1);
}

static void take(struct rec *rec, int64_t result) {
  assert_int_equal(result, 0);
  eddy_loop_t *loop = rec->context;
  assert_int_equal(walk(loop).count, 2); // the listener, and who has connected
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  assert_non_null(stream);
  assert_int_equal(walk(loop).count, 3);
  eddy_stream_close(stream, NULL, NULL);
}

static void not_yet_taken(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accept = {.then = take, .context = loop}, connect = {0};
  eddy_listener_accept(listener, &accept.op, rec_cb);
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(loop, addr.family, &stream), 0);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &accept.finals, 1);
  turn_until(loop, &connect.finals, 1);
  eddy_loop_walk(loop, close_it, &(struct seen){0});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(of_every_kind),  FIXTURE_TEST(closing_as_it_goes),
      FIXTURE_TEST(closing_others), FIXTURE_TEST(opening_others),
      FIXTURE_TEST(within_a_walk),  FIXTURE_TEST(closing_the_last_and_opening),
      FIXTURE_TEST(not_yet_taken)};
  return RUN_TESTS(tests);
}
