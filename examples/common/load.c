#include "load.h"

#include "process.h"

#include <stdlib.h>
#include <string.h>

#define CONNECTING 128 /* at a time, so that no queue of the server overflows */
#define CONNECT_LIMIT (5 * EDDY_SECOND)
#define SETTLE_LIMIT (2 * EDDY_SECOND)

enum phase { PHASE_CONNECT, PHASE_MEASURE, PHASE_SETTLE, PHASE_END };

struct conn {
  eddy_op_t read;
  eddy_op_t write; /* the connect before */
  struct client *client;
  eddy_stream_t *stream;
  eddy_buf_t bytes;
  uint64_t sent, received;
  uint64_t begun, finished; /* messages */
  uint64_t *started;        /* when, of those in flight: a ring */
  bool open, failed;
};

struct client {
  const struct load_plan *plan;
  struct load_result *result;
  eddy_loop_t *loop;
  eddy_pool_t *pool;
  struct conn *conns;
  uint64_t *started;
  unsigned char *pattern; /* `depth` equal messages in a row, and one more to compare from within */
  uint32_t next_connect, connecting, open;
  uint64_t in_flight; /* messages */
  enum phase phase;
  eddy_time_t measured_from, sampled_at;
  struct histogram interval;
  eddy_op_t hook, tick, end;
};

static void on_written(eddy_op_t *op, int64_t result);

static void end_run(struct client *client) {
  client->phase = PHASE_END;
  eddy_loop_stop(client->loop);
}

static void count_error(struct client *client, int64_t error) {
  client->result->failed++;
  if (error == 0)
    client->result->ended++;
  else
    client->result->errors[-error < LOAD_ERRORS ? -error : -EDDY_EUNKNOWN]++;
}

/* One broken connection does not end the run; the last one does. Error 0: the server closed it. */
static void drop(struct conn *conn, int64_t error) {
  struct client *client = conn->client;
  if (conn->failed || client->phase == PHASE_END || interrupted()) return;
  conn->failed = true;
  count_error(client, error);
  if (conn->open) {
    conn->open = false;
    client->open--;
    client->in_flight -= conn->begun - conn->finished;
  }
  eddy_stream_close(conn->stream, NULL, NULL);
  if (client->phase != PHASE_CONNECT && client->open == 0) end_run(client);
}

/* Keeps `depth` messages in flight. Those that came back together go out together. */
static void send_more(struct conn *conn) {
  struct client *client = conn->client;
  const struct load_plan *plan = client->plan;
  if (client->phase != PHASE_MEASURE || conn->failed || eddy_op_pending(&conn->write)) return;
  uint64_t room = plan->depth - (conn->begun - conn->finished);
  if (room == 0) return;

  eddy_time_t now = eddy_update_now(client->loop);
  for (uint64_t i = 0; i < room; i++) conn->started[conn->begun++ % plan->depth] = now;
  client->in_flight += room;
  conn->bytes = (eddy_buf_t){client->pattern, room * plan->size};
  int done = eddy_stream_write(conn->stream, &conn->write, &conn->bytes, 1, on_written);
  if (done == EDDY_DONE) on_written(&conn->write, eddy_op_result(&conn->write));
}

/* Nothing came back meanwhile if the write ended at once, so this does not go on for ever. */
static void on_written(eddy_op_t *op, int64_t result) {
  struct conn *conn = op->data;
  conn->sent += eddy_op_transferred(op);
  if (result < 0)
    drop(conn, result);
  else
    send_more(conn);
}

static void finish_messages(struct conn *conn) {
  struct client *client = conn->client;
  const struct load_plan *plan = client->plan;
  eddy_time_t now = eddy_update_now(client->loop);
  while (conn->received >= (conn->finished + 1) * plan->size && conn->finished < conn->begun) {
    uint64_t *started = &conn->started[conn->finished++ % plan->depth];
    client->in_flight--;
    if (client->phase != PHASE_MEASURE) continue;
    histogram_add(&client->interval, now - *started);
    client->result->messages++;
  }
}

static void on_read(eddy_op_t *op, int64_t result) {
  struct conn *conn = op->data;
  struct client *client = conn->client;
  if (!eddy_op_more(op)) {
    drop(conn, result);
    return;
  }
  eddy_lease_t lease;
  if (conn->failed || !eddy_op_peek_lease(op, &lease)) return;
  uint64_t within = conn->received % client->plan->size;
  uint64_t expected = (uint64_t)client->plan->size * (client->plan->depth + 1) - within;
  if (lease.size > expected || memcmp(client->pattern + within, lease.data, lease.size) != 0)
    client->result->wrong++;
  conn->received += lease.size;
  finish_messages(conn);
  send_more(conn);
  if (client->phase == PHASE_SETTLE && client->in_flight == 0) end_run(client);
}

/* Adds what was measured since the last time to the result, and shows it. */
static void sample(struct client *client) {
  const struct load_plan *plan = client->plan;
  eddy_time_t now = eddy_update_now(client->loop);
  double seconds = (double)(now - client->sampled_at) / (double)EDDY_SECOND;
  struct load_sample seen = {.open = client->open,
                             .messages_per_second =
                                 seconds > 0 ? (double)client->interval.count / seconds : 0,
                             .p50 = histogram_at(&client->interval, 0.50),
                             .p99 = histogram_at(&client->interval, 0.99)};
  seen.bytes_per_second = seen.messages_per_second * plan->size;
  histogram_merge(&client->result->latency, &client->interval);
  memset(&client->interval, 0, sizeof client->interval);
  client->sampled_at = now;
  if (plan->progress && client->phase <= PHASE_MEASURE) plan->progress(plan, &seen);
}

static void on_tick(eddy_op_t *op, int64_t result) {
  if (result > 0) sample(op->data);
}

static void end_measuring(struct client *client) {
  struct load_result *result = client->result;
  if (client->phase != PHASE_MEASURE && client->measured_from == 0) return;
  if (result->seconds > 0) return;
  eddy_time_t now = eddy_update_now(client->loop);
  result->seconds = (double)(now - client->measured_from) / (double)EDDY_SECOND;
}

static void on_end(eddy_op_t *op, int64_t result) {
  struct client *client = op->data;
  if (result < 0) return;
  if (client->phase == PHASE_MEASURE) {
    end_measuring(client);
    client->phase = PHASE_SETTLE;
    if (client->in_flight != 0) {
      eddy_sleep(client->loop, op, eddy_now(client->loop) + SETTLE_LIMIT, on_end);
      return;
    }
  }
  end_run(client);
}

static void start_measuring(struct client *client) {
  if (client->open == 0) {
    end_run(client);
    return;
  }
  client->phase = PHASE_MEASURE;
  client->measured_from = client->sampled_at = eddy_update_now(client->loop);
  eddy_sleep(client->loop, &client->end, client->measured_from + client->plan->duration, on_end);
  for (uint32_t i = 0; i < client->plan->connections; i++)
    if (client->conns[i].open) send_more(&client->conns[i]);
}

static void connect_more(struct client *client);

static void on_connected(eddy_op_t *op, int64_t result) {
  struct conn *conn = op->data;
  struct client *client = conn->client;
  client->connecting--;
  if (result < 0) {
    drop(conn, result);
  } else {
    conn->open = true;
    client->open++;
    client->result->connected++;
    eddy_op_set_flags(&conn->write, EDDY_OP_INLINE);
    eddy_stream_read_pool(conn->stream, &conn->read, client->pool, 0, on_read);
  }
  if (client->phase == PHASE_CONNECT) connect_more(client);
}

static void connect_more(struct client *client) {
  const struct load_plan *plan = client->plan;
  while (client->next_connect < plan->connections && client->connecting < CONNECTING) {
    struct conn *conn = &client->conns[client->next_connect];
    conn->client = client;
    conn->read.data = conn->write.data = conn;
    conn->started = client->started + (size_t)client->next_connect++ * plan->depth;
    int error = eddy_stream_open(client->loop, plan->server.family, &conn->stream);
    if (error < 0) {
      conn->failed = true;
      count_error(client, error);
      continue;
    }
    client->connecting++;
    eddy_op_set_deadline(&conn->write, eddy_now(client->loop) + CONNECT_LIMIT);
    eddy_stream_connect(conn->stream, &conn->write, &plan->server, on_connected);
  }
  if (client->connecting == 0) start_measuring(client);
}

static int prepare(struct client *client) {
  const struct load_plan *plan = client->plan;
  uint64_t length = (uint64_t)plan->size * (plan->depth + 1);
  client->conns = calloc(plan->connections, sizeof *client->conns);
  client->started = calloc((size_t)plan->connections * plan->depth, sizeof *client->started);
  client->pattern = malloc(length);
  if (!client->conns || !client->started || !client->pattern) return EDDY_ENOMEM;
  for (uint64_t i = 0; i < length; i++)
    client->pattern[i] = (unsigned char)((i % plan->size) * 2654435761u >> 13);

  eddy_loop_options_t opening = {
      .size = sizeof opening, .driver = plan->driver, .spin = plan->spin};
  int error = eddy_loop_open(&opening, &client->loop);
  if (error < 0) return error;
  client->result->driver = eddy_loop_driver(client->loop);
  eddy_pool_options_t buffers = {.size = sizeof buffers, .buffers = 1024, .buffer_size = 16384};
  return eddy_pool_open(client->loop, &buffers, &client->pool);
}

static void close_all(struct client *client) {
  struct load_result *result = client->result;
  client->phase = PHASE_END;
  if (client->loop) {
    eddy_loop_drain(client->loop, eddy_update_now(client->loop) + SETTLE_LIMIT);
    eddy_loop_close(client->loop);
  }
  result->complete = true;
  for (uint32_t i = 0; client->conns && i < client->plan->connections; i++) {
    const struct conn *conn = &client->conns[i];
    result->sent += conn->sent;
    result->received += conn->received;
    if (conn->sent != conn->received) result->complete = false;
  }
  free(client->pattern);
  free(client->started);
  free(client->conns);
}

int load_run(const struct load_plan *plan, struct load_result *result) {
  struct client client = {.plan = plan, .result = result};
  memset(result, 0, sizeof *result);
  int error = prepare(&client);
  if (error == 0) {
    client.tick.data = client.end.data = &client;
    stop_loop_on_signal(client.loop, &client.hook);
    client.sampled_at = eddy_now(client.loop);
    if (plan->interval > 0)
      eddy_tick(client.loop, &client.tick, client.sampled_at + plan->interval, plan->interval,
                EDDY_TICK_SKIP, on_tick);
    connect_more(&client);
    eddy_loop_run(client.loop);
    forget_loop();
    end_measuring(&client);
    sample(&client);
  }
  close_all(&client);
  return error;
}
