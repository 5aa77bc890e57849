// Two kernel sends on one socket interleave when the first one is short. The library never has two:
// megabytes started at once arrive one after the other.
#include "peer.h"
#include "trap.h"

enum { kWrites = 5, kSize = 1 << 20 };

static void they_never_interleave(void **state) {
  eddy_loop_t *loop = LOOP(state);
  char *data[kWrites], *back = malloc(65536);
  for (int tiny = 0; tiny < 2; tiny++) {
    eddy_stream_t *stream;
    struct peer peer = peer_open(loop, PEER_TCP, &stream);
    if (tiny) eddy_stream_set_option(stream, EDDY_OPT_SEND_BUFFER, 40000);
    struct rec writes[kWrites] = {{.then = NULL}};
    eddy_buf_t halves[kWrites][2];
    for (int i = 0; i < kWrites; i++) {
      data[i] = malloc(kSize);
      memset(data[i], 'a' + i, kSize);
      halves[i][0] = buffer(data[i], kSize / 2);
      halves[i][1] = buffer(data[i] + kSize / 2, kSize / 2);
      eddy_buf_t whole = buffer(data[i], kSize);
      if (i == 2)
        eddy_stream_write(stream, &writes[i].op, halves[i], 2, rec_cb);
      else
        eddy_stream_write(stream, &writes[i].op, &whole, 1, rec_cb);
      if (i == 3) eddy_loop_step(loop, 0);
    }
    size_t got = 0;
    eddy_time_t limit = eddy_update_now(loop) + 20 * EDDY_SECOND;
    while (got < (size_t)kWrites * kSize) {
      CHECK(eddy_update_now(loop) < limit);
      eddy_loop_step(loop, eddy_now(loop) + EDDY_MILLISECOND);
      int64_t n;
      while ((n = peer_receive_some(&peer, back, 65536)) > 0)
        for (int64_t i = 0; i < n; i++, got++)
          if (back[i] != (char)('a' + got / kSize)) CHECK_EQ(back[i], 'a' + got / kSize);
    }
    for (int i = 0; i < kWrites; i++) {
      UNTIL(loop, writes[i].finals);
      CHECK_EQ(writes[i].result, kSize);
      if (i) CHECK(writes[i - 1].order < writes[i].order);
      free(data[i]);
    }
    eddy_stream_close(stream, NULL, NULL);
    peer_close(&peer);
  }
  free(back);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(they_never_interleave)};
  return RUN_TESTS(tests);
}
