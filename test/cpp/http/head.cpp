// Heads of requests: what is taken, what is refused and how, at every cut of the input.
#include "http_test.hpp"

#include <initializer_list>

using namespace http;

namespace {

void simple_requests(void **) {
  expect("GET / HTTP/1.1\r\nHost: a\r\n\r\n", page_answer() + "idle\n");
  expect("GET /?q=1&b HTTP/1.1\r\nhost:a\r\n\r\n", page_answer() + "idle\n");
  expect("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", page_answer() + "idle\n");
  expect("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
         "200 keep head [" + std::string(built_in_page()) + "]\nidle\n");
  expect("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "404 keep\nidle\n");
  expect("GET / HTT", "waiting\n");
  expect("", "idle\n");
}

void keep_alive(void **) {
  std::string page(built_in_page());
  expect("GET / HTTP/1.0\r\n\r\n", "200 close [" + page + "]\n");
  expect("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", page_answer() + "idle\n");
  expect("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "200 close [" + page + "]\n");
  expect(with("Connection: close\r\n"), "200 close [" + page + "]\n");
  expect(with("Connection: x , CLOSE\r\n"), "200 close [" + page + "]\n");
  expect(with("Connection: upgrade\r\nConnection: close\r\n"), "200 close [" + page + "]\n");
}

void pipelined_requests(void **) {
  std::string all = with("") + with("", "HEAD") + with("Content-Length: 3\r\n", "POST") + "abc" +
                    "GET /none HTTP/1.1\r\nHost: a\r\n\r\n" + with("Connection: close\r\n") +
                    with("");
  std::string page(built_in_page());
  expect(all, page_answer() + "200 keep head [" + page +
                  "]\n200 keep [abc]\n404 keep\n200 close [" + page + "]\n");
}

void empty_lines_before_a_request(void **) {
  expect("\r\n" + with(""), page_answer() + "idle\n");
  expect(with("") + "\r\n\r\n" + with(""), page_answer() + page_answer() + "idle\n");
  expect("\r\n\r\n\r\n\r\n\r\n\r\n", "400 close\n");
}

void methods(void **) {
  expect(with("", "BREW"), "501 keep\nidle\n");
  expect(with("", "get"), "501 keep\nidle\n");
  expect(with("", "DELETE"), "405 keep extra\nidle\n");
  expect("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", "405 keep extra\nidle\n");
  expect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "405 keep extra\nidle\n");
  expect("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "405 keep extra\nidle\n");
  expect("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "405 keep extra\nidle\n");
  expect("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "400 close\n");
}

void versions(void **) {
  expect("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505 close\n");
  expect("GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505 close\n");
  expect("GET / HTTP/1.9\r\nHost: a\r\n\r\n", page_answer() + "idle\n");
  for (const char *bad : {"HTTP/1.", "HTTP/11", "http/1.1", "HTTP/1.1x", "HTTP/x.1", "HTP/1.1"})
    expect("GET / " + std::string(bad) + "\r\nHost: a\r\n\r\n", "400 close\n");
  expect("PRI * HTTP/2.0\r\n\r\n", "505 close\n");
}

void malformed_request_lines(void **) {
  for (const char *bad :
       {"GET\r\n\r\n", "GET /\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET /  HTTP/1.1\r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "GET\t/ HTTP/1.1\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "\x16\x03\x01\x02 \r\n\r\n"})
    expect(bad, "400 close\n");
}

void line_ends(void **) {
  expect("GET / HTTP/1.1\nHost: a\n\n", "400 close\n");
  expect("GET / HTTP/1.1\r\nHost: a\n\r\n", "400 close\n");
  expect("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "400 close\n");
  expect("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "400 close\n");
  expect(std::string_view("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29), "400 close\n");
  expect(std::string_view("GE\0T", 4), "400 close\n");
  expect("\n", "400 close\n");
}

void fields(void **) {
  expect(with("X:\r\nY: \t \r\nZ:a b\tc \r\n"), page_answer() + "idle\n");
  for (const char *bad :
       {"X\r\n", ": a\r\n", "X : a\r\n", "X\t: a\r\n", " X: a\r\n", "X: a\r\n b\r\n",
        "X: a\r\n\tb\r\n", "X(: a\r\n", "X: a\x01\r\n", "X: a\x7f\r\n"})
    expect(with(bad), "400 close\n");
  expect("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 close\n");
}

void hosts(void **) {
  expect("GET / HTTP/1.1\r\n\r\n", "400 close\n");
  expect("GET / HTTP/1.1\r\nHost:\r\n\r\n", page_answer() + "idle\n");
  expect("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", page_answer() + "idle\n");
  expect(with("Host: b\r\n"), "400 close\n");
  for (const char *good :
       {"a:", "a:80", "a.b-c_d~e", "a%20b", "!$&'()*+,;=", "127.0.0.1:8080", "999.1.1.1", "[::]",
        "[1:2:3:4:5:6:7:8]", "[1::8]", "[::ffff:1.2.3.4]:", "[1:2:3:4:5:6:1.2.3.4]", "[v1f.a:b]"})
    expect("GET / HTTP/1.1\r\nHost: " + std::string(good) + "\r\n\r\n", page_answer() + "idle\n");
  for (const char *bad : {"a b",
                          "a/b",
                          "a?b",
                          "a#b",
                          "a@b",
                          "a:b",
                          "a:80:80",
                          "a:-1",
                          "a%2",
                          "a%zz",
                          "a\"b",
                          "a\\b",
                          "a<b",
                          "\xc3\xa4",
                          "::1",
                          "[::1",
                          "::1]",
                          "[]",
                          "[:]",
                          "[:::]",
                          "[1:2:3:4:5:6:7]",
                          "[1::2::3]",
                          "[1:2:3:4:5:6:7:8:9]",
                          "[12345::]",
                          "[g::]",
                          "[::1]a",
                          "[::1]:x",
                          "[1:2:3:4:5:6:7::8]",
                          "[1.2.3.4]",
                          "[::1.2.3]",
                          "[::1.2.3.256]",
                          "[::01.2.3.4]",
                          "[1.2.3.4::]",
                          "[v.a]",
                          "[v1.]",
                          "[vg.a]",
                          "[fe80::1%25eth0]"})
    expect("GET / HTTP/1.1\r\nHost: " + std::string(bad) + "\r\n\r\n", "400 close\n");
}

void limits_of_a_head(void **) {
  limits small;
  small.request_line = 40;
  small.head = 200;
  small.fields = 5;
  std::string fits = "GET /" + std::string(25, 'a') + " HTTP/1.1\r\n";
  assert_int_equal(fits.size(), 41); // the limit does not count the LF
  expect(fits + "Host: a\r\n\r\n", "404 keep\nidle\n", small);
  expect("GET /" + std::string(26, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414 close\n", small);
  expect("GET /" + std::string(5000, 'a'), "414 close\n", small);
  expect(with("a:1\r\nb:2\r\nc:3\r\nd:4\r\n"), page_answer() + "idle\n", small);
  expect(with("a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\n"), "431 close\n", small);
  expect(with("a:" + std::string(170, 'x') + "\r\n"), "431 close\n", small);
  std::string exact = with("a:" + std::string(200 - with("a:\r\n").size(), 'x') + "\r\n");
  assert_int_equal(exact.size(), 200);
  expect(exact, page_answer() + "idle\n", small);
  exact.insert(exact.size() - 4, "x");
  expect(exact, "431 close\n", small);
  std::string endless = "GET / HTTP/1.1\r\nX: " + std::string(100000, 'x');
  assert_string_equal(converse(endless).c_str(), "431 close\n");
}

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(simple_requests),
                              cmocka_unit_test(keep_alive),
                              cmocka_unit_test(pipelined_requests),
                              cmocka_unit_test(empty_lines_before_a_request),
                              cmocka_unit_test(methods),
                              cmocka_unit_test(versions),
                              cmocka_unit_test(malformed_request_lines),
                              cmocka_unit_test(line_ends),
                              cmocka_unit_test(fields),
                              cmocka_unit_test(hosts),
                              cmocka_unit_test(limits_of_a_head)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
