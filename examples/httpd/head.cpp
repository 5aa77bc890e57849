// The head of a request.
#include "http.hpp"

namespace http {

static bool is_token_byte(unsigned char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c && others.find(static_cast<char>(c)) != std::string_view::npos);
}

bool is_token(std::string_view text) {
  for (char c : text)
    if (!is_token_byte(static_cast<unsigned char>(c))) return false;
  return !text.empty();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(std::string_view text) {
  for (char c : text)
    if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f') return false;
  return true;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

static std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The next element of a comma-separated list.
static std::string_view next_element(std::string_view &list) {
  size_t comma = list.find(',');
  std::string_view element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return trim(element);
}

status head_parser::refuse(int code) {
  refusal_ = code;
  return status::refused;
}

// Looks at new bytes for the empty line. 0: not yet; below: it is there; above: a refusal.
int head_parser::scan(std::string_view bytes) {
  for (; scanned_ < bytes.size(); scanned_++) {
    char c = bytes[scanned_];
    size_t length = scanned_ + 1 - start_;
    if (length > limits_.head) return 431;
    bool after_cr = scanned_ > start_ && bytes[scanned_ - 1] == '\r';
    if (after_cr != (c == '\n')) return 400; // a bare CR or LF
    if (c == '\0') return 400;
    if (c != '\n') {
      if (!lines_ && length > limits_.request_line) return 414;
      continue;
    }
    size_t line = scanned_ - 1 - line_;
    line_ = scanned_ + 1;
    if (line == 0 && !lines_) {
      // An empty line before a request is ignored (RFC 9112 section 2.2), but not line after line.
      start_ = line_;
      if (start_ > 8) return 400;
    } else if (line == 0) {
      consumed_ = ++scanned_;
      return -1;
    } else if (lines_++ > limits_.fields) {
      return 431;
    }
  }
  return 0;
}

static int parse_version(std::string_view text, int &minor) {
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !digit(text[5]) || text[6] != '.' ||
      !digit(text[7]))
    return 400;
  if (text[5] != '1') return 505;
  minor = text[7] - '0';
  return 0;
}

static int parse_request_line(std::string_view line, request &out) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  if (!is_token(out.method) || out.target.empty()) return 400;
  for (char c : out.target)
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return 400;
  return parse_version(line.substr(last + 1), out.minor);
}

static int parse_field(std::string_view line, field &out) {
  size_t colon = line.find(':'); // a folded line begins with a space, which is no token
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return 400;
  out = {line.substr(0, colon), trim(line.substr(colon + 1))};
  return is_text(out.value) ? 0 : 400;
}

static int parse_length(std::string_view text, uint64_t &out) {
  if (text.empty()) return 400;
  out = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return 400;
    if (out > (UINT64_MAX - 9) / 10) return 413;
    out = out * 10 + static_cast<uint64_t>(c - '0');
  }
  return 0;
}

// What the fields say about framing and connection.
static int interpret(request &out, const limits &limits) {
  int lengths = 0, codings = 0, hosts = 0;
  bool close = false, keep = out.minor > 0;
  for (const field &f : out.fields) {
    if (equal_ignoring_case(f.name, "content-length")) {
      lengths++;
      if (int error = parse_length(f.value, out.length)) return error;
    } else if (equal_ignoring_case(f.name, "transfer-encoding")) {
      if (codings++) return 400;
      if (!equal_ignoring_case(f.value, "chunked"))
        return f.value.empty() || equal_ignoring_case(f.value, "chunked, chunked") ? 400 : 501;
    } else if (equal_ignoring_case(f.name, "host")) {
      hosts++;
      if (!is_host(f.value)) return 400;
    } else if (equal_ignoring_case(f.name, "connection")) {
      for (std::string_view list = f.value; !list.empty();) {
        std::string_view option = next_element(list);
        if (equal_ignoring_case(option, "close")) close = true;
        if (equal_ignoring_case(option, "keep-alive")) keep = true;
      }
    } else if (equal_ignoring_case(f.name, "expect")) {
      if (!equal_ignoring_case(f.value, "100-continue")) return 417;
      out.expects_continue = out.minor > 0;
    }
  }
  if (lengths > 1 || (lengths && codings) || (codings && out.minor == 0)) return 400;
  if (hosts > 1 || (!hosts && out.minor > 0)) return 400;
  if (codings)
    out.body = framing::chunked;
  else if (lengths && out.length)
    out.body = framing::length;
  if (out.length > limits.body) return 413;
  out.keep_alive = keep && !close;
  out.expects_continue &= out.body != framing::none;
  return 0;
}

int head_parser::parse(std::string_view head, request &out) {
  out.fields.clear();
  out.body = framing::none;
  out.length = 0;
  out.expects_continue = false;
  size_t end = head.find("\r\n");
  if (int error = parse_request_line(head.substr(0, end), out)) return error;
  head.remove_prefix(end + 2);
  while ((end = head.find("\r\n")) != 0) {
    field f;
    if (int error = parse_field(head.substr(0, end), f)) return error;
    out.fields.push_back(f);
    head.remove_prefix(end + 2);
  }
  return interpret(out, limits_);
}

status head_parser::feed(std::string_view bytes, request &out) {
  if (refusal_) return status::refused;
  if (!consumed_) {
    int found = scan(bytes);
    if (found > 0) return refuse(found);
    if (found == 0) return status::more;
  }
  int error = parse(bytes.substr(start_, consumed_ - start_), out);
  return error ? refuse(error) : status::done;
}

} // namespace http
