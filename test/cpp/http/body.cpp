// Bodies, and the ways to smuggle a request in one.
#include "http_test.hpp"

#include <initializer_list>

using namespace http;

namespace {

std::string post(std::string_view lines, std::string_view body) {
  return with(lines, "POST") + std::string(body);
}

constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";

void by_length(void **) {
  expect(post("Content-Length: 5\r\n", "hello"), "200 keep [hello]\nidle\n");
  expect(post("Content-Length: 0\r\n", ""), "200 keep []\nidle\n");
  expect(post("", ""), "200 keep []\nidle\n");
  expect(post("content-LENGTH:\t005 \r\n", "hello"), "200 keep [hello]\nidle\n");
  expect(post("Content-Length: 5\r\n", "hell"), "waiting\n");
  expect(post("Content-Length: 5\r\n", std::string_view("\0\r\n\n\r", 5)),
         std::string_view("200 keep [\0\r\n\n\r]\nidle\n", 22));
}

void malformed_lengths(void **) {
  for (const char *bad : {"", "-1", "+5", "5 5", "5,5", "5, 5", "0x5", "5a", "1e1", "5;", "\"5\""})
    expect(post("Content-Length: " + std::string(bad) + "\r\n", "hello"), "400 close\n");
  expect(post("Content-Length: 99999999999999999999\r\n", ""), "413 close\n");
  expect(post("Content-Length: 18446744073709551616\r\n", ""), "413 close\n");
  expect(post("Content-Length: 18446744073709551615\r\n", ""), "413 close\n");
}

void in_chunks(void **) {
  expect(post(kChunked, "0\r\n\r\n"), "200 keep []\nidle\n");
  expect(post(kChunked, "5\r\nhello\r\n0\r\n\r\n"), "200 keep [hello]\nidle\n");
  expect(post(kChunked, "1\r\nh\r\n0004\r\nello\r\n000\r\n\r\n"), "200 keep [hello]\nidle\n");
  expect(post(kChunked, "a\r\n0123456789\r\nA\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n"),
         "200 keep [0123456789\r\n\r\n\r\n\r\n\r\n]\nidle\n");
  expect(post(kChunked, "5;name=value;b=\"c d\"\r\nhello\r\n0;last\r\n\r\n"),
         "200 keep [hello]\nidle\n");
  expect(post(kChunked, "5\r\nhello\r\n0\r\nDigest: x\r\nY:\r\n\r\n") + with(""),
         "200 keep [hello]\n" + page_answer() + "idle\n");
  expect(post("transfer-encoding:CHUNKED\r\n", "1\r\nx\r\n0\r\n\r\n"), "200 keep [x]\nidle\n");
  expect(post(kChunked, "5\r\nhello\r\n0\r\n\r"), "waiting\n");
}

void malformed_chunks(void **) {
  for (const char *bad : {"\r\n",
                          "x\r\n",
                          "-1\r\n",
                          "+1\r\n",
                          "0x1\r\nx\r\n",
                          " 1\r\nx\r\n",
                          "1 \r\nx\r\n",
                          "1\nx\r\n",
                          "1\r\nxy\r\n",
                          "1\r\nx\n",
                          "1\r\nx\rx",
                          "1\r\nx0\r\n\r\n",
                          "1\rx",
                          ";a\r\n",
                          "1;a\x01\r\n",
                          "0\r\nX\r\n\r\n",
                          "0\r\n X: a\r\n\r\n",
                          "0\r\nX : a\r\n\r\n",
                          "0\r\n\n",
                          "0\r\nX: a\n\r\n",
                          "0\r\nX: a\x01\r\n"})
    expect(post(kChunked, bad), "400 close\n");
  expect(post(kChunked, "FFFFFFFFFFFFFFFF\r\n"), "413 close\n");
  expect(post(kChunked, "10000000000000001\r\nx"), "413 close\n"); // 1, in 64 bits
  expect(post(kChunked, "1;" + std::string(300, 'a')), "400 close\n");
  expect(post(kChunked, std::string(300, '0')), "400 close\n");
}

// Two readers must not see two different requests.
void smuggling(void **) {
  std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  expect(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + hidden),
         "400 close\n");
  expect(post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + hidden),
         "400 close\n");
  expect(post("Content-Length: 0\r\nContent-Length: 5\r\n", hidden), "400 close\n");
  expect(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400 close\n");
  expect(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
         "400 close\n");
  expect(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
         "400 close\n");
  expect(post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), "400 close\n");
  expect(post("Transfer-Encoding:\r\n", hidden), "400 close\n");
  for (const char *coding :
       {"identity", "gzip, chunked", "xchunked", "chunked;q=1", "chunked, identity",
        "\x0b"
        "chunked"})
    expect(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n"),
           coding[0] == '\x0b' ? "400 close\n" : "501 close\n");
  expect(post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), "400 close\n");
  expect(post("Transfer-Encoding\r\n : chunked\r\n", "0\r\n\r\n"), "400 close\n");
  expect(post("X: a\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400 close\n");
  expect("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 close\n");
  // The body of a GET is taken off, not read as the next request.
  expect(with("Content-Length: " + std::to_string(hidden.size()) + "\r\n") + hidden + with(""),
         page_answer() + page_answer() + "idle\n");
  expect(with(kChunked) + "2\r\nGE\r\n0\r\n\r\n" + with(""),
         page_answer() + page_answer() + "idle\n");
}

void limits_of_a_body(void **) {
  limits small;
  small.body = 8;
  small.trailers = 20;
  expect(post("Content-Length: 8\r\n", "12345678"), "200 keep [12345678]\nidle\n", small);
  expect(post("Content-Length: 9\r\n", "123456789"), "413 close\n", small);
  expect(post(kChunked, "8\r\n12345678\r\n0\r\n\r\n"), "200 keep [12345678]\nidle\n", small);
  expect(post(kChunked, "9\r\n"), "413 close\n", small);
  expect(post(kChunked, "5\r\n12345\r\n4\r\n"), "413 close\n", small);
  expect(post(kChunked, "0\r\nX: 12345678901234567\r\n\r\n"), "431 close\n", small);
  expect(post(kChunked, "0\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\n\r\n"), "431 close\n",
         small);
}

// However a body is cut up, what is kept of it is the body.
void memory_of_a_body(void **) {
  std::string chunk = "1;" + std::string(250, 'a') + "\r\nx\r\n";
  std::string block;
  while (block.size() < 16000) block += chunk;
  for (const char *target : {"/echo", "/"}) {
    session s(false, {});
    s.input("POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(kChunked) +
            "\r\n");
    for (int i = 0; i < 1000; i++) {
      assert_true(s.next() == session::event::read);
      s.input(block);
      assert_true(s.held() < block.size() + 100000);
    }
  }
}

void expectations(void **) {
  expect(post("Expect: 100-continue\r\nContent-Length: 2\r\n", "ab"),
         "continue\n200 keep [ab]\nidle\n");
  expect(post("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
         "continue\n200 keep []\nidle\n");
  expect(post("Expect: 100-continue\r\n", ""), "200 keep []\nidle\n"); // no body to go on with
  expect(post("Expect: something\r\nContent-Length: 2\r\n", "ab"), "417 close\n");
  expect("POST /none HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
         "405 close extra\n");
  expect("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
         "200 close [ab]\n");
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(by_length),        cmocka_unit_test(malformed_lengths),
      cmocka_unit_test(in_chunks),        cmocka_unit_test(memory_of_a_body),
      cmocka_unit_test(malformed_chunks), cmocka_unit_test(smuggling),
      cmocka_unit_test(limits_of_a_body), cmocka_unit_test(expectations)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
