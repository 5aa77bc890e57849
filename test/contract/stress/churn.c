// Thousands of connections that come, send a little, and go in every way.
#include "tcp.h"

#include <stdatomic.h>

enum { kThreads = 2, kEach = 3000 };

static eddy_addr_t address;
static int came, gone;
static atomic_int made, stayed, ended; // stayed: connections whose peer waited for the end

static void *churn(void *argument) {
  unsigned seed = (unsigned)(uintptr_t)argument;
  void *failed = NULL;
  for (int i = 0; i < kEach && !failed; i++) {
    int fd = raw_connect_from(2 + (unsigned)i % 8, &address);
    if (fd < 0) {
      print_message("at connection %d\n", i);
      failed = argument;
      continue;
    }
    made++;
    seed = seed * 1103515245 + 12345;
    unsigned way = seed >> 16 & 3;
    if (way & 1) (void)!patient_send(fd, "hello", 5, MSG_NOSIGNAL);
    if (way == 3) shutdown(fd, SHUT_WR), raw_drain(fd), stayed++;
    // A reset leaves no TIME_WAIT, so that the ports last.
    raw_reset(fd);
  }
  ended++;
  return failed;
}

struct guest {
  struct rec read, closed;
  eddy_stream_t *stream;
};

static void freed(struct rec *rec, int64_t result) {
  (void)result;
  gone++;
  free(rec->context);
}

static void see_off(struct rec *rec, int64_t result) {
  if (eddy_op_more(&rec->op)) return;
  assert_true(result == 0 || result == EDDY_ECONNRESET);
  struct guest *guest = rec->context;
  guest->closed = (struct rec){.then = freed, .context = guest};
  eddy_stream_close(guest->stream, &guest->closed.op, rec_cb);
}

static eddy_pool_t *pool;

static void welcome(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) {
    assert_int_equal(result, EDDY_ECANCELED);
    return;
  }
  assert_int_equal(result, 0);
  struct guest *guest = calloc(1, sizeof *guest);
  guest->stream = eddy_op_take_stream(&rec->op);
  guest->read = (struct rec){.then = see_off, .context = guest};
  eddy_stream_read_pool(guest->stream, &guest->read.op, pool, 1, rec_cb);
  came++;
}

static void comes_and_goes(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_listener_t *listener = listen_loopback(loop, &address);
  pool = open_pool(loop, 8, 64);
  struct rec many = {.then = welcome};
  came = gone = 0;
  eddy_listener_accept_many(listener, &many.op, 0, rec_cb);
  pthread_t threads[kThreads];
  for (uintptr_t i = 0; i < kThreads; i++)
    pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
  // However slow it is, some have to come.
  int before = -1;
  for (eddy_time_t last = eddy_update_now(loop);
       ended < kThreads && eddy_update_now(loop) < last + 60 * EDDY_SECOND;) {
    if (before != came) last = eddy_now(loop);
    before = came;
    eddy_loop_step(loop, eddy_now(loop) + 20 * EDDY_MILLISECOND);
  }
  if (ended < kThreads)
    print_message("stuck: %d made, %d came, %d gone, %d stayed, %u buffers free\n", made, came,
                  gone, stayed, eddy_pool_free(pool));
  assert_int_equal(ended, kThreads);
  for (int i = 0; i < kThreads; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  // One more: when it has been seen off, those before it have been accepted.
  struct pollfd last = {.fd = raw_connect(&address), .events = POLLIN};
  shutdown((int)last.fd, SHUT_WR);
  TURN_UNTIL(loop, poll(&last, 1, 0) == 1);
  raw_reset((int)last.fd);
  TURN_UNTIL(loop, gone == came);
  assert_true(came > stayed);
  if (EARLY_RESETS_ARE_ACCEPTED) assert_int_equal(came, kThreads * kEach + 1);
  assert_int_equal(eddy_pool_free(pool), 8);
  eddy_listener_close(listener, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(comes_and_goes)};
  return RUN_TESTS(tests);
}
