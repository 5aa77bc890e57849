// What the tests of the HTTP functions share: whole conversations through a session, cut at will.
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
#include <cmocka.h>
}

#include "session.hpp"

#include <span>

// A response as a server without files would write it, without the fields that do not matter here.
inline std::string written(const http::session &s) {
  if (s.reply().code == 0) return "";
  std::string out = std::to_string(s.reply().code);
  out += s.keep_alive() ? " keep" : " close";
  if (!s.reply().extra.empty()) out += " extra";
  if (s.head_only()) out += " head";
  if (s.reply().code == 200) out += " [" + s.reply().body + "]";
  return out + "\n";
}

// Everything a server would do with these pieces of input, as text; ends where the connection does.
inline std::string converse(std::span<const std::string_view> pieces,
                            const http::limits &limits = {}, bool has_root = false) {
  http::session s(has_root, limits);
  std::string out;
  size_t piece = 0;
  for (int steps = 0; steps < 100000; steps++) {
    switch (s.next()) {
    case http::session::event::read:
      // What it waits with is the begin of a head, or of a body: however much has come before.
      assert_true(s.held() <= limits.head + limits.body);
      while (piece < pieces.size() && pieces[piece].empty()) piece++;
      if (piece == pieces.size()) return out + (s.idle() ? "idle\n" : "waiting\n");
      s.input(pieces[piece++]);
      break;
    case http::session::event::go_on: out += "continue\n"; break;
    case http::session::event::respond:
      out += written(s);
      if (!s.keep_alive()) return out;
      s.answered();
      break;
    case http::session::event::file:
      out += "file " + s.where().text + (s.where().directory ? " dir" : "") +
             (s.head_only() ? " head" : "") + (s.keep_alive() ? "" : " close") + "\n";
      if (!s.keep_alive()) return out;
      s.answered();
      break;
    }
  }
  fail_msg("a conversation without an end");
  return out;
}

inline std::string converse(std::string_view all, const http::limits &limits = {},
                            bool has_root = false) {
  return converse(std::span(&all, 1), limits, has_root);
}

// `all` gives `wanted` whole, byte by byte, and cut in two at every place.
inline void expect(std::string_view all, std::string_view wanted, const http::limits &limits = {},
                   bool has_root = false) {
  std::string got = converse(all, limits, has_root);
  if (got != wanted)
    fail_msg("\n--- %.*s\n--- gives\n%s--- not\n%.*s", int(all.size()), all.data(), got.c_str(),
             int(wanted.size()), wanted.data());
  std::vector<std::string_view> bytes;
  for (size_t i = 0; i < all.size(); i++) bytes.push_back(all.substr(i, 1));
  got = converse(bytes, limits, has_root);
  if (got != wanted) fail_msg("byte by byte: %s", got.c_str());
  for (size_t cut = 1; cut < all.size(); cut++) {
    std::string_view two[] = {all.substr(0, cut), all.substr(cut)};
    got = converse(two, limits, has_root);
    if (got != wanted) fail_msg("cut at %zu: %s", cut, got.c_str());
  }
}

// A GET of / with these lines after the request line.
inline std::string with(std::string_view lines, std::string_view method = "GET") {
  return std::string(method) + " " + (method == "POST" ? "/echo" : "/") +
         " HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

inline std::string page_answer() {
  return "200 keep [" + std::string(http::built_in_page()) + "]\n";
}
