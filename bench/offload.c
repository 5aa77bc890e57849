// What it costs to have a function run on another thread and to hear of its end, beside a hand-written pool:
// one lock, a condition variable, and results on a lock-free stack with an eventfd for a loop that sleeps.
#include <eddy.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 4, kMaxWindow = 1024, kRounds = 7 };

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int64_t nothing(void *argument) { return argument != NULL; }

/* The limit. */
struct item {
  struct item *next;
  int64_t (*fn)(void *);
  void *argument;
  int64_t result;
};

static struct {
  pthread_mutex_t lock;
  pthread_cond_t more;
  struct item *head, *tail;
  int idle, waking;
  int fd;
  _Atomic(struct item *) done;
  atomic_int asleep;
  pthread_t threads[kThreads];
} raw = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

/* One thread at a time is woken, and wakes the next if there is more: with a signal for each item every
   row is two to five times slower. */
static int raw_wakes(void) {
  if (!raw.head || !raw.idle || raw.waking) return 0;
  return raw.waking = 1;
}

static struct item *raw_take(void) {
  pthread_mutex_lock(&raw.lock);
  while (!raw.head) {
    raw.idle++;
    pthread_cond_wait(&raw.more, &raw.lock);
    raw.idle--;
    raw.waking = 0;
  }
  struct item *item = raw.head;
  raw.head = item->next;
  int wake = raw_wakes();
  pthread_mutex_unlock(&raw.lock);
  if (wake) pthread_cond_signal(&raw.more);
  return item;
}

static void raw_return(struct item *item) {
  struct item *head = atomic_load(&raw.done);
  do item->next = head;
  while (!atomic_compare_exchange_weak(&raw.done, &head, item));
  uint64_t one = 1;
  if (atomic_load(&raw.asleep) && atomic_exchange(&raw.asleep, 0) &&
      write(raw.fd, &one, sizeof one) < 0)
    abort();
}

static void *raw_worker(void *unused) {
  (void)unused;
  for (struct item *item; (item = raw_take())->fn;) {
    item->result = item->fn(item->argument);
    raw_return(item);
  }
  return NULL;
}

static void raw_submit(struct item *item) {
  item->next = NULL;
  pthread_mutex_lock(&raw.lock);
  if (raw.head)
    raw.tail->next = item;
  else
    raw.head = item;
  raw.tail = item;
  int wake = raw_wakes();
  pthread_mutex_unlock(&raw.lock);
  if (wake) pthread_cond_signal(&raw.more);
}

static void raw_wait(void) {
  atomic_store(&raw.asleep, 1);
  struct pollfd fd = {.fd = raw.fd, .events = POLLIN};
  uint64_t count;
  if (!atomic_load(&raw.done)) poll(&fd, 1, -1);
  atomic_store(&raw.asleep, 0);
  if (read(raw.fd, &count, sizeof count) < 0 && errno != EAGAIN) abort();
}

static void raw_run(long count, int window) {
  static struct item items[kMaxWindow];
  long started = 0, ended = 0;
  for (; started < window; started++) {
    items[started] = (struct item){.fn = nothing};
    raw_submit(&items[started]);
  }
  while (ended < count) {
    struct item *item = atomic_exchange(&raw.done, NULL);
    if (!item) raw_wait();
    while (item) {
      struct item *next = item->next;
      ended++;
      if (started++ < count) raw_submit(item);
      item = next;
    }
  }
}

static void raw_open(void) {
  raw.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  for (int i = 0; i < kThreads; i++)
    if (pthread_create(&raw.threads[i], NULL, raw_worker, NULL)) exit(1);
}

static void raw_close(void) {
  static struct item ends[kThreads];
  for (int i = 0; i < kThreads; i++) raw_submit(&ends[i]);
  for (int i = 0; i < kThreads; i++) pthread_join(raw.threads[i], NULL);
}

/* eddy. */
static eddy_loop_t *loop;
static eddy_workers_t *workers;
static long wanted, begun;

static void again(eddy_op_t *op, int64_t result) {
  if (result < 0) abort();
  if (begun++ < wanted) eddy_work_in(workers, loop, op, nothing, NULL, again);
}

static void eddy_run(long count, int window) {
  static eddy_op_t ops[kMaxWindow];
  wanted = count;
  for (begun = 0; begun < window; begun++)
    eddy_work_in(workers, loop, &ops[begun], nothing, NULL, again);
  eddy_loop_run(loop);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, kRounds, sizeof *values, by_size);
  return values[kRounds / 2];
}

/* Wall and CPU time of both, rounds interleaved. */
static void compare(const char *driver, int window, long count) {
  double wall[2][kRounds], cpu[2][kRounds];
  for (int round = -1; round < kRounds; round++)
    for (int which = 0; which < 2; which++) {
      double wall_start = now(CLOCK_MONOTONIC), cpu_start = now(CLOCK_PROCESS_CPUTIME_ID);
      which ? eddy_run(count, window) : raw_run(count, window);
      if (round < 0) continue; // warm-up
      wall[which][round] = (now(CLOCK_MONOTONIC) - wall_start) / (double)count;
      cpu[which][round] = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu_start) / (double)count;
    }
  double walls[] = {median(wall[0]), median(wall[1])}, cpus[] = {median(cpu[0]), median(cpu[1])};
  printf(
      "%-9s window %5d  wall: raw %8.1f eddy %8.1f ns, ratio %.2f   cpu: raw %8.1f eddy %8.1f ns, "
      "ratio %.2f\n",
      driver, window, walls[0], walls[1], walls[1] / walls[0], cpus[0], cpus[1], cpus[1] / cpus[0]);
}

int main(void) {
  for (uint32_t driver = EDDY_DRIVER_EPOLL; driver <= EDDY_DRIVER_IO_URING; driver++) {
    eddy_loop_options_t options = {.size = sizeof options, .driver = driver};
    eddy_workers_options_t pool = {.size = sizeof pool, .threads = kThreads};
    int error = eddy_loop_open(&options, &loop);
    if (error) {
      printf("%s: %s\n", eddy_driver_name(driver), eddy_error_text(error));
      continue;
    }
    if (eddy_workers_open(&pool, &workers)) return 1;
    raw_open();
    compare(eddy_driver_name(driver), 1, 20000);
    compare(eddy_driver_name(driver), 64, 300000);
    compare(eddy_driver_name(driver), 1024, 1000000);
    raw_close();
    eddy_loop_close(loop);
    eddy_workers_close(workers);
  }
  return 0;
}
