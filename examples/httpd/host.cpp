// The value of Host, and the authority of a whole URL: uri-host [ ":" port ] (RFC 9112 section 3.2, RFC 3986 section 3.2.2).
#include "http.hpp"

namespace http {

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_name_byte(char c) {
  constexpr std::string_view others = "-._~!$&'()*+,;="; // unreserved and sub-delims
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c && others.find(c) != std::string_view::npos);
}

// Of names and of IPv4 addresses, which are such.
static bool is_name(std::string_view text) {
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      if (!is_name_byte(text[i])) return false;
      continue;
    }
    if (text.size() - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
      return false;
    i += 2;
  }
  return true;
}

static bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; part++) {
    size_t digits = 0;
    int value = 0;
    while (digits < text.size() && digits < 4 && is_digit(text[digits]))
      value = value * 10 + (text[digits++] - '0');
    if (!digits || value > 255 || (digits > 1 && text[0] == '0')) return false;
    text.remove_prefix(digits);
    if (part == 3) break;
    if (text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

// The groups of 16 bits in "a:b:1.2.3.4"; -1 if it is no such list. Nothing is no groups.
static int groups(std::string_view text, bool last_half) {
  int count = 0;
  while (!text.empty()) {
    size_t end = text.find(':');
    std::string_view group = text.substr(0, end);
    bool last = end == std::string_view::npos;
    if (last && last_half && is_ipv4(group)) return count + 2;
    if (group.empty() || group.size() > 4) return -1;
    for (char c : group)
      if (hex_digit(c) < 0) return -1;
    count++;
    if (last) break;
    text.remove_prefix(end + 1);
    if (text.empty()) return -1;
  }
  return count;
}

static bool is_ipv6(std::string_view text) {
  size_t gap = text.find("::");
  if (gap == std::string_view::npos) return groups(text, true) == 8;
  int before = groups(text.substr(0, gap), false), after = groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after < 8;
}

// "v1.text": addresses of a future kind.
static bool is_future(std::string_view text) {
  size_t dot = text.find('.');
  if (text.size() < 4 || (text[0] != 'v' && text[0] != 'V') || dot == std::string_view::npos)
    return false;
  if (dot < 2 || dot + 1 == text.size()) return false;
  for (char c : text.substr(1, dot - 1))
    if (hex_digit(c) < 0) return false;
  for (char c : text.substr(dot + 1))
    if (c != ':' && !is_name_byte(c)) return false;
  return true;
}

bool is_host(std::string_view text) {
  std::string_view port;
  if (!text.empty() && text[0] == '[') {
    size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    std::string_view address = text.substr(1, end - 1);
    if (!is_ipv6(address) && !is_future(address)) return false;
    port = text.substr(end + 1);
  } else {
    size_t colon = text.find(':');
    if (!is_name(text.substr(0, colon))) return false;
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.empty()) return true;
  if (port[0] != ':') return false;
  for (char c : port.substr(1))
    if (!is_digit(c)) return false;
  return true;
}

} // namespace http
