// A byte goes from one stream to the other and comes back: the shortest way through the library.
#include "net.h"

static void echoes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *a, *b;
  stream_pair(loop, &a, &b);

  char there[8] = {0}, back[8] = {0};
  struct rec wrote = {0}, read = {0}, rewrote = {0}, reread = {0};
  eddy_buf_t in = buffer(there, sizeof there), again = buffer(back, sizeof back);
  eddy_buf_t hello = buffer((char[]){"hello"}, 5);
  eddy_stream_read(b, &read.op, &in, 1, rec_cb);
  eddy_stream_write(a, &wrote.op, &hello, 1, rec_cb);
  turn_until(loop, &read.finals, 1);
  assert_int_equal(read.result, 5);
  eddy_buf_t echo = buffer(there, 5);
  eddy_stream_write(b, &rewrote.op, &echo, 1, rec_cb);
  eddy_stream_read(a, &reread.op, &again, 1, rec_cb);
  turn_until(loop, &reread.finals, 1);
  assert_int_equal(reread.result, 5);
  assert_string_equal(back, "hello");
  assert_int_equal(wrote.result, 5);

  eddy_stream_close(a, NULL, NULL);
  eddy_stream_close(b, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(echoes)};
  return RUN_TESTS(tests);
}
