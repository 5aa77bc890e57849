// As many connections as the descriptor limit allows, up to 20000, from a second process: each is
// accepted, echoes once, and ends. And what an idle one costs in user memory.
#include "needs.h"

#if HAS_FORK

#include "tcp.h"

#include <sys/resource.h>
#include <sys/wait.h>

enum { kMost = 20000, kSpare = 64 };

static size_t held_bytes;

static void *hook_alloc(void *context, size_t size) {
  (void)context;
  held_bytes += size;
  return aligned_alloc(16, (size + 15) & ~(size_t)15);
}

static void hook_release(void *context, void *memory, size_t size) {
  (void)context;
  held_bytes -= size;
  free(memory);
}

struct guest {
  eddy_op_t read, write;
  eddy_stream_t *stream;
};

struct crowd {
  struct guest *guests;
  int count, wanted, echoed, ended;
  eddy_pool_t *pool;
} crowd;

static void wrote(eddy_op_t *op, int64_t result) {
  (void)op;
  crowd.echoed += result == 1;
}

static void got(eddy_op_t *op, int64_t result) {
  struct guest *guest = op->data;
  if (eddy_op_more(op)) {
    assert_int_equal(result, 1);
    static char byte = 'e';
    static eddy_buf_t out = {&byte, 1};
    eddy_stream_write(guest->stream, &guest->write, &out, 1, wrote);
    return;
  }
  assert_int_equal(result, EDDY_ECONNRESET);
  eddy_stream_close(guest->stream, NULL, NULL);
  crowd.ended++;
}

static void welcome(eddy_op_t *op, int64_t result) {
  if (!eddy_op_more(op)) return;
  assert_int_equal(result, 0);
  assert_true(crowd.count < crowd.wanted);
  struct guest *guest = &crowd.guests[crowd.count++];
  memset(guest, 0, sizeof *guest);
  guest->stream = eddy_op_take_stream(op);
  guest->read.data = guest;
  eddy_stream_read_pool(guest->stream, &guest->read, crowd.pool, 1, got);
}

// The other process: connects all, waits for the word, writes and reads a byte on each, and leaves with resets.
static void visit(const eddy_addr_t *addr, int count, int go) {
  int *fds = malloc((size_t)count * sizeof *fds);
  char byte = 'x';
  for (int i = 0; i < count; i++)
    if ((fds[i] = raw_connect_from(2 + (unsigned)i / 4000, addr)) < 0) _exit(1);
  if (read(go, &byte, 1) != 1) _exit(2);
  for (int i = 0; i < count; i++)
    if (patient_send(fds[i], &byte, 1, MSG_NOSIGNAL) != 1) _exit(3);
  for (int i = 0; i < count; i++)
    if (patient_recv(fds[i], &byte, 1, 0) != 1) _exit(4);
  if (read(go, &byte, 1) != 1) _exit(5);
  for (int i = 0; i < count; i++) raw_reset(fds[i]);
  _exit(0);
}

static void crowd_of(int count, int measure) {
  eddy_loop_options_t options = {
      .size = sizeof options, .alloc = hook_alloc, .release = hook_release};
  eddy_loop_t *loop = NULL;
  eddy_addr_t addr;
  int go[2];
  assert_int_equal(pipe2(go, O_CLOEXEC), 0);
  int listener_fd = raw_listen(&addr, 4096);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    close(listener_fd);
    close(go[1]);
    visit(&addr, count, go[0]);
  }
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  eddy_listener_t *listener;
  assert_int_equal(eddy_listener_adopt(loop, listener_fd, &listener), 0);
  crowd = (struct crowd){.guests = calloc((size_t)count, sizeof *crowd.guests), .wanted = count};
  crowd.pool = open_pool(loop, 64, 4096);
  eddy_op_t many = {0};
  size_t before = held_bytes;
  eddy_listener_accept_many(listener, &many, 0, welcome);
  while (crowd.count < count) {
    int last = crowd.count;
    eddy_loop_step(loop, eddy_update_now(loop) + 20 * EDDY_SECOND);
    if (last == crowd.count && waitpid(child, NULL, WNOHANG) == child)
      fail_msg("the other process stopped at %d", crowd.count);
  }
  size_t each = (held_bytes - before) / (size_t)count + sizeof(struct guest);
  print_message("%d connections, %zu bytes each\n", count, each);
  assert_int_equal(eddy_pool_free(crowd.pool), 64); // an idle one holds no buffer
  if (measure) assert_true(each <= 1024);
  assert_int_equal(write(go[1], "g", 1), 1);
  turn_until(loop, &crowd.echoed, count);
  assert_int_equal(write(go[1], "g", 1), 1);
  turn_until(loop, &crowd.ended, count);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  eddy_listener_close(listener, NULL, NULL);
  eddy_pool_close(crowd.pool, NULL, NULL);
  all_ended(loop);
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(held_bytes, 0);
  free(crowd.guests);
  close(go[0]);
  close(go[1]);
}

static int affordable(int wanted) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int most = limit.rlim_cur > kMost ? kMost : (int)limit.rlim_cur - kSpare;
  if (most < wanted) print_message("scaled to %d of %d by the descriptor limit\n", most, wanted);
  return most < wanted ? most : wanted;
}

static void idle_connections_are_cheap(void **state) {
  (void)state;
  crowd_of(affordable(10000), 1);
}

static void as_many_as_there_can_be(void **state) {
  (void)state;
  crowd_of(affordable(kMost), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(idle_connections_are_cheap),
                                     cmocka_unit_test(as_many_as_there_can_be)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("it forks; alone_many_connections has both ends in one process");
#endif
