// One connection's side of the conversation, without the connection: bytes in, what to do next out.
#pragma once

#include "http.hpp"

#include <optional>

namespace http {

class session {
public:
  enum class event : uint8_t {
    read,    // give it more bytes with input()
    go_on,   // send interim() before reading on
    respond, // send answer(), then call answered()
    file     // find the file where() and send it or a failure(), then call answered()
  };

  session(bool has_root, const limits &l) : limits_(l), has_root_(has_root), parser_(l) {}

  void input(std::string_view bytes) { input_.append(bytes); }
  size_t held() const { return input_.size() + body_.size(); } // bytes
  event next();
  void answered();

  static std::string_view interim() { return "HTTP/1.1 100 Continue\r\n\r\n"; }
  const answer &reply() const { return reply_; }
  const path &where() const { return where_; }
  bool head_only() const { return head_only_; } // the response has no body, only its size
  bool keep_alive() const { return keep_alive_; }
  bool idle() const { return phase_ == phase::head && !parser_.begun() && rest().empty(); }

private:
  enum class phase : uint8_t { head, body, answer };

  std::string_view rest() const { return std::string_view(input_).substr(used_); }
  event begin();
  event take_body();
  event respond(answer what);
  void forget_used();

  limits limits_;
  bool has_root_;
  std::string input_; // what has come and is not done with begins at used_
  size_t used_ = 0;
  phase phase_ = phase::head;
  head_parser parser_;
  request request_; // views into input_: only inside begin()
  std::optional<body_decoder> decoder_;
  route route_ = route::error;
  path where_;
  answer reply_;
  std::string body_, body_type_;
  bool head_only_ = false, keep_alive_ = true;
};

} // namespace http
