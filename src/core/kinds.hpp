// The kinds of ops, a line for each. What is special about one stands in its family's file, in a row of functions; the
// core reads the rows and knows no family.
#pragma once

#include "core/os.hpp"

namespace eddy {

struct Source;
using Loop = ::eddy_loop;

// Where an op waits: two serial lanes of a handle, its sets of waiters, those that end it, or no handle at all.
enum Lane : uint8_t {
  kReadLane,
  kWriteLane,
  kWaiters,  // for readiness: the driver has each of them
  kWatchers, // for something that the handle itself knows
  kClosers,
  kNoHandle
};

#define EDDY_KINDS(KIND)                                                                           \
  KIND(read, kReadLane)                                                                            \
  KIND(read_pool, kReadLane)                                                                       \
  KIND(accept, kReadLane)                                                                          \
  KIND(write, kWriteLane)                                                                          \
  KIND(shutdown_write, kWriteLane)                                                                 \
  KIND(connect, kWriteLane)                                                                        \
  KIND(wait, kWaiters)                                                                             \
  KIND(poll, kWaiters)                                                                             \
  KIND(uncongested, kWatchers)                                                                     \
  KIND(shutdown_read, kWatchers)                                                                   \
  KIND(close, kClosers)                                                                            \
  KIND(release, kClosers)                                                                          \
  KIND(sleep, kNoHandle)                                                                           \
  KIND(tick, kNoHandle)                                                                            \
  KIND(yield, kNoHandle)                                                                           \
  KIND(post, kNoHandle)                                                                            \
  KIND(hook, kNoHandle)                                                                            \
  KIND(work, kNoHandle)                                                                            \
  KIND(internal, kNoHandle) // a timer of the library's own

#define EDDY_NAME(name, lane) name,
enum class Kind : uint8_t { EDDY_KINDS(EDDY_NAME) };
#undef EDDY_NAME

#define EDDY_LANE(name, lane) lane,
constexpr Lane kLanes[] = {EDDY_KINDS(EDDY_LANE)};
#undef EDDY_LANE
constexpr size_t kKinds = sizeof kLanes;
constexpr Kind kClosing = Kind::close; // of every handle

inline Lane lane_of(Kind kind) { return kLanes[static_cast<size_t>(kind)]; }

// What a null function stands for is said behind it.
struct KindRow {
  // A lane's head: one attempt by the OS layer, and what an outcome does to it and to the lane.
  OsResult (*attempt)(Op &head) = nullptr;              // null: no driver tries it
  void (*settle)(Op &head, OsResult outcome) = nullptr; // null: the head ends with the outcome
  // Whether a transfer came so short that nothing is left to be had. null: nobody can tell.
  bool (*emptied)(const Op &head, OsResult outcome) = nullptr;

  // Callbacks.
  void (*receive)(Op &) = nullptr;    // of a late read: receive, and call back with it
  void (*only)(Op &) = nullptr;       // ... or with the only payload that is there
  int64_t (*payload)(Op &) = nullptr; // the next result of a multishot op, put on offer
  void (*before)(Op &) = nullptr;     // a final callback of an op with kBefore
  bool offers = false;                // something is to be taken in the final callback

  // Ends.
  bool (*withdraw)(Op &) = nullptr; // a cancelled op of no handle: false when it is not to end yet
  void (*drop)(Op &) = nullptr;     // its payloads are void, for its handle is closed
  void (*ends)(Op &) = nullptr;     // whatever ends it, before it has a result
  void (*broken)(Op &) = nullptr;   // ... and it was cancelled or lost while it waited
  void (*ended)(Op &) = nullptr;    // the end is decided, which changes its handle
  void (*torn)(Op &) = nullptr;     // it was cancelled with a part of it done
  void (*forget)(Op &, Loop &) = nullptr; // an idle op is started anew: what nobody took of it

  // Of no handle.
  void (*fire)(Op &, Time due) = nullptr; // it is due; null: a deadline, which cancels
  void (*returned)(Op &) = nullptr;       // it is back from a thread
};

// kind_read, kind_write ...: each in the file of its family.
#define EDDY_ROW(name, lane) extern const KindRow kind_##name;
EDDY_KINDS(EDDY_ROW)
#undef EDDY_ROW

extern const KindRow *const kinds[kKinds];
extern const char *const kind_names[kKinds];

inline const KindRow &row_of(Kind kind) { return *kinds[static_cast<size_t>(kind)]; }

} // namespace eddy
