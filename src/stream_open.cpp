// Opening and adopting streams; their options and addresses.
#include "stream.hpp"

using namespace eddy;

static const eddy_stream &check_stream(const eddy_stream_t *stream) {
  return check_handle(const_cast<eddy_stream_t *>(stream), SourceKind::stream);
}

static int refuse_new(const Loop &loop) {
  return loop.draining ? EDDY_ECLOSED : loop.lost ? EDDY_ELOST : 0;
}

extern "C" {

int eddy_stream_open(eddy_loop_t *handle, uint16_t family, eddy_stream_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  if (int refused = refuse_new(loop)) return refused;
  if (family != EDDY_AF_INET && family != EDDY_AF_INET6) return EDDY_EAFNOSUPPORT;
  eddy_stream *stream = stream_new(loop);
  if (!stream) return EDDY_ENOMEM;
  OsResult opened = os_socket_open(family);
  if (opened.value < 0) {
    source_free(*stream);
    return static_cast<int>(opened.value);
  }
  stream->native = opened.value;
  *out = stream;
  return 0;
}

int eddy_stream_adopt(eddy_loop_t *handle, eddy_native_t native, eddy_stream_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  if (int refused = refuse_new(loop)) return refused;
  if (fd_known(loop, native)) return EDDY_EEXIST;
  eddy_stream *stream = stream_new(loop);
  if (!stream) return EDDY_ENOMEM;
  OsResult checked = os_socket_adopt(native, false);
  if (checked.value < 0) {
    source_free(*stream);
    return static_cast<int>(checked.value);
  }
  eddy_addr_t peer;
  bool named = os_socket_address(native, true, peer).value == 0;
  stream_connected(*stream, native, named ? &peer : nullptr);
  // A short read says nothing of a Unix socket: it stops before a message that carries descriptors.
  stream->hung_up = stream->peer.family == EDDY_AF_NONE;
  *out = stream;
  return 0;
}

int eddy_stream_bind(eddy_stream_t *handle, const eddy_addr_t *local) {
  eddy_stream &stream = check_stream(handle);
  if (!local || stream.bound || stream.life != Life::idle) return EDDY_EINVAL;
  if (stream.closing) return EDDY_ECLOSED;
  OsResult done = os_socket_bind(stream.native, *local);
  stream.bound = done.value == 0;
  return static_cast<int>(done.value);
}

uint64_t eddy_stream_queued(const eddy_stream_t *handle) { return check_stream(handle).queued; }

int eddy_stream_congested(const eddy_stream_t *handle) { return check_stream(handle).congested; }

int eddy_stream_set_watermarks(eddy_stream_t *handle, uint64_t low, uint64_t high) {
  eddy_stream &stream = check_stream(handle);
  if (low >= high) return EDDY_EINVAL;
  stream.low = low;
  stream.high = high;
  if (stream.queued >= high) stream.congested = true;
  congestion_changed(stream);
  return 0;
}

int eddy_stream_set_option(eddy_stream_t *handle, uint32_t option, int64_t value) {
  eddy_stream &stream = check_stream(handle);
  if (stream.closing) return EDDY_ECLOSED;
  return static_cast<int>(os_socket_option(stream.native, option, value).value);
}

int eddy_stream_get_option(const eddy_stream_t *handle, uint32_t option, int64_t *value) {
  const eddy_stream &stream = check_stream(handle);
  if (!value) return EDDY_EINVAL;
  if (stream.native == EDDY_NO_NATIVE) return EDDY_ECLOSED;
  return static_cast<int>(os_socket_get_option(stream.native, option, value).value);
}

int eddy_stream_set_native_option(eddy_stream_t *handle, int32_t level, int32_t name,
                                  const void *value, uint32_t size) {
  eddy_stream &stream = check_stream(handle);
  if (stream.closing) return EDDY_ECLOSED;
  if (!value) return EDDY_EINVAL;
  return static_cast<int>(os_socket_native_option(stream.native, level, name, value, size).value);
}

int eddy_stream_get_native_option(const eddy_stream_t *handle, int32_t level, int32_t name,
                                  void *value, uint32_t *size) {
  const eddy_stream &stream = check_stream(handle);
  if (!value || !size) return EDDY_EINVAL;
  if (stream.native == EDDY_NO_NATIVE) return EDDY_ECLOSED;
  return static_cast<int>(
      os_socket_get_native_option(stream.native, level, name, value, size).value);
}

int eddy_stream_local_address(const eddy_stream_t *handle, eddy_addr_t *addr) {
  const eddy_stream &stream = check_stream(handle);
  if (!addr) return EDDY_EINVAL;
  if (stream.native == EDDY_NO_NATIVE) return EDDY_ECLOSED;
  return static_cast<int>(os_socket_address(stream.native, false, *addr).value);
}

int eddy_stream_peer_address(const eddy_stream_t *handle, eddy_addr_t *addr) {
  const eddy_stream &stream = check_stream(handle);
  if (!addr) return EDDY_EINVAL;
  *addr = {};
  if (stream.peer.family == EDDY_AF_NONE || stream.life != Life::connected) return EDDY_ENOTCONN;
  addr->family = stream.peer.family;
  addr->port = stream.peer.port;
  addr->scope = stream.peer.scope;
  addr->length = stream.peer.family == EDDY_AF_INET ? 4 : 16;
  memcpy(addr->bytes, stream.peer.bytes, addr->length);
  return 0;
}

eddy_native_t eddy_stream_native(const eddy_stream_t *handle) {
  return check_stream(handle).native;
}

eddy_loop_t *eddy_stream_loop(const eddy_stream_t *handle) { return check_stream(handle).loop; }

} // extern "C"
