// Rules 4 and 8: the use of a handle after its close aborts by name, getters included, for at least 1,024 closes of its
// kind or one second, whichever is later; and what rests is bounded.
#include "needs.h"
#include "peer.h"
#include "rule_child.h"

static eddy_loop_t *loop;
static eddy_stream_t *stream;
static eddy_listener_t *listener;
static eddy_fd_t *fd;
static eddy_pool_t *pool;
static eddy_op_t op;
static eddy_addr_t addr;
static eddy_buf_t buf;
static int64_t value;
static uint32_t size;

static void nothing(eddy_op_t *ended, int64_t result) { (void)ended, (void)result; }

#define LATE(call) late_##call
#define USE(call, ...)                                                                             \
  static void LATE(call)(void) { (void)call(__VA_ARGS__); }

USE(eddy_stream_bind, stream, &addr)
USE(eddy_stream_connect, stream, &op, &addr, nothing)
USE(eddy_stream_read, stream, &op, &buf, 1, nothing)
USE(eddy_stream_read_pool, stream, &op, pool, 0, nothing)
USE(eddy_stream_write, stream, &op, &buf, 1, nothing)
USE(eddy_stream_wait, stream, &op, EDDY_READABLE, nothing)
USE(eddy_stream_shutdown, stream, &op, EDDY_SHUT_WRITE, nothing)
USE(eddy_stream_close, stream, &op, nothing)
USE(eddy_stream_close_reset, stream, &op, nothing)
USE(eddy_stream_release, stream, &op, nothing)
USE(eddy_stream_queued, stream)
USE(eddy_stream_set_watermarks, stream, 1, 2)
USE(eddy_stream_congested, stream)
USE(eddy_stream_wait_uncongested, stream, &op, nothing)
USE(eddy_stream_set_option, stream, EDDY_OPT_NODELAY, 1)
USE(eddy_stream_get_option, stream, EDDY_OPT_NODELAY, &value)
USE(eddy_stream_set_native_option, stream, 0, 0, &value, 4)
USE(eddy_stream_get_native_option, stream, 0, 0, &value, &size)
USE(eddy_stream_local_address, stream, &addr)
USE(eddy_stream_peer_address, stream, &addr)
USE(eddy_stream_native, stream)
USE(eddy_stream_loop, stream)
USE(eddy_listener_accept, listener, &op, nothing)
USE(eddy_listener_accept_many, listener, &op, 0, nothing)
USE(eddy_listener_pause, listener)
USE(eddy_listener_resume, listener)
USE(eddy_listener_close, listener, &op, nothing)
USE(eddy_listener_address, listener, &addr)
USE(eddy_listener_set_option, listener, EDDY_OPT_NODELAY, 1)
USE(eddy_listener_get_option, listener, EDDY_OPT_NODELAY, &value)
USE(eddy_listener_native, listener)
USE(eddy_fd_poll, fd, &op, EDDY_READABLE, 0, nothing)
USE(eddy_fd_close, fd, &op, nothing)
USE(eddy_fd_native, fd)
USE(eddy_pool_close, pool, &op, nothing)
USE(eddy_pool_give, pool, 0)
USE(eddy_pool_free, pool)

static const struct late {
  const char *call, *what;
  void (*use)(void);
} uses[] = {
#define STREAM(call)                                                                               \
  { #call, "stream", LATE(call) }
#define LISTENER(call)                                                                             \
  { #call, "listener", LATE(call) }
#define FD(call)                                                                                   \
  { #call, "fd", LATE(call) }
#define POOL(call)                                                                                 \
  { #call, "pool", LATE(call) }
    STREAM(eddy_stream_bind),
    STREAM(eddy_stream_connect),
    STREAM(eddy_stream_read),
    STREAM(eddy_stream_read_pool),
    STREAM(eddy_stream_write),
    STREAM(eddy_stream_wait),
    STREAM(eddy_stream_shutdown),
    STREAM(eddy_stream_close),
    STREAM(eddy_stream_close_reset),
    STREAM(eddy_stream_release),
    STREAM(eddy_stream_queued),
    STREAM(eddy_stream_set_watermarks),
    STREAM(eddy_stream_congested),
    STREAM(eddy_stream_wait_uncongested),
    STREAM(eddy_stream_set_option),
    STREAM(eddy_stream_get_option),
    STREAM(eddy_stream_set_native_option),
    STREAM(eddy_stream_get_native_option),
    STREAM(eddy_stream_local_address),
    STREAM(eddy_stream_peer_address),
    STREAM(eddy_stream_native),
    STREAM(eddy_stream_loop),
    LISTENER(eddy_listener_accept),
    LISTENER(eddy_listener_accept_many),
    LISTENER(eddy_listener_pause),
    LISTENER(eddy_listener_resume),
    LISTENER(eddy_listener_close),
    LISTENER(eddy_listener_address),
    LISTENER(eddy_listener_set_option),
    LISTENER(eddy_listener_get_option),
    LISTENER(eddy_listener_native),
    FD(eddy_fd_poll),
    FD(eddy_fd_close),
    FD(eddy_fd_native),
    POOL(eddy_pool_close),
    POOL(eddy_pool_give),
    POOL(eddy_pool_free),
};

static int socket_of_the_test;

static void open_all(void) {
  assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
  listener = listen_loopback(loop, &addr);
  assert_int_equal(eddy_fd_open(loop, socket_of_the_test, &fd), 0);
  eddy_pool_options_t small = {.size = sizeof small, .buffer_size = 64, .buffers = 1};
  assert_int_equal(eddy_pool_open(loop, &small, &pool), 0);
}

static void close_all(void) {
  eddy_stream_close(stream, NULL, NULL);
  eddy_listener_close(listener, NULL, NULL);
  eddy_fd_close(fd, NULL, NULL);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
}

static void use_late(void *use) { ((const struct late *)use)->use(); }

static void every_use_is_named(void) {
  size_t step = HAS_FORK ? 1 : 9; // elsewhere a child takes a second to start
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i += step) {
    char text[96];
    snprintf(text, sizeof text, "%s: %s used after its close", uses[i].call, uses[i].what);
    expect_abort(uses[i].call, use_late, (void *)(uintptr_t)&uses[i], text);
  }
}

static void every_entry_point(void **state) {
  loop = LOOP(state);
  socket_of_the_test = raw_socket(EDDY_AF_INET);
  open_all();
  close_all();
  every_use_is_named();
  close(socket_of_the_test);
}

// Many others have come and gone.
static void after_more_than_a_thousand_closes(void **state) {
  loop = LOOP(state);
  socket_of_the_test = raw_socket(EDDY_AF_INET);
  open_all();
  eddy_stream_t *first_stream = stream;
  eddy_pool_t *first_pool = pool;
  eddy_fd_t *first_fd = fd;
  close_all();
  for (int i = 0; i < 1100; i++) {
    assert_int_equal(eddy_fd_open(loop, socket_of_the_test, &fd), 0);
    assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
    assert_ptr_not_equal(fd, first_fd);
    assert_ptr_not_equal(stream, first_stream);
    eddy_fd_close(fd, NULL, NULL);
    eddy_stream_close(stream, NULL, NULL);
    if (i % 100 == 99) eddy_loop_step(loop, 0);
  }
  all_ended(loop);
  stream = first_stream;
  pool = first_pool;
  fd = first_fd;
  every_use_is_named();
  close(socket_of_the_test);
}

// The read behind the last lease keeps the pool; giving it back ends that.
static void a_pool_rests_from_its_last_lease_on(void **state) {
  loop = LOOP(state);
  eddy_stream_t *reader;
  struct peer peer = peer_open(loop, PEER_TCP, &reader);
  assert_int_equal(eddy_pool_open(loop, NULL, &pool), 0);
  struct rec read = {0};
  eddy_stream_read_pool(reader, &read.op, pool, 0, rec_cb);
  eddy_lease_t lease = {0};
  assert_int_equal(eddy_op_take_lease(&read.op, &lease), 0);
  eddy_pool_close(pool, NULL, NULL);
  turn_until(loop, &read.finals, 1);
  all_ended(loop);
  expect_abort("give", use_late, &(struct late){"", "", LATE(eddy_pool_give)},
               "eddy_pool_give: pool used after its close");
  close_stream(loop, reader);
  peer_close(&peer);
}

static size_t bytes_out, bytes_most;

static void *count_alloc(void *context, size_t wanted) {
  (void)context;
  bytes_out += wanted;
  if (bytes_out > bytes_most) bytes_most = bytes_out;
  return aligned_alloc(16, (wanted + 15) & ~(size_t)15);
}

static void count_release(void *context, void *memory, size_t wanted) {
  (void)context;
  bytes_out -= wanted;
  free(memory);
}

static void what_rests_is_bounded(void **state) {
  (void)state;
  eddy_loop_options_t options = {
      .size = sizeof options, .alloc = count_alloc, .release = count_release};
  bytes_out = bytes_most = 0;
  assert_int_equal(eddy_loop_open(&options, &loop), 0);
  size_t before = bytes_out;
  for (int i = 0; i < 12000; i++) {
    assert_int_equal(eddy_stream_open(loop, EDDY_AF_INET, &stream), 0);
    eddy_stream_close(stream, NULL, NULL);
    eddy_loop_step(loop, 0);
  }
  all_ended(loop);
  assert_in_range(bytes_most - before, 256 << 10, (1 << 20) + (64 << 10));
  assert_int_equal(eddy_loop_close(loop), 0);
  assert_int_equal(bytes_out, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(every_entry_point),
      FIXTURE_TEST(after_more_than_a_thousand_closes),
      FIXTURE_TEST(a_pool_rests_from_its_last_lease_on),
      FIXTURE_TEST(what_rests_is_bounded),
  };
  return RUN_TESTS(tests);
}
