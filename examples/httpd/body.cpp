// Bodies: by length, or in chunks (RFC 9112 section 7.1).
#include "http.hpp"

#include <algorithm>

namespace http {

body_decoder::body_decoder(const request &head, const limits &limits)
    : limits_(limits), state_(state::end), chunked_(head.body == framing::chunked) {
  if (chunked_) {
    state_ = state::size;
  } else if (head.body == framing::length) {
    state_ = state::data;
    left_ = head.length;
  }
}

status body_decoder::refuse(int code) {
  refusal_ = code;
  return status::refused;
}

// "1a", "1a;name", "1a;name=value": extensions are dropped, but may hold no control bytes.
int body_decoder::chunk_size_end() {
  size_t digits = 0;
  uint64_t size = 0;
  for (; digits < line_.size() && hex_digit(line_[digits]) >= 0; digits++) {
    if (size >> 60) return 413;
    size = size << 4 | static_cast<uint64_t>(hex_digit(line_[digits]));
  }
  if (!digits) return 400;
  if (digits < line_.size() && line_[digits] != ';') return 400;
  if (!is_text(line_)) return 400;
  if (size > limits_.body - total_) return 413;
  total_ += size;
  left_ = size;
  state_ = size ? state::chunk : state::trailer;
  line_.clear();
  return 0;
}

// Trailer fields must be well-formed; they are dropped.
int body_decoder::trailer_line_end() {
  if (line_.empty()) {
    state_ = state::end;
    return 0;
  }
  size_t colon = line_.find(':');
  if (colon == std::string::npos || !is_token(std::string_view(line_).substr(0, colon))) return 400;
  if (!is_text(line_)) return 400;
  line_.clear();
  state_ = state::trailer;
  return 0;
}

// One byte outside of the data. 0, or a refusal.
int body_decoder::line_byte(char c) {
  switch (state_) {
  case state::size:
    if (c == '\n') return 400;
    if (c == '\r')
      state_ = state::size_lf;
    else if (line_.size() == limits_.chunk_line)
      return 400;
    else
      line_ += c;
    return 0;
  case state::size_lf: return c == '\n' ? chunk_size_end() : 400;
  case state::chunk_cr: state_ = state::chunk_lf; return c == '\r' ? 0 : 400;
  case state::chunk_lf: state_ = state::size; return c == '\n' ? 0 : 400;
  case state::trailer:
    if (c == '\n') return 400;
    if (++trailers_ > limits_.trailers) return 431;
    if (c == '\r')
      state_ = state::trailer_lf;
    else
      line_ += c;
    return 0;
  case state::trailer_lf: return c == '\n' ? trailer_line_end() : 400;
  default: return 400;
  }
}

status body_decoder::feed(std::string_view bytes, size_t &taken, std::string_view &data) {
  taken = 0;
  data = {};
  if (refusal_) return status::refused;
  while (state_ != state::end && taken < bytes.size()) {
    if (state_ != state::data && state_ != state::chunk) {
      if (int error = line_byte(bytes[taken])) return refuse(error);
      taken++;
      continue;
    }
    size_t size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - taken));
    data = bytes.substr(taken, size);
    taken += size;
    left_ -= size;
    if (!left_) state_ = chunked_ ? state::chunk_cr : state::end;
    break; // one piece at a time
  }
  return state_ == state::end ? status::done : status::more;
}

} // namespace http
