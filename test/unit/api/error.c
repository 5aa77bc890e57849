/* The list of errors: numbers, names, texts, and native codes. */
#include "run_nothing.h"

#if HAS_POSIX_FILES

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include <eddy/error.h>

typedef struct {
  const char *name;
  int number;
  const char *text;
} row_t;

#define ROW(name, number, text) {"EDDY_" #name, number, text},
static const row_t rows[] = {EDDY_ERRORS(ROW)};
#undef ROW
enum { ROWS = sizeof rows / sizeof *rows };

static void numbers_are_permanent(void **state) {
  (void)state;
  /* A sample from each end; a number never changes its meaning. */
  assert_int_equal(EDDY_OK, 0);
  assert_int_equal(EDDY_EUNKNOWN, -1);
  assert_int_equal(EDDY_ECANCELED, -2);
  assert_int_equal(EDDY_ENOMEM, -11);
  assert_int_equal(EDDY_ECONNRESET, -24);
  assert_int_equal(EDDY_ENOSPC, -48);
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < i; j++) {
      assert_int_not_equal(rows[i].number, rows[j].number);
      assert_string_not_equal(rows[i].name, rows[j].name);
      assert_string_not_equal(rows[i].text, rows[j].text);
    }
}

static void every_error_has_its_name_and_text(void **state) {
  (void)state;
  for (int i = 0; i < ROWS; i++) {
    assert_string_equal(eddy_error_name(rows[i].number), rows[i].name);
    assert_string_equal(eddy_error_text(rows[i].number), rows[i].text);
    size_t length = strlen(rows[i].text);
    assert_true(length > 0);
    assert_true(rows[i].text[length - 1] != '.');
    assert_null(strchr(rows[i].text, '\n'));
  }
}

static void results_from_zero_up_are_no_errors(void **state) {
  (void)state;
  static const int64_t results[] = {0, 1, 47, 4096, INT32_MAX, INT64_C(1) << 32, INT64_MAX};
  for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
    assert_string_equal(eddy_error_name(results[i]), "EDDY_OK");
    assert_string_equal(eddy_error_text(results[i]), eddy_error_text(0));
  }
}

static void unknown_numbers_are_unknown(void **state) {
  (void)state;
  /* Among them some that are an error or zero when cut to 32 bits. */
  static const int64_t numbers[] = {-49,
                                    -50,
                                    -4095,
                                    INT32_MIN,
                                    INT64_MIN,
                                    INT64_MIN + 1,
                                    -(INT64_C(1) << 32),
                                    -(INT64_C(1) << 32) - 2};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    assert_string_equal(eddy_error_name(numbers[i]), "EDDY_EUNKNOWN");
    assert_string_equal(eddy_error_text(numbers[i]), eddy_error_text(EDDY_EUNKNOWN));
  }
}

static void native_codes_become_errors(void **state) {
  (void)state;
#define SAME(name) assert_int_equal(eddy_error_from_native(name), EDDY_##name)
  SAME(ECANCELED);
  SAME(ETIMEDOUT);
  SAME(EINVAL);
  SAME(ENOTSUP);
  SAME(EBUSY);
  SAME(EALREADY);
  SAME(ENOMEM);
  SAME(EMFILE);
  SAME(ENFILE);
  SAME(ENOBUFS);
  SAME(EPERM);
  SAME(EACCES);
  SAME(ENOSYS);
  SAME(EBADF);
  SAME(ENOTSOCK);
  SAME(EADDRINUSE);
  SAME(EADDRNOTAVAIL);
  SAME(EAFNOSUPPORT);
  SAME(ECONNREFUSED);
  SAME(ECONNRESET);
  SAME(ECONNABORTED);
  SAME(ENOTCONN);
  SAME(EISCONN);
  SAME(EPIPE);
  SAME(EHOSTUNREACH);
  SAME(ENETUNREACH);
  SAME(ENETDOWN);
  SAME(EHOSTDOWN);
  SAME(EMSGSIZE);
  SAME(EDESTADDRREQ);
  SAME(EPROTO);
  SAME(ENOPROTOOPT);
  SAME(EPROTONOSUPPORT);
  SAME(ENAMETOOLONG);
  SAME(ENOENT);
  SAME(EEXIST);
  SAME(EIO);
  SAME(ENODEV);
  SAME(ENXIO);
  SAME(EFAULT);
  SAME(EOVERFLOW);
  SAME(EAGAIN);
  SAME(EINTR);
  SAME(ENOSPC);
#undef SAME
  assert_int_equal(eddy_error_from_native(EWOULDBLOCK), EDDY_EAGAIN);
  assert_int_equal(eddy_error_from_native(EOPNOTSUPP), EDDY_ENOTSUP);
  assert_int_equal(eddy_error_from_native(ESHUTDOWN), EDDY_EPIPE);
}

static void every_native_code_has_an_answer(void **state) {
  (void)state;
  assert_int_equal(eddy_error_from_native(0), 0);
  for (int32_t code = -5000; code <= 5000; code++) {
    if (code == 0) continue;
    int error = eddy_error_from_native(code);
    assert_true(error < 0 && error >= -ROWS);
    if (code < 0 || code > 200) assert_int_equal(error, EDDY_EUNKNOWN);
  }
  assert_int_equal(eddy_error_from_native(INT32_MIN), EDDY_EUNKNOWN);
  assert_int_equal(eddy_error_from_native(INT32_MAX), EDDY_EUNKNOWN);
  assert_int_equal(eddy_error_from_native(EXDEV), EDDY_EUNKNOWN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_permanent),
      cmocka_unit_test(every_error_has_its_name_and_text),
      cmocka_unit_test(results_from_zero_up_are_no_errors),
      cmocka_unit_test(unknown_numbers_are_unknown),
      cmocka_unit_test(native_codes_become_errors),
      cmocka_unit_test(every_native_code_has_an_answer),
  };
  return cmocka_run_group_tests_name("api_error", tests, NULL, NULL);
}

#else
RUN_NOTHING("the codes are those of errno; windows_error_names has the table of Windows");
#endif
