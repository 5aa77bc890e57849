// Many buffers in one write and one read, of odd sizes, over partial transfers; and more than one call takes.
#include "peer.h"

enum { kBuffers = 1024, kTotal = 1024 * 700 };

// Sizes that are odd and repeat late, zero among them.
static size_t slice(eddy_buf_t *buffers, char *data) {
  size_t at = 0;
  for (int i = 0; i < kBuffers; i++) {
    size_t size = (size_t)(i * 37 % 1361);
    buffers[i] = buffer(size ? data + at : NULL, size);
    at += size;
  }
  assert_true(at <= kTotal);
  return at;
}

static void gathers_and_scatters(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);
  small_buffers(a, 4096);
  char *out = malloc(kTotal), *in = calloc(1, kTotal);
  eddy_buf_t *from = malloc(kBuffers * sizeof *from), *to = malloc(kBuffers * sizeof *to);
  size_t total = slice(from, out), got = 0;
  pattern_fill(out, total, 0);
  struct rec write = {0}, read = {0};
  eddy_stream_write(a, &write.op, from, kBuffers, rec_cb);
  while (got < total) {
    // Each read scatters into what is left, so that reads begin inside a slice.
    size_t at = 0;
    uint32_t count = 0;
    for (int i = 0; i < kBuffers; i++) {
      size_t size = (size_t)(i * 53 % 1361), end = at + size;
      if (end > got && at < total) {
        size_t start = at > got ? at : got;
        if (end > total) end = total;
        to[count++] = buffer(in + start, end - start);
      }
      at += size;
    }
    read.finals = 0;
    eddy_stream_read(b, &read.op, to, count, rec_cb);
    turn_until(loop, &read.finals, 1);
    assert_true(read.result > 0);
    got += (size_t)read.result;
  }
  turn_until(loop, &write.finals, 1);
  assert_int_equal(write.result, (int64_t)total);
  assert_int_equal(write.transferred, total);
  assert_int_equal(eddy_stream_queued(a), 0);
  pattern_check(in, total, 0);
  free(out);
  free(in);
  free(from);
  free(to);
  close_stream(loop, a);
  close_stream(loop, b);
}

enum { kMany = 5000 };

// What arrived with one event is read to its end, though no read takes it all, and empty buffers are no end.
static void takes_any_number(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);
  static char out[kMany], in[kMany], none;
  static eddy_buf_t from[2 * kMany], to[2 * kMany];
  pattern_fill(out, kMany, 0);
  for (int i = 0; i < kMany; i++) {
    from[2 * i] = buffer(NULL, 0);
    from[2 * i + 1] = buffer(out + i, 1);
  }
  struct rec write = {0}, behind = {0}, read = {0};
  eddy_buf_t last = buffer(&none, 1);
  eddy_stream_write(a, &write.op, from, 2 * kMany, rec_cb);
  eddy_stream_write(a, &behind.op, &last, 1, rec_cb);
  turn_until(loop, &behind.finals, 1);
  assert_int_equal(write.result, kMany);
  assert_true(write.order < behind.order);
  for (int got = 0; got < kMany; got += (int)read.result) {
    uint32_t left = (uint32_t)(kMany - got);
    for (int i = 0; i < kMany; i++) to[i] = buffer(&none, 0);
    for (uint32_t i = 0; i < left; i++) to[kMany + i] = buffer(in + got + i, 1);
    read.finals = 0;
    eddy_stream_read(b, &read.op, to, kMany + left, rec_cb);
    turn_until(loop, &read.finals, 1);
    assert_true(read.result > 0);
  }
  pattern_check(in, kMany, 0);
  close_stream(loop, a);
  close_stream(loop, b);
}

static int64_t end_of(eddy_loop_t *loop, eddy_stream_t *stream, int write,
                      const eddy_buf_t *buffers, uint32_t count) {
  struct rec rec = {0};
  if (write)
    eddy_stream_write(stream, &rec.op, buffers, count, rec_cb);
  else
    eddy_stream_read(stream, &rec.op, buffers, count, rec_cb);
  turn_until(loop, &rec.finals, 1);
  return rec.result;
}

static void refuses_bad_lists(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  char byte;
  eddy_buf_t empty = buffer(&byte, 0), nowhere = buffer(NULL, 4);
  eddy_buf_t huge[2] = {buffer(&byte, (size_t)1 << 61), buffer(&byte, (size_t)1 << 61)};
  for (int write = 0; write < 2; write++) {
    assert_int_equal(end_of(loop, stream, write, NULL, 1), EDDY_EINVAL);
    assert_int_equal(end_of(loop, stream, write, &nowhere, 1), EDDY_EINVAL);
    assert_int_equal(end_of(loop, stream, write, huge, 2), EDDY_EINVAL);
  }
  assert_int_equal(end_of(loop, stream, 0, NULL, 0), EDDY_EINVAL);
  assert_int_equal(end_of(loop, stream, 0, &empty, 1), EDDY_EINVAL);
  assert_int_equal(end_of(loop, stream, 1, &empty, 1), 0);
  assert_int_equal(end_of(loop, stream, 1, NULL, 0), 0);
  assert_int_equal(eddy_stream_queued(stream), 0);
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(gathers_and_scatters),
                                     FIXTURE_TEST(takes_any_number),
                                     FIXTURE_TEST(refuses_bad_lists)};
  return RUN_TESTS(tests);
}
