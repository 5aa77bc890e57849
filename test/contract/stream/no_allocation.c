// Ten thousand echo round trips, and accepts and pool reads among them, allocate nothing after a warm-up:
// neither through the loop's allocator hook nor behind its back.
#include "allocations.h"
#include "tcp.h"

enum { kTrips = 10000 };

static long hook_calls;

static void *hook_alloc(void *context, size_t size) {
  (void)context;
  hook_calls += counting;
  return aligned_alloc(16, (size + 15) & ~(size_t)15);
}

static void hook_release(void *context, void *memory, size_t size) {
  (void)context;
  (void)size;
  hook_calls += counting;
  free(memory);
}

struct echo {
  struct rec read, write;
  eddy_stream_t *stream;
  char data[64];
  eddy_buf_t room, out;
  int trips, limit;
};

static void answer(struct rec *rec, int64_t result);
static void again(struct rec *rec, int64_t result) {
  struct echo *echo = rec->context;
  if (result <= 0) return;
  if (echo->limit && ++echo->trips == echo->limit) return;
  eddy_stream_read(echo->stream, &echo->read.op, &echo->room, 1, rec_cb);
}

static void answer(struct rec *rec, int64_t result) {
  struct echo *echo = rec->context;
  if (result <= 0) return;
  echo->out = buffer(echo->data, (size_t)result);
  // A deadline too: the timer wheel must not allocate either.
  eddy_op_set_deadline(&echo->write.op,
                       eddy_now(eddy_stream_loop(echo->stream)) + EDDY_SECOND * 60);
  eddy_stream_write(echo->stream, &echo->write.op, &echo->out, 1, rec_cb);
}

static void setup(struct echo *echo, eddy_stream_t *stream) {
  *echo = (struct echo){.stream = stream};
  echo->read = (struct rec){.then = answer, .context = echo};
  echo->write = (struct rec){.then = again, .context = echo};
  echo->room = buffer(echo->data, sizeof echo->data);
}

static void trips(eddy_loop_t *loop, struct echo *client, int count) {
  client->trips = 0;
  client->limit = count;
  client->out = buffer(client->data, sizeof client->data);
  eddy_stream_write(client->stream, &client->write.op, &client->out, 1, rec_cb);
  // Step by step: each may take its ten seconds, where a turn is slow.
  for (int step = 1; step <= 20; step++) turn_until(loop, &client->trips, count / 20 * step);
}

static void the_count_sees_the_library(void **state) {
  (void)state;
  counting = 1;
  eddy_loop_t *loop = test_loop();
  counting = 0;
  assert_int_equal(eddy_loop_close(loop), 0);
  if (ALLOCATIONS_ARE_COUNTED) assert_true(allocations > 0);
  allocations = 0;
}

static void no_allocation(void **state) {
  (void)state;
  eddy_loop_options_t options = {
      .size = sizeof options, .alloc = hook_alloc, .release = hook_release};
  eddy_loop_t *loop = NULL;
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  static struct echo client, server;
  eddy_stream_t *a, *b, *c, *d;
  stream_pair(loop, &a, &b);
  stream_pair(loop, &c, &d);
  eddy_pool_t *pool = open_pool(loop, 8, 256);
  struct rec pool_read = {0}, pool_write = {0};
  setup(&client, a);
  setup(&server, b);
  eddy_stream_read(b, &server.read.op, &server.room, 1, rec_cb);
  eddy_stream_read_pool(d, &pool_read.op, pool, 0, rec_cb);
  eddy_buf_t byte = buffer(client.data, 1);
  for (int round = 0; round < 2; round++) {
    counting = round;
    trips(loop, &client, round ? kTrips : 200);
    for (int i = 0; i < 500; i++) {
      pool_write.finals = 0;
      eddy_stream_write(c, &pool_write.op, &byte, 1, rec_cb);
      turn_until(loop, &pool_write.finals, 1);
    }
    turn_until(loop, &pool_read.mores, round + 1);
    counting = 0;
  }
  assert_int_equal(hook_calls, 0);
  assert_int_equal(allocations, 0);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(eddy_loop_close(loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_count_sees_the_library),
                                     cmocka_unit_test(no_allocation)};
  return RUN_TESTS(tests);
}
