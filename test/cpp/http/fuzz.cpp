// Random mutations of good conversations: no input makes the functions misbehave, and how the input is cut
// never changes the outcome. Deterministic; SEED=N and ROUNDS=N in the environment look elsewhere or longer.
#include "http_test.hpp"

#include <initializer_list>

using namespace http;

namespace {

uint64_t state;

uint64_t draw(uint64_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % below;
}

constexpr std::string_view kSeeds[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a%20b/../c?x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nX: y\r\n\r\n",
    "HEAD http://h/p HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello worldGET / "
    "HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n "
    "world1234\r\n0\r\nT: v\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
};
constexpr std::string_view kPieces[] = {"\r\n",
                                        "\n",
                                        "\r",
                                        " ",
                                        "\t",
                                        ":",
                                        ",",
                                        "%2e",
                                        "%00",
                                        "..",
                                        "/",
                                        "HTTP/1.1",
                                        "HTTP/1.0",
                                        "Content-Length: 5\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "0\r\n\r\n",
                                        "chunked",
                                        "close",
                                        "FFFFFFFFFFFFFFFF",
                                        "18446744073709551615",
                                        "Host: b\r\n",
                                        "\r\n\r\n",
                                        "Connection: close\r\n",
                                        "Expect: 100-continue\r\n"};

std::string mutate() {
  std::string text(kSeeds[draw(std::size(kSeeds))]);
  for (uint64_t changes = draw(6); changes; changes--) {
    size_t at = draw(text.size() + 1);
    switch (draw(7)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(draw(256));
      break;
    case 1: text.erase(at, draw(8)); break;
    case 2: text.insert(at, std::string(1 + draw(4), static_cast<char>(draw(256)))); break;
    case 3: text.insert(at, kPieces[draw(std::size(kPieces))]); break;
    case 4: text.resize(at); break;
    case 5: text.insert(at, text.substr(draw(text.size() + 1), draw(60))); break;
    case 6: text += kSeeds[draw(std::size(kSeeds))]; break;
    }
  }
  return text;
}

// In memory of just its size, so that a sanitizer sees a byte too far.
std::string cut_at_random(const std::string &text, const limits &small, bool root) {
  std::vector<std::string> copies;
  for (size_t at = 0; at < text.size();) {
    size_t size = 1 + draw(draw(3) ? 5 : 200);
    copies.emplace_back(text.substr(at, size));
    copies.back().shrink_to_fit();
    at += size;
  }
  std::vector<std::string_view> pieces(copies.begin(), copies.end());
  return converse(pieces, small, root);
}

uint64_t from_environment(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text ? strtoull(text, nullptr, 10) : otherwise;
}

void mutations(void **) {
  uint64_t rounds = from_environment("ROUNDS", 20000);
  state = from_environment("SEED", 1) * 0x9e3779b97f4a7c15u | 1;
  limits small;
  small.head = 300;
  small.request_line = 100;
  small.fields = 8;
  small.body = 64;
  small.trailers = 40;
  uint64_t good = 0, bad = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    std::string text = mutate();
    bool root = draw(2);
    std::string whole = converse(text, small, root);
    std::string cut = cut_at_random(text, small, root);
    if (whole != cut)
      fail_msg("round %llu: cut differently\n%s\n---\n%s---\n%s",
               static_cast<unsigned long long>(round), text.c_str(), whole.c_str(), cut.c_str());
    for (std::string_view path : {"file /../", "file /..\n", "file /a/.."})
      if (whole.find(path) != std::string::npos)
        fail_msg("a path out of the root:\n%s", text.c_str());
    (whole.find("200 ") != std::string::npos ? good : bad)++;
  }
  assert_true(good > rounds / 20 &&
              bad > rounds / 20); // else the mutations are too tame or too wild
}

} // namespace

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(mutations)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
