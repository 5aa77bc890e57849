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
  int count, started, connected, accepted, echoed, ended;
} crowd;

// How many connections the process can have: each has two descriptors.
static int affordable(eddy_loop_t *loop) {
  static eddy_stream_t *streams[2 * kWanted + kSpare];
  int opened = 0, error = 0;
  descriptors_raise();
  while (opened < COUNT(streams)) {
    error = eddy_stream_open(loop, EDDY_AF_INET, &streams[opened]);
    if (error) break;
    opened++;
  }
  for (int i = 0; i < opened; i++) eddy_stream_close(streams[i], NULL, NULL);
  all_ended(loop);
  if (opened == COUNT(streams)) return kWanted;
  assert_int_equal(error, EDDY_EMFILE);
  print_message("scaled to %d of %d connections by the limit of descriptors\n",
                (opened - kSpare) / 2, kWanted);
  return (opened - kSpare) / 2;
}

static void echoed(eddy_op_t *op, int64_t result) {
  (void)op;
  assert_int_equal(result, 1);
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
  assert_int_equal(eddy_stream_open(crowd.loop, EDDY_AF_INET, &guest->stream), 0);
  eddy_stream_connect(guest->stream, &guest->write, &crowd.addr, arrived);
}

static void answered(eddy_op_t *op, int64_t result) {
  (void)op;
  assert_int_equal(result, 1);
  crowd.echoed++;
}

static void speak(struct side *guest, char byte) {
  guest->byte = byte;
  guest->buf = buffer(&guest->byte, 1);
  eddy_stream_write(guest->stream, &guest->write, &guest->buf, 1, echoed);
  eddy_stream_read(guest->stream, &guest->read, &guest->buf, 1, answered);
}

// Fails when nothing more comes.
static void all_of(const int *count) {
  while (*count < crowd.count) turn_until(crowd.loop, count, *count + 1);
}

static void thousands_at_once(void **state) {
  eddy_loop_t *loop = LOOP(state);
  crowd = (struct crowd){.loop = loop, .count = affordable(loop)};
  assert_true(crowd.count >= kLeast);
  crowd.guests = calloc((size_t)crowd.count, sizeof *crowd.guests);
  crowd.hosts = calloc((size_t)crowd.count, sizeof *crowd.hosts);
  crowd.pool = open_pool(loop, 64, 1024);
  eddy_listener_t *listener = listen_loopback(loop, &crowd.addr);
  eddy_op_t many = {0};
  eddy_listener_accept_many(listener, &many, 0, welcome);
  for (int i = 0; i < kConnecting; i++) visit();
  all_of(&crowd.connected);
  all_of(&crowd.accepted);
  for (int i = 0; i < crowd.count; i++) speak(&crowd.guests[i], i % 20 ? 'r' : 'e');
  all_of(&crowd.echoed);
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
