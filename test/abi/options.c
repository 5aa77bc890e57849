/* Option structs of callers that were compiled against older and newer headers than the library. */
#include <eddy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LARGEST 4096

/* Opens something with an option struct, and closes it again. */
typedef int (*try_fn)(const void *options);

static eddy_loop_t *loop;

static int try_loop(const void *options) {
  eddy_loop_t *other = NULL;
  int error = eddy_loop_open(options, &other);
  if (error == 0) assert_int_equal(eddy_loop_close(other), 0);
  return error;
}

static int try_pool(const void *options) {
  eddy_pool_t *pool = NULL;
  int error = eddy_pool_open(loop, options, &pool);
  if (error == 0) eddy_pool_close(pool, NULL, NULL);
  return error;
}

static int try_listener(const void *options) {
  eddy_listener_t *listener = NULL;
  eddy_addr_t address;
  eddy_addr_loopback(&address, EDDY_AF_INET, 0);
  int error = eddy_listener_open(loop, &address, options, &listener);
  if (error == 0) eddy_listener_close(listener, NULL, NULL);
  return error;
}

static int try_workers(const void *options) {
  eddy_workers_t *workers = NULL;
  int error = eddy_workers_open(options, &workers);
  if (error == 0) assert_int_equal(eddy_workers_close(workers), 0);
  return error;
}

static const struct {
  const char *name;
  try_fn try_it;
  uint32_t size;
} kinds[] = {{"loop", try_loop, sizeof(eddy_loop_options_t)},
             {"pool", try_pool, sizeof(eddy_pool_options_t)},
             {"listener", try_listener, sizeof(eddy_listen_options_t)},
             {"workers", try_workers, sizeof(eddy_workers_options_t)}};
#define KINDS (sizeof kinds / sizeof *kinds)

static int with_size(size_t kind, uint32_t size, size_t dirty) {
  static _Alignas(16) unsigned char bytes[LARGEST + 64];
  memset(bytes, 0, sizeof bytes);
  memcpy(bytes, &size, sizeof size);
  if (dirty) bytes[dirty] = 1;
  return kinds[kind].try_it(bytes);
}

static void no_options_are_the_defaults(void **state) {
  (void)state;
  for (size_t k = 0; k < KINDS; k++) assert_int_equal(kinds[k].try_it(NULL), 0);
}

static void the_size_of_this_version_is_taken(void **state) {
  (void)state;
  for (size_t k = 0; k < KINDS; k++) assert_int_equal(with_size(k, kinds[k].size, 0), 0);
}

static void a_newer_struct_with_a_zero_tail_is_taken(void **state) {
  (void)state;
  for (size_t k = 0; k < KINDS; k++) {
    assert_int_equal(with_size(k, kinds[k].size + 1, 0), 0);
    assert_int_equal(with_size(k, kinds[k].size + 64, 0), 0);
    assert_int_equal(with_size(k, LARGEST, 0), 0);
  }
}

static void what_a_newer_struct_asks_for_is_refused(void **state) {
  (void)state;
  for (size_t k = 0; k < KINDS; k++) {
    assert_int_equal(with_size(k, kinds[k].size + 8, kinds[k].size), EDDY_ENOTSUP);
    assert_int_equal(with_size(k, kinds[k].size + 8, kinds[k].size + 7), EDDY_ENOTSUP);
    assert_int_equal(with_size(k, LARGEST, LARGEST - 1), EDDY_ENOTSUP);
  }
}

static void bytes_behind_the_struct_are_not_looked_at(void **state) {
  (void)state;
  for (size_t k = 0; k < KINDS; k++)
    assert_int_equal(with_size(k, kinds[k].size, kinds[k].size), 0);
}

/* No version had a smaller struct than this first one. */
static void an_impossible_size_is_refused(void **state) {
  (void)state;
  for (size_t k = 0; k < KINDS; k++) {
    assert_int_equal(with_size(k, 0, 0), EDDY_EINVAL);
    assert_int_equal(with_size(k, 3, 0), EDDY_EINVAL);
    assert_int_equal(with_size(k, kinds[k].size - 1, 0), EDDY_EINVAL);
    assert_int_equal(with_size(k, LARGEST + 1, 0), EDDY_EINVAL);
    assert_int_equal(with_size(k, UINT32_MAX, 0), EDDY_EINVAL);
  }
}

static int open_loop(void **state) {
  (void)state;
  return eddy_loop_open(NULL, &loop);
}

static int close_loop(void **state) {
  (void)state;
  if (eddy_loop_drain(loop, eddy_now(loop) + EDDY_SECOND) != 0) return -1;
  return eddy_loop_close(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_options_are_the_defaults),
      cmocka_unit_test(the_size_of_this_version_is_taken),
      cmocka_unit_test(a_newer_struct_with_a_zero_tail_is_taken),
      cmocka_unit_test(what_a_newer_struct_asks_for_is_refused),
      cmocka_unit_test(bytes_behind_the_struct_are_not_looked_at),
      cmocka_unit_test(an_impossible_size_is_refused),
  };
  return cmocka_run_group_tests(tests, open_loop, close_loop);
}
