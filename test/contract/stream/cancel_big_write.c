// Cancelling a big write under way: the count says exactly what the peer gets, and nothing comes after.
#include "peer.h"
#include "trap.h"

enum { kSize = 1 << 20, kRounds = 60 };

static char *data, *back;

static void one(eddy_loop_t *loop, int round, int *whole, int *part, int *none) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  eddy_stream_set_option(stream, EDDY_OPT_SEND_BUFFER, 65536);
  struct rec first = {0}, second = {0};
  eddy_buf_t out = buffer(data, kSize);
  size_t got = 0;
  int64_t n;
  eddy_stream_write(stream, &first.op, &out, 1, rec_cb);
  eddy_stream_write(stream, &second.op, &out, 1, rec_cb);
  for (int i = 0; i < round % 4; i++) {
    eddy_loop_step(loop, 0);
    n = peer_receive_some(&peer, back + got, 65536);
    if (n > 0) got += (size_t)n;
  }
  if (round % 11 == 10) {
    while (!first.finals) {
      n = peer_receive_some(&peer, back + got, 65536);
      if (n > 0) got += (size_t)n;
      eddy_loop_step(loop, 0);
    }
  }
  eddy_cancel(&first.op);
  eddy_cancel(&second.op);
  UNTIL(loop, first.finals && second.finals);
  CHECK_EQ(first.calls + second.calls, 2);
  if (first.result == kSize) {
    CHECK_EQ(first.transferred, kSize);
    (*whole)++;
  } else {
    CHECK_EQ(first.result, EDDY_ECANCELED);
    CHECK(first.transferred < kSize);
    CHECK_EQ(second.transferred, 0);
    CHECK_EQ(second.result, EDDY_ECANCELED);
    first.transferred ? (*part)++ : (*none)++;
  }
  CHECK_EQ(eddy_stream_queued(stream), 0);
  eddy_stream_close(stream, NULL, NULL);
  eddy_loop_step(loop, 0);
  eddy_loop_step(loop, 0);
  while ((n = peer_receive_any(&peer, back + got, 65536)) > 0) got += (size_t)n;
  CHECK_EQ(n, 0);
  CHECK_EQ(got, first.transferred + second.transferred);
  for (size_t i = 0; i < got; i++) CHECK_EQ(back[i], data[i % kSize]);
  peer_close(&peer);
}

static void the_count_is_what_arrives(void **state) {
  data = malloc(kSize);
  back = malloc(2 * kSize + 65536);
  for (int i = 0; i < kSize; i++) data[i] = (char)(i * 31 / 7);
  int whole = 0, part = 0, none = 0;
  for (int i = 0; i < kRounds; i++) one(LOOP(state), i, &whole, &part, &none);
  printf("whole %d, part %d, none %d\n", whole, part, none);
  CHECK(whole && part);
  free(data);
  free(back);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(the_count_is_what_arrives)};
  return RUN_TESTS(tests);
}
