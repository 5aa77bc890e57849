// Opening and adopting streams; their options and addresses.
#include "api/stream.hpp"

using namespace eddy;

static const eddy_stream &check_stream(const eddy_stream_t *stream,
                                       const char *call = __builtin_FUNCTION()) {
  return check_handle(const_cast<eddy_stream_t *>(stream), SourceKind::stream, call);
}

static int refuse_new(const Loop &loop) {
  return loop.draining ? EDDY_ECLOSED : loop.lost ? EDDY_ELOST : 0;
}

static OsResult pair_up(eddy_stream &one, eddy_stream &other) {
  if (const Pipes *pipes = one.loop->driver->pipes) return pipes->pair(one, other);
  eddy_native_t ends[2];
  OsResult made = os_socket_pair(ends);
  if (made.value < 0) return made;
  one.native = ends[0];
  other.native = ends[1];
  return made;
}

OsResult eddy::source_address(const Source &source, bool peer, eddy_addr_t &addr) {
  if (source.medium == Medium::pipe) return source.loop->driver->pipes->address(source, peer, addr);
  if (source.native == EDDY_NO_NATIVE) return {EDDY_ECLOSED, 0};
  return os_socket_address(source.native, peer, addr);
}

extern "C" {

int eddy_stream_open(eddy_loop_t *handle, uint16_t family, eddy_stream_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  if (int refused = refuse_new(loop)) return failed(refused);
  if (!stream_takes(family)) return failed(EDDY_EAFNOSUPPORT);
  eddy_stream *stream = stream_new(loop);
  if (!stream) return failed(EDDY_ENOMEM);
  if (family == EDDY_AF_UNIX && loop.driver->pipes) {
    stream->medium = Medium::pipe; // or a socket: the address to connect to will say
    *out = stream;
    return 0;
  }
  OsResult opened = os_socket_open(family);
  if (opened.value < 0) {
    source_free(*stream);
    return ended(opened);
  }
  source_hold(*stream, opened.value);
  if (family != EDDY_AF_UNIX) os_socket_option(stream->native, EDDY_OPT_NODELAY, 1);
  *out = stream;
  return 0;
}

int eddy_stream_pair(eddy_loop_t *handle, eddy_stream_t **a, eddy_stream_t **b) {
  Loop &loop = check_loop(handle);
  require(a != nullptr && b != nullptr && a != b, "null result pointer, or twice the same");
  *a = *b = nullptr;
  if (int refused = refuse_new(loop)) return failed(refused);
  eddy_stream *one = stream_new(loop), *other = one ? stream_new(loop) : nullptr;
  OsResult made = other ? pair_up(*one, *other) : OsResult{EDDY_ENOMEM, 0};
  if (made.value < 0) {
    if (other) source_free(*other);
    if (one) source_free(*one);
    return ended(made);
  }
  eddy_addr_t unnamed = {};
  unnamed.family = EDDY_AF_UNIX;
  stream_connected(*one, one->native, &unnamed);
  stream_connected(*other, other->native, &unnamed);
  *a = one;
  *b = other;
  return 0;
}

int eddy_stream_adopt(eddy_loop_t *handle, eddy_native_t native, eddy_stream_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  if (int refused = refuse_new(loop)) return failed(refused);
  if (loop.natives.has(native)) return failed(EDDY_EEXIST);
  eddy_stream *stream = stream_new(loop);
  if (!stream) return failed(EDDY_ENOMEM);
  OsResult checked = {source_hold(*stream, native) ? EDDY_ENOTSOCK : EDDY_ENOMEM, 0};
  if (checked.value == EDDY_ENOTSOCK && loop.driver->pipes) // first: it never waits for the handle
    checked = loop.driver->pipes->adopt(*stream, native);
  if (checked.value == EDDY_ENOTSOCK) checked = os_socket_adopt(native, false);
  if (checked.value < 0) {
    loop.natives.remove(native);
    source_free(*stream);
    return ended(checked);
  }
  *out = stream;
  if (checked.value == kIdle) return 0;
  eddy_addr_t peer;
  bool named = source_address(*stream, true, peer).value == 0;
  stream_connected(*stream, native, named ? &peer : nullptr);
  return 0;
}

int eddy_stream_bind(eddy_stream_t *handle, const eddy_addr_t *local) {
  eddy_stream &stream = check_stream(handle);
  if (!local || stream.bound || !has_no_peer(stream)) return failed(EDDY_EINVAL);
  if (is_closing(stream)) return failed(EDDY_ECLOSED);
  if (stream.medium == Medium::pipe) return failed(EDDY_ENOTSUP);
  if (stream.shared) return failed(EDDY_EBUSY);
  OsResult done = os_socket_bind(stream.native, *local);
  stream.bound = done.value == 0;
  return ended(done);
}

uint64_t eddy_stream_queued(const eddy_stream_t *handle) { return check_stream(handle).queued; }

int eddy_stream_congested(const eddy_stream_t *handle) { return check_stream(handle).congested; }

int eddy_stream_set_watermarks(eddy_stream_t *handle, uint64_t low, uint64_t high) {
  eddy_stream &stream = check_stream(handle);
  if (low >= high) return failed(EDDY_EINVAL);
  stream.low = low;
  stream.high = high;
  if (stream.queued >= high) stream.congested = true;
  congestion_changed(stream);
  return 0;
}

int eddy_stream_set_option(eddy_stream_t *handle, uint32_t option, int64_t value) {
  eddy_stream &stream = check_stream(handle);
  if (is_closing(stream)) return failed(EDDY_ECLOSED);
  if (int error = no_options(stream)) return failed(error);
  if (stream.shared) return failed(EDDY_EBUSY);
  return ended(os_socket_option(stream.native, option, value));
}

int eddy_stream_get_option(const eddy_stream_t *handle, uint32_t option, int64_t *value) {
  const eddy_stream &stream = check_stream(handle);
  if (!value) return failed(EDDY_EINVAL);
  if (int error = no_options(stream)) return failed(error);
  return ended(os_socket_get_option(stream.native, option, value));
}

int eddy_stream_set_native_option(eddy_stream_t *handle, int32_t level, int32_t name,
                                  const void *value, uint32_t size) {
  eddy_stream &stream = check_stream(handle);
  if (is_closing(stream)) return failed(EDDY_ECLOSED);
  if (!value) return failed(EDDY_EINVAL);
  if (int error = no_options(stream)) return failed(error);
  if (stream.shared) return failed(EDDY_EBUSY);
  return ended(os_socket_native_option(stream.native, level, name, value, size));
}

int eddy_stream_get_native_option(const eddy_stream_t *handle, int32_t level, int32_t name,
                                  void *value, uint32_t *size) {
  const eddy_stream &stream = check_stream(handle);
  if (!value || !size) return failed(EDDY_EINVAL);
  if (int error = no_options(stream)) return failed(error);
  return ended(os_socket_get_native_option(stream.native, level, name, value, size));
}

int eddy_stream_local_address(const eddy_stream_t *handle, eddy_addr_t *addr) {
  const eddy_stream &stream = check_stream(handle);
  if (!addr) return failed(EDDY_EINVAL);
  *addr = {};
  return ended(source_address(stream, false, *addr));
}

int eddy_stream_peer_address(const eddy_stream_t *handle, eddy_addr_t *addr) {
  const eddy_stream &stream = check_stream(handle);
  if (!addr) return failed(EDDY_EINVAL);
  *addr = {};
  if (stream.peer.family == EDDY_AF_NONE || stream.life != Life::connected)
    return failed(EDDY_ENOTCONN);
  if (stream.peer.family == EDDY_AF_UNIX) return ended(source_address(stream, true, *addr));
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
