// Scenes of the loop itself: timers, hooks, posts, work, other threads, forked children.
#include "scene.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static void timers(void) {
  eddy_time_t now = eddy_update_now(loop);
  struct act *sleep = START(eddy_sleep(loop, OP, now + EDDY_SECOND, CB));
  struct act *late = act("sleep with a deadline");
  late->may = EDDY_ETIMEDOUT;
  eddy_op_set_deadline(&late->op, now + EDDY_MILLISECOND);
  started(late, eddy_sleep(loop, &late->op, now + EDDY_SECOND, act_cb));
  struct act *tick =
      START_MAY(EDDY_ECANCELED, eddy_tick(loop, OP, now, EDDY_MILLISECOND, EDDY_TICK_SKIP, CB));
  SAID(eddy_rearm(&sleep->op, now + 2 * EDDY_MILLISECOND));
  payloads_of(tick, 3);
  eddy_cancel(&tick->op);
  end_of(tick);
  end_of(late);
  end_of(sleep);
  if (sleep->result == 0 && eddy_update_now(loop) < now + 2 * EDDY_MILLISECOND)
    broken("sleep", "early");
}

static void hooks(void) {
  struct act *idle = START_MAY(EDDY_ECANCELED, eddy_hook_idle(loop, OP, CB));
  struct act *before = START_MAY(EDDY_ECANCELED, eddy_hook_before_wait(loop, OP, CB));
  struct act *after = START_MAY(EDDY_ECANCELED, eddy_hook_after_wait(loop, OP, CB));
  struct act *yield = START(eddy_yield(loop, OP, CB));
  end_of(yield);
  if (payloads_of(idle, 2) && payloads_of(before, 2)) payloads_of(after, 2);
  struct act *ended[] = {idle, before, after};
  for (int i = 0; i < 3; i++) {
    eddy_cancel(&ended[i]->op);
    end_of(ended[i]);
  }
}

// A host that waits for the native handle by its own means.
static void embedded(void) {
  eddy_native_t native = eddy_loop_native_handle(loop);
  if (native == EDDY_NO_NATIVE) {
    own("eddy_loop_native_handle"); // documented: no descriptor is left for it
    return;
  }
  struct act *yield = START(eddy_yield(loop, OP, CB));
  struct act *sleep = START(eddy_sleep(loop, OP, eddy_now(loop) + 5 * EDDY_MILLISECOND, CB));
  for (int turns = 0; !sleep->finals; turns++) {
    if (turns == 1000) broken("embedded", "a thousand turns, and a timer of 5 ms has not ended");
    eddy_loop_flush(loop);
    eddy_time_t at = eddy_loop_next_deadline(loop), now = eddy_update_now(loop);
    struct pollfd polled = {(int)native, POLLIN, 0};
    if (poll(&polled, 1, at <= now ? 0 : 1 + (int)((at - now) / EDDY_MILLISECOND)) < 0 &&
        errno != EINTR)
      own("poll");
    eddy_loop_step(loop, 0);
  }
  end_of(yield);
}

// Posts of another thread.

static struct act *posted[3];

static void *post_all(void *remote) {
  for (int i = 0; i < 3; i++) {
    if (eddy_post(remote, &posted[i]->op, act_cb) != EDDY_PENDING)
      broken("eddy_post", "refused by a loop that is there");
    usleep(1000);
  }
  eddy_remote_wake(remote);
  eddy_remote_release(remote);
  return NULL;
}

static void posts(void) {
  for (int i = 0; i < 3; i++) posted[i] = act("post"), posted[i]->started++;
  eddy_remote_t *remote = eddy_loop_remote(loop);
  pthread_t thread;
  if (pthread_create(&thread, NULL, post_all, eddy_remote_retain(remote))) {
    own("pthread_create");
    post_all(remote);
  } else {
    // Asleep when they come: the post has to wake it.
    struct act *patience = START_MAY(
        EDDY_ECANCELED, eddy_sleep(loop, OP, eddy_update_now(loop) + 20 * EDDY_SECOND, CB));
    eddy_time_t begin = eddy_update_now(loop);
    while (!posted[2]->finals) eddy_loop_step(loop, EDDY_NEVER);
    if (eddy_update_now(loop) - begin > 10 * EDDY_SECOND)
      broken("eddy_post", "the loop was not woken");
    eddy_cancel(&patience->op);
    end_of(patience);
    pthread_join(thread, NULL);
  }
  eddy_remote_stop(remote);
  struct act *yield = START(eddy_yield(loop, OP, CB));
  eddy_loop_run(loop);
  end_of(yield);
  for (int i = 0; i < 3; i++) end_of(posted[i]);
  eddy_remote_release(remote);
}

// Work.

static int64_t square(void *argument) {
  int *n = argument;
  usleep(500);
  *n *= *n;
  return 7;
}

static void work_in(eddy_workers_t *workers) {
  enum { JOBS = 6 };
  static int numbers[JOBS];
  struct act *jobs[JOBS];
  for (int i = 0; i < JOBS; i++) {
    numbers[i] = i + 2;
    jobs[i] = act("work");
    jobs[i]->may = i == JOBS - 1 ? EDDY_ECANCELED : 0;
    started(jobs[i], eddy_work_in(workers, loop, &jobs[i]->op, square, &numbers[i], act_cb));
  }
  eddy_cancel(&jobs[JOBS - 1]->op);
  for (int i = 0; i < JOBS; i++) {
    int64_t result = end_of(jobs[i]);
    int ran = numbers[i] == (i + 2) * (i + 2);
    if (ran != (result == 7))
      broken("work", ran ? "it ran, and says that it did not" : "it says that it ran");
  }
}

static void work(void) { work_in(NULL); }

static void workers(void) {
  eddy_workers_options_t options = {.size = sizeof options, .threads = 2, .idle = EDDY_MILLISECOND};
  eddy_workers_t *own_pool = NULL;
  if (!OK(eddy_workers_open(&options, &own_pool))) return;
  work_in(own_pool);
  eddy_workers_stats_t stats = {.size = sizeof stats};
  SAID(eddy_workers_stat(own_pool, &stats));
  SAID(eddy_workers_close(own_pool));
}

// A loop that goes from thread to thread.

static void *run_there(void *loop_there) {
  eddy_loop_run(loop_there);
  return NULL;
}

static void migratable(void) {
  eddy_loop_t *here = loop, *other = another_loop(EDDY_LOOP_MIGRATABLE);
  if (!other) return;
  struct act *sleep = act("sleep in another thread");
  started(sleep, eddy_sleep(other, &sleep->op, eddy_update_now(other) + EDDY_MILLISECOND, act_cb));
  pthread_t thread;
  if (pthread_create(&thread, NULL, run_there, other))
    own("pthread_create");
  else
    pthread_join(thread, NULL);
  loop = other;
  end_of(sleep);
  loop = here;
  end_loop(other);
}

// A child that goes on with the loop; its errors are told by its exit code.
static void forked(void) {
  enum { BROKEN = 1, TOLD = 3 };
  struct act *sleep = START(eddy_sleep(loop, OP, eddy_update_now(loop) + EDDY_MILLISECOND, CB));
  eddy_loop_step(loop, 0);
  pid_t child = fork();
  if (child < 0) return own("fork");
  if (child == 0) {
    if (!OK(eddy_loop_after_fork(loop))) _exit(eddy_loop_close(loop) ? BROKEN : TOLD);
    sleep->may = EDDY_ECANCELED;
    end_of(sleep);
    end_of(START(eddy_yield(loop, OP, CB)));
    end_loop(loop);
    _exit(told ? TOLD : 0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) == BROKEN)
    broken("fork", "the child has not ended as it should");
  if (WEXITSTATUS(status) == TOLD) own("the child");
  end_of(sleep);
}

// Drained with everything pending.
static void drained(void) {
  eddy_stream_t *a, *b;
  static char bytes[100];
  eddy_buf_t in = {bytes, sizeof bytes};
  eddy_addr_t at;
  eddy_listener_t *listener = NULL;
  eddy_addr_loopback(&at, EDDY_AF_INET, 0);
  if (OK(eddy_listener_open(loop, &at, NULL, &listener)))
    START_MAY(EDDY_ECANCELED, eddy_listener_accept_many(listener, OP, 0, CB));
  if (OK(eddy_stream_pair(loop, &a, &b))) {
    START_MAY(EDDY_ECANCELED, eddy_stream_read(a, OP, &in, 1, CB));
    START_MAY(EDDY_ECANCELED, eddy_stream_wait(b, OP, EDDY_READABLE, CB));
  }
  START_MAY(EDDY_ECANCELED, eddy_sleep(loop, OP, EDDY_NEVER, CB));
  START_MAY(EDDY_ECANCELED, eddy_tick(loop, OP, 0, EDDY_SECOND, 0, CB));
  static int number = 3;
  START_MAY(EDDY_ECANCELED, eddy_work(loop, OP, square, &number, CB));
  eddy_loop_step(loop, 0);
  if (eddy_loop_drain(loop, eddy_update_now(loop) + 10 * EDDY_SECOND))
    broken("drain", "something is left");
}

const struct scene loop_scenes[] = {
    {"timers", timers},   {"hooks", hooks},     {"embedded", embedded},     {"posts", posts},
    {"work", work},       {"workers", workers}, {"migratable", migratable}, {"forked", forked},
    {"drained", drained}, {NULL, NULL},
};
