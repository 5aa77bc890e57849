// A request that the kernel is about to try anew stands in none of its lists: a cancel that comes then finds nothing,
// and the request goes on. It has to be cancelled again. Here cancels are made to find nothing.
#include "trap.h"

#include <dlfcn.h>
#include <liburing.h>
#include <sys/syscall.h>

enum { kRings = 8, kOps = 4, kSize = 64 << 20 }; // a write that no two socket buffers take whole

static struct io_uring *rings[kRings];
static unsigned ring_count;
static int lose, lost;

typedef int init_fn(unsigned entries, struct io_uring *ring, struct io_uring_params *params);

// In place of liburing's.
int io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                               struct io_uring_params *params) {
  init_fn *real;
  *(void **)&real = dlsym(RTLD_NEXT, "io_uring_queue_init_params");
  rings[ring_count++ % kRings] = ring;
  return real(entries, ring, params);
}

typedef void exit_fn(struct io_uring *ring);

void io_uring_queue_exit(struct io_uring *ring) {
  exit_fn *real;
  *(void **)&real = dlsym(RTLD_NEXT, "io_uring_queue_exit");
  for (unsigned i = 0; i < kRings; i++)
    if (rings[i] == ring) rings[i] = NULL;
  real(ring);
}

static void misdirect(struct io_uring_sqe *request) {
  if (request->opcode != IORING_OP_ASYNC_CANCEL || !lose) return;
  request->addr = ~UINT64_C(7);
  lose--;
  lost++;
}

int io_uring_enter2(unsigned fd, unsigned submit, unsigned wait, unsigned flags, sigset_t *arg,
                    size_t size) {
  for (unsigned i = 0; i < kRings; i++) {
    struct io_uring *ring = rings[i];
    if (!ring || ring->ring_fd != (int)fd) continue;
    for (unsigned at = 0; at < submit; at++)
      misdirect(&ring->sq.sqes[(*ring->sq.khead + at) & *ring->sq.kring_mask]);
    break;
  }
  long result = syscall(SYS_io_uring_enter, fd, submit, wait, flags, arg, size);
  return result < 0 ? -errno : (int)result;
}

static eddy_loop_t *loop;
static eddy_stream_t *stream;
static eddy_pool_t *pool;
static int peer;
static char *data;
static struct rec ops[kOps];

static void start_all(void) {
  static char byte;
  static eddy_buf_t in, out;
  in = buffer(&byte, 1);
  out = buffer(data, kSize);
  memset(ops, 0, sizeof ops);
  peer = tcp_peer(loop, &stream);
  eddy_stream_read(stream, &ops[0].op, &in, 1, rec_cb);
  eddy_stream_read_pool(stream, &ops[1].op, pool, 0, rec_cb);
  eddy_stream_write(stream, &ops[2].op, &out, 1, rec_cb);
  eddy_stream_wait(stream, &ops[3].op, EDDY_PRIORITY, rec_cb);
  for (int i = 0; i < 5; i++) eddy_loop_step(loop, eddy_update_now(loop) + EDDY_MILLISECOND);
  lost = 0;
}

static void all_end(void) {
  for (int i = 0; i < kOps; i++) {
    UNTIL(loop, ops[i].finals);
    CHECK_EQ(ops[i].result, EDDY_ECANCELED);
  }
  CHECK(lose == 0 || eddy_loop_driver(loop) != EDDY_DRIVER_IO_URING);
  lose = 0;
}

static void begin(void) {
  data = calloc(1, kSize);
  loop = open_with(NULL);
  pool = pool_of(loop, 4, 64);
}

static void end(void) {
  eddy_pool_close(pool, NULL, NULL);
  end_loop(loop);
  free(data);
}

static void each_op(void **state) {
  (void)state;
  begin();
  start_all();
  for (int i = 0; i < kOps; i++) {
    lose += i == 1 ? 0 : 3; // the pool read is not with the kernel before the read is gone
    eddy_cancel(&ops[i].op);
  }
  all_end();
  struct rec again = {0};
  eddy_stream_read_pool(stream, &again.op, pool, 0, rec_cb);
  eddy_loop_step(loop, 0);
  lose = 3;
  eddy_cancel(&again.op);
  UNTIL(loop, again.finals);
  CHECK_EQ(again.result, EDDY_ECANCELED);
  lose = 0;
  eddy_stream_close_reset(stream, NULL, NULL);
  close(peer);
  end();
}

static void a_close(void **state) {
  (void)state;
  begin();
  start_all();
  struct rec closed = {0};
  lose = 9;
  eddy_stream_close(stream, &closed.op, rec_cb);
  UNTIL(loop, closed.finals);
  all_end();
  close(peer);
  end();
}

static void a_drain(void **state) {
  (void)state;
  begin();
  start_all();
  lose = 9;
  end();
  for (int i = 0; i < kOps; i++) CHECK_EQ(ops[i].result, EDDY_ECANCELED);
  lose = 0;
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_op), cmocka_unit_test(a_close),
                                     cmocka_unit_test(a_drain)};
  return RUN_TESTS(tests);
}
