// Programs by chance, each run on all drivers step by step: what comes of them is the same. A program that fails is
// made as small as it gets, and printed.
//
//   lockstep [--from S] [--seeds N]   those seeds
//   lockstep --seed S                 one of them
//   lockstep --failures N             stops after so many, else 10
//   lockstep --only DRIVER            on one driver; differences are not looked for
#include "compare.h"
#include "moves.h"

#include <descriptors.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { kBatch = 250, kEnough = 400 }; // so many seeds visit every state

static const char *names[2] = {"epoll", "io_uring"};
static int drivers;
static uint32_t numbers[2];
static struct world worlds[2];

struct shared {
  uint64_t seed, done, ops, compared;
  struct moves moves;
};
static struct shared *shared;

static void count_ops(const struct program *p) {
  for (int i = 0; i < p->count; i++) {
    shared->ops += (uint64_t)worlds[0].ops[i].started;
    shared->compared += (uint64_t)(worlds[0].ops[i].started && drivers > 1 && compared(worlds, i));
  }
}

// 0, or it does not return: 2 is a difference, 3 something else.
static void run_program(const struct program *p) {
  int before = open_descriptors();
  for (int d = 0; d < drivers; d++) open_world(&worlds[d], names[d], numbers[d], p);
  for (int i = 0; i < p->count; i++) {
    if (!p->actions[i].on) continue;
    for (int d = 0; d < drivers; d++) {
      begin_action(&worlds[d], i);
      if (!p->actions[i].batched) rest(&worlds[d]);
    }
    if (p->actions[i].batched || drivers < 2 || !stay_different(&worlds[0], &worlds[1])) continue;
    printf("after action %d, %s and %s: %s\n", i, names[0], names[1], difference);
    fflush(stdout);
    _exit(2);
  }
  count_ops(p);
  for (int d = 0; d < drivers; d++) end_world(&worlds[d]);
  int after = open_descriptors();
  for (int tries = 0; after != before && tries < 100; tries++) {
    usleep(1000); // threads that end
    after = open_descriptors();
  }
  if (after == before) return;
  printf("%d descriptors before, %d after\n", before, after);
  fflush(stdout);
  _exit(3);
}

static void quiet(void) {
  int null = open("/dev/null", O_WRONLY);
  dup2(null, 1);
  dup2(null, 2);
}

static int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// Whether a program fails; again if it may be a matter of luck.
static int fails(const struct program *p, int tries, int loud) {
  for (int i = 0; i < tries; i++) {
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
      if (!loud) quiet();
      alarm(3 * patience);
      run_program(p);
      exit(0);
    }
    if (wait_for(child)) return 1;
  }
  return 0;
}

static void try_without(struct program *p, int from, int count, int *left) {
  struct program less = *p;
  int any = 0;
  for (int i = from; i < from + count && i < p->count; i++) {
    any |= less.actions[i].on;
    less.actions[i].on = 0;
  }
  if (!any || (*left)-- <= 0) return;
  if (fails(&less, 2, 0)) *p = less;
}

#define SIMPLER(member, value)                                                                     \
  do {                                                                                             \
    struct program less = *p;                                                                      \
    if (!less.actions[i].on || less.actions[i].member == (value)) break;                           \
    less.actions[i].member = (value);                                                              \
    if (left-- > 0 && fails(&less, 2, 0)) *p = less;                                               \
  } while (0)

static void shrink(struct program *p) {
  int left = 600;
  for (int again = 0; again < 2; again++)
    for (int size = p->count; size; size /= 2)
      for (int from = 0; from < p->count; from += size) try_without(p, from, size, &left);
  for (int i = 0; i < p->count; i++) {
    SIMPLER(place, DIRECT);
    SIMPLER(batched, 0);
    SIMPLER(within, 0);
    SIMPLER(unref, 0);
    SIMPLER(deadline, 0);
    SIMPLER(parts, 1);
    SIMPLER(times, 1);
    SIMPLER(size, 1);
    SIMPLER(size, 100);
  }
  if (p->busy) {
    struct program less = *p;
    less.busy = 0;
    if (fails(&less, 2, 0)) *p = less;
  }
  if (p->ending) {
    struct program less = *p;
    less.ending = 2;
    if (fails(&less, 2, 0)) *p = less;
  }
}

static void tell(uint64_t seed, const char *how) {
  struct program p;
  draw_program(&p, seed);
  printf("seed %llu fails%s\n", (unsigned long long)seed, how);
  if (!fails(&p, 5, 0)) {
    printf("not again in 5 runs; replay: --seed %llu\n", (unsigned long long)seed);
    return;
  }
  patience = 4;
  shrink(&p);
  patience = 40;
  print_program(&p);
  fflush(stdout);
  fails(&p, 5, 1);
  printf("replay: ./dev check fuzz --seed %llu\n\n", (unsigned long long)seed);
  fflush(stdout);
}

// Returns how many of the seeds have failed.
static int run_seeds(uint64_t from, uint64_t count, int most) {
  int failed = 0;
  for (uint64_t seed = from; seed < from + count;) {
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
      for (uint64_t end = seed + kBatch; seed < end && seed < from + count; seed++) {
        struct program p;
        shared->seed = seed;
        draw_program(&p, seed);
        alarm(3 * patience);
        run_program(&p);
        shared->done++;
      }
      moves_add(&shared->moves);
      exit(0);
    }
    int status = wait_for(child);
    seed += kBatch;
    if (!status) continue;
    failed++;
    seed = shared->seed + 1;
    tell(shared->seed, WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ": it hangs"
                       : WIFSIGNALED(status)                              ? ": it crashes"
                                                                          : "");
    if (failed == most) break;
  }
  return failed;
}

int main(int argc, char **argv) {
  const char *only = argument(argc, argv, "--only", NULL);
  const char *one = argument(argc, argv, "--seed", NULL);
  uint64_t from = one ? strtoull(one, NULL, 10) : number(argc, argv, "--from", "1");
  uint64_t count = one ? 1 : number(argc, argv, "--seeds", "300");
  int most = (int)number(argc, argv, "--failures", "10");
  signal(SIGPIPE, SIG_IGN);
  for (uint32_t number = EDDY_DRIVER_EPOLL; number <= EDDY_DRIVER_IO_URING; number++) {
    const char *name = eddy_driver_name(number);
    int refused = eddy_driver_probe(number);
    if (refused) printf("%s: %s; the other driver runs alone\n", name, eddy_error_text(refused));
    if (refused || (only && strcmp(only, name))) continue;
    names[drivers] = name;
    numbers[drivers++] = number;
  }
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  int failed = run_seeds(from, count, most);
  clock_gettime(CLOCK_MONOTONIC, &end);
  double took = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
  printf("%llu seeds on %d drivers, %.0f a second; %llu ops, %llu of them compared to the end; %d "
         "failed\n",
         (unsigned long long)shared->done, drivers, (double)shared->done / took,
         (unsigned long long)shared->ops, (unsigned long long)shared->compared, failed);
  int missing = moves_report(&shared->moves);
  if (shared->done < kEnough || drivers < 2) missing = 0;
  if (missing) printf("%d legal moves were never made\n", missing);
  return failed || missing ? 1 : 0;
}
