// Rule 5: a cancel races the bytes of a peer's thread; each round ends once, as one or the other, and no
// byte is lost or doubled.
#include "rule_tools.h"

#include <pthread.h>
#include <semaphore.h>

enum { ROUNDS = 3000 };

static sem_t go;
static struct peer peer;

static void *send_on_request(void *unused) {
  (void)unused;
  for (int i = 0; i < ROUNDS; i++) {
    sem_wait(&go);
    char byte = (char)i;
    if (peer_send_any(&peer, &byte, 1) != 1) break;
  }
  return NULL;
}

static void rule_5_cancel_races_completion(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream;
  peer = peer_open(loop, PEER_TCP, &stream);
  sem_init(&go, 0, 0);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, send_on_request, NULL), 0);
  int cancelled = 0, completed = 0, wrong = 0;
  unsigned patience = 1; // turns before the cancel, steered so that both outcomes happen
  char byte = 0;
  eddy_buf_t buf = buffer(&byte, 1);
  for (int i = 0; i < ROUNDS; i++) {
    struct rec read = {0};
    eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
    sem_post(&go);
    for (unsigned turn = 0; turn < patience && !read.finals; turn++) eddy_loop_step(loop, 0);
    eddy_cancel(&read.op);
    turn_until(loop, &read.finals, 1);
    if (read.result == 1) {
      completed++;
      patience = patience / 2;
    } else {
      wrong += read.result != EDDY_ECANCELED || read.transferred;
      cancelled++;
      if (patience < 4096) patience = patience * 2 + 1;
      eddy_stream_read(stream, &read.op, &buf, 1, rec_cb);
      turn_until(loop, &read.finals, 2);
      wrong += read.result != 1;
    }
    wrong += byte != (char)i;
    wrong += read.calls != read.finals;
  }
  pthread_join(thread, NULL);
  sem_destroy(&go);
  assert_int_equal(wrong, 0);
  assert_true(cancelled > 0);
  assert_true(completed > 0);
  eddy_stream_close(stream, NULL, NULL);
  peer_close(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(rule_5_cancel_races_completion)};
  return RUN_TESTS(tests);
}
