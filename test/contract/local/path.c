// Paths and abstract names of Unix sockets: who makes the file, who removes it, and who does not.
#include "local.h"
#include "needs.h"

#define NEEDS_PATHS()                                                                              \
  if (!unix_sockets()) SKIP("this system has no Unix sockets")

static int exists(const eddy_addr_t *addr) { return path_exists((const char *)addr->bytes); }

static void path_address(eddy_addr_t *addr) {
  assert_int_equal(eddy_addr_parse(addr, path_name(), 0), 0);
}

static eddy_listener_t *path_listen(eddy_loop_t *loop, eddy_addr_t *addr) {
  eddy_listener_t *listener = NULL;
  path_address(addr);
  assert_int_equal(eddy_listener_open(loop, addr, NULL, &listener), 0);
  return listener;
}

static void removed_when_closed(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = path_listen(loop, &addr), *second = NULL;
  assert_true(exists(&addr));
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &second), EDDY_EADDRINUSE);
  assert_true(exists(&addr)); // it is the first one's
  eddy_listener_close(listener, NULL, NULL);
  assert_false(exists(&addr));
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  eddy_listener_close(listener, NULL, NULL);
}

// A file that was there before, a socket or not, is nobody's to remove.
static void existing_files_stay(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  path_address(&addr);
  const char *path = (const char *)addr.bytes;
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fclose(file);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), EDDY_EADDRINUSE);
  assert_true(exists(&addr));
  eddy_stream_t *stream = local_stream(loop);
  struct rec connect = {0};
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  turn_until(loop, &connect.finals, 1);
  // Windows' word for it is not documented.
  assert_true(HAS_UNIX_NAMES ? connect.result == EDDY_ECONNREFUSED : connect.result < 0);
  close_stream(loop, stream);
  unlink(path);
}

// A new server has put its own socket in the place of the old one, which closes later.
static void replaced_files_stay(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *old = path_listen(loop, &addr), *fresh = NULL;
  assert_int_equal(unlink((const char *)addr.bytes), 0);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &fresh), 0);
  eddy_listener_close(old, NULL, NULL);
  assert_true(exists(&addr));
  eddy_stream_t *ends[2];
  local_connect(loop, fresh, &addr, ends);
  close_pair(loop, ends);
  eddy_listener_close(fresh, NULL, NULL);
  assert_false(exists(&addr));
}

static void adopted_ones_keep_it(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, told;
  path_address(&addr);
  struct sockaddr_storage native;
  int length = eddy_addr_to_native(&addr, &native, sizeof native);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&native, (socklen_t)length), 0);
  assert_int_equal(listen(fd, 4), 0);
  eddy_listener_t *listener = NULL;
  assert_int_equal(eddy_listener_adopt(loop, fd, &listener), 0);
  assert_int_equal(eddy_listener_address(listener, &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  eddy_stream_t *ends[2];
  local_connect(loop, listener, &addr, ends);
  close_pair(loop, ends);
  eddy_listener_close(listener, NULL, NULL);
  turns(loop, 2);
  assert_true(exists(&addr));
  unlink((const char *)addr.bytes);
}

static void abstract_names(void **state) {
  NEEDS(UNIX_NAMES);
  eddy_loop_t *loop = LOOP(state);
  char text[EDDY_ADDR_TEXT];
  eddy_addr_t addr, told;
  snprintf(text, sizeof text, "unix:@eddy-test-%d", (int)getpid());
  assert_int_equal(eddy_addr_parse(&addr, text, 0), 0);
  eddy_listener_t *listener = NULL, *second = NULL;
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &second), EDDY_EADDRINUSE);
  assert_int_equal(eddy_listener_address(listener, &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  eddy_stream_t *ends[2];
  local_connect(loop, listener, &addr, ends);
  assert_int_equal(eddy_stream_peer_address(ends[0], &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  send_text(loop, ends[0], "abstract");
  expect_text(loop, ends[1], "abstract");
  close_pair(loop, ends);
  eddy_listener_close(listener, NULL, NULL);
}

// Length 0: the system chooses an abstract name (unix(7), autobind).
static void chosen_by_the_system(void **state) {
  NEEDS(UNIX_NAMES);
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr = {.family = EDDY_AF_UNIX};
  eddy_listener_t *listener = NULL;
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  assert_int_equal(eddy_listener_address(listener, &addr), 0);
  assert_true(addr.length > 1 && addr.bytes[0] == 0);
  eddy_stream_t *ends[2];
  local_connect(loop, listener, &addr, ends);
  close_pair(loop, ends);
  eddy_listener_close(listener, NULL, NULL);
}

// A client with a name of its own: the server is told it.
static void bound_clients(void **state) {
  NEEDS(UNIX_NAMES);
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, own, told;
  eddy_listener_t *listener = path_listen(loop, &addr);
  path_address(&own);
  struct rec accepted = {.then = take_accepted}, connected = {0};
  eddy_stream_t *client = local_stream(loop);
  assert_int_equal(eddy_stream_bind(client, &own), 0);
  eddy_listener_accept(listener, &accepted.op, rec_cb);
  eddy_stream_connect(client, &connected.op, &addr, rec_cb);
  turn_until(loop, &accepted.finals, 1);
  turn_until(loop, &connected.finals, 1);
  assert_int_equal(eddy_stream_peer_address(accepted.context, &told), 0);
  assert_true(eddy_addr_equal(&told, &own));
  assert_int_equal(eddy_stream_local_address(client, &told), 0);
  assert_true(eddy_addr_equal(&told, &own));
  close_stream(loop, client);
  close_stream(loop, accepted.context);
  eddy_listener_close(listener, NULL, NULL);
  assert_true(exists(&own));
  unlink((const char *)own.bytes);
}

static void no_folder(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr;
  eddy_listener_t *listener = NULL;
  assert_int_equal(eddy_addr_parse(&addr, "unix:/nowhere/at/all", 0), 0);
  int opened = eddy_listener_open(loop, &addr, NULL, &listener);
  assert_true(HAS_UNIX_NAMES ? opened == EDDY_ENOENT : opened < 0);
  assert_null(listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(removed_when_closed), FIXTURE_TEST(existing_files_stay),
      FIXTURE_TEST(replaced_files_stay), FIXTURE_TEST(adopted_ones_keep_it),
      FIXTURE_TEST(abstract_names),      FIXTURE_TEST(chosen_by_the_system),
      FIXTURE_TEST(bound_clients),       FIXTURE_TEST(no_folder)};
  return RUN_TESTS(tests);
}
