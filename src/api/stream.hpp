// The inside of a stream.
#pragma once

#include "core/loop.hpp"

namespace eddy {

//   idle -connect-> connecting -> connected, or failed: only its close is left
//   idle -adopted, accepted, paired-> connected
//
// Which of its sides are shut is said beside: by write_shut and read_shut.
enum class Life : uint8_t { idle, failed, connecting, connected };

inline constexpr Machine<4> kStreamMachine = {"stream",
                                              {"idle", "failed", "connecting", "connected"},
                                              {/* idle */ to(Life::connecting, Life::connected),
                                               /* failed */ 0,
                                               /* connecting */ to(Life::connected, Life::failed),
                                               /* connected */ 0}};

// The peer's address in 24 bytes: there may be very many streams. A path is asked of the system.
struct Peer {
  uint16_t family, port;
  uint32_t scope;
  uint8_t bytes[16];
};

struct Route;

// Of a listener on a path, which is removed with it.
struct MadeFile {
  uint64_t id[2];
  size_t size; // of this and of the path behind it
  char *path() { return reinterpret_cast<char *>(this + 1); }
};

} // namespace eddy

struct eddy_stream : eddy::Source {
  uint64_t low, high; // of `queued`
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

inline void stream_move(eddy_stream &stream, Life life) { move<kStreamMachine>(stream.life, life); }

inline bool has_no_peer(const eddy_stream &stream) { return stream.life <= Life::failed; }

// stream_state.cpp
eddy_stream *stream_new(Loop &loop);
bool stream_takes(uint16_t family); // of an address, or of a stream to be opened
void keep_peer(eddy_stream &stream, const eddy_addr_t &addr);
void stream_refresh(eddy_stream &stream); // after a change of what can_send depends on
void believe(eddy_stream &stream);
void stream_connected(eddy_stream &stream, eddy_native_t native, const eddy_addr_t *peer);
void stream_read_shut(eddy_stream &stream);
void fail_lane(OpList &queue, int64_t error);
void congestion_changed(eddy_stream &stream);

// stream_connect.cpp: the peer's address while it is tried; nullptr: no memory.
const eddy_addr_t *route_new(eddy_stream &stream, const eddy_addr_t &peer);

// stream_open.cpp: the address of a stream or listener, or of a stream's peer.
OsResult source_address(const Source &source, bool peer, eddy_addr_t &addr);

// Joins its lane; the head goes to the driver, unless a connect has to come first.
inline void enqueue(eddy_stream &stream, Op &op, Kind kind) {
  Lane which = lane_of(kind);
  OpList &queue = lane(stream, which);
  queue.push_back(op);
  bool leads = which == kWaiters || queue.head == &op;
  if (leads && (stream.life == Life::connected || kind == Kind::connect))
    stream.loop->driver->submit(op);
}

inline eddy_stream &check_stream(eddy_stream_t *stream, const char *call = __builtin_FUNCTION()) {
  return check_handle(stream, SourceKind::stream, call);
}

inline eddy_listener &check_listener(const eddy_listener_t *listener,
                                     const char *call = __builtin_FUNCTION()) {
  return check_handle(const_cast<eddy_listener_t *>(listener), SourceKind::listener, call);
}

} // namespace eddy
