// The inside of a stream.
#pragma once

#include "core/loop.hpp"

namespace eddy {

enum class Life : uint8_t { idle, connecting, connected };

// The peer's address in 24 bytes: there may be very many streams. A path is asked of the system.
struct Peer {
  uint16_t family, port;
  uint32_t scope;
  uint8_t bytes[16];
};

// Of a stream of EDDY_AF_UNIX while it connects.
struct Route {
  eddy_addr_t peer;
  Op again; // waits when there was no room at the peer
};

// Of a listener on a path, which is removed with it.
struct MadeFile {
  uint64_t id[2];
  size_t size; // of this and of the path behind it
  char *path() { return reinterpret_cast<char *>(this + 1); }
};

} // namespace eddy

struct eddy_stream : eddy::Source {
  uint64_t queued; // bytes of started writes that the kernel has not taken
  uint64_t low, high;
  eddy::OpList uncongested; // ops of this kind: nothing that a driver looks at
  eddy::Peer peer;
  eddy::Route *route;
  eddy::Life life;
  bool congested;
  bool write_shut; // a shutdown of the write side was started
  bool gap;        // a write came short, and its callback is still to come
  bool can_send;   // connected, and open for writes
  bool bound;
  bool read_shut;
};

struct eddy_listener : eddy::Source {
  eddy::Op backoff;     // waits after a full descriptor table
  eddy::MadeFile *file; // that its bind has made
};

namespace eddy {

eddy_stream *stream_new(Loop &loop);
void stream_read_shut(eddy_stream &stream);
void route_free(Source &stream);
void stream_refresh(eddy_stream &stream); // after a change of what can_send depends on
void stream_connected(eddy_stream &stream, eddy_native_t native, const eddy_addr_t *peer);
bool stream_takes(uint16_t family); // of an address, or of a stream to be opened
// The address of a stream or listener, or of a stream's peer.
OsResult source_address(const Source &source, bool peer, eddy_addr_t &addr);

inline eddy_stream &check_stream(eddy_stream_t *stream, const char *call = __builtin_FUNCTION()) {
  return check_handle(stream, SourceKind::stream, call);
}

} // namespace eddy
