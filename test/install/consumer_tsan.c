/* Memory that goes from thread to thread with what eddy hands over, seen by ThreadSanitizer: an installed library is
   not instrumented, and tells it all the same. */
#include <eddy.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kRounds = 200 };

static void check(int held, const char *what) {
  if (held) return;
  printf("failed: %s\n", what);
  exit(1);
}

/* Two loops, each on a thread of its own, and one op that goes back and forth. */

static struct {
  eddy_op_t op;
  eddy_remote_t *sides[2];
  long count; /* plain, as the user's own data is */
} ball;

static void on_ball(eddy_op_t *op, int64_t result) {
  check(result == 0, "a post arrives");
  if (++ball.count == kRounds) {
    eddy_remote_stop(ball.sides[0]);
    eddy_remote_stop(ball.sides[1]);
    return;
  }
  check(eddy_post(ball.sides[ball.count % 2], op, on_ball) == EDDY_PENDING, "a post is taken");
}

static void on_never(eddy_op_t *op, int64_t result) { (void)op, (void)result; }

static eddy_loop_t *open_loop(void) {
  eddy_loop_t *loop;
  check(eddy_loop_open(NULL, &loop) == 0, "a loop opens");
  return loop;
}

static void run_until_stopped(eddy_loop_t *loop) {
  eddy_op_t alive = {0};
  eddy_sleep(loop, &alive, EDDY_NEVER, on_never);
  eddy_loop_run(loop);
  eddy_loop_drain(loop, EDDY_NEVER);
}

static void *run_side(void *argument) {
  run_until_stopped(argument);
  check(eddy_loop_close(argument) == 0, "a loop closes");
  return NULL;
}

static void posts(void) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    eddy_loop_t *loop = open_loop();
    ball.sides[i] = eddy_loop_remote(loop);
    check(eddy_loop_unbind(loop) == 0, "a loop is let go");
    check(pthread_create(&threads[i], NULL, run_side, loop) == 0, "a thread starts");
  }
  check(eddy_post(ball.sides[0], &ball.op, on_ball) == EDDY_PENDING, "a post is taken");
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 2; i++) eddy_remote_release(ball.sides[i]);
}

/* To a thread of the pool and back, again and again, several at a time. */

struct job {
  eddy_op_t op;
  eddy_loop_t *loop;
  long count;
};

static int64_t work(void *argument) {
  struct job *job = argument;
  return ++job->count;
}

static void on_worked(eddy_op_t *op, int64_t result) {
  struct job *job = (struct job *)op->data;
  check(result == job->count, "work brings its result");
  if (++job->count < kRounds) eddy_work(job->loop, op, work, job, on_worked);
}

static void works(void) {
  static struct job jobs[8];
  eddy_loop_t *loop = open_loop();
  for (int i = 0; i < 8; i++) {
    jobs[i].op.data = &jobs[i];
    jobs[i].loop = loop;
    eddy_work(loop, &jobs[i].op, work, &jobs[i], on_worked);
  }
  check(eddy_loop_run(loop) == 0, "all work is done");
  check(eddy_loop_close(loop) == 0, "a loop closes");
}

/* What was written before a stop or a wake is read after it. */

static long told;
static eddy_remote_t *listener;

static void *stop(void *argument) {
  told++;
  eddy_remote_stop(argument);
  return NULL;
}

static void *wake(void *argument) {
  told++;
  eddy_remote_wake(argument);
  return NULL;
}

static void stops(void) {
  eddy_loop_t *loop = open_loop();
  eddy_op_t alive = {0};
  pthread_t thread;
  listener = eddy_loop_remote(loop);
  eddy_sleep(loop, &alive, EDDY_NEVER, on_never);
  check(pthread_create(&thread, NULL, stop, listener) == 0, "a thread starts");
  eddy_loop_run(loop);
  check(++told == 2, "a stop is told");
  pthread_join(thread, NULL);
  eddy_loop_step(
      loop,
      0); /* the stop may have been seen before its signal came, which would end the next wait */
  check(pthread_create(&thread, NULL, wake, listener) == 0, "a thread starts");
  eddy_loop_step(loop, EDDY_NEVER);
  check(++told == 4, "a wake is told");
  pthread_join(thread, NULL);
  eddy_remote_release(listener);
  eddy_loop_drain(loop, EDDY_NEVER);
  check(eddy_loop_close(loop) == 0, "a loop closes");
}

/* A loop that its thread lets go, and the next one takes. */

static long left;
static atomic_int let_go;

static void on_due(eddy_op_t *op, int64_t result) {
  (void)op, (void)result;
  left++;
}

static void *run_and_let_go(void *argument) {
  eddy_op_t op = {0};
  eddy_sleep(argument, &op, 0, on_due);
  eddy_loop_run(argument);
  left++;
  check(eddy_loop_unbind(argument) == 0, "a loop is let go");
  atomic_store_explicit(&let_go, 1, memory_order_relaxed);
  return NULL;
}

static void unbinds(void) {
  eddy_loop_t *loop = open_loop();
  eddy_op_t op = {0};
  pthread_t thread;
  check(eddy_loop_unbind(loop) == 0, "a loop is let go");
  check(pthread_create(&thread, NULL, run_and_let_go, loop) == 0, "a thread starts");
  while (!atomic_load_explicit(&let_go, memory_order_relaxed)) {
  }
  eddy_sleep(loop, &op, 0, on_due);
  eddy_loop_run(loop);
  check(++left == 4, "each wrote");
  pthread_join(thread, NULL);
  check(eddy_loop_close(loop) == 0, "a loop closes");
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } cases[] = {{"posts", posts}, {"works", works}, {"stops", stops}, {"unbinds", unbinds}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (argc < 2 || strcmp(argv[1], cases[i].name) == 0) {
      cases[i].run();
      printf("%s\n", cases[i].name);
    }
  return 0;
}
