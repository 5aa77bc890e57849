// Rule 12: no memory and a full descriptor table are results, and the loop goes on when they are over.
#include "rule_tools.h"

static int connect_raw(const eddy_addr_t *addr, int fd) {
  struct sockaddr_in native;
  eddy_addr_to_native(addr, &native, sizeof native);
  return connect(fd, (struct sockaddr *)&native, sizeof native);
}

static void close_taken(struct rec *rec, int64_t result) {
  if (result < 0) return;
  eddy_stream_t *stream = eddy_op_take_stream(&rec->op);
  if (!stream) return;
  rec->context = stream;
  eddy_stream_close(stream, NULL, NULL);
}

static void rule_12_emfile_in_accept_many_neither_ends_nor_spins(void **state) {
  if (!DESCRIPTORS_HAVE_A_LIMIT) SKIP("no limit of descriptors");
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepts = {.then = close_taken};
  eddy_listener_accept_many(listener, &accepts.op, 0, rec_cb);
  turns(loop, 2);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct rlimit limit = descriptors_shut();
  assert_int_equal(connect_raw(&addr, client), 0);
  turn_until(loop, &accepts.mores, 1);
  int64_t first = accepts.last_more;
  turn_for(loop, 300 * EDDY_MILLISECOND);
  int reports = accepts.mores;
  descriptors_open(limit);
  assert_int_equal(first, EDDY_EMFILE);
  assert_true(reports <= 5); // no more than one in 100 ms
  assert_int_equal(accepts.finals, 0);
  while (!accepts.context) turn_until(loop, &accepts.mores, accepts.mores + 1);
  assert_int_equal(accepts.last_more, 0); // the connection was not lost
  eddy_cancel(&accepts.op);
  turn_until(loop, &accepts.finals, 1);
  assert_int_equal(accepts.result, EDDY_ECANCELED);
  eddy_listener_close(listener, NULL, NULL);
  close(client);
}

static void rule_12_emfile_in_one_accept(void **state) {
  if (!DESCRIPTORS_HAVE_A_LIMIT) SKIP("no limit of descriptors");
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accept = {.then = close_taken};
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect_raw(&addr, client), 0);
  struct rlimit limit = descriptors_shut();
  for (int i = 1; i <= 3; i++) {
    eddy_listener_accept(listener, &accept.op, rec_cb);
    turn_until(loop, &accept.finals, i);
    if (accept.result != EDDY_EMFILE) break;
  }
  descriptors_open(limit);
  assert_int_equal(accept.result, EDDY_EMFILE);
  eddy_listener_accept(listener, &accept.op, rec_cb);
  turn_until(loop, &accept.finals, 4);
  assert_int_equal(accept.result, 0);
  eddy_listener_close(listener, NULL, NULL);
  close(client);
}

static void rule_12_emfile_in_open_calls(void **state) {
  if (!DESCRIPTORS_HAVE_A_LIMIT) SKIP("no limit of descriptors");
  eddy_loop_t *loop = LOOP(state), *second;
  eddy_addr_t addr;
  eddy_stream_t *stream;
  eddy_listener_t *listener;
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  struct rlimit limit = descriptors_shut();
  int results[3] = {eddy_stream_open(loop, EDDY_AF_INET, &stream),
                    eddy_listener_open(loop, &addr, NULL, &listener),
                    eddy_loop_open(NULL, &second)};
  descriptors_open(limit);
  for (int i = 0; i < 3; i++) assert_int_equal(results[i], EDDY_EMFILE);
  assert_true(!stream && !listener && !second);
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  eddy_stream_close(stream, NULL, NULL);
}

static void rule_12_enomem_in_loop_open(void **state) {
  (void)state;
  struct allocator allocator = {0};
  eddy_loop_options_t options = hooked_options(&allocator);
  int opened = 0;
  for (int allowed = 0; allowed < 32 && !opened; allowed++) {
    eddy_loop_t *loop;
    allocator.allowed = allowed;
    int error = eddy_loop_open(&options, &loop);
    opened = error == 0;
    if (opened) {
      assert_int_equal(eddy_loop_close(loop), 0);
    } else {
      assert_int_equal(error, EDDY_ENOMEM);
      assert_null(loop);
    }
    assert_int_equal(allocator.live, 0);
  }
  assert_int_equal(opened, 1);
}

static void rule_12_enomem_in_every_open_call(void **state) {
  (void)state;
  struct allocator allocator = {.allowed = -1};
  eddy_loop_options_t options = hooked_options(&allocator);
  eddy_loop_t *loop;
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  eddy_stream_t *stream;
  eddy_listener_t *listener;
  eddy_fd_t *fd;
  eddy_pool_t *pool;
  eddy_addr_t addr;
  eddy_addr_loopback(&addr, EDDY_AF_INET, 0);
  int ends[2], socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(pipe(ends), 0);
  allocator.allowed = 0;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), EDDY_ENOMEM);
  assert_int_equal(eddy_stream_adopt(loop, socket_fd, &stream), EDDY_ENOMEM);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), EDDY_ENOMEM);
  assert_int_equal(eddy_listener_adopt(loop, socket_fd, &listener), EDDY_ENOMEM);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), EDDY_ENOMEM);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), EDDY_ENOMEM);
  for (int allowed = 1; allowed < 3; allowed++) {
    allocator.allowed = allowed;
    int error = eddy_pool_open(loop, NULL, &pool);
    if (!error) eddy_pool_close(pool, NULL, NULL);
    if (error) assert_int_equal(error, EDDY_ENOMEM);
  }
  allocator.allowed = -1;
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(allocator.live, 0);
  close(socket_fd);
  close(ends[0]);
  close(ends[1]);
}

enum { TIMERS = 5000 };
static struct rec timers[TIMERS];

// Starts cannot fail: timers work when the wheel may not grow.
static void rule_12_timers_without_memory(void **state) {
  (void)state;
  struct allocator allocator = {.allowed = -1};
  eddy_loop_options_t options = hooked_options(&allocator);
  eddy_loop_t *loop;
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  memset(timers, 0, sizeof timers);
  allocator.allowed = 0;
  for (int i = 0; i < TIMERS; i++)
    eddy_sleep(loop, &timers[i].op, eddy_now(loop) + (eddy_time_t)(i % 10) * EDDY_MILLISECOND,
               rec_cb);
  for (int i = 0; i < TIMERS; i += 7) eddy_cancel(&timers[i].op);
  assert_int_equal(eddy_loop_run(loop), 0);
  for (int i = 0; i < TIMERS; i++) {
    assert_int_equal(timers[i].calls, 1);
    assert_int_equal(timers[i].result, i % 7 ? 0 : EDDY_ECANCELED);
  }
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(allocator.live, 0);
}

static void rule_12_enomem_in_accept_many(void **state) {
  (void)state;
  struct allocator allocator = {.allowed = -1};
  eddy_loop_options_t options = hooked_options(&allocator);
  eddy_loop_t *loop;
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  eddy_addr_t addr;
  eddy_listener_t *listener = listen_loopback(loop, &addr);
  struct rec accepts = {0};
  eddy_listener_accept_many(listener, &accepts.op, 1, rec_cb);
  turns(loop, 2);
  allocator.allowed = 0;
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect_raw(&addr, client), 0);
  turn_until(loop, &accepts.mores, 1);
  if (accepts.last_more != 0) assert_int_equal(accepts.last_more, EDDY_ENOMEM);
  assert_int_equal(accepts.finals, 0);
  allocator.allowed = -1;
  while (accepts.last_more != 0) turn_until(loop, &accepts.mores, accepts.mores + 1);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(accepts.finals, 1);
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(allocator.live, 0);
  close(client);
}

static void take_lease(struct rec *rec, int64_t result) {
  if (result > 0) assert_int_equal(eddy_op_take_lease(&rec->op, rec->context), 1);
}

// The memory of a closed pool goes with the last lease of it.
static void rule_12_memory_of_a_closed_pool(void **state) {
  (void)state;
  struct allocator allocator = {.allowed = -1};
  eddy_loop_options_t options = hooked_options(&allocator);
  eddy_pool_options_t pool_options = {.size = sizeof pool_options, .buffer_size = 64, .buffers = 4};
  eddy_loop_t *loop;
  eddy_stream_t *stream;
  eddy_pool_t *pool;
  eddy_lease_t lease;
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  int peer = raw_peer(loop, &stream);
  assert_int_equal(eddy_pool_open(loop, &pool_options, &pool), 0);
  struct rec read = {.then = take_lease, .context = &lease};
  eddy_stream_read_pool(stream, &read.op, pool, 1, rec_cb);
  raw_write(peer, "x", 1);
  turn_until(loop, &read.mores, 1);
  eddy_stream_close(stream, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  turns(loop, 3);
  assert_int_equal(read.finals, 1);
  int64_t held = allocator.live;
  assert_memory_equal(lease.data, "x", 1);
  assert_int_equal(eddy_pool_give(pool, lease.id), 0);
  assert_int_equal(allocator.live, held - 2); // the buffers, and what is known of each
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(allocator.live, 0);
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(rule_12_emfile_in_accept_many_neither_ends_nor_spins),
      FIXTURE_TEST(rule_12_emfile_in_one_accept),
      FIXTURE_TEST(rule_12_emfile_in_open_calls),
      FIXTURE_TEST(rule_12_enomem_in_loop_open),
      FIXTURE_TEST(rule_12_enomem_in_every_open_call),
      FIXTURE_TEST(rule_12_timers_without_memory),
      FIXTURE_TEST(rule_12_enomem_in_accept_many),
      FIXTURE_TEST(rule_12_memory_of_a_closed_pool)};
  return RUN_TESTS(tests);
}
