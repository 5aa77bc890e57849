// Responses: heads, pages, types and dates.
#include "http.hpp"

#include <cstdio>

namespace http {

std::string_view reason(int code) {
  switch (code) {
  case 100: return "Continue";
  case 200: return "OK";
  case 301: return "Moved Permanently";
  case 400: return "Bad Request";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 408: return "Request Timeout";
  case 413: return "Content Too Large";
  case 414: return "URI Too Long";
  case 417: return "Expectation Failed";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 501: return "Not Implemented";
  case 503: return "Service Unavailable";
  case 505: return "HTTP Version Not Supported";
  default: return "Unknown";
  }
}

std::string_view content_type(std::string_view name) {
  struct entry {
    std::string_view extension, type;
  };
  static constexpr entry types[] = {{"html", "text/html; charset=utf-8"},
                                    {"htm", "text/html; charset=utf-8"},
                                    {"txt", "text/plain; charset=utf-8"},
                                    {"md", "text/markdown; charset=utf-8"},
                                    {"css", "text/css; charset=utf-8"},
                                    {"js", "text/javascript; charset=utf-8"},
                                    {"mjs", "text/javascript; charset=utf-8"},
                                    {"json", "application/json"},
                                    {"xml", "application/xml"},
                                    {"svg", "image/svg+xml"},
                                    {"png", "image/png"},
                                    {"jpg", "image/jpeg"},
                                    {"jpeg", "image/jpeg"},
                                    {"gif", "image/gif"},
                                    {"webp", "image/webp"},
                                    {"ico", "image/vnd.microsoft.icon"},
                                    {"woff2", "font/woff2"},
                                    {"pdf", "application/pdf"},
                                    {"wasm", "application/wasm"},
                                    {"gz", "application/gzip"},
                                    {"zip", "application/zip"},
                                    {"mp4", "video/mp4"}};
  size_t dot = name.find_last_of("./");
  if (dot != std::string_view::npos && name[dot] == '.')
    for (const entry &e : types)
      if (equal_ignoring_case(name.substr(dot + 1), e.extension)) return e.type;
  return "application/octet-stream";
}

// From days since 1970 to a date: the civil calendar repeats every 400 years of 146097 days.
std::string date(int64_t unix_time) {
  static constexpr const char *days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr const char *months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int64_t day = unix_time / 86400, second = unix_time % 86400;
  const char *weekday = days[day % 7];
  int64_t shifted = day + 719468; // since 1 March of the year 0, so that leap days come last
  int64_t era = shifted / 146097, of_era = shifted % 146097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * of_year + 2) / 153;
  int64_t of_month = of_year - (153 * month + 2) / 5 + 1;
  month = (month + 2) % 12;
  year += era * 400 + (month < 2);
  char text[64];
  snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekday, int(of_month),
           months[month], int(year), int(second / 3600), int(second / 60 % 60), int(second % 60));
  return text;
}

std::string_view built_in_page() {
  return "<!doctype html>\n<title>eddy</title>\n<h1>It works</h1>\n"
         "<p>This is the built-in page of eddy's httpd. Start it with <code>--root DIR</code> to "
         "serve a "
         "directory; <code>POST /echo</code> returns what it is sent.</p>\n";
}

answer failure(int code, bool keep_alive) {
  answer out;
  out.code = code;
  out.type = "text/plain; charset=utf-8";
  out.body = std::to_string(code).append(" ").append(reason(code)).append("\n");
  out.keep_alive = keep_alive;
  return out;
}

answer redirect_to_directory(const path &where, bool keep_alive) {
  answer out = failure(301, keep_alive);
  for (char c : where.text) {
    constexpr std::string_view plain = "/-._~!$&'()*+,;=:@";
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
        plain.find(c) != std::string_view::npos) {
      out.location += c;
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      auto byte = static_cast<unsigned char>(c);
      out.location += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  out.location += '/';
  return out;
}

std::string format_head(const answer &what, uint64_t size, bool keep_alive, std::string_view date) {
  std::string head;
  head.reserve(256 + what.location.size());
  head.append("HTTP/1.1 ").append(std::to_string(what.code)).append(" ");
  head.append(reason(what.code)).append("\r\nServer: eddy\r\n");
  if (!date.empty()) head.append("Date: ").append(date).append("\r\n");
  if (!what.type.empty()) head.append("Content-Type: ").append(what.type).append("\r\n");
  if (!what.location.empty()) head.append("Location: ").append(what.location).append("\r\n");
  head.append(what.extra);
  head.append("Content-Length: ").append(std::to_string(size)).append("\r\n");
  head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  return head;
}

} // namespace http
