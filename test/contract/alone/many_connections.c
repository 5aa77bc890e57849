// Thousands of connections at once, both ends on one loop: each echoes a byte and ends, most by a reset.
#include "tcp.h"

enum { kWanted = 4000, kLeast = 200, kSpare = 64, kConnecting = 200 };

struct side {
  eddy_op_t read, write;
  eddy_stream_t *stream;
  eddy_buf_t buf;
  char byte; // 'r': this connection ends by a reset
};

static struct crowd {
  eddy_loop_t *loop;
  eddy_addr_t addr;
  eddy_pool_t *pool;
  struct side *guests, *hosts;
  int count, started, connected, accepted, echoed, answered, ended;
} crowd;

// Opens the guests; fewer when the process cannot have as many descriptors for their other ends.
static void invite(void) {
  static eddy_stream_t *spare[kWanted + kSpare];
  int guests = 0, spares = 0, error = 0;
  descriptors_raise();
  for (; guests < kWanted && !error; guests += !error)
    error = eddy_stream_open(crowd.loop, EDDY_AF_INET, &crowd.guests[guests].stream);
  for (; spares < kWanted + kSpare && !error; spares += !error)
    error = eddy_stream_open(crowd.loop, EDDY_AF_INET, &spare[spares]);
  for (int i = 0; i < spares; i++) eddy_stream_close(spare[i], NULL, NULL);
  crowd.count = (guests + spares - kSpare) / 2;
  while (guests > crowd.count) eddy_stream_close(crowd.guests[--guests].stream, NULL, NULL);
  all_ended(crowd.loop);
  if (crowd.count == kWanted) return;
  assert_int_equal(error, EDDY_EMFILE);
  print_message("scaled to %d of %d connections by the limit of descriptors\n", crowd.count,
                kWanted);
  assert_true(crowd.count >= kLeast);
}

static void wrote(eddy_op_t *op, int64_t result) {
  (void)op;
  assert_int_equal(result, 1);
}

static void echoed(eddy_op_t *op, int64_t result) {
  wrote(op, result);
  crowd.echoed++;
}

static void heard(eddy_op_t *op, int64_t result) {
  struct side *host = op->data;
  if (eddy_op_more(op)) {
    eddy_lease_t lease;
    assert_int_equal(result, 1);
    assert_int_equal(eddy_op_peek_lease(op, &lease), 1);
    host->byte = *(char *)lease.data;
    host->buf = buffer(&host->byte, 1);
    eddy_stream_write(host->stream, &host->write, &host->buf, 1, echoed);
    return;
  }
  assert_int_equal(result, host->byte == 'r' ? EDDY_ECONNRESET : 0);
  eddy_stream_close(host->stream, NULL, NULL);
  crowd.ended++;
}

static void welcome(eddy_op_t *op, int64_t result) {
  if (!eddy_op_more(op)) return;
  assert_int_equal(result, 0);
  struct side *host = &crowd.hosts[crowd.accepted++];
  host->stream = eddy_op_take_stream(op);
  host->read.data = host;
  eddy_stream_read_pool(host->stream, &host->read, crowd.pool, 1, heard);
}

static void visit(void);

static void arrived(eddy_op_t *op, int64_t result) {
  (void)op;
  assert_int_equal(result, 0);
  crowd.connected++;
  visit();
}

static void visit(void) {
  if (crowd.started == crowd.count) return;
  struct side *guest = &crowd.guests[crowd.started++];
  eddy_stream_connect(guest->stream, &guest->write, &crowd.addr, arrived);
}

static void answered(eddy_op_t *op, int64_t result) {
  (void)op;
  assert_int_equal(result, 1);
  crowd.answered++;
}

static void speak(struct side *guest, char byte) {
  guest->byte = byte;
  guest->buf = buffer(&guest->byte, 1);
  eddy_stream_write(guest->stream, &guest->write, &guest->buf, 1, wrote);
}

// Fails when nothing more comes for a long while.
static void all_of(const int *count) {
  eddy_time_t last = eddy_update_now(crowd.loop);
  for (int before = *count; *count < crowd.count; before = *count) {
    eddy_loop_step(crowd.loop, last + 60 * EDDY_SECOND);
    if (*count != before) last = eddy_update_now(crowd.loop);
    if (eddy_update_now(crowd.loop) >= last + 60 * EDDY_SECOND) fail_msg("no more than %d", *count);
  }
}

static void thousands_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  crowd = (struct crowd){.loop = loop};
  crowd.guests = calloc(kWanted, sizeof *crowd.guests);
  crowd.hosts = calloc(kWanted, sizeof *crowd.hosts);
  invite();
  crowd.pool = open_pool(loop, 64, 1024);
  eddy_listener_t *listener = listen_loopback(loop, &crowd.addr);
  eddy_op_t many = {0};
  eddy_listener_accept_many(listener, &many, 0, welcome);
  for (int i = 0; i < kConnecting; i++) visit();
  all_of(&crowd.connected);
  all_of(&crowd.accepted);
  for (int i = 0; i < crowd.count; i++) speak(&crowd.guests[i], i % 20 ? 'r' : 'e');
  all_of(&crowd.echoed);
  for (int i = 0; i < crowd.count; i++) {
    struct side *guest = &crowd.guests[i];
    eddy_stream_read(guest->stream, &guest->read, &guest->buf, 1, answered);
  }
  all_of(&crowd.answered);
  assert_int_equal(eddy_pool_free(crowd.pool), 64); // an idle one holds no buffer
  for (int i = 0; i < crowd.count; i++) {
    struct side *guest = &crowd.guests[i];
    if (guest->byte == 'r')
      eddy_stream_close_reset(guest->stream, NULL, NULL);
    else
      eddy_stream_close(guest->stream, NULL, NULL);
  }
  all_of(&crowd.ended);
  eddy_listener_close(listener, NULL, NULL);
  eddy_pool_close(crowd.pool, NULL, NULL);
  all_ended(loop);
  free(crowd.guests);
  free(crowd.hosts);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(thousands_at_once)};
  return RUN_TESTS(tests);
}
