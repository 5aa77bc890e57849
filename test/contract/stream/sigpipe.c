// Writing to a peer that is gone is an error and no signal, in a process that would die of SIGPIPE.
#include "needs.h"

#if HAS_SIGNALS

#include "trap.h"

static void write_on(void *unused) {
  (void)unused;
  signal(SIGPIPE, SIG_DFL);
  eddy_loop_t *loop = open_with(NULL);
  static char data[1 << 20];
  eddy_buf_t halves[2] = {{data, 1 << 19}, {data + (1 << 19), 1 << 19}};
  for (int kind = 0; kind < 4; kind++) {
    eddy_stream_t *stream;
    int peer = tcp_peer(loop, &stream);
    raw_reset(peer);
    int failures = 0;
    for (int i = 0; i < 10; i++) {
      struct rec writes[4] = {{.then = NULL}};
      eddy_buf_t small = buffer(data, 10);
      for (int k = 0; k < 4; k++) {
        if (kind & 2) eddy_op_set_flags(&writes[k].op, EDDY_OP_INLINE);
        int how = eddy_stream_write(stream, &writes[k].op, kind & 1 ? halves : &small,
                                    kind & 1 ? 2 : 1, rec_cb);
        if (how == EDDY_DONE)
          writes[k].finals = 1, writes[k].result = eddy_op_result(&writes[k].op);
      }
      for (int k = 0; k < 4; k++) {
        UNTIL(loop, writes[k].finals);
        if (writes[k].result >= 0) continue;
        failures++;
        CHECK(writes[k].result == EDDY_EPIPE || writes[k].result == EDDY_ECONNRESET ||
              writes[k].result == EDDY_ECANCELED);
      }
    }
    CHECK(failures > 0);
    eddy_stream_close(stream, NULL, NULL);
  }
  end_loop(loop);
}

static void it_is_never_raised(void **state) {
  (void)state;
  run_child(write_on, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_never_raised)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("there is no SIGPIPE here");
#endif
