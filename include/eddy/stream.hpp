// Streams: TCP connections.
#ifndef EDDY_STREAM_HPP
#define EDDY_STREAM_HPP

#include <eddy/address.hpp>
#include <eddy/buffer.hpp>
#include <eddy/chunks.hpp>
#include <eddy/handle.hpp>
#include <eddy/stream.h>

namespace eddy {

class line_reader;

namespace detail {

template<int (*Function)(eddy_stream_t *, eddy_op_t *, const eddy_buf_t *, std::uint32_t, eddy_cb)>
class transfer_start {
public:
  static constexpr bool kCancellable = true;
  transfer_start(eddy_stream_t *s, eddy_buf_t bytes) : stream_(s), bytes_(bytes) {}
  eddy_loop_t *loop() const { return eddy_stream_loop(stream_); }
  int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
    return Function(stream_, op, &bytes_, 1, cb);
  }
  std::size_t finish(eddy_op_t *, std::int64_t n) const { return static_cast<std::size_t>(n); }

private:
  eddy_stream_t *stream_;
  eddy_buf_t bytes_;
};

template<int (*Function)(eddy_stream_t *, eddy_op_t *, const eddy_buf_t *, std::uint32_t, eddy_cb)>
class vector_start {
public:
  static constexpr bool kCancellable = true;
  vector_start(eddy_stream_t *s, std::span<const eddy_buf_t> buffers)
      : stream_(s), buffers_(buffers) {}
  eddy_loop_t *loop() const { return eddy_stream_loop(stream_); }
  int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
    return Function(stream_, op, buffers_.data(), static_cast<std::uint32_t>(buffers_.size()), cb);
  }
  std::size_t finish(eddy_op_t *, std::int64_t n) const { return static_cast<std::size_t>(n); }

private:
  eddy_stream_t *stream_;
  std::span<const eddy_buf_t> buffers_;
};

class connect_start {
public:
  static constexpr bool kCancellable = true;
  connect_start(eddy_stream_t *s, const eddy_addr_t &peer) : stream_(s), peer_(peer) {}
  eddy_loop_t *loop() const { return eddy_stream_loop(stream_); }
  int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
    return eddy_stream_connect(stream_, op, &peer_, cb);
  }
  void finish(eddy_op_t *, std::int64_t) const {}

private:
  eddy_stream_t *stream_;
  eddy_addr_t peer_;
};

// Starts with a stream and a number.
template<int (*Function)(eddy_stream_t *, eddy_op_t *, std::uint32_t, eddy_cb), class Value>
class flag_start {
public:
  static constexpr bool kCancellable = true;
  flag_start(eddy_stream_t *s, std::uint32_t flags) : stream_(s), flags_(flags) {}
  eddy_loop_t *loop() const { return eddy_stream_loop(stream_); }
  int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
    return Function(stream_, op, flags_, cb);
  }
  Value finish(eddy_op_t *, std::int64_t n) const { return static_cast<Value>(n); }

private:
  eddy_stream_t *stream_;
  std::uint32_t flags_;
};

class uncongested_start {
public:
  static constexpr bool kCancellable = true;
  explicit uncongested_start(eddy_stream_t *s) : stream_(s) {}
  eddy_loop_t *loop() const { return eddy_stream_loop(stream_); }
  int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
    return eddy_stream_wait_uncongested(stream_, op, cb);
  }
  void finish(eddy_op_t *, std::int64_t) const {}

private:
  eddy_stream_t *stream_;
};

} // namespace detail

// What it does and which errors there are: <eddy/stream.h>. Buffers have to live until the operation has
// ended. Several tasks may use one stream: reads end in their order, and so do writes.
class stream : public detail::handle<eddy_stream_t, eddy_stream_close> {
public:
  using read_op = io<detail::transfer_start<eddy_stream_read>>;
  using write_op = io<detail::transfer_start<eddy_stream_write>>;
  using readv_op = io<detail::vector_start<eddy_stream_read>>;
  using writev_op = io<detail::vector_start<eddy_stream_write>>;

  stream() = default;
  explicit stream(eddy_stream_t *native) : handle(native, eddy_stream_loop(native)) {}
#if EDDY_EXCEPTIONS
  // An idle stream, to be connected: EDDY_AF_INET, EDDY_AF_INET6 or EDDY_AF_UNIX. Throws std::system_error.
  explicit stream(eddy::loop &l, std::uint16_t family = EDDY_AF_INET)
      : stream(open(l, family).value()) {}
#endif
  static result<stream> open(eddy::loop &l, std::uint16_t family = EDDY_AF_INET) {
    eddy_stream_t *native = nullptr;
    int error = eddy_stream_open(l.get(), family, &native);
    return made(error, native);
  }
  // Two local streams that are connected to each other.
  static result<std::pair<stream, stream>> pair(eddy::loop &l) {
    eddy_stream_t *one = nullptr, *two = nullptr;
    int error = eddy_stream_pair(l.get(), &one, &two);
    if (error < 0) return detail::code_of(error);
    return std::pair<stream, stream>(stream(one), stream(two));
  }
  // A connected socket becomes this loop's; on error it is still the caller's.
  static result<stream> adopt(eddy::loop &l, eddy_native_t socket) {
    eddy_stream_t *native = nullptr;
    int error = eddy_stream_adopt(l.get(), socket, &native);
    return made(error, native);
  }

  io<detail::connect_start> connect(const address &peer) {
    return io(detail::connect_start(handle_, peer.native()));
  }
  // Some bytes, as soon as there are any; 0 is the end of the stream.
  read_op read(buffer into) {
    return read_op(detail::transfer_start<eddy_stream_read>(handle_, detail::native_of(into)));
  }
  readv_op read(std::span<const eddy_buf_t> into) {
    return readv_op(detail::vector_start<eddy_stream_read>(handle_, into));
  }
  // All bytes.
  write_op write(const_buffer from) {
    return write_op(detail::transfer_start<eddy_stream_write>(handle_, detail::native_of(from)));
  }
  writev_op write(std::span<const eddy_buf_t> from) {
    return writev_op(detail::vector_start<eddy_stream_write>(handle_, from));
  }
  // Until one of the events holds (EDDY_READABLE...); gives those that do.
  io<detail::flag_start<eddy_stream_wait, std::uint32_t>> wait(std::uint32_t events) {
    return io(detail::flag_start<eddy_stream_wait, std::uint32_t>(handle_, events));
  }
  io<detail::flag_start<eddy_stream_shutdown, void>>
  shutdown(std::uint32_t side = EDDY_SHUT_WRITE) {
    return io(detail::flag_start<eddy_stream_shutdown, void>(handle_, side));
  }
  // Until the writes of other tasks have fallen below the low watermark.
  io<detail::uncongested_start> uncongested() { return io(detail::uncongested_start(handle_)); }
  // Closes it now, with a reset.
  void reset_connection() { eddy_stream_close_reset(detach(), nullptr, nullptr); }

  // Reading in buffers of a pool: <eddy/chunks.hpp>. Never holds more than `credits` of them (1 to 8), those
  // received ahead of the task included.
  chunk_reader chunks(pool &p, std::uint32_t credits = 4) {
    return chunk_reader(handle_, p.get(), credits);
  }
  // Reading line by line, each of at most `limit` bytes: <eddy/reader.hpp>.
  line_reader lines(std::size_t limit);

  class release_start {
  public:
    static constexpr bool kCancellable = false;
    explicit release_start(stream &s) : stream_(&s) {}
    eddy_loop_t *loop() const { return eddy_stream_loop(stream_->get()); }
    int operator()(eddy_loop_t *, eddy_op_t *op, eddy_cb cb) const {
      return eddy_stream_release(stream_->get(), op, cb);
    }
    eddy_native_t finish(eddy_op_t *op, std::int64_t) const {
      stream_->detach();
      return eddy_op_take_native(op);
    }

  private:
    stream *stream_;
  };
  // Gives the socket, to be adopted by another loop. The stream is empty then.
  io<release_start> release() { return io(release_start(*this)); }

  std::uint64_t queued() const { return eddy_stream_queued(handle_); }
  bool congested() const { return eddy_stream_congested(handle_) == 1; }
  result<void> set_watermarks(std::uint64_t low, std::uint64_t high) {
    return done(eddy_stream_set_watermarks(handle_, low, high));
  }
  result<void> bind(const address &local) {
    return done(eddy_stream_bind(handle_, &local.native()));
  }
  // EDDY_OPT_*.
  result<void> set_option(std::uint32_t option, std::int64_t value) {
    return done(eddy_stream_set_option(handle_, option, value));
  }
  result<std::int64_t> option(std::uint32_t option) const {
    std::int64_t value = 0;
    int error = eddy_stream_get_option(handle_, option, &value);
    if (error < 0) return detail::code_of(error);
    return value;
  }
  result<address> local_address() const {
    eddy_addr_t native;
    int error = eddy_stream_local_address(handle_, &native);
    if (error < 0) return detail::code_of(error);
    return address(native);
  }
  result<address> peer_address() const {
    eddy_addr_t native;
    int error = eddy_stream_peer_address(handle_, &native);
    if (error < 0) return detail::code_of(error);
    return address(native);
  }
  eddy_native_t native() const { return eddy_stream_native(handle_); }

private:
  static result<void> done(int error) {
    return error < 0 ? result<void>(detail::code_of(error)) : result<void>();
  }
  static result<stream> made(int error, eddy_stream_t *native) {
    if (error < 0) return detail::code_of(error);
    return stream(native);
  }
};

} // namespace eddy

#endif
