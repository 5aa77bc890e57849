// A deadline that passes while the loop is kept from looking comes after what has arrived meanwhile.
#include "peer.h"

enum { kPatience = 5, kWork = 15 }; // milliseconds
enum { READ, POOL, WAIT, QUIET, STREAMS };

struct late {
  eddy_loop_t *loop;
  struct rec ops[STREAMS], accept, sleep, begin;
  eddy_stream_t *streams[STREAMS];
  struct peer peers[STREAMS], client;
  eddy_listener_t *listener;
  eddy_addr_t address;
  eddy_pool_t *pool;
  char room[2][64];
  eddy_buf_t into[2];
};

static void open_late(struct late *late, eddy_loop_t *loop) {
  memset(late, 0, sizeof *late);
  late->loop = loop;
  for (int i = 0; i < STREAMS; i++) late->peers[i] = peer_open(loop, PEER_TCP, &late->streams[i]);
  late->listener = listen_loopback(loop, &late->address);
  late->pool = open_pool(loop, 4, 64);
  for (int i = 0; i < 2; i++) late->into[i] = buffer(late->room[i], sizeof late->room[i]);
  turns(loop, 2);
}

static void start_and_work(struct late *late) {
  eddy_time_t until = eddy_update_now(late->loop) + kPatience * EDDY_MILLISECOND;
  for (int i = 0; i < STREAMS; i++) eddy_op_set_deadline(&late->ops[i].op, until);
  eddy_op_set_deadline(&late->accept.op, until);
  eddy_op_set_deadline(&late->sleep.op, until);
  late->accept.then = take_accepted;
  eddy_sleep(late->loop, &late->sleep.op, EDDY_NEVER, rec_cb);
  eddy_stream_read(late->streams[READ], &late->ops[READ].op, &late->into[0], 1, rec_cb);
  eddy_stream_read_pool(late->streams[POOL], &late->ops[POOL].op, late->pool, 1, rec_cb);
  eddy_stream_wait(late->streams[WAIT], &late->ops[WAIT].op, EDDY_READABLE, rec_cb);
  eddy_stream_read(late->streams[QUIET], &late->ops[QUIET].op, &late->into[1], 1, rec_cb);
  eddy_listener_accept(late->listener, &late->accept.op, rec_cb);
  for (int i = 0; i < QUIET; i++) {
    peer_send(&late->peers[i], "x", 1);
    peer_settled(&late->peers[i]);
  }
  late->client = peer_connect(&late->address);
  usleep(kWork * 1000);
}

static void check_late(struct late *late) {
  turn_until(late->loop, &late->ops[POOL].finals, 1);
  turn_until(late->loop, &late->ops[QUIET].finals, 1);
  assert_int_equal(late->ops[READ].result, 1);
  assert_int_equal(late->ops[POOL].mores, 1);
  assert_int_equal(late->ops[POOL].result, EDDY_ETIMEDOUT); // of the whole, after what it brought
  assert_int_equal(late->ops[WAIT].result, EDDY_READABLE);
  assert_int_equal(late->ops[QUIET].result, EDDY_ETIMEDOUT);
  assert_int_equal(late->accept.result, 0);
  assert_int_equal(late->sleep.result, EDDY_ETIMEDOUT); // by which a binding times other things
  assert_true(late->sleep.order > late->ops[READ].order && late->sleep.order > late->accept.order);
  eddy_stream_close(late->accept.context, NULL, NULL);
  peer_close(&late->client);
  for (int i = 0; i < STREAMS; i++) {
    eddy_stream_close(late->streams[i], NULL, NULL);
    peer_close(&late->peers[i]);
  }
}

static void begin(struct rec *rec, int64_t result) {
  (void)result;
  start_and_work(rec->context);
}

static void in_a_long_turn(void **state) {
  struct late late;
  open_late(&late, LOOP(state));
  late.begin.then = begin;
  late.begin.context = &late;
  eddy_yield(late.loop, &late.begin.op, rec_cb);
  eddy_loop_step(late.loop, 0);
  check_late(&late);
}

static void between_two_steps(void **state) {
  struct late late;
  open_late(&late, LOOP(state));
  start_and_work(&late);
  eddy_update_now(late.loop); // whatever the host knows of the time, the kernel was not asked
  check_late(&late);
}

static void work_on(struct rec *rec, int64_t result) {
  struct late *late = rec->context;
  (void)result;
  if (rec->finals == 1) start_and_work(late); // turns follow that are too busy to ask
  if (rec->finals < 5)
    eddy_yield(late->loop, &rec->op, rec_cb);
  else
    eddy_loop_stop(late->loop);
}

static void in_turns_that_do_not_ask(void **state) {
  struct late late;
  open_late(&late, LOOP(state));
  late.begin.then = work_on;
  late.begin.context = &late;
  eddy_yield(late.loop, &late.begin.op, rec_cb);
  eddy_loop_run(late.loop); // a step would ask when it leaves
  check_late(&late);
}

static const char flood[100]; // more than a buffer

static void refill(struct rec *rec, int64_t result) {
  if (result <= 0) return;
  peer_send(rec->context, flood, sizeof flood);
  usleep(1000);
}

// What goes on for ever does not put the end off for ever.
static void under_a_flood(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, PEER_TCP, &stream);
  struct rec read = {.then = refill, .context = &peer};
  eddy_op_set_deadline(&read.op, eddy_update_now(loop) + 10 * EDDY_MILLISECOND);
  eddy_stream_read_pool(stream, &read.op, open_pool(loop, 4, 64), 4, rec_cb);
  peer_send(&peer, flood, sizeof flood);
  for (int i = 0; i < 1000 && !read.finals; i++) eddy_loop_step(loop, EDDY_NEVER);
  assert_int_equal(read.result, EDDY_ETIMEDOUT);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(in_a_long_turn),
      FIXTURE_TEST(between_two_steps),
      FIXTURE_TEST(in_turns_that_do_not_ask),
      FIXTURE_TEST(under_a_flood),
  };
  return RUN_TESTS(tests);
}
