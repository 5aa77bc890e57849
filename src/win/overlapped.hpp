// What is neither a socket nor readiness: pipes with true overlapped I/O, and objects that can be waited for. All of
// it ends in packets on the loop's completion port.
#pragma once

#include "../driver.hpp"
#include "native.hpp"

namespace eddy {

struct Pipe;
struct PipeThread;

// Of a loop.
struct Overlapped {
  WorkList work;    // pipes and objects with work for the next poll
  uint64_t pending; // packets to come
  Pipe *threads;    // pipes that have one
};
Overlapped &overlapped(Loop &loop);

// One per lane; kWaiters is for those who wait for bytes. The kernel's until its packet was taken.
struct Request {
  OVERLAPPED io; // first: the packet brings its address
  Pipe *pipe;
  Lane which;
  bool pending;
};

// A handle of a pipe. Its memory is not the source's, which may be gone before the last packet when a loop is lost.
struct Pipe {
  Request requests[3];
  Source *source; // nullptr: it waits for packets only
  Loop *loop;
  HANDLE handle;
  PipeThread *thread; // does the I/O of a handle that is not overlapped
  Pipe *next;         // clients that nobody has accepted yet
  Pipe *thread_next;  // Overlapped::threads
  eddy_addr_t name;   // of the listener
  uint32_t pending;   // requests
  uint32_t buffer;    // of the pool whose read is under way, or kNoBuffer
  bool client;        // `name` is the peer's
  bool skips;         // no packet for what ends at once
  bool probes;        // the read under way takes no bytes, it waits for them
  bool readable;      // ... and has found some, or the end; with a thread only
  bool ended;         // by the peer
};

inline Pipe &pipe_of(const Source &source) { return *static_cast<Pipe *>(source.kernel); }

// pipe.cpp: the lanes of a pipe.
void pipe_run(Source &source, unsigned lanes);
void pipe_later(Source &source, unsigned lanes);
void pipe_cancel(Pipe &pipe, Lane which);
void pipe_packet(Request &request);

// pipe_handle.cpp: from a name, a pair or a foreign handle to a pipe, and its end.
Pipe *pipe_new(Loop &loop, HANDLE handle, OsResult &why); // takes the handle, also when it fails
void pipe_free(Pipe &pipe);
void pipe_adopt(Source &source, Pipe &pipe);
OsResult pipe_connect(Source &source, const eddy_addr_t &peer);
using PipeName = wchar_t[sizeof(eddy_addr_t::bytes) + 1];
OsResult pipe_name(const eddy_addr_t &addr, PipeName &name);

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
void thread_begin(Request &request, bool writes, void *data, DWORD size);
void thread_cancel(Request &request);
bool thread_nudge(Pipe &pipe); // makes it give way to what is urgent; true: again in a while
void thread_end(Pipe &pipe);   // it must be idle

// waitable.cpp
bool waitable(HANDLE handle);
void waitable_run(Source &source);
bool waitable_cancel(Op &op);
void waitable_quiesce(Source &source);
bool waitable_quiet(const Source &source);
void waitable_release(Source &source);
void waitable_packet(void *context);

extern constinit const Pipes windows_pipes;

} // namespace eddy
