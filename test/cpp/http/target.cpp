// Targets, types, dates and heads of responses.
#include "http_test.hpp"

#include <initializer_list>

using namespace http;

namespace {

void gives(std::string_view target, std::string_view text, bool directory) {
  path p;
  int error = resolve(target, p);
  if (error || p.text != text || p.directory != directory)
    fail_msg("%.*s: %d %s %d", int(target.size()), target.data(), error, p.text.c_str(),
             p.directory);
}

void refused(std::string_view target) {
  path p;
  if (resolve(target, p) != 400)
    fail_msg("%.*s gives %s", int(target.size()), target.data(), p.text.c_str());
}

void paths(void **) {
  gives("/", "/", true);
  gives("/a", "/a", false);
  gives("/a/", "/a", true);
  gives("//a///b", "/a/b", false);
  gives("/./a/./b/.", "/a/b", true);
  gives("/a%20b%C3%A4", "/a b\xc3\xa4", false);
  gives("/%61?x=/../..", "/a", false);
  gives("/a?", "/a", false);
  gives("/...", "/...", false);
  gives("/..a", "/..a", false);
  gives("/%25", "/%", false);
  gives("/%252e%252e", "/%2e%2e", false); // decoded once
  gives("/a+b", "/a+b", false);
  gives("http://host:80/a", "/a", false);
  gives("HTTP://host", "/", true);
  gives("http://host?q", "/", true);
}

void traversal(void **) {
  for (const char *target :
       {"/..", "/../", "/a/..", "/a/../b", "/../etc/passwd", "/%2e%2e/", "/%2E./a", "/.%2e",
        "/a/%2e%2e", "/..%2f..", "/a%2fb", "/%2F", "/a\\b", "/..%5c..", "/a%5Cb", "http://a/../b"})
    refused(target);
  refused("/%00");
  refused("/a%00.html");
}

void malformed_targets(void **) {
  for (const char *target : {"", "a", "*", "/%", "/%4", "/%zz", "/%4g", "/%-1", "/a#b", "http:/a",
                             "http:///a", "https://a/"})
    refused(target);
}

void types(void **) {
  assert_true(content_type("/a.html") == "text/html; charset=utf-8");
  assert_true(content_type("/a.b.JSON") == "application/json");
  assert_true(content_type("/a.png") == "image/png");
  assert_true(content_type("/a") == "application/octet-stream");
  assert_true(content_type("/a.html/b") == "application/octet-stream");
  assert_true(content_type("/a.") == "application/octet-stream");
  assert_true(content_type("") == "application/octet-stream");
}

void dates(void **) {
  assert_string_equal(date(0).c_str(), "Thu, 01 Jan 1970 00:00:00 GMT");
  assert_string_equal(date(784111777).c_str(), "Sun, 06 Nov 1994 08:49:37 GMT"); // RFC 9110's
  assert_string_equal(date(951782400).c_str(), "Tue, 29 Feb 2000 00:00:00 GMT");
  assert_string_equal(date(1709251199).c_str(), "Thu, 29 Feb 2024 23:59:59 GMT");
  assert_string_equal(date(1709251200).c_str(), "Fri, 01 Mar 2024 00:00:00 GMT");
  assert_string_equal(date(4107542400).c_str(), "Mon, 01 Mar 2100 00:00:00 GMT");
  assert_string_equal(date(1767225599).c_str(), "Wed, 31 Dec 2025 23:59:59 GMT");
}

void heads(void **) {
  answer a = failure(404, true);
  assert_string_equal(format_head(a, a.body.size(), true, "D").c_str(),
                      "HTTP/1.1 404 Not Found\r\nServer: eddy\r\nDate: D\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n"
                      "Connection: keep-alive\r\n\r\n");
  a = failure(405, false);
  a.extra = "Allow: GET\r\n";
  a.type = {};
  assert_string_equal(format_head(a, 7, false, "").c_str(),
                      "HTTP/1.1 405 Method Not Allowed\r\nServer: eddy\r\nAllow: GET\r\n"
                      "Content-Length: 7\r\nConnection: close\r\n\r\n");
  path p;
  assert_int_equal(resolve("/a%0d%0aX:b%20%C3/c", p), 0);
  a = redirect_to_directory(p, true);
  assert_string_equal(a.location.c_str(), "/a%0D%0AX:b%20%C3/c/"); // no field of its own
  for (int code : {100, 200, 301, 400, 403, 404, 405, 408, 413, 414, 417, 431, 500, 501, 503, 505})
    assert_true(reason(code) != "Unknown");
}

void files(void **) {
  expect(with(""), "file / dir\nidle\n", {}, true);
  expect("GET /a/b.txt?x HTTP/1.1\r\nHost: a\r\n\r\n", "file /a/b.txt\nidle\n", {}, true);
  expect("HEAD /a%20b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "file /a b head close\n",
         {}, true);
  expect("GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", "400 close\n", {}, true);
  expect("GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", "waiting\n", {}, true);
  expect("GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", "400 close\n", {},
         true);
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(paths), cmocka_unit_test(traversal), cmocka_unit_test(malformed_targets),
      cmocka_unit_test(types), cmocka_unit_test(dates),     cmocka_unit_test(heads),
      cmocka_unit_test(files)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
