// The fake driver: a world in virtual time behind both tables of the seam.
//
// `readiness` drives the real adapter as epoll would; `driver` completes requests as io_uring would: it
// owns what it was given until a completion comes, and its cancels may lose. Tests write down what the
// peer does and when. A wait jumps to the next of these events; one that could only last for ever fails
// the test.
#pragma once

#include "api/accept.hpp"
#include "api/pool.hpp"
#include "api/stream.hpp"
#include "api/transfer.hpp"

namespace eddy::fake {

constexpr int64_t kAll = INT64_MAX;
constexpr Time kStart = 1000 * EDDY_SECOND; // what the clock shows at first

// The outcome of one attempt: bytes at most, 0 for the end, an error, or kAgain.
struct Step {
  int64_t value;
  int32_t native;
};

struct Script {
  static constexpr uint32_t kSteps = 64;
  Step steps[kSteps];
  uint32_t first, last;

  bool empty() const { return first == last; }
  void push(int64_t value, int32_t native = 0) { steps[last++ % kSteps] = {value, native}; }
  Step pop() { return steps[first++ % kSteps]; }
};

// A request that the driver has under way for a lane.
struct Request {
  bool live, cancelled;
  uint32_t count;
  eddy_buf_t run[64];
};

// What the world knows of a source.
struct Line {
  Source *source;
  uint32_t generation;
  int peer; // the other end of the descriptor
  // The peer. A scripted step goes before the rest; without one, as many bytes as there are.
  Script script[2];
  uint64_t arrived, taken, sent, room;
  uint64_t chop; // no transfer is longer, unless 0
  bool end;      // of the stream, behind what has arrived
  int64_t error; // ... instead of it
  uint32_t level, connections;
  bool phantom; // memory is never touched
  char *sink;   // what was written
  uint64_t sink_size;
  // The kernel.
  OsResult arm_error; // of the next arm, if it is one
  bool cancel_loses;  // a cancelled request goes on until the peer ends it
  Request requests[2];
  uint32_t polls; // of waits, under way
  // What was done.
  int attempts[3], arms, releases, quiesces, resumes, launches[3];
  bool quiesced, released;
};

struct World {
  static constexpr int kLines = 64, kEvents = 1024;
  struct Event {
    Time at;
    uint64_t order;
    Line *line;
    uint32_t generation;
    void (*act)(Line &, uint64_t);
    uint64_t argument;
  };

  Loop *loop;
  Time now, drift; // drift: what the clock moves each time it is read
  bool completes;  // this is the driver, not the readiness
  bool once; // this readiness reports a lane once, as AFD does, and then when it is asked again
  OsResult bind_error;
  Line lines[kLines];
  Event events[kEvents];
  int count;
  uint64_t order;
  int polls, waits, flushes; // waits: polls that were allowed to take time
  Time last_until;
  uint64_t chance; // random choices, when not 0
};

extern const Readiness readiness;
extern const Driver driver;
extern int worlds; // not destroyed

eddy_loop_t *open(bool completes, const eddy_loop_options_t *options = nullptr);
World &world(Loop &loop);
Line &line(Source &source);
Line &line(eddy_stream_t *stream);
Line &line(eddy_listener_t *listener);
Line &line(eddy_fd_t *fd);
eddy_stream_t *stream(Loop &loop); // connected

// What happens at a time; of equal times in this order.
using Act = void (*)(Line &, uint64_t);
void at(Time when, Line &line, Act act, uint64_t argument = 0);
void arrive(Line &line, uint64_t bytes);
void finish(Line &line, uint64_t);             // the end of the stream
void reset(Line &line, uint64_t error);        // ... by an error (its number without the sign)
void hang_up(Line &line, uint64_t lanes);      // only said by the kernel, the end comes later
void make_room(Line &line, uint64_t bytes);    // for writes
void ready(Line &line, uint64_t lanes);        // a report, justified or not
void knock(Line &line, uint64_t connections);  // at a listener
void raise_level(Line &line, uint64_t events); // waiters see them from now on
void lower_level(Line &line, uint64_t events);
void cancel_wins(Line &line, uint64_t lanes); // what was asked for long ago
void lose(Line &line, uint64_t native);       // the kernel's interface goes

// Parts of the above for the two tables.
inline unsigned bit(Lane which) { return 1u << which; }
OsResult attempt_of(Line &line, Op &op);                              // by the peer's script
OsResult take(Line &line, const eddy_buf_t *buffers, uint32_t count); // bytes of the peer
OsResult put(Line &line, const eddy_buf_t *buffers, uint32_t count);
OsResult accept_one(Line &line, Op &op);
uint32_t level_of(const Line &line, uint32_t events); // those of them that hold
void notify(Line &line, unsigned lanes, bool hung_up);
void complete(Line &line, Lane which);
void complete_waiters(Line &line);
void complete_cancelled(Line &line, Lane which);
void poll_events(World &world, Time until); // lets time pass
uint8_t pattern(uint64_t position);         // the peer's bytes
uint64_t random(World &world);
OsResult open_world(Loop &loop, bool completes);
void destroy_world(Loop &loop, bool forked);
Time world_now(Loop &loop);

} // namespace eddy::fake
