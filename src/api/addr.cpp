// Addresses as text, by hand: inet_pton is another on every OS, knows no ports and no scopes.
#include "core/failure.hpp"

namespace eddy {
namespace {

constexpr size_t kMaxPath = 107; // sun_path without its final NUL, unix(7)
constexpr char kUnix[] = "unix:";
constexpr size_t kUnixLength = sizeof kUnix - 1;
constexpr char kHex[] = "0123456789abcdef";

// A part of the text.
struct Span {
  const char *at, *end;

  bool empty() const { return at == end; }
  size_t size() const { return static_cast<size_t>(end - at); }

  // The first `mark`, or nullptr.
  const char *find(char mark) const { return static_cast<const char *>(memchr(at, mark, size())); }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The whole of it as a decimal number.
bool parse_number(Span text, uint32_t most, uint32_t &number) {
  if (text.empty()) return false;
  uint64_t sum = 0;
  for (; !text.empty(); text.at++) {
    if (!is_digit(*text.at)) return false;
    sum = sum * 10 + static_cast<uint64_t>(*text.at - '0');
    if (sum > most) return false;
  }
  number = static_cast<uint32_t>(sum);
  return true;
}

bool parse_port(Span text, uint16_t &port) {
  uint32_t number;
  if (!parse_number(text, UINT16_MAX, number)) return false;
  port = static_cast<uint16_t>(number);
  return true;
}

// Four decimal numbers. No leading zeros: some take them for octal ones.
bool parse_v4(Span text, uint8_t *out) {
  for (int i = 0; i < 4; i++) {
    Span part = {text.at, i < 3 ? text.find('.') : text.end};
    uint32_t number;
    if (!part.end || !parse_number(part, 255, number)) return false;
    if (part.size() > 1 && *part.at == '0') return false;
    out[i] = static_cast<uint8_t>(number);
    if (i < 3) text.at = part.end + 1;
  }
  return true;
}

// RFC 4291, 2.2: eight groups, one run of which may be "::", the last two of which may be IPv4.
bool parse_v6(Span text, uint8_t *out) {
  constexpr size_t no_gap = SIZE_MAX;
  size_t used = 0, gap = no_gap;
  if (text.size() >= 2 && text.at[0] == ':' && text.at[1] == ':') {
    gap = 0;
    text.at += 2;
  }
  while (!text.empty()) {
    const char *stop = text.at;
    uint32_t group = 0;
    for (; stop != text.end && stop - text.at <= 4 && hex_value(*stop) >= 0; stop++)
      group = group << 4 | static_cast<uint32_t>(hex_value(*stop));
    if (stop != text.end && *stop == '.') {
      if (used > 12 || !parse_v4(text, out + used)) return false;
      used += 4;
      break;
    }
    if (stop == text.at || stop - text.at > 4 || used == 16) return false;
    out[used++] = static_cast<uint8_t>(group >> 8);
    out[used++] = static_cast<uint8_t>(group);
    text.at = stop;
    if (text.empty()) break;
    if (*text.at++ != ':' || text.empty()) return false;
    if (*text.at != ':') continue;
    if (gap != no_gap) return false;
    gap = used;
    text.at++;
  }
  if (gap == no_gap) return used == 16;
  if (used == 16) return false; // "::" stands for one group at least
  size_t tail = used - gap;
  memmove(out + 16 - tail, out + gap, tail);
  memset(out + gap, 0, 16 - used);
  return true;
}

int parse_scope(Span text, uint32_t &scope) {
  if (text.empty()) return EDDY_EINVAL;
  for (const char *c = text.at; c != text.end; c++)
    if (!is_digit(*c)) return os_interface_index(text.at, text.size(), scope);
  return parse_number(text, UINT32_MAX, scope) ? 0 : EDDY_EINVAL;
}

int parse_inet6(Span text, eddy_addr_t &addr) {
  addr.family = EDDY_AF_INET6;
  addr.length = 16;
  const char *percent = text.find('%');
  if (!parse_v6({text.at, percent ? percent : text.end}, addr.bytes)) return EDDY_EINVAL;
  return percent ? parse_scope({percent + 1, text.end}, addr.scope) : 0;
}

int parse_unix(Span text, eddy_addr_t &addr) {
  if (text.size() > kMaxPath) return EDDY_ENAMETOOLONG;
  addr.family = EDDY_AF_UNIX;
  addr.port = 0;
  addr.length = static_cast<uint16_t>(text.size());
  memcpy(addr.bytes, text.at, text.size());
  if (addr.bytes[0] == '@') addr.bytes[0] = 0;
  return 0;
}

int parse(const char *string, eddy_addr_t &addr) {
  Span text = {string, string + strlen(string)};
  if (strncmp(string, kUnix, kUnixLength) == 0)
    return parse_unix({string + kUnixLength, text.end}, addr);
  const char *colon = text.find(':');
  if (*string == '[') {
    const char *close = text.find(']');
    if (!close) return EDDY_EINVAL;
    Span rest = {close + 1, text.end};
    if (!rest.empty() && (*rest.at != ':' || !parse_port({rest.at + 1, rest.end}, addr.port)))
      return EDDY_EINVAL;
    return parse_inet6({string + 1, close}, addr);
  }
  if (colon && strchr(colon + 1, ':')) return parse_inet6(text, addr);
  addr.family = EDDY_AF_INET;
  addr.length = 4;
  if (colon && !parse_port({colon + 1, text.end}, addr.port)) return EDDY_EINVAL;
  return parse_v4({string, colon ? colon : text.end}, addr.bytes) ? 0 : EDDY_EINVAL;
}

// Text that grows in a buffer with room for any address.
struct Text {
  char bytes[EDDY_ADDR_TEXT];
  size_t size = 0;

  void put(char c) { bytes[size++] = c; }

  void put(const void *data, size_t length) {
    memcpy(bytes + size, data, length);
    size += length;
  }

  void decimal(uint32_t number) {
    char digits[10];
    size_t count = 0;
    do digits[count++] = static_cast<char>('0' + number % 10);
    while (number /= 10);
    while (count > 0) put(digits[--count]);
  }

  void hex(uint32_t number) {
    for (int shift = number > 0xfff  ? 12
                     : number > 0xff ? 8
                     : number > 0xf  ? 4
                                     : 0;
         shift >= 0; shift -= 4)
      put(kHex[number >> shift & 15]);
  }
};

void write_v4(Text &text, const uint8_t *bytes) {
  for (int i = 0; i < 4; i++) {
    if (i > 0) text.put('.');
    text.decimal(bytes[i]);
  }
}

// RFC 5952: the first longest run of two or more zero groups is "::". Mapped and compatible
// addresses (RFC 4291, 2.5.5) end as IPv4.
void write_v6(Text &text, const uint8_t *bytes) {
  uint32_t groups[8];
  int start = -1, length = 1;
  for (int i = 0, run = 0; i < 8; i++) {
    groups[i] = static_cast<uint32_t>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
    run = groups[i] == 0 ? run + 1 : 0;
    if (run > length) {
      length = run;
      start = i + 1 - run;
    }
  }
  bool embeds_v4 = start == 0 && (length == 6 || (length == 5 && groups[5] == 0xffff));
  for (int i = 0; i < 8; i++) {
    if (i == start) {
      text.put("::", 2);
      i += length - 1;
      continue;
    }
    if (i > 0 && i != start + length) text.put(':');
    if (embeds_v4 && i == 6) return write_v4(text, bytes + 12);
    text.hex(groups[i]);
  }
}

// A path that starts with '@' gets "./" before it, because "@" alone means an abstract name. A NUL
// inside a name has no text.
int write_unix(Text &text, const eddy_addr_t &addr) {
  const uint8_t *bytes = addr.bytes;
  size_t length = addr.length;
  if (length > sizeof addr.bytes) return EDDY_EINVAL;
  if (length > 1 && memchr(bytes + 1, 0, length - 1)) return EDDY_EINVAL;
  text.put(kUnix, kUnixLength);
  if (length == 0) return 0;
  if (bytes[0] == 0) {
    text.put('@');
    bytes++, length--;
  } else if (bytes[0] == '@') {
    text.put("./", 2);
  }
  text.put(bytes, length);
  return 0;
}

int write(Text &text, const eddy_addr_t &addr) {
  switch (addr.family) {
  case EDDY_AF_INET: write_v4(text, addr.bytes); break;
  case EDDY_AF_INET6:
    text.put('[');
    write_v6(text, addr.bytes);
    if (addr.scope != 0) {
      text.put('%');
      text.decimal(addr.scope);
    }
    text.put(']');
    break;
  case EDDY_AF_UNIX: return write_unix(text, addr);
  default: return EDDY_EINVAL;
  }
  text.put(':');
  text.decimal(addr.port);
  return 0;
}

// An inet address whose last byte is `last` and whose others are zero, but for 127 in IPv4.
int build(eddy_addr_t *addr, uint16_t family, uint16_t port, uint8_t first, uint8_t last) {
  require(addr != nullptr, "null address");
  memset(addr, 0, sizeof *addr);
  if (family != EDDY_AF_INET && family != EDDY_AF_INET6) return failed(EDDY_EAFNOSUPPORT);
  addr->family = family;
  addr->port = port;
  addr->length = family == EDDY_AF_INET ? 4 : 16;
  if (family == EDDY_AF_INET) addr->bytes[0] = first;
  addr->bytes[addr->length - 1] = last;
  return 0;
}

} // namespace
} // namespace eddy

int eddy_addr_parse(eddy_addr_t *addr, const char *text, uint16_t port) {
  eddy::require(addr != nullptr, "null address");
  memset(addr, 0, sizeof *addr);
  addr->port = port;
  int result = text ? eddy::parse(text, *addr) : EDDY_EINVAL;
  if (result == 0) return 0;
  memset(addr, 0, sizeof *addr);
  return eddy::failed(result);
}

int eddy_addr_format(const eddy_addr_t *addr, char *text, size_t size) {
  eddy::require(addr != nullptr && (text || size == 0), "null address or text");
  eddy::Text whole;
  int result = eddy::write(whole, *addr);
  if (result == 0 && whole.size >= size) result = EDDY_ENOBUFS;
  if (result < 0) {
    if (size > 0) *text = 0;
    return eddy::failed(result);
  }
  memcpy(text, whole.bytes, whole.size);
  text[whole.size] = 0;
  return static_cast<int>(whole.size);
}

int eddy_addr_any(eddy_addr_t *addr, uint16_t family, uint16_t port) {
  return eddy::build(addr, family, port, 0, 0);
}

int eddy_addr_loopback(eddy_addr_t *addr, uint16_t family, uint16_t port) {
  return eddy::build(addr, family, port, 127, 1);
}

// By the members, so that an address filled in by hand need not be zero in its unused bytes.
int eddy_addr_equal(const eddy_addr_t *a, const eddy_addr_t *b) {
  eddy::require(a != nullptr && b != nullptr, "null address");
  if (a->family != b->family) return 0;
  switch (a->family) {
  case EDDY_AF_INET: return a->port == b->port && memcmp(a->bytes, b->bytes, 4) == 0;
  case EDDY_AF_INET6:
    return a->port == b->port && a->scope == b->scope && a->flow == b->flow &&
           memcmp(a->bytes, b->bytes, 16) == 0;
  case EDDY_AF_UNIX:
    return a->length == b->length && a->length <= sizeof a->bytes &&
           memcmp(a->bytes, b->bytes, a->length) == 0;
  default: return a->family == EDDY_AF_NONE;
  }
}
