// The target of a request, and where it leads.
#include "http.hpp"

#include <initializer_list>

namespace http {

static int decode(std::string_view text, std::string &out) {
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return 400;
    out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
    i += 2;
  }
  return 0;
}

// "http://host/path" to "/path" (RFC 9112 section 3.2.2).
static int strip_authority(std::string_view &target) {
  constexpr std::string_view scheme = "http://";
  if (target.front() == '/') return 0;
  if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return 400;
  target.remove_prefix(scheme.size());
  size_t end = target.find_first_of("/?");
  if (target.empty() || end == 0 || target.find('#') != std::string_view::npos) return 400;
  if (!is_host(target.substr(0, end))) return 400;
  target = end == std::string_view::npos || target[end] == '?' ? "/" : target.substr(end);
  return 0;
}

static int append_segment(std::string_view raw, path &out) {
  std::string segment;
  if (int error = decode(raw, segment)) return error;
  out.directory = segment.empty() || segment == ".";
  if (out.directory) return 0;
  // Also when it would stay below the root: no honest client sends it, for the client resolves it itself.
  if (segment == "..") return 400;
  for (char c : segment)
    if (c == '/' || c == '\\' || c == '\0') return 400;
  if (out.text.back() != '/') out.text += '/';
  out.text += segment;
  return 0;
}

int resolve(std::string_view target, path &out) {
  out = {"/", true};
  if (target.empty()) return 400;
  if (int error = strip_authority(target)) return error;
  target = target.substr(0, target.find('?'));
  if (target.find('#') != std::string_view::npos) return 400;
  target.remove_prefix(1);
  for (bool more = true; more;) {
    size_t slash = target.find('/');
    if (int error = append_segment(target.substr(0, slash), out)) return error;
    more = slash != std::string_view::npos;
    if (more) target.remove_prefix(slash + 1);
  }
  return 0;
}

static bool known(std::string_view method) {
  for (std::string_view m :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"})
    if (method == m) return true;
  return false;
}

static route allow_only(std::string_view methods, const request &head, answer &out) {
  out = failure(405, head.keep_alive);
  out.extra = methods;
  return route::error;
}

route choose(const request &head, bool has_root, path &where, answer &out) {
  if (!known(head.method)) {
    out = failure(501, head.keep_alive);
    return route::error;
  }
  if (head.method == "CONNECT" || head.target == "*")
    return allow_only("Allow: GET, HEAD, POST\r\n", head, out);
  if (int error = resolve(head.target, where)) {
    out = failure(error, false);
    return route::error;
  }
  if (where.text == "/echo" && !where.directory) {
    if (head.method != "POST") return allow_only("Allow: POST\r\n", head, out);
    return route::echo;
  }
  if (head.method != "GET" && head.method != "HEAD")
    return allow_only("Allow: GET, HEAD\r\n", head, out);
  if (has_root) return route::file;
  if (where.text == "/") return route::page;
  out = failure(404, head.keep_alive);
  return route::error;
}

} // namespace http
