// Descriptors that forget what they have told: whoever polls one takes its event away. The waits that are pending hear
// of every event, whenever it comes in a turn, and whatever else the loop has to do.
#include "needs.h"
#include "trap.h"

#if HAS_PROC

#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>

enum { kEvents = 10 };

static int with_mounts, told, page_size;

// Two such descriptors: one of the page faults of this thread, and the list of mounts.
static int open_consuming(void) {
  if (with_mounts) return open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                 .config = PERF_COUNT_SW_PAGE_FAULTS,
                                 .size = sizeof attr,
                                 .sample_period = 1,
                                 .sample_type = PERF_SAMPLE_TID,
                                 .wakeup_events = 1};
  int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return -1;
  page_size = (int)sysconf(_SC_PAGESIZE);
  CHECK(mmap(NULL, (size_t)page_size * 9, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
  return fd;
}

static void make_event(void) {
  static int mounted;
  if (with_mounts) {
    mounted = !mounted;
    CHECK_EQ(mounted ? mount("none", "/tmp", "tmpfs", 0, NULL) : umount("/tmp"), 0);
    return;
  }
  size_t size = (size_t)page_size;
  char *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[0] = 1;
  munmap(page, size);
}

static uint32_t asked(void) { return with_mounts ? EDDY_PRIORITY : EDDY_READABLE; }

struct scene {
  eddy_loop_t *loop;
  eddy_fd_t *fd, *other;
  int ends[2];
  struct rec other_poll;
};

static void count(struct rec *rec, int64_t result) {
  if (!eddy_op_more(&rec->op)) return;
  CHECK(result & asked());
  told++;
}

static void event_inside(struct rec *rec, int64_t result) {
  struct scene *scene = rec->context;
  char byte;
  CHECK_EQ(result, EDDY_READABLE);
  CHECK_EQ(read(scene->ends[0], &byte, 1), 1);
  make_event();
}

// An event in the callback of something else, which the loop has been told in the same turn.
static void event_in_a_turn(struct scene *scene) {
  scene->other_poll = (struct rec){.then = event_inside, .context = scene};
  eddy_fd_poll(scene->other, &scene->other_poll.op, EDDY_READABLE, 0, rec_cb);
  eddy_loop_step(scene->loop, 0);
  CHECK_EQ(write(scene->ends[1], "x", 1), 1);
  UNTIL(scene->loop, scene->other_poll.finals);
}

static void settle_down(struct scene *scene) {
  for (int i = 0; i < 4; i++) eddy_loop_step(scene->loop, 0);
}

static void repeated(struct scene *scene, int inside, int others) {
  struct rec poll = {.then = count}, once = {0};
  eddy_fd_poll(scene->fd, &poll.op, asked(), EDDY_POLL_REPEAT, rec_cb);
  settle_down(scene);
  int heard = 0;
  for (int i = 0; i < kEvents; i++) {
    if (others) { // a wait that comes and goes must not eat it
      once.finals = 0;
      eddy_fd_poll(scene->fd, &once.op, EDDY_DISCONNECT, 0, rec_cb);
    }
    told = 0;
    inside ? event_in_a_turn(scene) : make_event();
    if (others) {
      eddy_cancel(&once.op);
      UNTIL(scene->loop, once.finals);
      once.finals = 0;
      eddy_fd_poll(scene->fd, &once.op, EDDY_DISCONNECT, 0, rec_cb);
    }
    settle_down(scene);
    heard += told != 0;
    if (others) {
      eddy_cancel(&once.op);
      UNTIL(scene->loop, once.finals);
    }
  }
  CHECK_EQ(heard, kEvents);
  eddy_cancel(&poll.op);
  UNTIL(scene->loop, poll.finals);
}

static struct rec once, younger;

static void start_younger(struct rec *rec, int64_t result) {
  event_inside(rec, result);
  struct scene *scene = rec->context;
  eddy_op_set_flags(&younger.op, EDDY_OP_INLINE);
  CHECK_EQ(eddy_fd_poll(scene->fd, &younger.op, asked(), 0, rec_cb), EDDY_PENDING);
}

// One that is pending; what comes between two of them may be lost.
static void single(struct scene *scene, int inside, int with_younger) {
  for (int i = 0; i < kEvents; i++) {
    once = younger = (struct rec){0};
    do { // what has happened so far
      once.finals = 0;
      eddy_fd_poll(scene->fd, &once.op, asked(), 0, rec_cb);
      settle_down(scene);
    } while (once.finals);
    if (inside && with_younger) {
      scene->other_poll = (struct rec){.then = start_younger, .context = scene};
      eddy_fd_poll(scene->other, &scene->other_poll.op, EDDY_READABLE, 0, rec_cb);
      eddy_loop_step(scene->loop, 0);
      CHECK_EQ(write(scene->ends[1], "x", 1), 1);
      UNTIL(scene->loop, scene->other_poll.finals);
    } else if (inside) {
      event_in_a_turn(scene);
    } else {
      make_event();
      if (with_younger) eddy_fd_poll(scene->fd, &younger.op, asked(), 0, rec_cb);
    }
    settle_down(scene);
    CHECK_EQ(once.finals, 1);
    CHECK(once.result & asked());
    if (with_younger) {
      CHECK_EQ(younger.finals, 1);
      CHECK_EQ(younger.result, once.result);
    }
  }
}

static void all_scenes(void *context) {
  (void)context;
  struct scene scene = {.loop = test_loop()};
  int fd = open_consuming();
  CHECK(fd >= 0);
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, scene.ends), 0);
  int opened = eddy_fd_open(scene.loop, fd, &scene.fd);
  CHECK_EQ(opened, 0);
  CHECK_EQ(eddy_fd_open(scene.loop, scene.ends[0], &scene.other), 0);
  for (int inside = 0; inside < 2; inside++)
    for (int others = 0; others < 2; others++) {
      repeated(&scene, inside, others);
      single(&scene, inside, others);
    }
  eddy_fd_close(scene.fd, NULL, NULL);
  eddy_fd_close(scene.other, NULL, NULL);
  end_loop(scene.loop);
  close(fd);
  close(scene.ends[0]);
  close(scene.ends[1]);
}

static void perf_events(void **state) {
  (void)state;
  with_mounts = 0;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  SKIP("the sanitizer's own page faults are such events");
#endif
  int fd = open_consuming();
  if (fd < 0) SKIP("no perf events here");
  close(fd);
  run_child(all_scenes, NULL);
}

static void enter_namespace(void *context) {
  if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) _exit(77);
  all_scenes(context);
}

static void mounts(void **state) {
  (void)state;
  with_mounts = 1;
  run_child(enter_namespace, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(perf_events), cmocka_unit_test(mounts)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no descriptors here that forget what they have told");
#endif
