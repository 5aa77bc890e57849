/* eddy-echo: a TCP echo server that is written for speed.

   Each connection has one multishot read into a pool that all of them share, so an idle connection
   holds no buffer. What arrives is written back from the very buffer it arrived in. A write that
   the kernel takes at once ends inside its start call (EDDY_OP_INLINE); only one that has to wait
   keeps its buffer. A peer that does not take its replies is not read from either: its reading stops
   at a few waiting replies and goes on when they are gone. What the driver had received ahead still
   comes, so many such peers could have all buffers in the end. Waiting replies therefore keep three
   quarters of the pool at most; beyond that, bytes are copied out before they are written, the
   buffer goes back at once, and reading stops at the first reply that waits. */
#include "common/options.h"
#include "common/process.h"
#include "common/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "eddy-echo"
#define CHUNK 64 /* connections or replies in one allocation */
#define ENOUGH 4 /* waiting replies that stop the reading */

struct conn {
  eddy_op_t read;
  eddy_stream_t *stream;
  uint32_t writes; /* pending */
  bool reading;
  bool paused; /* to read on when all replies are gone */
  bool closed;
};

struct reply {
  eddy_op_t write;
  eddy_buf_t bytes;
  void *copy; /* of the bytes, NULL when they are in the lease */
  uint64_t lease;
  struct reply *next; /* in the free list */
};

static struct {
  const char *host;
  uint64_t port, spin, buffers, buffer_size, credits;
  uint32_t driver;
} options = {.host = "127.0.0.1", .buffers = 128, .buffer_size = 16384, .credits = 0};

static eddy_loop_t *loop;
static eddy_pool_t *pool;
static eddy_op_t *free_conns; /* linked through `data` of their read op */
static struct reply *free_replies;
static uint64_t held, many; /* leases that replies keep, and how many are too many */
static bool told_descriptors;

/* Memory comes in chunks that are reused and never freed: no allocation per connection or message. */
static bool have_reply(void) {
  if (free_replies) return true;
  struct reply *chunk = calloc(CHUNK, sizeof *chunk);
  for (int i = 0; chunk && i < CHUNK; i++) {
    eddy_op_set_flags(&chunk[i].write, EDDY_OP_INLINE);
    chunk[i].next = free_replies;
    free_replies = &chunk[i];
  }
  return chunk != NULL;
}

static struct conn *take_conn(void) {
  if (!free_conns) {
    struct conn *chunk = calloc(CHUNK, sizeof *chunk);
    if (!chunk) return NULL;
    for (int i = 0; i < CHUNK; i++) {
      chunk[i].read.data = free_conns;
      free_conns = &chunk[i].read;
    }
  }
  struct conn *conn = (struct conn *)free_conns;
  free_conns = conn->read.data;
  conn->read.data = conn;
  conn->writes = 0;
  conn->reading = conn->paused = conn->closed = false;
  return conn;
}

static void on_read(eddy_op_t *op, int64_t result);

static void close_conn(struct conn *conn) {
  if (conn->closed) return;
  conn->closed = true;
  eddy_stream_close(conn->stream, NULL, NULL);
}

static void start_reading(struct conn *conn) {
  conn->paused = false;
  conn->reading = true;
  eddy_stream_read_pool(conn->stream, &conn->read, pool, (uint32_t)options.credits, on_read);
}

/* After each op that ended: nothing pending means that all has been said, or all but a pause. */
static void settle_conn(struct conn *conn) {
  if (conn->reading || conn->writes) return;
  if (conn->paused && !conn->closed) {
    start_reading(conn);
    return;
  }
  close_conn(conn);
  conn->read.data = free_conns;
  free_conns = &conn->read;
}

static void on_written(eddy_op_t *op, int64_t result) {
  struct conn *conn = op->data;
  struct reply *reply = (struct reply *)op;
  if (reply->copy) {
    free(reply->copy);
  } else {
    eddy_pool_give(pool, reply->lease);
    held--;
  }
  reply->next = free_replies;
  free_replies = reply;
  conn->writes--;
  if (result < 0) close_conn(conn);
  settle_conn(conn);
}

/* Starts the reply to what has come. False when there is no memory for it. */
static bool answer(struct conn *conn, eddy_op_t *read) {
  eddy_lease_t lease;
  if (!have_reply() || !eddy_op_peek_lease(read, &lease)) return false;
  struct reply *reply = free_replies;
  bool low = held >= many;
  reply->copy = low ? malloc(lease.size) : NULL;
  if (low && !reply->copy) return false;
  if (low) memcpy(reply->copy, lease.data, lease.size);
  reply->write.data = conn;
  reply->bytes = (eddy_buf_t){low ? reply->copy : lease.data, lease.size};
  if (eddy_stream_write(conn->stream, &reply->write, &reply->bytes, 1, on_written) == EDDY_DONE) {
    if (low) free(reply->copy);
    if (eddy_op_result(&reply->write) < 0) close_conn(conn);
    return true; /* the lease was only looked at and goes back by itself */
  }
  free_replies = reply->next;
  if (!low) {
    eddy_op_take_lease(read, &lease); /* until on_written */
    reply->lease = lease.id;
    held++;
  }
  if (++conn->writes >= (low ? 1 : ENOUGH) && !conn->paused) {
    conn->paused = true;
    eddy_cancel(read);
  }
  return true;
}

static void on_read(eddy_op_t *op, int64_t result) {
  struct conn *conn = op->data;
  if (!eddy_op_more(op)) { /* the end of the stream, an error, or our own cancel */
    conn->reading = false;
    if (result != EDDY_ECANCELED) conn->paused = false;
    if (result < 0 && !conn->paused) close_conn(conn);
    settle_conn(conn);
    return;
  }
  if (conn->closed || !answer(conn, op)) close_conn(conn);
}

static void on_accept(eddy_op_t *op, int64_t result) {
  if (result < 0) {
    bool full = result == EDDY_EMFILE || result == EDDY_ENFILE;
    if (eddy_op_more(op) ? !full || !told_descriptors : result != EDDY_ECANCELED)
      fprintf(stderr, PROGRAM ": accept: %s (%s)\n", eddy_error_text(result),
              eddy_error_name(result));
    told_descriptors |= full;
    if (!eddy_op_more(op)) eddy_loop_stop(loop);
    return;
  }
  struct conn *conn = take_conn();
  if (!conn) return; /* a stream that is not taken is closed */
  conn->stream = eddy_op_take_stream(op);
  start_reading(conn);
}

static void listen_on(const eddy_addr_t *address, eddy_op_t *accept) {
  eddy_listener_t *listener;
  int error = eddy_listener_open(loop, address, NULL, &listener);
  if (error < 0) fail(PROGRAM, "cannot listen", error);

  eddy_addr_t bound;
  char text[EDDY_ADDR_TEXT];
  eddy_listener_address(listener, &bound);
  eddy_addr_format(&bound, text, sizeof text);
  printf("listening on %s driver=%s\n", text, eddy_driver_name(eddy_loop_driver(loop)));
  fflush(stdout);

  eddy_listener_accept_many(listener, accept, 0, on_accept);
}

int main(int argc, char **argv) {
  // clang-format off
  const struct option table[] = {
      {"driver", "NAME", "auto, epoll, io_uring or afd (auto)", OPTION_DRIVER, {.driver = &options.driver}, 0, 0},
      {"host", "ADDR", "the address to listen on (127.0.0.1)", OPTION_TEXT, {.text = &options.host}, 0, 0},
      {"port", "N", "the port to listen on; 0 is any free one (0)", OPTION_NUMBER, {.number = &options.port}, 0, 65535},
      {"buffers", "N", "buffers in the pool (128)", OPTION_NUMBER, {.number = &options.buffers}, 1, 32768},
      {"buffer-size", "BYTES", "size of each buffer (16384)", OPTION_NUMBER, {.number = &options.buffer_size}, 64, 1 << 20},
      {"credits", "N", "buffers that one connection may hold, 0 is all (0)", OPTION_NUMBER, {.number = &options.credits}, 0, 32768},
      {"spin", "USEC", "poll this long before sleeping (0)", OPTION_NUMBER, {.number = &options.spin}, 0, 1000000},
  };
  // clang-format on
  read_options(PROGRAM, "Sends back what it receives, until SIGINT or SIGTERM.", table,
               sizeof table / sizeof *table, argc, argv);
  eddy_addr_t address = read_address(PROGRAM, options.host, options.port);
  raise_descriptor_limit();
  catch_signals();

  eddy_loop_options_t opening = {
      .size = sizeof opening, .driver = options.driver, .spin = options.spin * EDDY_MICROSECOND};
  int error = eddy_loop_open(&opening, &loop);
  if (error < 0) fail(PROGRAM, driver_text(options.driver), error);
  eddy_pool_options_t buffers = {.size = sizeof buffers,
                                 .buffers = (uint32_t)options.buffers,
                                 .buffer_size = (uint32_t)options.buffer_size};
  many = options.buffers * 3 / 4;
  error = eddy_pool_open(loop, &buffers, &pool);
  if (error < 0) fail(PROGRAM, "cannot open the pool", error);

  eddy_op_t hook, accept = {0};
  stop_loop_on_signal(loop, &hook);
  listen_on(&address, &accept);
  eddy_loop_run(loop);

  forget_loop();
  int64_t held = eddy_loop_drain(loop, eddy_update_now(loop) + 2 * EDDY_SECOND);
  if (held == 0) held = eddy_loop_close(loop);
  if (held != 0) fprintf(stderr, PROGRAM ": %lld left at the end\n", (long long)held);
  return held == 0 && interrupted() ? 0 : 1;
}
