// Pipes: streams and listeners of EDDY_AF_UNIX that are no sockets.
#pragma once

#include "overlapped.hpp"

namespace eddy {

struct Pipe;
struct PipeThread;

// One per lane; kWaiters is for those who wait for bytes.
struct PipeRequest : Request {
  Pipe *pipe;
  Lane which;
  bool pending;
};

// A handle of a pipe. Its memory is not the source's, which may be gone before the last packet when a loop is lost.
struct Pipe {
  PipeRequest requests[3];
  Source *source; // nullptr: it waits for packets only
  Loop *loop;
  HANDLE handle;
  PipeThread *thread; // does the I/O of a handle that is not overlapped
  Pipe *next;         // clients that nobody has accepted yet
  eddy_addr_t name;   // of the listener
  uint32_t pending;   // requests
  uint32_t buffer;    // of the pool whose read is under way, or kNoBuffer
  bool reads, writes; // what its handle has the right to
  bool client;        // `name` is the peer's
  bool skips;         // no packet for what ends at once
  bool probes;        // the read under way takes no bytes, it waits for them
  bool readable;      // ... and has found some, or the end; with a thread only
  bool ended;         // by the peer
};

inline Pipe &pipe_of(const Source &source) { return *static_cast<Pipe *>(source.kernel); }

// pipe.cpp: the lanes of a pipe.
void pipe_run(Source &source, unsigned lanes);
extern constinit RequestDone *const pipe_done; // of every request of a pipe: its packet has come

// pipe_request.cpp: requests, begun, cancelled, and counted while a packet is to come.
// All begin as overlapped_begun() says: a read or a write, and what somebody else has called.
OsResult pipe_begin(Pipe &pipe, Lane which, bool writes, void *data, size_t size);
OsResult pipe_begun(PipeRequest &request, bool success);
void pipe_cancel(Pipe &pipe, Lane which);
void pipe_came(PipeRequest &request);            // its packet
void pipe_later(Source &source, unsigned lanes); // work for the next poll

// pipe_handle.cpp: from a name or a handle to a pipe, and its end.
Pipe *pipe_memory(Loop &loop, HANDLE handle);             // nullptr: none
bool pipe_join(Pipe &pipe);                               // the loop's port
Pipe *pipe_new(Loop &loop, HANDLE handle, OsResult &why); // takes the handle, also when it fails
void pipe_free(Pipe &pipe);
void pipe_adopt(Source &source, Pipe &pipe);
OsResult pipe_connect(Source &source, const eddy_addr_t &peer);
using PipeName = wchar_t[sizeof(eddy_addr_t::bytes) + 1];
OsResult pipe_name(const eddy_addr_t &addr, PipeName &name);

// pipe_adopt.cpp
OsResult pipe_adopt_foreign(Source &source, eddy_native_t native);

// pipe_server.cpp: listening.
OsResult pipe_listen(Source &listener, const eddy_addr_t &address, uint32_t backlog);
OsResult pipe_pair(Source &one, Source &other);
const eddy_addr_t &server_name(const Source &listener);
void server_run(Source &listener);
void server_connected(Pipe &instance, OsResult outcome);
void server_quiesce(Source &listener);
bool server_quiet(const Source &listener);
void server_release(Source &listener);

// pipe_thread.cpp: a thread that reads and writes in the loop's stead.
OsResult thread_start(Pipe &pipe);
void thread_begin(PipeRequest &request, bool writes, void *data, DWORD size);
void thread_cancel(PipeRequest &request);
void thread_end(Pipe &pipe); // it must be idle

// pipes.cpp
extern constinit const Pipes windows_pipes;

} // namespace eddy
