/* Addresses as text and as native structs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <eddy/addr.h>

static const eddy_addr_t zero;

static void assert_parsed(const char *text, uint16_t family, uint16_t port, const char *bare) {
  eddy_addr_t addr;
  uint8_t expected[16] = {0};
  memset(&addr, 0xff, sizeof addr);
  if (eddy_addr_parse(&addr, text, 7) != 0) fail_msg("refused: %s", text);
  assert_int_equal(addr.family, family);
  assert_int_equal(addr.port, port);
  assert_int_equal(addr.length, family == EDDY_AF_INET ? 4 : 16);
  assert_int_equal(inet_pton(family == EDDY_AF_INET ? AF_INET : AF_INET6, bare, expected), 1);
  assert_memory_equal(addr.bytes, expected, 16);
  for (size_t i = 16; i < sizeof addr.bytes; i++) assert_int_equal(addr.bytes[i], 0);
  assert_int_equal(addr.reserved, 0);
}

static void assert_refused(const char *text, int error) {
  eddy_addr_t addr;
  memset(&addr, 0xff, sizeof addr);
  int result = eddy_addr_parse(&addr, text, 7);
  if (result != error) fail_msg("%s: %d, not %d", text ? text : "NULL", result, error);
  assert_memory_equal(&addr, &zero, sizeof zero);
}

static void layout_is_the_same_everywhere(void **state) {
  (void)state;
  assert_int_equal(sizeof(eddy_addr_t), 128);
  assert_int_equal(offsetof(eddy_addr_t, bytes), 16);
}

static void inet_texts_are_parsed(void **state) {
  (void)state;
  assert_parsed("192.0.2.1", EDDY_AF_INET, 7, "192.0.2.1");
  assert_parsed("0.0.0.0:0", EDDY_AF_INET, 0, "0.0.0.0");
  assert_parsed("255.255.255.255:65535", EDDY_AF_INET, 65535, "255.255.255.255");
  assert_parsed("1.2.3.4:0080", EDDY_AF_INET, 80, "1.2.3.4");
  assert_parsed("::", EDDY_AF_INET6, 7, "::");
  assert_parsed("::1", EDDY_AF_INET6, 7, "::1");
  assert_parsed("1::", EDDY_AF_INET6, 7, "1::");
  assert_parsed("2001:db8::1", EDDY_AF_INET6, 7, "2001:db8::1");
  assert_parsed("[2001:DB8::1]:80", EDDY_AF_INET6, 80, "2001:db8::1");
  assert_parsed("[2001:db8::1]", EDDY_AF_INET6, 7, "2001:db8::1");
  assert_parsed("1:2:3:4:5:6:7:8", EDDY_AF_INET6, 7, "1:2:3:4:5:6:7:8");
  assert_parsed("1:2:3:4:5:6:7::", EDDY_AF_INET6, 7, "1:2:3:4:5:6:7:0");
  assert_parsed("::ffff:192.0.2.1", EDDY_AF_INET6, 7, "::ffff:192.0.2.1");
  assert_parsed("[1:2:3:4:5:6:1.2.3.4]:9", EDDY_AF_INET6, 9, "1:2:3:4:5:6:102:304");
}

static void what_is_no_address_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      " ",
                                      "localhost",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.",
                                      ".1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "1.2.3.04",
                                      "1..3.4",
                                      "00.0.0.0",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1.2.3.-4",
                                      "0x1.2.3.4",
                                      "1.2.3.4294967297",
                                      "1.2.3.4:",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:-1",
                                      "1.2.3.4:+1",
                                      "1.2.3.4:80x",
                                      "1.2.3.4: 80",
                                      "1.2.3.4:18446744073709551696",
                                      "1.2.3.4:8:9",
                                      "1.2.3.4%1",
                                      ":80",
                                      ":",
                                      "unix",
                                      "UNIX:/x",
                                      ":::",
                                      "::1::",
                                      "1::2::3",
                                      ":1",
                                      ":1:2:3:4:5:6:7:8",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "12345::",
                                      "::00001",
                                      "g::",
                                      "::1.2.3",
                                      "::1.2.3.4.5",
                                      "::1.2.3.4:5",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "::1.2.3.04",
                                      "1.2.3.4::",
                                      "::1 ",
                                      "[",
                                      "[]",
                                      "[::1",
                                      "::1]",
                                      "[::1]80",
                                      "[::1]:",
                                      "[::1]:65536",
                                      "[::1]:x",
                                      "[1.2.3.4]",
                                      "[[::1]]",
                                      "[::1]]",
                                      "fe80::1%",
                                      "[fe80::1%]:1",
                                      "fe80::1%4294967296",
                                      "::%99999999999999999",
                                      "1.2.3.4.",
                                      "::ffff:1.2.3.4%"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_refused(texts[i], EDDY_EINVAL);
  assert_refused(NULL, EDDY_EINVAL);
}

static void scopes_are_numbers_or_names(void **state) {
  (void)state;
  eddy_addr_t addr;
  char text[EDDY_ADDR_TEXT];
  assert_int_equal(eddy_addr_parse(&addr, "fe80::1%3", 0), 0);
  assert_int_equal(addr.scope, 3);
  assert_int_equal(eddy_addr_parse(&addr, "[fe80::1%4294967295]:80", 0), 0);
  assert_int_equal(addr.scope, UINT32_MAX);
  assert_int_equal(eddy_addr_format(&addr, text, sizeof text), 23);
  assert_string_equal(text, "[fe80::1%4294967295]:80");
  assert_int_equal(eddy_addr_parse(&addr, "fe80::1%0", 0), 0);
  assert_int_equal(addr.scope, 0);
  assert_refused("fe80::1%no-such-if0", EDDY_ENODEV);
  assert_refused("[fe80::1%3x]:80", EDDY_ENODEV);
  assert_refused("fe80::1%a-name-that-is-longer-than-any-interface-may-have", EDDY_ENODEV);
  struct if_nameindex *all = if_nameindex();
  for (struct if_nameindex *i = all; i && i->if_index; i++) {
    char named[64];
    snprintf(named, sizeof named, "[fe80::1%%%s]:5", i->if_name);
    assert_int_equal(eddy_addr_parse(&addr, named, 0), 0);
    assert_int_equal(addr.scope, i->if_index);
    assert_int_equal(addr.port, 5);
  }
  if (all) if_freenameindex(all);
}

static void assert_round_trip(const eddy_addr_t *addr, const char *expected) {
  char text[EDDY_ADDR_TEXT];
  eddy_addr_t again;
  int length = eddy_addr_format(addr, text, sizeof text);
  assert_true(length > 0);
  assert_int_equal(length, strlen(text));
  if (expected) assert_string_equal(text, expected);
  assert_int_equal(eddy_addr_parse(&again, text, 4711), 0);
  assert_memory_equal(addr, &again, sizeof again);
  assert_true(eddy_addr_equal(addr, &again));
}

static void unix_paths_are_parsed_and_written(void **state) {
  (void)state;
  eddy_addr_t addr;
  char text[EDDY_ADDR_TEXT], path[EDDY_ADDR_TEXT];
  assert_int_equal(eddy_addr_parse(&addr, "unix:/run/x.sock", 80), 0);
  assert_int_equal(addr.family, EDDY_AF_UNIX);
  assert_int_equal(addr.port, 0);
  assert_int_equal(addr.length, 11);
  assert_memory_equal(addr.bytes, "/run/x.sock", 12);
  assert_round_trip(&addr, "unix:/run/x.sock");
  assert_int_equal(eddy_addr_parse(&addr, "unix:@abstract", 80), 0);
  assert_int_equal(addr.length, 9);
  assert_memory_equal(addr.bytes, "\0abstract", 10);
  assert_round_trip(&addr, "unix:@abstract");
  assert_int_equal(eddy_addr_parse(&addr, "unix:@", 80), 0);
  assert_int_equal(addr.length, 1);
  assert_round_trip(&addr, "unix:@");
  assert_int_equal(eddy_addr_parse(&addr, "unix:", 80), 0); /* unnamed */
  assert_int_equal(addr.length, 0);
  assert_round_trip(&addr, "unix:");
  strcpy(path, "unix:");
  memset(path + 5, 'p', 107);
  path[5 + 107] = 0;
  assert_int_equal(eddy_addr_parse(&addr, path, 0), 0);
  assert_int_equal(addr.length, 107);
  assert_round_trip(&addr, path);
  strcat(path, "p");
  assert_refused(path, EDDY_ENAMETOOLONG);
  /* A relative path that begins like an abstract name. */
  addr = zero;
  addr.family = EDDY_AF_UNIX;
  addr.length = 3;
  memcpy(addr.bytes, "@ab", 3);
  assert_int_equal(eddy_addr_format(&addr, text, sizeof text), 10);
  assert_string_equal(text, "unix:./@ab");
  /* The longest that fits the struct fits the text. */
  addr.length = sizeof addr.bytes;
  memset(addr.bytes, '@', sizeof addr.bytes);
  assert_int_equal(eddy_addr_format(&addr, text, sizeof text), 5 + 2 + 112);
  addr.length = sizeof addr.bytes + 1;
  assert_int_equal(eddy_addr_format(&addr, text, sizeof text), EDDY_EINVAL);
  addr.length = 4;
  memcpy(addr.bytes, "\0a\0b", 4);
  assert_int_equal(eddy_addr_format(&addr, text, sizeof text), EDDY_EINVAL);
}

static void the_writer_is_canonical(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"1.2.3.4:5", "1.2.3.4:5"},
      {"0.0.0.0", "0.0.0.0:7"},
      {"255.255.255.255:65535", "255.255.255.255:65535"},
      {"2001:0DB8:0:0:0:0:2:1", "[2001:db8::2:1]:7"},
      {"2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:7"},
      {"2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]:7"},
      {"2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:7"},
      {"0:0:1:2:3:4:0:0", "[::1:2:3:4:0:0]:7"},
      {"1:0:0:0:0:0:0:0", "[1::]:7"},
      {"::", "[::]:7"},
      {"::1", "[::1]:7"},
      {"::ffff:c000:201", "[::ffff:192.0.2.1]:7"},
      {"::ffff:0:0", "[::ffff:0.0.0.0]:7"},
      {"64:ff9b::192.0.2.1", "[64:ff9b::c000:201]:7"},
      {"ffff:FFFF:ffff:ffff:ffff:ffff:255.255.255.255",
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:7"},
      {"[fe80::a%12]:1", "[fe80::a%12]:1"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    eddy_addr_t addr;
    assert_int_equal(eddy_addr_parse(&addr, pairs[i][0], 7), 0);
    assert_round_trip(&addr, pairs[i][1]);
  }
}

static void the_writer_stays_in_its_buffer(void **state) {
  (void)state;
  eddy_addr_t addr;
  assert_int_equal(eddy_addr_parse(&addr, "[fe80::1%7]:80", 0), 0);
  const size_t length = strlen("[fe80::1%7]:80");
  for (size_t size = 0; size <= length + 2; size++) {
    char text[32];
    memset(text, 'x', sizeof text);
    int result = eddy_addr_format(&addr, text, size);
    assert_int_equal(result, size > length ? (int)length : EDDY_ENOBUFS);
    if (size > 0) assert_int_equal(strlen(text), size > length ? length : 0);
    for (size_t i = size; i < sizeof text; i++) assert_int_equal(text[i], 'x');
  }
  char text[8] = "before";
  addr.family = EDDY_AF_NONE;
  assert_int_equal(eddy_addr_format(&addr, text, sizeof text), EDDY_EINVAL);
  assert_string_equal(text, "");
  addr.family = 77;
  assert_int_equal(eddy_addr_format(&addr, NULL, 0), EDDY_EINVAL);
}

static void common_addresses_are_built(void **state) {
  (void)state;
  eddy_addr_t addr;
  assert_int_equal(eddy_addr_any(&addr, EDDY_AF_INET, 80), 0);
  assert_round_trip(&addr, "0.0.0.0:80");
  assert_int_equal(eddy_addr_any(&addr, EDDY_AF_INET6, 80), 0);
  assert_round_trip(&addr, "[::]:80");
  assert_int_equal(eddy_addr_loopback(&addr, EDDY_AF_INET, 80), 0);
  assert_round_trip(&addr, "127.0.0.1:80");
  assert_int_equal(eddy_addr_loopback(&addr, EDDY_AF_INET6, 80), 0);
  assert_round_trip(&addr, "[::1]:80");
  assert_int_equal(eddy_addr_any(&addr, EDDY_AF_UNIX, 80), EDDY_EAFNOSUPPORT);
  assert_memory_equal(&addr, &zero, sizeof zero);
  assert_int_equal(eddy_addr_loopback(&addr, 99, 80), EDDY_EAFNOSUPPORT);
  assert_memory_equal(&addr, &zero, sizeof zero);
}

static void assert_equality(const char *a, const char *b, int expected) {
  eddy_addr_t first, second;
  assert_int_equal(eddy_addr_parse(&first, a, 7), 0);
  assert_int_equal(eddy_addr_parse(&second, b, 7), 0);
  assert_int_equal(eddy_addr_equal(&first, &second), expected);
  assert_int_equal(eddy_addr_equal(&second, &first), expected);
  assert_int_equal(memcmp(&first, &second, sizeof first) == 0, expected);
}

static void equality_is_by_every_member_in_use(void **state) {
  (void)state;
  assert_equality("1.2.3.4", "1.2.3.4:7", 1);
  assert_equality("1.2.3.4", "1.2.3.5", 0);
  assert_equality("1.2.3.4:1", "1.2.3.4:2", 0);
  assert_equality("::1", "[0:0::0:0001]:7", 1);
  assert_equality("::1", "::2", 0);
  assert_equality("[::1]:1", "[::1]:2", 0);
  assert_equality("fe80::1%1", "fe80::1%2", 0);
  assert_equality("::ffff:1.2.3.4", "1.2.3.4", 0);
  assert_equality("unix:/a", "unix:/a", 1);
  assert_equality("unix:/a", "unix:/ab", 0);
  assert_equality("unix:@a", "unix:/a", 0);
  eddy_addr_t a = zero, b = zero;
  assert_true(eddy_addr_equal(&a, &b));
  assert_int_equal(eddy_addr_loopback(&a, EDDY_AF_INET6, 1), 0);
  b = a;
  b.flow = 1;
  assert_false(eddy_addr_equal(&a, &b));
  b.flow = 0;
  b.bytes[50] = 1; /* not in use */
  assert_true(eddy_addr_equal(&a, &b));
  a.family = b.family = EDDY_AF_UNIX;
  a.length = b.length = 500;
  assert_false(eddy_addr_equal(&a, &b));
}

static void native_inet_both_ways(void **state) {
  (void)state;
  eddy_addr_t addr, back;
  struct sockaddr_storage native;
  assert_int_equal(eddy_addr_parse(&addr, "192.0.2.1:513", 0), 0);
  assert_int_equal(eddy_addr_to_native(&addr, &native, sizeof native), sizeof(struct sockaddr_in));
  struct sockaddr_in v4;
  memcpy(&v4, &native, sizeof v4);
  assert_int_equal(v4.sin_family, AF_INET);
  assert_int_equal(v4.sin_port, htons(513));
  assert_int_equal(v4.sin_addr.s_addr, inet_addr("192.0.2.1"));
  assert_int_equal(eddy_addr_from_native(&back, &native, sizeof v4), 0);
  assert_memory_equal(&addr, &back, sizeof addr);

  assert_int_equal(eddy_addr_parse(&addr, "[fe80::1%9]:513", 0), 0);
  addr.flow = 0x12345;
  assert_int_equal(eddy_addr_to_native(&addr, &native, sizeof native), sizeof(struct sockaddr_in6));
  struct sockaddr_in6 v6;
  memcpy(&v6, &native, sizeof v6);
  assert_int_equal(v6.sin6_family, AF_INET6);
  assert_int_equal(v6.sin6_port, htons(513));
  assert_int_equal(v6.sin6_scope_id, 9);
  assert_int_equal(v6.sin6_flowinfo, htonl(0x12345));
  assert_memory_equal(&v6.sin6_addr, addr.bytes, 16);
  assert_int_equal(eddy_addr_from_native(&back, &native, sizeof native), 0);
  assert_memory_equal(&addr, &back, sizeof addr);

  /* Unaligned, and exactly as large as it must be. */
  char bytes[1 + sizeof v6];
  assert_int_equal(eddy_addr_to_native(&addr, bytes + 1, sizeof v6), sizeof v6);
  assert_int_equal(eddy_addr_from_native(&back, bytes + 1, sizeof v6), 0);
  assert_memory_equal(&addr, &back, sizeof addr);
  assert_int_equal(eddy_addr_to_native(&addr, bytes, sizeof v6 - 1), EDDY_ENOBUFS);
  assert_int_equal(eddy_addr_to_native(&addr, NULL, 0), EDDY_ENOBUFS);
}

static void native_addresses_that_are_none(void **state) {
  (void)state;
  eddy_addr_t addr = zero;
  struct sockaddr_storage native;
  memset(&native, 0, sizeof native);
  assert_int_equal(eddy_addr_to_native(&addr, &native, sizeof native), EDDY_EAFNOSUPPORT);
  addr.family = 77;
  assert_int_equal(eddy_addr_to_native(&addr, &native, sizeof native), EDDY_EAFNOSUPPORT);
  assert_int_equal(eddy_addr_from_native(&addr, &native, 0), EDDY_EINVAL);
  assert_int_equal(eddy_addr_from_native(&addr, &native, 1), EDDY_EINVAL);
  assert_int_equal(eddy_addr_from_native(&addr, &native, 2), EDDY_EAFNOSUPPORT);
  native.ss_family = AF_INET;
  for (size_t size = 2; size < sizeof(struct sockaddr_in); size++)
    assert_int_equal(eddy_addr_from_native(&addr, &native, size), EDDY_EINVAL);
  native.ss_family = AF_INET6;
  for (size_t size = 2; size < sizeof(struct sockaddr_in6); size++)
    assert_int_equal(eddy_addr_from_native(&addr, &native, size), EDDY_EINVAL);
  native.ss_family = AF_APPLETALK;
  memset(&addr, 0xff, sizeof addr);
  assert_int_equal(eddy_addr_from_native(&addr, &native, sizeof native), EDDY_EAFNOSUPPORT);
  assert_memory_equal(&addr, &zero, sizeof zero);
}

static void assert_native_unix(const char *text, size_t length) {
  eddy_addr_t addr, back;
  struct sockaddr_un native;
  memset(&native, 0xff, sizeof native);
  assert_int_equal(eddy_addr_parse(&addr, text, 0), 0);
  assert_int_equal(eddy_addr_to_native(&addr, &native, sizeof native), length);
  assert_int_equal(eddy_addr_to_native(&addr, &native, length - 1), EDDY_ENOBUFS);
  assert_int_equal(native.sun_family, AF_UNIX);
  assert_int_equal(eddy_addr_from_native(&back, &native, length), 0);
  assert_memory_equal(&addr, &back, sizeof addr);
}

static void native_unix_both_ways(void **state) {
  (void)state;
  const size_t start = offsetof(struct sockaddr_un, sun_path);
  char text[EDDY_ADDR_TEXT] = "unix:";
  eddy_addr_t addr;
  assert_native_unix("unix:/a", start + 3);
  assert_native_unix("unix:@a", start + 2);
  assert_native_unix("unix:@", start + 1);
  assert_native_unix("unix:", start);
  memset(text + 5, 'p', 107);
  assert_native_unix(text, start + 108);
  text[5] = '@';
  assert_native_unix(text, start + 107);

  /* A path that fills sun_path has no NUL, and the kernel may claim one more byte for it. */
  struct sockaddr_un native = {.sun_family = AF_UNIX};
  memset(native.sun_path, 'q', sizeof native.sun_path);
  assert_int_equal(eddy_addr_from_native(&addr, &native, sizeof native + 1), 0);
  assert_int_equal(addr.length, 108);
  memset(&native, 0, sizeof native);
  assert_int_equal(eddy_addr_to_native(&addr, &native, sizeof native), sizeof native);
  assert_int_equal(native.sun_path[107], 'q');
  addr.length = 109;
  assert_int_equal(eddy_addr_to_native(&addr, &native, sizeof native), EDDY_ENAMETOOLONG);

  /* Bytes after a path's NUL are no part of it. */
  strcpy(native.sun_path, "/tmp/x");
  assert_int_equal(eddy_addr_from_native(&addr, &native, sizeof native), 0);
  assert_int_equal(addr.length, 6);
  assert_int_equal(addr.bytes[7], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layout_is_the_same_everywhere),
      cmocka_unit_test(inet_texts_are_parsed),
      cmocka_unit_test(what_is_no_address_is_refused),
      cmocka_unit_test(scopes_are_numbers_or_names),
      cmocka_unit_test(unix_paths_are_parsed_and_written),
      cmocka_unit_test(the_writer_is_canonical),
      cmocka_unit_test(the_writer_stays_in_its_buffer),
      cmocka_unit_test(common_addresses_are_built),
      cmocka_unit_test(equality_is_by_every_member_in_use),
      cmocka_unit_test(native_inet_both_ways),
      cmocka_unit_test(native_addresses_that_are_none),
      cmocka_unit_test(native_unix_both_ways),
  };
  return cmocka_run_group_tests_name("api_addr", tests, NULL, NULL);
}
