/* A TCP echo server: run it, then `nc 127.0.0.1 7777`. */
#include <eddy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct conn {
  eddy_op_t op;
  eddy_stream_t *stream;
  eddy_buf_t buf;
  int writing;
  char bytes[16384];
};

static void next(eddy_op_t *op, int64_t n) { /* a read or a write has ended */
  struct conn *c = op->data;
  if (n <= 0) {
    eddy_stream_close(c->stream, NULL, NULL);
    free(c);
    return;
  }
  c->writing = !c->writing;
  c->buf = (eddy_buf_t){c->bytes, c->writing ? (size_t)n : sizeof c->bytes};
  (c->writing ? eddy_stream_write : eddy_stream_read)(c->stream, op, &c->buf, 1, next);
}

static void on_accept(eddy_op_t *op, int64_t result) {
  struct conn *c = result == 0 ? calloc(1, sizeof *c) : NULL;
  if (!c) return;
  c->op.data = c;
  c->stream = eddy_op_take_stream(op);
  c->writing = 1; /* done, so that a read is next */
  next(&c->op, 1);
}

static eddy_remote_t *remote;

static void on_interrupt(int number) { /* Ctrl-C; the second one ends the program as usual */
  signal(number, SIG_DFL);
  eddy_remote_stop(remote);
}

int main(void) {
  eddy_loop_t *loop;
  eddy_listener_t *listener;
  eddy_addr_t address;
  eddy_op_t accept = {0};
  eddy_addr_loopback(&address, EDDY_AF_INET, 7777);
  int error = eddy_loop_open(NULL, &loop);
  if (!error) error = eddy_listener_open(loop, &address, NULL, &listener);
  if (error) return printf("%s\n", eddy_error_text(error)), 1;
  remote = eddy_loop_remote(loop);
  signal(SIGINT, on_interrupt);
  eddy_listener_accept_many(listener, &accept, 0, on_accept);
  eddy_loop_run(loop);
  eddy_loop_drain(loop, EDDY_NEVER); /* ends every connection by its callback */
  eddy_remote_release(remote);
  return eddy_loop_close(loop);
}
