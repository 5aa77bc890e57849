// Waits by chance on descriptors of every kind. The model is poll(2) at the moment at which the loop looks: in every
// turn each wait is told exactly what holds of what it asked for, and is left alone when nothing does.
#include "needs.h"

#if HAS_POSIX_FILES

#include "random_files.h"

#include <signal.h>

#if !defined(ROUNDS)
#define ROUNDS 2000
#endif

enum { kFiles = 2 * FILE_KINDS, kWaits = 40 };

struct waiter {
  struct rec rec; // first
  int file;
  uint32_t events;
  int repeats, cancelled, was_pending, calls_before;
  eddy_time_t deadline;
};

struct turn {
  eddy_loop_t *loop;
  struct rec begins, ends;
  int looked, rounds;
};

static struct turn *test;
static struct file files[kFiles];
static eddy_fd_t *handles[kFiles];
static uint32_t before[kFiles], after[kFiles];
static struct waiter waiters[kWaits];
static uint64_t seed;
static int told, at_once, kept_quiet;

#define SEEN(condition)                                                                            \
  do {                                                                                             \
    if (!(condition))                                                                              \
      fail_msg("seed %llu, file kind %d, asked %u (repeats %d), holds %u, then %u, told %lld: %s", \
               (unsigned long long)seed, (int)files[w->file].kind, w->events, w->repeats,          \
               before[w->file], after[w->file],                                                    \
               (long long)(w->rec.finals ? w->rec.result : w->rec.last_more), #condition);         \
  } while (0)

static uint32_t wanted(const struct waiter *w, uint32_t holds) {
  return holds & (w->events | EDDY_POLL_ERROR);
}

static void start(eddy_loop_t *loop, struct waiter *w) {
  int within = rnd(3) == 0;
  memset(w, 0, sizeof *w);
  w->file = (int)rnd(kFiles);
  w->events = 1 + rnd(31);
  w->repeats = rnd(3) == 0;
  if (within) eddy_op_set_flags(&w->rec.op, EDDY_OP_INLINE);
  if (rnd(8) == 0) {
    w->deadline = eddy_update_now(loop) + 1 + rnd(2000000);
    eddy_op_set_deadline(&w->rec.op, w->deadline);
  }
  uint32_t first = file_events(&files[w->file]);
  int got = eddy_fd_poll(handles[w->file], &w->rec.op, w->events, w->repeats ? EDDY_POLL_REPEAT : 0,
                         rec_cb);
  if (got == EDDY_PENDING) return;
  uint32_t second = file_events(&files[w->file]);
  int64_t result = eddy_op_result(&w->rec.op);
  at_once++;
  SEEN(within && !w->repeats && result > 0);
  if (first == second) SEEN(result == wanted(w, first));
}

// Before the turn looks.
static void note_all(void) {
  for (int i = 0; i < kFiles; i++) before[i] = file_events(&files[i]);
  for (int i = 0; i < kWaits; i++) {
    waiters[i].was_pending = eddy_op_pending(&waiters[i].rec.op);
    waiters[i].calls_before = waiters[i].rec.calls;
  }
}

static void check_one(struct waiter *w, int looked) {
  int calls = w->rec.calls - w->calls_before;
  if (!w->was_pending) {
    SEEN(calls == 0);
    return;
  }
  int64_t result = w->rec.finals ? w->rec.result : w->rec.last_more;
  uint32_t holds = wanted(w, before[w->file]), then = wanted(w, after[w->file]);
  if (w->rec.finals && result == EDDY_ETIMEDOUT) { // the first reason wins
    SEEN(calls == 1 && w->deadline && w->deadline <= eddy_now(test->loop));
    return;
  }
  if (w->cancelled) {
    SEEN(calls == 1 && w->rec.finals && result == EDDY_ECANCELED);
    return;
  }
  SEEN(calls <= 1);
  if (calls) {
    SEEN(result > 0 && (result & ~(int64_t)(holds | then)) == 0);
    SEEN(w->rec.finals == !w->repeats);
  }
  if (before[w->file] != after[w->file]) return; // it changed while the loop looked
  if (calls) SEEN(result == holds);
  // Linux wakes nobody when a terminal's other side has made room by reading.
  int silent = files[w->file].kind == TERMINAL && holds == EDDY_WRITABLE;
  if (looked && !silent) SEEN(calls == (holds != 0));
  if (!holds) SEEN(calls == 0);
  calls ? told++ : kept_quiet++;
}

static void reopen(eddy_loop_t *loop, int i) {
  eddy_fd_close(handles[i], NULL, NULL);
  file_close(&files[i]); // at once
  file_open(&files[i], (enum file_kind)(i % FILE_KINDS));
  assert_int_equal(eddy_fd_open(loop, files[i].fd, &handles[i]), 0);
  for (int k = 0; k < kWaits; k++)
    if (waiters[k].file == i) waiters[k].cancelled = 1;
}

static void act(eddy_loop_t *loop) {
  struct waiter *w = &waiters[rnd(kWaits)];
  uint32_t what = rnd(100);
  if (what < 40) {
    file_happens(&files[rnd(kFiles)]);
  } else if (what >= 98) {
    reopen(loop, (int)rnd(kFiles));
  } else if (!eddy_op_pending(&w->rec.op)) {
    start(loop, w);
  } else if (what < 50) {
    eddy_cancel(&w->rec.op);
    w->cancelled = 1;
  }
}

// A turn begins.
static void begins(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  (void)result;
  struct turn *turn = rec->context;
  if (turn->looked)
    for (uint32_t acts = 1 + rnd(5); acts; acts--) act(turn->loop);
  note_all();
}

// Its results have been delivered. A turn that had some from its start may have left the kernel alone.
static void ends(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  (void)result;
  struct turn *turn = rec->context;
  turn->looked = 1;
  for (int i = 0; i < kFiles; i++) after[i] = file_events(&files[i]);
  for (int i = 0; i < kWaits; i++)
    if (waiters[i].was_pending && waiters[i].rec.finals && waiters[i].rec.result < 0)
      turn->looked = 0;
  for (int i = 0; i < kWaits; i++) check_one(&waiters[i], turn->looked);
  if (turn->looked && ++turn->rounds == ROUNDS) {
    eddy_cancel(&turn->begins.op);
    eddy_cancel(&turn->ends.op);
    for (int i = 0; i < kFiles; i++) eddy_fd_close(handles[i], NULL, NULL);
  }
}

static void as_poll_says(void **state) {
  eddy_loop_t *loop = LOOP(state);
  const char *given = getenv("EDDY_TEST_SEED");
  signal(SIGPIPE, SIG_IGN);
  seed = given ? strtoull(given, NULL, 10) : 20240607;
  chance_state = seed * 2 + 1;
  memset(waiters, 0, sizeof waiters);
  for (int i = 0; i < kFiles; i++) {
    file_open(&files[i], (enum file_kind)(i % FILE_KINDS));
    assert_int_equal(eddy_fd_open(loop, files[i].fd, &handles[i]), 0);
  }
  struct turn turn = {
      loop, {.then = begins, .context = &turn}, {.then = ends, .context = &turn}, 1, 0};
  test = &turn;
  eddy_hook_idle(loop, &turn.begins.op, rec_cb);
  eddy_hook_after_wait(loop, &turn.ends.op, rec_cb);
  eddy_loop_run(loop);
  print_message("told %d, left alone %d, at once %d\n", told, kept_quiet, at_once);
  assert_true(told > ROUNDS && kept_quiet > ROUNDS && at_once > 0);
  for (int i = 0; i < kFiles; i++) file_close(&files[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(as_poll_says)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the model is poll(2) of Linux");
#endif
