// Local listeners: clients come by name, one by one or many, and are told apart.
#include "local.h"

static void echo(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, told;
  eddy_listener_t *listener = local_listen(loop, &addr);
  assert_int_equal(eddy_listener_address(listener, &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  for (int round = 0; round < 20; round++) {
    eddy_stream_t *ends[2];
    local_connect(loop, listener, &addr, ends);
    send_text(loop, ends[0], "hello");
    expect_text(loop, ends[1], "hello");
    send_text(loop, ends[1], "hello to you");
    expect_text(loop, ends[0], "hello to you");
    assert_int_equal(eddy_stream_peer_address(ends[0], &told), 0);
    assert_true(eddy_addr_equal(&told, &addr));
    assert_int_equal(eddy_stream_local_address(ends[1], &told), 0);
    assert_true(eddy_addr_equal(&told, &addr));
    assert_int_equal(eddy_stream_peer_address(ends[1], &told), 0);
    assert_int_equal(told.family, EDDY_AF_UNIX);
    assert_int_equal(told.length, 0);
    close_pair(loop, ends);
  }
  eddy_listener_close(listener, NULL, NULL);
}

enum { CLIENTS = 64 };

static struct {
  eddy_stream_t *streams[CLIENTS];
  struct rec reads[CLIENTS], writes[CLIENTS];
  char bytes[CLIENTS];
  int count;
} served;

static void serve(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op) || result != 0) return;
  assert_true(served.count < CLIENTS);
  served.streams[served.count] = eddy_op_take_stream(&rec->op);
  eddy_buf_t in = buffer(&served.bytes[served.count], 1);
  eddy_stream_read(served.streams[served.count], &served.reads[served.count].op, &in, 1, rec_cb);
  served.count++;
}

// Many clients connect at once; each sends its number and gets it back.
static void many_clients(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = local_listen(loop, &addr);
  struct rec accept = {.then = serve};
  memset(&served, 0, sizeof served);
  eddy_listener_accept_many(listener, &accept.op, 4, rec_cb);
  static eddy_stream_t *clients[CLIENTS];
  static struct rec connects[CLIENTS], writes[CLIENTS], reads[CLIENTS];
  static char numbers[CLIENTS], back[CLIENTS];
  memset(connects, 0, sizeof connects);
  memset(writes, 0, sizeof writes);
  memset(reads, 0, sizeof reads);
  for (int i = 0; i < CLIENTS; i++) {
    numbers[i] = (char)(i + 1);
    clients[i] = local_stream(loop);
    eddy_stream_connect(clients[i], &connects[i].op, &addr, rec_cb);
    eddy_buf_t out = buffer(&numbers[i], 1), in = buffer(&back[i], 1);
    eddy_stream_write(clients[i], &writes[i].op, &out, 1, rec_cb); // behind the connect
    eddy_stream_read(clients[i], &reads[i].op, &in, 1, rec_cb);
  }
  TURN_UNTIL(loop, served.count == CLIENTS);
  for (int i = 0; i < CLIENTS; i++) {
    turn_until(loop, &served.reads[i].finals, 1);
    assert_int_equal(served.reads[i].result, 1);
    eddy_buf_t out = buffer(&served.bytes[i], 1);
    eddy_stream_write(served.streams[i], &served.writes[i].op, &out, 1, rec_cb);
  }
  for (int i = 0; i < CLIENTS; i++) {
    turn_until(loop, &reads[i].finals, 1);
    assert_int_equal(connects[i].result, 0);
    assert_int_equal(back[i], numbers[i]);
    eddy_stream_close(clients[i], NULL, NULL);
    eddy_stream_close(served.streams[i], NULL, NULL);
  }
  eddy_cancel(&accept.op);
  turn_until(loop, &accept.finals, 1);
  assert_int_equal(accept.result, EDDY_ECANCELED);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

// A client that waits already may be accepted inside the start call.
static void inline_accept(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = local_listen(loop, &addr);
  for (int round = 0; round < 8; round++) {
    struct rec connect = {0}, accept = {.then = take_accepted};
    eddy_stream_t *ends[2] = {local_stream(loop)};
    eddy_stream_connect(ends[0], &connect.op, &addr, rec_cb);
    turn_until(loop, &connect.finals, 1);
    turns(loop, 2);
    eddy_op_set_flags(&accept.op, EDDY_OP_INLINE);
    if (eddy_listener_accept(listener, &accept.op, rec_cb) == EDDY_DONE) {
      assert_int_equal(eddy_op_result(&accept.op), 0);
      if (round & 1) { // what nobody takes is closed when the op is used again
        eddy_listener_pause(listener);
        eddy_listener_accept(listener, &accept.op, rec_cb);
        assert_int_equal(read_result(loop, ends[0]), 0);
        eddy_cancel(&accept.op);
        turn_until(loop, &accept.finals, 1);
        eddy_listener_resume(listener);
        close_stream(loop, ends[0]);
        continue;
      }
      ends[1] = eddy_op_take_stream(&accept.op);
    } else {
      turn_until(loop, &accept.finals, 1);
      ends[1] = accept.context;
    }
    send_text(loop, ends[0], "hello");
    expect_text(loop, ends[1], "hello");
    close_pair(loop, ends);
  }
  eddy_listener_close(listener, NULL, NULL);
}

// While it is paused nothing is accepted; what has connected meanwhile, written and gone is not lost.
static void pause_keeps_clients(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = local_listen(loop, &addr);
  struct rec accept = {.then = take_accepted}, connect = {0};
  eddy_listener_pause(listener);
  eddy_listener_accept(listener, &accept.op, rec_cb);
  eddy_stream_t *client = local_stream(loop);
  eddy_stream_connect(client, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, 0);
  send_text(loop, client, "last words");
  close_stream(loop, client);
  turns(loop, 3);
  assert_int_equal(accept.finals, 0);
  eddy_listener_resume(listener);
  turn_until(loop, &accept.finals, 1);
  assert_int_equal(accept.result, 0);
  expect_text(loop, accept.context, "last words");
  assert_int_equal(read_result(loop, accept.context), 0);
  close_stream(loop, accept.context);
  eddy_listener_close(listener, NULL, NULL);
}

static void accepts_end(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = local_listen(loop, &addr);
  struct rec canceled = {0}, late = {0}, closed = {0}, end = {0};
  eddy_listener_accept(listener, &canceled.op, rec_cb);
  turns(loop, 2);
  eddy_cancel(&canceled.op);
  turn_until(loop, &canceled.finals, 1);
  assert_int_equal(canceled.result, EDDY_ECANCELED);
  eddy_op_set_deadline(&late.op, eddy_now(loop) + 20 * EDDY_MILLISECOND);
  eddy_listener_accept(listener, &late.op, rec_cb);
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_ETIMEDOUT);
  eddy_listener_accept(listener, &closed.op, rec_cb);
  eddy_listener_close(listener, &end.op, rec_cb);
  turn_until(loop, &end.finals, 1);
  assert_int_equal(closed.result, EDDY_ECANCELED);
  assert_true(closed.order < end.order);
  // The name is free again.
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  eddy_stream_t *ends[2];
  local_connect(loop, listener, &addr, ends);
  close_pair(loop, ends);
  eddy_listener_close(listener, NULL, NULL);
}

// Connections that nobody has accepted end with the listener: the client sees it.
static void unaccepted_clients_are_dropped(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = local_listen(loop, &addr);
  struct rec connect = {0};
  eddy_stream_t *client = local_stream(loop);
  eddy_stream_connect(client, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  assert_int_equal(connect.result, 0);
  eddy_listener_close(listener, NULL, NULL);
  int64_t end = read_result(loop, client);
  assert_true(end == 0 || end == EDDY_ECONNRESET);
  close_stream(loop, client);
}

static void refusals(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = local_listen(loop, &addr), *second = NULL;
  if (NAMES_ARE_GUARDED) {
    assert_int_equal(eddy_listener_open(loop, &addr, NULL, &second), EDDY_EADDRINUSE);
    assert_null(second);
  }
  eddy_listen_options_t options = {sizeof options, EDDY_LISTEN_REUSE_PORT, 0, 0};
  local_address(&addr);
  assert_int_equal(eddy_listener_open(loop, &addr, &options, &second), EDDY_ENOTSUP);
  assert_null(second);
  eddy_listener_close(listener, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(echo),          FIXTURE_TEST(many_clients),
      FIXTURE_TEST(inline_accept), FIXTURE_TEST(pause_keeps_clients),
      FIXTURE_TEST(accepts_end),   FIXTURE_TEST(unaccepted_clients_are_dropped),
      FIXTURE_TEST(refusals)};
  return RUN_TESTS(tests);
}
