/* Random addresses and texts, the same in every run: the writer and the parser against libc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <eddy/addr.h>

static const eddy_addr_t zero;

static void assert_refused(const char *text) {
  eddy_addr_t addr;
  if (eddy_addr_parse(&addr, text, 7) != EDDY_EINVAL) fail_msg("accepted: %s", text);
  assert_memory_equal(&addr, &zero, sizeof zero);
}

static void assert_round_trip(const eddy_addr_t *addr, const char *expected) {
  char text[EDDY_ADDR_TEXT];
  eddy_addr_t again;
  int length = eddy_addr_format(addr, text, sizeof text);
  assert_int_equal(length, strlen(text));
  if (expected) assert_string_equal(text, expected);
  assert_int_equal(eddy_addr_parse(&again, text, 4711), 0);
  assert_memory_equal(addr, &again, sizeof again);
}

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint32_t random_below(uint32_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 32) % limit;
}

/* Groups that are often zero, short, or the start of an embedded IPv4 address. */
static void random_bytes(uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i += 2) {
    uint32_t group = random_below(0x10000);
    switch (random_below(4)) {
    case 0:
    case 1: group = 0; break;
    case 2: group >>= random_below(16); break;
    }
    if (random_below(8) == 0) group = 0xffff;
    bytes[i] = (uint8_t)(group >> 8);
    bytes[i + 1] = (uint8_t)group;
  }
}

static void the_writer_agrees_with_libc(void **state) {
  (void)state;
  for (int round = 0; round < 100000; round++) {
    eddy_addr_t addr = zero;
    char bare[INET6_ADDRSTRLEN], expected[EDDY_ADDR_TEXT];
    int v6 = random_below(4) != 0;
    addr.family = v6 ? EDDY_AF_INET6 : EDDY_AF_INET;
    addr.length = v6 ? 16 : 4;
    addr.port = (uint16_t)random_below(65536);
    random_bytes(addr.bytes, addr.length);
    assert_non_null(inet_ntop(v6 ? AF_INET6 : AF_INET, addr.bytes, bare, sizeof bare));
    snprintf(expected, sizeof expected, v6 ? "[%s]:%u" : "%s:%u", bare, addr.port);
    assert_round_trip(&addr, expected);
  }
}

/* A text that is an address, or was one before a few characters of it were changed. */
static void random_text(char *text, size_t size) {
  static const char alphabet[] = "0123456789abcdefABCDEFg::::....0011 %[]";
  uint8_t bytes[16];
  random_bytes(bytes, sizeof bytes);
  switch (random_below(4)) {
  case 0: inet_ntop(AF_INET, bytes, text, (socklen_t)size); break;
  case 1: inet_ntop(AF_INET6, bytes, text, (socklen_t)size); break;
  case 2:
    for (size_t i = 0, at = 0; i < 8; i++)
      at += (size_t)snprintf(text + at, size - at, random_below(2) ? "%s%x" : "%s%04X",
                             i ? ":" : "", bytes[2 * i] << 8 | bytes[2 * i + 1]);
    break;
  default: {
    uint32_t length = random_below(20);
    for (uint32_t i = 0; i < length; i++) text[i] = alphabet[random_below(sizeof alphabet - 1)];
    text[length] = 0;
  }
  }
  for (uint32_t changes = random_below(4); changes > 0; changes--) {
    size_t length = strlen(text), at = random_below((uint32_t)length + 1);
    char c = alphabet[random_below(sizeof alphabet - 1)];
    switch (random_below(3)) {
    case 0:
      if (at < length) text[at] = c;
      break;
    case 1:
      if (at < length) memmove(text + at, text + at + 1, length - at);
      break;
    default:
      if (length + 2 > size) break;
      memmove(text + at + 1, text + at, length - at + 1);
      text[at] = c;
    }
  }
}

static void the_parser_agrees_with_libc(void **state) {
  (void)state;
  int accepted = 0, refused = 0;
  for (int round = 0; round < 300000; round++) {
    char text[64], bracketed[80];
    uint8_t v4[4], v6[16];
    eddy_addr_t addr;
    random_text(text, sizeof text);
    /* libc's calls know neither ports nor scopes nor brackets. */
    int colons = 0;
    for (const char *c = text; *c; c++) colons += *c == ':';
    if (strpbrk(text, "%[") || colons == 1) continue;
    int is_v4 = inet_pton(AF_INET, text, v4) == 1, is_v6 = inet_pton(AF_INET6, text, v6) == 1;
    int result = eddy_addr_parse(&addr, text, 1);
    if ((result == 0) != (is_v4 || is_v6)) fail_msg("\"%s\": %d, libc %d", text, result, is_v6);
    snprintf(bracketed, sizeof bracketed, "[%s]:1", text);
    if (result != 0) {
      assert_int_equal(result, EDDY_EINVAL);
      assert_memory_equal(&addr, &zero, sizeof zero);
      assert_refused(bracketed);
      refused++;
      continue;
    }
    accepted++;
    assert_int_equal(addr.family, is_v4 ? EDDY_AF_INET : EDDY_AF_INET6);
    assert_memory_equal(addr.bytes, is_v4 ? v4 : v6, is_v4 ? 4 : 16);
    if (is_v4) {
      assert_refused(bracketed);
    } else {
      eddy_addr_t again;
      assert_int_equal(eddy_addr_parse(&again, bracketed, 2), 0);
      assert_memory_equal(&addr, &again, sizeof addr);
    }
  }
  assert_true(accepted > 20000);
  assert_true(refused > 20000);
}

/* Anything at all, in memory that ends where the text ends. */
static void the_parser_survives_noise(void **state) {
  (void)state;
  static const char alphabet[] = "unix:@/.[]%0123456789:::abcdef\x80\xff \n";
  for (int round = 0; round < 20000; round++) {
    size_t length = random_below(160);
    char *text = malloc(length + 1);
    assert_non_null(text);
    for (size_t i = 0; i < length; i++) text[i] = alphabet[random_below(sizeof alphabet - 1)];
    if (length > 5 && random_below(4) == 0) memcpy(text, "unix:", 5);
    if (length > 0 && random_below(4) == 0) text[0] = '[';
    text[length] = 0;
    eddy_addr_t addr;
    int result = eddy_addr_parse(&addr, text, 1);
    free(text);
    if (result < 0) {
      assert_true(result == EDDY_EINVAL || result == EDDY_ENODEV || result == EDDY_ENAMETOOLONG);
      assert_memory_equal(&addr, &zero, sizeof zero);
    } else {
      assert_round_trip(&addr, NULL);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_writer_agrees_with_libc),
      cmocka_unit_test(the_parser_agrees_with_libc),
      cmocka_unit_test(the_parser_survives_noise),
  };
  return cmocka_run_group_tests_name("addr_fuzz", tests, NULL, NULL);
}
