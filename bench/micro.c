// What the loop itself costs, away from sockets: timers, posts, empty turns, opening a loop.
#include <eddy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_now(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double thread_now(void) { return cpu_now(CLOCK_THREAD_CPUTIME_ID); }

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static uint64_t fired;

static void on_timer(eddy_op_t *op, int64_t result) {
  (void)op;
  fired += result == 0;
}

static void report(const char *what, double nanoseconds, double count) {
  printf("  %-34s %9.1f ns\n", what, nanoseconds / count);
}

static void start_timers(eddy_loop_t *loop, eddy_op_t *ops, size_t count, eddy_time_t base) {
  for (size_t i = 0; i < count; i++)
    eddy_sleep(loop, &ops[i], base + random_next() % EDDY_SECOND, on_timer);
}

// `count` timers pending at once, due within a second. CPU time, so that waiting for them costs nothing.
static void timers(eddy_loop_t *loop, size_t count) {
  eddy_op_t *ops = malloc(count * sizeof *ops);
  if (!ops) exit(1);
  for (size_t i = 0; i < count; i++) eddy_op_init(&ops[i]); // page faults are not what is measured
  printf("timers, %zu pending\n", count);
  eddy_time_t base = eddy_update_now(loop) + EDDY_SECOND;
  double start = thread_now();
  start_timers(loop, ops, count, base);
  report("insert, with page faults", thread_now() - start, (double)count);
  start = thread_now();
  for (size_t i = 0; i < count; i++)
    eddy_rearm(&ops[i], base + EDDY_SECOND + random_next() % EDDY_SECOND);
  report("re-arm later", thread_now() - start, (double)count);
  start = thread_now();
  for (size_t i = 0; i < count; i++) eddy_cancel(&ops[i]);
  report("cancel", thread_now() - start, (double)count);
  eddy_loop_step(loop, 0);

  base = eddy_update_now(loop) + EDDY_SECOND;
  start = thread_now();
  start_timers(loop, ops, count, base);
  report("insert, memory at hand", thread_now() - start, (double)count);
  double spent = 0;
  for (eddy_time_t at = base; at <= base + EDDY_SECOND; at += EDDY_MILLISECOND) {
    while (eddy_update_now(loop) < at) continue;
    start = thread_now();
    eddy_loop_step(loop, 0);
    spent += thread_now() - start;
  }
  report("fire, a turn each millisecond", spent, (double)count);

  base = eddy_update_now(loop);
  start_timers(loop, ops, count, base);
  while (eddy_update_now(loop) < base + EDDY_SECOND) continue;
  start = thread_now();
  eddy_loop_run(loop);
  report("fire, all late at once", thread_now() - start, (double)count);
  free(ops);
}

enum { kPosts = 1000000 };
static eddy_op_t posts[kPosts];
static uint64_t delivered;

static void on_post(eddy_op_t *op, int64_t result) {
  (void)op;
  delivered += result == 0;
}

static void *poster(void *remote) {
  for (int i = 0; i < kPosts; i++) eddy_post(remote, &posts[i], on_post);
  return NULL;
}

static void post(eddy_loop_t *loop) {
  eddy_remote_t *remote = eddy_loop_remote(loop);
  eddy_op_t keep = {0};
  pthread_t thread;
  for (int i = 0; i < kPosts; i++) eddy_op_init(&posts[i]);
  double start = cpu_now(CLOCK_PROCESS_CPUTIME_ID);
  if (pthread_create(&thread, NULL, poster, remote)) exit(1);
  eddy_sleep(loop, &keep, EDDY_NEVER, on_timer);
  while (delivered < kPosts) eddy_loop_step(loop, EDDY_NEVER);
  pthread_join(thread, NULL);
  report("post, CPU of both sides", cpu_now(CLOCK_PROCESS_CPUTIME_ID) - start, kPosts);
  eddy_cancel(&keep);
  eddy_loop_run(loop);
  eddy_remote_release(remote);
}

static void empty_turns(eddy_loop_t *loop) {
  enum { kTurns = 1000000 };
  double start = thread_now();
  for (int i = 0; i < kTurns; i++) eddy_loop_step(loop, 0);
  report("turn without a wait", thread_now() - start, kTurns);
}

static void open_close(uint32_t driver) {
  enum { kLoops = 200 };
  eddy_loop_options_t options = {.size = sizeof options, .driver = driver};
  double start = thread_now();
  for (int i = 0; i < kLoops; i++) {
    eddy_loop_t *loop;
    if (eddy_loop_open(&options, &loop)) exit(1);
    eddy_loop_step(loop, 0);
    eddy_loop_close(loop);
  }
  report("open, first step and close", thread_now() - start, kLoops);
}

int main(void) {
  for (uint32_t driver = EDDY_DRIVER_EPOLL; driver <= EDDY_DRIVER_IO_URING; driver++) {
    eddy_loop_options_t options = {.size = sizeof options, .driver = driver};
    eddy_loop_t *loop;
    int error = eddy_loop_open(&options, &loop);
    printf("%s%s%s\n", eddy_driver_name(driver), error ? ": " : "",
           error ? eddy_error_text(error) : "");
    if (error) continue;
    open_close(driver);
    empty_turns(loop);
    delivered = 0;
    post(loop);
    timers(loop, 1000);
    timers(loop, 1000000);
    eddy_loop_drain(loop, EDDY_NEVER);
    eddy_loop_close(loop);
  }
  return 0;
}
