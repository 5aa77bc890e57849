// Reading a stream by its contents: up to a delimiter, line by line, exactly so many bytes.
//
// All of these are tasks. Where the program is built without exceptions they give a result; .nothrow()
// makes them do so in any case.
#ifndef EDDY_READER_HPP
#define EDDY_READER_HPP

#include <eddy/stream.hpp>
#include <eddy/task.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace EDDY_NS {

namespace detail {

using stream_ref = handle_ref<eddy_stream_t>;

// Of a stream that is known by its handle: the object may have been moved meanwhile.
inline auto read_from(const stream_ref &from, buffer into) {
  return stream::read_op(stream::read_op::call_type(from, native_of(into))).nothrow();
}

// `have` is a reference to what the caller keeps; it counts what has been read whatever the end.
inline task<fallible<bool>> fill(stream_ref from, buffer into, std::size_t &have) {
  if (have > into.size()) misuse("more bytes are there than fit into the buffer");
  while (have < into.size()) {
    buffer rest(static_cast<std::byte *>(into.data()) + have, into.size() - have);
    auto n = co_await read_from(from, rest);
    if (!n) co_return give_up<bool>(n.error());
    if (*n == 0 && have == 0) co_return false;
    if (*n == 0) co_return give_up<bool>(make_error_code(errc::connection_aborted));
    have += *n;
  }
  co_return true;
}

} // namespace detail

// Fills the buffer, of which `have` bytes are there already, and counts on in `have`. After a time-out or a cancel the
// same call goes on where this one ended. False when the stream ends before the first byte;
// errc::connection_aborted when it ends later.
//
//   std::size_t have = 0;
//   auto r = co_await eddy::with_timeout(eddy::read_exactly(s, bytes, have), 1s).nothrow();
inline task<fallible<bool>> read_exactly(stream &from, buffer into, std::size_t &have) {
  return detail::fill(from.ref(), into, have);
}
// The same from the first byte on. It does not tell how much it has read when it fails: the stream is lost then.
inline task<fallible<bool>> read_exactly(stream &from, buffer into) {
  std::size_t have = 0;
  auto filled = co_await detail::fill(from.ref(), into, have).nothrow();
  if (!filled) co_return detail::give_up<bool>(filled.error());
  co_return *filled;
}

// A stream with a buffer of `limit` bytes, allocated once. What it gives refers to that buffer and is
// there until the next call. Once the stream is closed it gives errc::closed. One task reads at a time.
// A call that is cancelled, takes too long or finds too little has lost nothing: what has come is held.
class reader {
public:
  reader(stream &from, std::size_t limit) : stream_(from.ref()), bytes_(limit) {}

  // The bytes up to and with the delimiter; nothing at the end of the stream. Errors: errc::message_size
  // when the limit is reached before, errc::connection_aborted when the stream ends in the middle.
  task<fallible<std::optional<std::string_view>>> read_until(std::string_view delimiter) {
    using type = std::optional<std::string_view>;
    for (std::size_t seen = 0;;) {
      std::size_t at = held().find(delimiter, seen);
      if (at != std::string_view::npos) co_return type(take(at + delimiter.size()));
      seen = end_ - begin_ < delimiter.size() ? 0 : end_ - begin_ - delimiter.size() + 1;
      if (end_ - begin_ == bytes_.size())
        co_return detail::give_up<type>(make_error_code(errc::message_size));
      auto n = co_await fill();
      if (!n) co_return detail::give_up<type>(n.error());
      end_ += *n;
      if (*n == 0 && begin_ == end_) co_return type();
      if (*n == 0) co_return detail::give_up<type>(make_error_code(errc::connection_aborted));
    }
  }

  // The next line without its "\n" or "\r\n"; the last may lack them. Nothing at the end of the stream.
  // errc::message_size when a line is longer than the limit.
  task<fallible<std::optional<std::string_view>>> line() {
    using type = std::optional<std::string_view>;
    for (std::size_t seen = 0;;) {
      std::size_t at = held().find('\n', seen);
      if (at != std::string_view::npos) co_return type(trimmed(take(at + 1)));
      seen = end_ - begin_;
      if (end_ - begin_ == bytes_.size())
        co_return detail::give_up<type>(make_error_code(errc::message_size));
      auto n = co_await fill();
      if (!n) co_return detail::give_up<type>(n.error());
      end_ += *n;
      if (*n == 0 && begin_ == end_) co_return type();
      if (*n == 0) co_return type(take(end_ - begin_));
    }
  }

  // Fills the buffer; as the function of the same name. What fits into the reader's own is held there until all of it
  // has come. A larger one is filled as it comes: after a failure call it again with the same buffer, before anything
  // else.
  task<fallible<bool>> read_exactly(buffer into) {
    if (into.size() > bytes_.size()) {
      auto filled = co_await read_exactly(into, moved_).nothrow();
      if (!filled) co_return detail::give_up<bool>(filled.error());
      moved_ = 0;
      co_return *filled;
    }
    while (end_ - begin_ < into.size()) {
      auto n = co_await fill();
      if (!n) co_return detail::give_up<bool>(n.error());
      end_ += *n;
      if (*n == 0 && begin_ == end_) co_return false;
      if (*n == 0) co_return detail::give_up<bool>(make_error_code(errc::connection_aborted));
    }
    std::string_view all = take(into.size());
    if (!all.empty()) std::memcpy(into.data(), all.data(), all.size());
    co_return true;
  }

  // The same for a buffer of which `have` bytes are there already: it is filled as they come, and they are counted in
  // `have`.
  task<fallible<bool>> read_exactly(buffer into, std::size_t &have) {
    std::string_view first =
        take((std::min)(into.size() - (std::min)(have, into.size()), end_ - begin_));
    if (!first.empty())
      std::memcpy(static_cast<std::byte *>(into.data()) + have, first.data(), first.size());
    have += first.size();
    auto filled = co_await detail::fill(stream_, into, have).nothrow();
    if (!filled) co_return detail::give_up<bool>(filled.error());
    co_return *filled;
  }

  // Some bytes: those held, else one read; none at the end of the stream.
  task<fallible<std::string_view>> read_some() {
    if (begin_ == end_) {
      auto n = co_await fill();
      if (!n) co_return detail::give_up<std::string_view>(n.error());
      end_ += *n;
    }
    co_return take(end_ - begin_);
  }

  // Received and not given out yet.
  std::string_view held() const { return std::string_view(bytes_.data() + begin_, end_ - begin_); }

private:
  // Reads more behind what is held; end_ is the caller's to move.
  io<stream::read_op::call_type, false> fill() {
    if (begin_) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return detail::read_from(stream_, buffer(bytes_.data() + end_, bytes_.size() - end_));
  }

  std::string_view take(std::size_t n) {
    std::string_view taken = held().substr(0, n);
    begin_ += n;
    return taken;
  }
  static std::string_view trimmed(std::string_view line) {
    line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  detail::stream_ref stream_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;
  std::size_t moved_ = 0; // by read_exactly, into a buffer that is larger than ours
};

class line_reader {
public:
  line_reader(stream &from, std::size_t limit) : reader_(from, limit) {}
  // As reader::line.
  auto next() { return reader_.line(); }

private:
  reader reader_;
};

inline line_reader stream::lines(std::size_t limit) { return line_reader(*this, limit); }

// Copies until `from` ends, and gives the number of bytes. What `to` does not take is not read.
inline task<fallible<std::uint64_t>> copy(stream &from, stream &to,
                                          std::size_t buffer_size = 65536) {
  std::vector<char> bytes(buffer_size);
  std::uint64_t total = 0;
  for (;;) {
    auto n = co_await from.read(bytes).nothrow();
    if (!n) co_return detail::give_up<std::uint64_t>(n.error());
    if (*n == 0) co_return total;
    auto written = co_await to.write(const_buffer(bytes.data(), *n)).nothrow();
    if (!written) co_return detail::give_up<std::uint64_t>(written.error());
    total += *n;
  }
}

} // namespace EDDY_NS

#endif
