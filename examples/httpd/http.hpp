// HTTP/1.1 as plain functions over bytes: no I/O, no clock, no threads. The server around it is httpd.cpp.
//
// What two readers of one message could understand differently is refused, never repaired (RFC 9112
// section 11.2): a bare CR or LF, a folded line, both Content-Length and Transfer-Encoding, a second
// Content-Length even of the same value, a space before a colon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace http {

struct limits {
  size_t request_line = 8000; // bytes, RFC 9112 section 3 asks for this many at least; beyond: 414
  size_t head = 16384;        // bytes of request line and fields; beyond: 431
  size_t fields = 100;        // lines; beyond: 431
  size_t chunk_line = 256;    // bytes of a chunk's size and extensions; beyond: 400
  size_t trailers = 4096;     // bytes behind the last chunk; beyond: 431
  uint64_t body = 1 << 20;    // bytes of a decoded body; beyond: 413
};

struct field {
  std::string_view name, value; // the value without the white space around it
};

enum class framing : uint8_t { none, length, chunked };

// Views into the bytes that were parsed.
struct request {
  std::string_view method, target;
  int minor = 1; // HTTP/1.minor
  std::vector<field> fields;
  framing body = framing::none;
  uint64_t length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

enum class status : uint8_t { more, done, refused };

// Parses the head of a request. Feed it a buffer that begins with the request and grows; what was
// looked at is not looked at again until the head is whole.
class head_parser {
public:
  explicit head_parser(const limits &l) : limits_(l) {}

  status feed(std::string_view bytes, request &out);
  size_t consumed() const { return consumed_; }    // of the bytes, when done
  int refusal() const { return refusal_; }         // the response's status, when refused
  bool begun() const { return scanned_ > start_; } // something of the request has come

private:
  status refuse(int code);
  int scan(std::string_view bytes);
  int parse(std::string_view head, request &out);

  limits limits_;
  size_t start_ = 0; // behind empty lines before the request
  size_t scanned_ = 0, line_ = 0, lines_ = 0;
  size_t consumed_ = 0;
  int refusal_ = 0;
};

// Takes a body off its framing, a piece at a time.
class body_decoder {
public:
  body_decoder(const request &head, const limits &limits);

  // Looks at the start of `bytes`; `taken` of them are done with, `data` is the part of them that is body.
  // With `more` call again with what follows, if anything is left now, else when more has come.
  status feed(std::string_view bytes, size_t &taken, std::string_view &data);
  int refusal() const { return refusal_; }
  bool done() const { return state_ == state::end; }

private:
  enum class state : uint8_t {
    data,
    size,
    size_lf,
    chunk,
    chunk_cr,
    chunk_lf,
    trailer,
    trailer_lf,
    end
  };

  status refuse(int code);
  int line_byte(char c);
  int chunk_size_end();
  int trailer_line_end();

  limits limits_;
  state state_;
  bool chunked_;
  uint64_t left_ = 0, total_ = 0;
  size_t trailers_ = 0;
  std::string line_;
  int refusal_ = 0;
};

// The path of a request's target, decoded, without the query: "/" and then segments that are neither
// empty nor "." nor ".." nor hold a slash, a backslash or a NUL, and no slash behind the last one unless
// `directory`. Returns 0, or the status of the refusal.
struct path {
  std::string text;
  bool directory;
};
int resolve(std::string_view target, path &out);

// What the server is to answer.
struct answer {
  int code = 200;
  std::string_view type;  // Content-Type, empty for none
  std::string_view extra; // further header lines, each with its CRLF
  std::string location;   // of a redirect
  std::string body;
  bool keep_alive = true;
};

enum class route : uint8_t { page, file, echo, error };

// Where a whole head leads, before its body is read. `error`: `out` is the answer.
route choose(const request &head, bool has_root, path &where, answer &out);

answer failure(int code, bool keep_alive); // with a line of text that names it
answer redirect_to_directory(const path &where, bool keep_alive);
std::string_view built_in_page();

std::string_view reason(int code);
std::string_view content_type(std::string_view name); // by extension
std::string date(int64_t unix_time);                  // RFC 9110 section 5.6.7

// The response's head, for a body of `size` bytes.
std::string format_head(const answer &what, uint64_t size, bool keep_alive, std::string_view date);

bool equal_ignoring_case(std::string_view a, std::string_view b);
bool is_token(std::string_view text);
bool is_host(std::string_view text); // with a port or without; the empty one too
int hex_digit(char c);               // or -1
bool is_text(std::string_view text); // without control bytes, but for tabs

} // namespace http
