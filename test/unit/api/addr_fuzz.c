/* Random addresses and texts, the same in every run: the writer and the parser against libc. SEED=N and ROUNDS=N in the
   environment look elsewhere or longer. */
#include "run_nothing.h"

#if HAS_POSIX_FILES

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

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

static uint64_t random_state;
static uint32_t rounds = 20000;

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
  for (int round = 0; round < (int)rounds * 5; round++) {
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
  for (int round = 0; round < (int)rounds * 15; round++) {
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
  assert_true(accepted > (int)rounds);
  assert_true(refused > (int)rounds);
}

/* Anything at all, in memory that ends where the text ends. */
static void the_parser_survives_noise(void **state) {
  (void)state;
  static const char alphabet[] = "unix:@/.[]%0123456789:::abcdef\x80\xff \n";
  for (int round = 0; round < (int)rounds; round++) {
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

/* Scopes by number and by name, which getaddrinfo(3) knows too. */
static void scopes_agree_with_libc(void **state) {
  (void)state;
  static const char *const scopes[] = {"lo",         "0", "1",       "01", "4294967295",
                                       "4294967296", "",  "nowhere", "-1", "1x"};
  for (uint32_t round = 0; round < rounds / 10; round++) {
    char bare[INET6_ADDRSTRLEN], text[128];
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    bytes[0] = 0xfe, bytes[1] = 0x80; /* link-local: libc takes names for no others */
    inet_ntop(AF_INET6, bytes, bare, sizeof bare);
    snprintf(text, sizeof text, "%s%%%s", bare,
             scopes[random_below(sizeof scopes / sizeof *scopes)]);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_family = AF_INET6}, *got = NULL;
    eddy_addr_t addr;
    int result = eddy_addr_parse(&addr, text, 1);
    if (getaddrinfo(text, NULL, &hints, &got)) {
      if (result == 0) fail_msg("accepted: %s", text);
      assert_memory_equal(&addr, &zero, sizeof zero);
      continue;
    }
    uint32_t scope = ((struct sockaddr_in6 *)(void *)got->ai_addr)->sin6_scope_id;
    freeaddrinfo(got);
    if (result || addr.scope != scope)
      fail_msg("%s: %d, scope %u, libc %u", text, result, addr.scope, scope);
    assert_round_trip(&addr, NULL);
  }
}

/* A text that does not fit leaves an empty one, and nothing behind the memory it was given. */
static void the_writer_keeps_to_its_memory(void **state) {
  (void)state;
  for (uint32_t round = 0; round < rounds; round++) {
    eddy_addr_t addr = zero;
    char whole[EDDY_ADDR_TEXT];
    for (size_t i = 0; i < sizeof addr; i++) ((uint8_t *)&addr)[i] = (uint8_t)random_below(256);
    addr.family = (uint16_t)random_below(5);
    addr.length = (uint16_t)random_below(random_below(4) ? 113 : 65536);
    addr.reserved = 0;
    int length = eddy_addr_format(&addr, whole, sizeof whole);
    size_t size = random_below(EDDY_ADDR_TEXT + 1);
    char *text = malloc(size ? size : 1);
    assert_non_null(text);
    int result = eddy_addr_format(&addr, text, size);
    if (length < 0) {
      assert_int_equal(length, EDDY_EINVAL);
      assert_int_equal(result, EDDY_EINVAL);
    } else if (size <= (size_t)length) {
      assert_int_equal(result, EDDY_ENOBUFS);
    } else {
      assert_int_equal(result, length);
      assert_string_equal(text, whole);
    }
    if (result < 0 && size) assert_string_equal(text, "");
    free(text);
  }
}

/* Native addresses of any size and content, in memory of just that size. */
static void natives_survive_noise(void **state) {
  (void)state;
  static const sa_family_t families[] = {AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, AF_NETLINK};
  for (uint32_t round = 0; round < rounds; round++) {
    size_t size = random_below(sizeof(struct sockaddr_un) + 8);
    sa_family_t family = families[random_below(5)];
    uint8_t *native = malloc(size ? size : 1), again[256];
    assert_non_null(native);
    for (size_t i = 0; i < size; i++)
      native[i] = (uint8_t)(random_below(3) ? random_below(256) : 0);
    if (size >= sizeof family) memcpy(native, &family, sizeof family);
    eddy_addr_t addr, second;
    int result = eddy_addr_from_native(&addr, native, size);
    size_t least = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (family == AF_UNIX || family == AF_UNSPEC || family == AF_NETLINK) least = sizeof family;
    int known = family == AF_INET || family == AF_INET6 || family == AF_UNIX;
    free(native);
    if (result < 0) assert_memory_equal(&addr, &zero, sizeof zero);
    if (size < least && known) assert_int_equal(result, EDDY_EINVAL);
    if (size >= least && !known) assert_int_equal(result, EDDY_EAFNOSUPPORT);
    if (size >= least && known && family != AF_UNIX) assert_int_equal(result, 0);
    if (result < 0) continue;
    int length = eddy_addr_to_native(&addr, again, sizeof again);
    if (length == EDDY_EINVAL && family == AF_UNIX) continue; /* a NUL in a path */
    assert_true(length > 0 && (size_t)length <= size + 1);
    assert_int_equal(eddy_addr_from_native(&second, again, (size_t)length), 0);
    assert_memory_equal(&addr, &second, sizeof addr);
  }
}

static uint64_t from_environment(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void) {
  random_state = from_environment("SEED", 1) * 0x9e3779b97f4a7c15u | 1;
  rounds = (uint32_t)from_environment("ROUNDS", rounds);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_writer_agrees_with_libc),
      cmocka_unit_test(the_parser_agrees_with_libc),
      cmocka_unit_test(the_parser_survives_noise),
      cmocka_unit_test(scopes_agree_with_libc),
      cmocka_unit_test(the_writer_keeps_to_its_memory),
      cmocka_unit_test(natives_survive_noise),
  };
  return cmocka_run_group_tests_name("api_addr_fuzz", tests, NULL, NULL);
}

#else
RUN_NOTHING("the model is the libc of Linux");
#endif
