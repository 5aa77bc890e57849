// Streams: TCP connections.
#ifndef EDDY_STREAM_HPP
#define EDDY_STREAM_HPP

#include <eddy/address.hpp>
#include <eddy/buffer.hpp>
#include <eddy/chunks.hpp>
#include <eddy/handle.hpp>
#include <eddy/stream.h>

namespace EDDY_NS {

class line_reader;

namespace detail {

// A single buffer is copied into the op, a list is not.
inline int read_one(eddy_stream_t *s, eddy_op_t *op, eddy_buf_t bytes, eddy_cb cb) {
  return eddy_stream_read(s, op, &bytes, 1, cb);
}
inline int write_one(eddy_stream_t *s, eddy_op_t *op, eddy_buf_t bytes, eddy_cb cb) {
  return eddy_stream_write(s, op, &bytes, 1, cb);
}
using buffers = std::span<const eddy_buf_t>;
inline int read_list(eddy_stream_t *s, eddy_op_t *op, buffers list, eddy_cb cb) {
  return eddy_stream_read(s, op, list.data(), static_cast<std::uint32_t>(list.size()), cb);
}
inline int write_list(eddy_stream_t *s, eddy_op_t *op, buffers list, eddy_cb cb) {
  return eddy_stream_write(s, op, list.data(), static_cast<std::uint32_t>(list.size()), cb);
}

} // namespace detail

// What it does and which errors there are: <eddy/stream.h>. Buffers have to live until the operation has
// ended. Several tasks may use one stream: reads end in their order, and so do writes.
class stream : public detail::handle<eddy_stream_t, eddy_stream_close> {
public:
  using read_op = io<detail::call<&detail::read_one, detail::as_size, eddy_buf_t>>;
  using write_op = io<detail::call<&detail::write_one, detail::as_size, eddy_buf_t>>;
  using readv_op = io<detail::call<&detail::read_list, detail::as_size, detail::buffers>>;
  using writev_op = io<detail::call<&detail::write_list, detail::as_size, detail::buffers>>;
  using wait_op = io<detail::call<&eddy_stream_wait, detail::as_mask, std::uint32_t>>;

  stream() = default;
  explicit stream(eddy_stream_t *native) : handle(native) {}
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

  auto connect(const address &peer) {
    return io(
        detail::call<&eddy_stream_connect, detail::nothing, eddy_addr_t>(ref_, peer.native()));
  }
  // Some bytes, as soon as there are any; 0 is the end of the stream.
  read_op read(buffer into) { return start<read_op>(detail::native_of(into)); }
  readv_op read(detail::buffers into) { return start<readv_op>(into); }
  // All bytes.
  write_op write(const_buffer from) { return start<write_op>(detail::native_of(from)); }
  writev_op write(detail::buffers from) { return start<writev_op>(from); }
  // Until one of the events holds (EDDY_READABLE...); gives those that do.
  wait_op wait(std::uint32_t events) { return start<wait_op>(events); }
  auto shutdown(std::uint32_t side = EDDY_SHUT_WRITE) {
    return io(detail::call<&eddy_stream_shutdown, detail::nothing, std::uint32_t>(ref_, side));
  }
  // Until the writes of other tasks have fallen below the low watermark.
  auto uncongested() {
    return io(detail::call<&eddy_stream_wait_uncongested, detail::nothing>(ref_));
  }
  // Closes it now, with a reset.
  void reset_connection() {
    if (eddy_stream_t *open = detach()) eddy_stream_close_reset(open, nullptr, nullptr);
  }

  // Reading in buffers of a pool: <eddy/chunks.hpp>. Never holds more than `credits` of them (1 to 8), those
  // received ahead of the task included.
  chunk_reader chunks(pool &p, std::uint32_t credits = 4) {
    return chunk_reader(ref_, p.ref(), credits);
  }
  // Reading line by line, each of at most `limit` bytes: <eddy/reader.hpp>.
  line_reader lines(std::size_t limit);

  // Gives the socket, to be adopted by another loop. The stream is empty then. As close(), it refers to this object.
  auto release() {
    return io(detail::call<&stream::release_owned, released, stream *>(ref_, this));
  }

  std::uint64_t queued() const { return get() ? eddy_stream_queued(get()) : 0; }
  bool congested() const { return plain(eddy_stream_congested) == 1; }
  result<void> set_watermarks(std::uint64_t low, std::uint64_t high) {
    return tried(eddy_stream_set_watermarks, low, high);
  }
  result<void> bind(const address &local) { return tried(eddy_stream_bind, &local.native()); }
  // EDDY_OPT_*.
  result<void> set_option(std::uint32_t option, std::int64_t value) {
    return tried(eddy_stream_set_option, option, value);
  }
  result<std::int64_t> option(std::uint32_t option) const {
    std::int64_t value = 0;
    int error = plain(eddy_stream_get_option, option, &value);
    if (error < 0) return detail::code_of(error);
    return value;
  }
  result<address> local_address() const { return address_by(eddy_stream_local_address); }
  result<address> peer_address() const { return address_by(eddy_stream_peer_address); }
  // EDDY_NO_NATIVE once it is closed.
  eddy_native_t native() const { return get() ? eddy_stream_native(get()) : EDDY_NO_NATIVE; }

private:
  struct released {
    static constexpr bool kCancellable = false;
    static eddy_native_t value(eddy_op_t *op, std::int64_t) { return eddy_op_take_native(op); }
    static bool gone(eddy_stream_t *s, stream *owner) { return owner->ref_.native() != s; }
  };
  // Its owner may outlive the loop, and then must not look. It keeps what is not released.
  static int release_owned(eddy_stream_t *s, eddy_op_t *op, stream *owner, eddy_cb cb) {
    int started = eddy_stream_release(s, op, cb);
    if (owner->ref_.closed()) owner->ref_ = {};
    return started;
  }

  template<class Io, class... Args>
  Io start(const Args &...args) const {
    return Io(typename Io::call_type(ref_, args...));
  }
  template<class Function>
  result<address> address_by(Function function) const {
    eddy_addr_t native{};
    int error = plain(function, &native);
    if (error < 0) return detail::code_of(error);
    return address(native);
  }
  static result<stream> made(int error, eddy_stream_t *native) {
    if (error < 0) return detail::code_of(error);
    return stream(native);
  }
};

} // namespace EDDY_NS

#endif
