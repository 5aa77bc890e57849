// Peers that misbehave: they vanish at once, reset right after the accept, or send a byte at a time.
#include "peer.h"

static int streams, ended;

struct guest {
  struct rec read;
  eddy_stream_t *stream;
  char in[16];
  eddy_buf_t room;
};

static struct guest guests[400];

static void see_off(struct rec *rec, int64_t result) {
  struct guest *guest = (struct guest *)(void *)rec;
  assert_true(result == 0 || result == EDDY_ECONNRESET);
  eddy_stream_close(guest->stream, NULL, NULL);
  ended++;
}

static void welcome(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  assert_int_equal(result, 0);
  struct guest *guest = &guests[streams++];
  *guest = (struct guest){.read = {.then = see_off}, .stream = eddy_op_take_stream(&rec->op)};
  assert_non_null(guest->stream);
  eddy_addr_t peer;
  assert_int_equal(eddy_stream_peer_address(guest->stream, &peer), 0); // although it may be gone
  guest->room = buffer(guest->in, sizeof guest->in);
  eddy_stream_read(guest->stream, &guest->read.op, &guest->room, 1, rec_cb);
}

static void vanish(void **state, int with_reset, int steps_between) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec many = {.then = welcome};
  eddy_listener_accept_many(listener, &many.op, 0, rec_cb);
  streams = ended = 0;
  for (int i = 0; i < 200; i++) {
    struct peer client = peer_connect(&addr);
    assert_true(client.fd >= 0);
    if (steps_between) turns(loop, 1);
    if (with_reset)
      peer_reset(&client);
    else
      peer_close(&client);
    if (i % 10 == 0) turns(loop, 1);
  }
  TURN_UNTIL(loop, streams == ended && accept_queue_empty(eddy_listener_native(listener)));
  if (many.finals)
    fail_msg("accept ended: %s, %d", eddy_error_name(many.result),
             (int)eddy_op_os_error(&many.op)); // the listener does not mind
  struct peer client = peer_connect(&addr);
  int before = streams;
  TURN_UNTIL(loop, streams > before);
  peer_close(&client);
  turn_until(loop, &ended, streams);
  eddy_listener_close(listener, NULL, NULL);
  all_ended(loop);
}

static void gone_before_accept(void **state) { vanish(state, 0, 0); }
static void reset_before_accept(void **state) { vanish(state, 1, 0); }
static void reset_after_accept(void **state) { vanish(state, 1, 1); }

static void byte_by_byte(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  peer_nodelay(&peer);
  char message[300] = {0};
  size_t have = 0, sent = 0;
  while (have < sizeof message) {
    struct rec read = {0};
    eddy_buf_t in = buffer(message + have, sizeof message - have);
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    while (!read.finals) {
      uint8_t byte = pattern_at(sent);
      if (sent < sizeof message) {
        peer_send(&peer, &byte, 1);
        sent++;
      }
      eddy_loop_step(loop, eddy_update_now(loop) + 20 * EDDY_MILLISECOND);
    }
    assert_true(read.result > 0);
    have += (size_t)read.result;
  }
  pattern_check(message, sizeof message, 0);
  close_stream(loop, stream);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(gone_before_accept),
                                     FIXTURE_TEST(reset_before_accept),
                                     FIXTURE_TEST(reset_after_accept), FIXTURE_TEST(byte_by_byte)};
  return RUN_TESTS(tests);
}
