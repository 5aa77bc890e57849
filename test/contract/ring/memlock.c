// Locked memory is scarce for an unprivileged user, and rings count against it since Linux 6.14: auto
// gives a smaller ring or epoll, and whatever it gives works.
#include "needs.h"

#if HAS_IO_URING

#include "trap.h"

#include <grp.h>
#include <sys/resource.h>

enum { kNobody = 65534, kMany = 400 };

static void unprivileged(rlim_t limit) {
  struct rlimit locked = {limit, limit};
  CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &locked), 0);
  if (geteuid() == 0) {
    CHECK_EQ(setgroups(0, NULL), 0);
    CHECK_EQ(setresgid(kNobody, kNobody, kNobody), 0);
    CHECK_EQ(setresuid(kNobody, kNobody, kNobody), 0); // CAP_IPC_LOCK goes with it
  }
  unsetenv("EDDY_DRIVER");
}

static void take(struct rec *rec, int64_t result) {
  eddy_lease_t lease;
  if (eddy_op_more(&rec->op)) {
    CHECK(result > 0);
    CHECK_EQ(eddy_op_peek_lease(&rec->op, &lease), 1);
    CHECK_EQ(memcmp(lease.data, "hello", (size_t)result), 0);
  }
}

static void echo(eddy_loop_t *loop) {
  eddy_stream_t *stream;
  int peer = tcp_peer(loop, &stream);
  eddy_pool_t *pool = pool_of(loop, 8, 4096);
  struct rec reader = {.then = take}, wrote = {0};
  eddy_stream_read_pool(stream, &reader.op, pool, 0, rec_cb);
  eddy_loop_step(loop, 0);
  CHECK_EQ(write(peer, "hello", 5), 5);
  UNTIL(loop, reader.mores);
  CHECK_EQ(reader.last_more, 5);
  eddy_buf_t out = buffer((char[]){"hello"}, 5);
  eddy_stream_write(stream, &wrote.op, &out, 1, rec_cb);
  UNTIL(loop, wrote.finals);
  char back[8];
  CHECK_EQ(patient_recv(peer, back, 5, MSG_WAITALL), 5);
  close(peer);
  UNTIL(loop, reader.finals);
  CHECK_EQ(reader.result, 0);
  eddy_stream_close(stream, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
}

static void works(void *limit) {
  unprivileged(*(rlim_t *)limit);
  eddy_loop_t *loop = open_with(NULL);
  const char *why = eddy_loop_driver_reason(loop);
  if (eddy_loop_driver(loop) == EDDY_DRIVER_EPOLL)
    CHECK(*why);
  else
    CHECK_EQ(*why, 0);
  echo(loop);
  end_loop(loop);
}

// Loops until the ring memory of the user is used up; those that come later are epoll's, and work.
static void many(void *unused) {
  (void)unused;
  unprivileged(64 * 1024);
  static eddy_loop_t *loops[kMany];
  int counts[4] = {0};
  for (int i = 0; i < kMany; i++) {
    loops[i] = open_with(NULL);
    counts[eddy_loop_driver(loops[i])]++;
    eddy_loop_step(loops[i], 0);
  }
  fprintf(stderr, "rings %d, epoll %d\n", counts[EDDY_DRIVER_IO_URING], counts[EDDY_DRIVER_EPOLL]);
  if (counts[EDDY_DRIVER_IO_URING] < kMany && counts[EDDY_DRIVER_IO_URING]) {
    CHECK(strstr(eddy_loop_driver_reason(loops[kMany - 1]), "RLIMIT_MEMLOCK"));
    eddy_loop_options_t named = {.size = sizeof named, .driver = EDDY_DRIVER_IO_URING};
    eddy_loop_t *loop;
    // The kernel takes the memory of rings that are gone off the user's account a while later: what comes
    // free then is used up too.
    int error = 0;
    static eddy_loop_t *late[kMany];
    int taken = 0;
    while (taken < kMany && (error = eddy_loop_open(&named, &loop)) == 0) late[taken++] = loop;
    CHECK_EQ(error, EDDY_ENOMEM);
    CHECK(loop == NULL);
    while (taken) end_loop(late[--taken]);
  }
  echo(loops[0]);
  echo(loops[kMany - 1]);
  for (int i = 0; i < kMany; i++) end_loop(loops[i]);
}

static void none_at_all(void **state) {
  (void)state;
  run_child(works, &(rlim_t){0});
}

static void sixteen_kilobytes(void **state) {
  (void)state;
  run_child(works, &(rlim_t){16 * 1024});
}

static void many_loops(void **state) {
  (void)state;
  run_child(many, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(none_at_all),
                                     cmocka_unit_test(sixteen_kilobytes),
                                     cmocka_unit_test(many_loops)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
RUN_NOTHING("the limit for locked memory concerns io_uring");
#endif
