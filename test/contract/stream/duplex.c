// 1 MiB each way at once through tiny socket buffers: hundreds of queued writes of odd sizes, empty ones
// among them, arrive and finish in start order.
#include "tcp.h"

enum { kSize = 1 << 20, kMostWrites = 1200 };

struct side {
  eddy_stream_t *stream;
  char *out, *in;
  struct rec writes[kMostWrites];
  eddy_buf_t parts[kMostWrites];
  int count;
  struct rec read;
  eddy_buf_t room;
  size_t got;
};

static void read_more(struct rec *rec, int64_t result) {
  struct side *side = rec->context;
  assert_true(result > 0);
  side->got += (size_t)result;
  if (side->got == kSize) return;
  size_t left = kSize - side->got, step = side->got % 5 ? 1531 : 9973;
  side->room = buffer(side->in + side->got, left < step ? left : step);
  eddy_stream_read(side->stream, &rec->op, &side->room, 1, rec_cb);
}

static void start(struct side *side, uint64_t seed) {
  small_buffers(side->stream, 2048);
  side->out = malloc(kSize);
  side->in = malloc(kSize);
  pattern_fill(side->out, kSize, seed);
  side->read = (struct rec){.then = read_more, .context = side};
  side->room = buffer(side->in, 1000);
  eddy_stream_read(side->stream, &side->read.op, &side->room, 1, rec_cb);
  size_t at = 0;
  while (at < kSize) {
    int i = side->count++;
    assert_true(i < kMostWrites);
    size_t size = i % 9 == 4 ? 0 : (size_t)(i * 2711 + 13) % 4099;
    if (size > kSize - at) size = kSize - at;
    side->parts[i] = buffer(side->out + at, size);
    eddy_stream_write(side->stream, &side->writes[i].op, &side->parts[i], 1, rec_cb);
    at += size;
  }
}

static void check(struct side *side, uint64_t seed) {
  pattern_check(side->in, kSize, seed);
  for (int i = 0; i < side->count; i++) {
    assert_int_equal(side->writes[i].finals, 1);
    assert_int_equal(side->writes[i].result, (int64_t)side->parts[i].size);
    if (i) assert_true(side->writes[i - 1].order < side->writes[i].order);
  }
  assert_int_equal(eddy_stream_queued(side->stream), 0);
  free(side->out);
  free(side->in);
}

static void both_ways_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static struct side a, b;
  stream_pair(loop, &a.stream, &b.stream);
  start(&a, 1);
  start(&b, 77777);
  TURN_UNTIL(loop, a.got == kSize && b.got == kSize);
  all_ended(loop);
  check(&a, 77777);
  check(&b, 1);
  close_stream(loop, a.stream);
  close_stream(loop, b.stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(both_ways_at_once)};
  return RUN_TESTS(tests);
}
