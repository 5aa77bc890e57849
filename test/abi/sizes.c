/* The layout of every public struct, the values of constants, and what the library says of itself.
   These are the same on every OS; what depends on the size of a pointer says so. */
#include <eddy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#define AT(type, member, offset)                                                                   \
  _Static_assert(offsetof(type, member) == (offset), "offset of " #type "." #member)
#define WIDTH(type, member, bytes)                                                                 \
  _Static_assert(sizeof(((type *)0)->member) == (bytes), "size of " #type "." #member)
#define VALUE(name, number) _Static_assert((name) == (number), "value of " #name)

SIZE(eddy_op_t, 192);
AT(eddy_op_t, data, 0);
AT(eddy_op_t, eddy_private, 8);
_Static_assert(_Alignof(eddy_op_t) == 8, "alignment of eddy_op_t");
VALUE(EDDY_OP_SIZE, 192);

SIZE(eddy_addr_t, 128);
AT(eddy_addr_t, family, 0);
AT(eddy_addr_t, port, 2);
AT(eddy_addr_t, scope, 4);
AT(eddy_addr_t, flow, 8);
AT(eddy_addr_t, length, 12);
AT(eddy_addr_t, reserved, 14);
AT(eddy_addr_t, bytes, 16);
WIDTH(eddy_addr_t, bytes, 112);
VALUE(EDDY_ADDR_TEXT, 128);

SIZE(eddy_time_t, 8);
SIZE(eddy_native_t, 8);

SIZE(eddy_buf_t, 2 * sizeof(void *));
AT(eddy_buf_t, data, 0);
AT(eddy_buf_t, size, sizeof(void *));

SIZE(eddy_lease_t, 2 * sizeof(void *) + 8);
AT(eddy_lease_t, data, 0);
AT(eddy_lease_t, size, sizeof(void *));
AT(eddy_lease_t, id, 2 * sizeof(void *));

SIZE(eddy_loop_options_t, UINTPTR_MAX == UINT64_MAX ? 48 : 40);
AT(eddy_loop_options_t, size, 0);
AT(eddy_loop_options_t, driver, 4);
AT(eddy_loop_options_t, flags, 8);
AT(eddy_loop_options_t, ring_entries, 12);
AT(eddy_loop_options_t, spin, 16);
AT(eddy_loop_options_t, alloc, 24);
AT(eddy_loop_options_t, release, 24 + sizeof(void *));
AT(eddy_loop_options_t, alloc_context, 24 + 2 * sizeof(void *));

SIZE(eddy_listen_options_t, 16);
AT(eddy_listen_options_t, size, 0);
AT(eddy_listen_options_t, flags, 4);
AT(eddy_listen_options_t, backlog, 8);
AT(eddy_listen_options_t, reserved, 12);

SIZE(eddy_pool_options_t, 16);
AT(eddy_pool_options_t, size, 0);
AT(eddy_pool_options_t, buffer_size, 4);
AT(eddy_pool_options_t, buffers, 8);
AT(eddy_pool_options_t, reserved, 12);

SIZE(eddy_workers_options_t, 32);
AT(eddy_workers_options_t, size, 0);
AT(eddy_workers_options_t, threads, 4);
AT(eddy_workers_options_t, keep, 8);
AT(eddy_workers_options_t, queue, 12);
AT(eddy_workers_options_t, stack_size, 16);
AT(eddy_workers_options_t, idle, 24);

SIZE(eddy_workers_stats_t, 24);
AT(eddy_workers_stats_t, size, 0);
AT(eddy_workers_stats_t, threads, 4);
AT(eddy_workers_stats_t, idle, 8);
AT(eddy_workers_stats_t, queued, 12);
AT(eddy_workers_stats_t, refused, 16);

VALUE(EDDY_NEVER, UINT64_MAX);
VALUE(EDDY_NO_NATIVE, -1);
VALUE(EDDY_PENDING, 0);
VALUE(EDDY_DONE, 1);
VALUE(EDDY_OP_INLINE, 1);
VALUE(EDDY_OP_UNREF, 2);
VALUE(EDDY_LOOP_MIGRATABLE, 1);
VALUE(EDDY_AF_INET, 1);
VALUE(EDDY_AF_INET6, 2);
VALUE(EDDY_AF_UNIX, 3);
VALUE(EDDY_READABLE, 1);
VALUE(EDDY_WRITABLE, 2);
VALUE(EDDY_PRIORITY, 4);
VALUE(EDDY_DISCONNECT, 8);
VALUE(EDDY_POLL_ERROR, 16);
VALUE(EDDY_POLL_REPEAT, 1);
VALUE(EDDY_LISTEN_REUSE_PORT, 1);
VALUE(EDDY_LISTEN_V6ONLY, 2);
VALUE(EDDY_LISTEN_DELAY, 4);
VALUE(EDDY_SHUT_READ, 1);
VALUE(EDDY_SHUT_WRITE, 2);
VALUE(EDDY_SHUT_BOTH, 3);
VALUE(EDDY_TICK_BURST, 0);
VALUE(EDDY_TICK_SKIP, 1);
VALUE(EDDY_TICK_DELAY, 2);
VALUE(EDDY_DRIVER_AUTO, 0);
VALUE(EDDY_DRIVER_EPOLL, 1);
VALUE(EDDY_DRIVER_IO_URING, 2);
VALUE(EDDY_DRIVER_AFD, 3);
VALUE(EDDY_OPT_NODELAY, 1);
VALUE(EDDY_OPT_V6ONLY, 10);
/* The ends of the list of errors, and some that bindings know by heart. */
VALUE(EDDY_EUNKNOWN, -1);
VALUE(EDDY_ECANCELED, -2);
VALUE(EDDY_ETIMEDOUT, -3);
VALUE(EDDY_ECLOSED, -4);
VALUE(EDDY_EINVAL, -7);
VALUE(EDDY_ENOTSUP, -8);
VALUE(EDDY_EINTR, -47);
VALUE(EDDY_ENOSPC, -48);

static void the_library_agrees_on_the_size_of_an_op(void **state) {
  (void)state;
  assert_int_equal(eddy_op_size(), sizeof(eddy_op_t));
}

static void the_library_is_of_the_headers_version(void **state) {
  (void)state;
  assert_int_equal(eddy_version(),
                   EDDY_VERSION_MAJOR << 16 | EDDY_VERSION_MINOR << 8 | EDDY_VERSION_PATCH);
  assert_string_equal(eddy_version_text(), "0.1.0");
}

static void an_init_op_is_all_zero(void **state) {
  (void)state;
  static const eddy_op_t zero;
  eddy_op_t op;
  memset(&op, 0xff, sizeof op);
  eddy_op_init(&op);
  assert_memory_equal(&op, &zero, sizeof op);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_library_agrees_on_the_size_of_an_op),
      cmocka_unit_test(the_library_is_of_the_headers_version),
      cmocka_unit_test(an_init_op_is_all_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
