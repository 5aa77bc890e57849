// What a step leaves behind for the next one, and no event of the kernel will tell of, makes the native handle readable;
// once nothing is left it is quiet.
#include "needs.h"
#include "rule_tools.h"

#include <errno.h>
#include <sys/epoll.h>

static eddy_loop_t *the_loop;
static int host;

static int readable(void) {
  struct epoll_event event;
  int count;
  do count = epoll_wait(host, &event, 1, 0);
  while (count < 0 && errno == EINTR);
  return count;
}

// Steps as a host does, only when it is told to; the number of steps.
static int steps_to_rest(void) {
  int steps = 0;
  for (; readable(); steps++) {
    eddy_loop_step(the_loop, 0);
    assert_true(steps < 20);
  }
  return steps;
}

static void embed(eddy_loop_t *loop) {
  the_loop = loop;
  host = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  int native = (int)eddy_loop_native_handle(loop);
  assert_int_equal(epoll_ctl(host, EPOLL_CTL_ADD, native, &event), 0);
  eddy_loop_step(loop, 0);
  steps_to_rest();
}

static void yield_again(struct rec *rec, int64_t result) {
  (void)result;
  if (rec->finals < 5) eddy_yield(the_loop, &rec->op, rec_cb);
}

static void ready_ops(void **state) {
  NEEDS(PROMPT_HANDLE);
  embed(LOOP(state));
  struct rec yield = {.then = yield_again};
  eddy_yield(the_loop, &yield.op, rec_cb);
  eddy_loop_step(the_loop, 0);
  assert_int_equal(yield.finals, 1);
  steps_to_rest();
  assert_int_equal(yield.finals, 5);
  close(host);
}

static void an_idle_hook(void **state) {
  NEEDS(PROMPT_HANDLE);
  embed(LOOP(state));
  struct rec idle = {0};
  eddy_hook_idle(the_loop, &idle.op, rec_cb);
  eddy_loop_step(the_loop, 0);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(readable(), 1);
    eddy_loop_step(the_loop, 0);
  }
  eddy_cancel(&idle.op);
  eddy_loop_step(the_loop, 0);
  steps_to_rest();
  assert_int_equal(idle.finals, 1);
  close(host);
}

static struct rec closed;

static void open_and_close(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_stream_t *stream;
  assert_int_equal(eddy_stream_open(the_loop, EDDY_AF_INET, &stream), 0);
  eddy_stream_close(stream, &closed.op, rec_cb);
}

// Closed in the last phase of a step: due in the next.
static void a_close(void **state) {
  NEEDS(PROMPT_HANDLE);
  embed(LOOP(state));
  struct rec sleep = {.then = open_and_close};
  closed = (struct rec){0};
  eddy_sleep(the_loop, &sleep.op, 0, rec_cb);
  eddy_loop_step(the_loop, 0);
  steps_to_rest();
  assert_int_equal(closed.finals, 1);
  close(host);
}

static void stop_it(struct rec *rec, int64_t result) {
  (void)rec, (void)result;
  eddy_loop_stop(the_loop);
}

// A stop in a drain is for the next step.
static void a_stop(void **state) {
  NEEDS(PROMPT_HANDLE);
  embed(LOOP(state));
  struct rec sleep = {.then = stop_it};
  eddy_sleep(the_loop, &sleep.op, EDDY_NEVER, rec_cb);
  assert_int_equal(eddy_loop_drain(the_loop, 0), 0);
  assert_int_equal(readable(), 1);
  eddy_loop_step(the_loop, 0);
  steps_to_rest();
  close(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(ready_ops), FIXTURE_TEST(an_idle_hook),
                                     FIXTURE_TEST(a_close), FIXTURE_TEST(a_stop)};
  return RUN_TESTS(tests);
}
