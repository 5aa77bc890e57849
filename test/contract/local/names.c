// A path with a NUL inside names nothing; a relative one is the same file wherever the process goes.
#include "local.h"
#include "needs.h"

#define NEEDS_PATHS()                                                                              \
  if (!unix_sockets()) SKIP("this system has no Unix sockets")

static eddy_addr_t named(const void *bytes, size_t length) {
  eddy_addr_t addr = {.family = EDDY_AF_UNIX, .length = (uint16_t)length};
  memcpy(addr.bytes, bytes, length);
  return addr;
}

static void nul_inside_a_path(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t whole;
  assert_int_equal(eddy_addr_parse(&whole, path_name(), 0), 0);
  eddy_addr_t cut = whole, end = whole;
  cut.bytes[cut.length - 1] = 0; // ... and something behind it
  cut.bytes[cut.length++] = 'x';
  end.bytes[end.length++] = 0;
  const eddy_addr_t wrong[] = {cut, end};
  for (int i = 0; i < COUNT(wrong); i++) {
    eddy_listener_t *listener = NULL;
    eddy_stream_t *stream = local_stream(loop);
    struct rec connect = {0};
    uint8_t native[128];
    assert_int_equal(eddy_listener_open(loop, &wrong[i], NULL, &listener), EDDY_EINVAL);
    assert_null(listener);
    assert_int_equal(eddy_stream_bind(stream, &wrong[i]), EDDY_EINVAL);
    eddy_stream_connect(stream, &connect.op, &wrong[i], rec_cb);
    turn_until(loop, &connect.finals, 1);
    assert_int_equal(connect.result, EDDY_EINVAL);
    assert_int_equal(eddy_addr_to_native(&wrong[i], native, sizeof native), EDDY_EINVAL);
    assert_false(path_exists((const char *)wrong[i].bytes));
    close_stream(loop, stream);
  }
}

// In an abstract name every byte counts.
static void nul_inside_an_abstract_name(void **state) {
  NEEDS(UNIX_NAMES);
  eddy_loop_t *loop = LOOP(state);
  char name[64] = {0};
  int length = 1 + snprintf(name + 1, sizeof name - 1, "eddy-%d", (int)getpid());
  memcpy(name + length, "\0end", 4);
  eddy_addr_t whole = named(name, (size_t)length + 4), shorter = named(name, (size_t)length), told;
  eddy_listener_t *one = NULL, *other = NULL;
  assert_int_equal(eddy_listener_open(loop, &whole, NULL, &one), 0);
  assert_int_equal(eddy_listener_open(loop, &shorter, NULL, &other), 0);
  assert_int_equal(eddy_listener_address(one, &told), 0);
  assert_true(eddy_addr_equal(&told, &whole));
  eddy_listener_close(one, NULL, NULL);
  eddy_listener_close(other, NULL, NULL);
}

// A folder of the test's own, for chdir concerns the whole process.
static void in_a_folder(char folder[128], char here[512]) {
  assert_true(folder_made(folder, 128));
  assert_non_null(getcwd(here, 512));
  assert_int_equal(chdir(folder), 0);
}

static void relative_paths_are_removed(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  char folder[128], here[512];
  in_a_folder(folder, here);
  eddy_addr_t addr = named("own.sock", 8), told;
  eddy_listener_t *listener = NULL;
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  assert_int_equal(eddy_listener_address(listener, &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  assert_true(path_exists("own.sock"));
  assert_int_equal(chdir(here), 0);
  eddy_listener_close(listener, NULL, NULL);
  assert_int_equal(rmdir(folder), 0); // nothing is left in it
}

// What has the same relative name where the process is now is somebody else's.
static void only_their_own(void **state) {
  NEEDS_PATHS();
  eddy_loop_t *loop = LOOP(state);
  char folder[128], here[512], other[128], unused[512];
  in_a_folder(folder, here);
  eddy_addr_t addr = named("own.sock", 8);
  eddy_listener_t *listener = NULL, *second = NULL;
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &listener), 0);
  in_a_folder(other, unused);
  assert_int_equal(eddy_listener_open(loop, &addr, NULL, &second), 0);
  eddy_listener_close(listener, NULL, NULL);
  assert_true(path_exists("own.sock"));
  eddy_listener_close(second, NULL, NULL);
  assert_int_equal(chdir(here), 0);
  assert_int_equal(rmdir(folder), 0);
  assert_int_equal(rmdir(other), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(nul_inside_a_path), FIXTURE_TEST(nul_inside_an_abstract_name),
      FIXTURE_TEST(relative_paths_are_removed), FIXTURE_TEST(only_their_own)};
  return RUN_TESTS(tests);
}
