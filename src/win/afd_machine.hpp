// AFD polls of many sockets: one-shot, at most one pending per socket, in memory that belongs to the kernel
// until its packet has been taken. No OS headers: the unit tests run it on every system, on a fake AFD.
#pragma once

#include "core/machine.hpp"
#include "core/memory.hpp"

namespace eddy {

// The kernel's structures and numbers, which no SDK header has (they are those of every user of AFD polls).
enum : uint32_t {
  kAfdReceive = 0x001,
  kAfdReceiveExpedited = 0x002,
  kAfdSend = 0x004,
  kAfdDisconnect = 0x008, // the peer's FIN; a poll for data alone never tells it
  kAfdAbort = 0x010,
  kAfdLocalClose = 0x020,
  kAfdAccept = 0x080,
  kAfdConnectFail = 0x100
};

struct AfdPollInfo {
  int64_t timeout;
  uint32_t count, exclusive;
  uintptr_t socket;
  uint32_t events;
  int32_t status;
};

struct AfdStatus { // IO_STATUS_BLOCK
  union {
    int32_t status;
    void *reserved;
  };
  uintptr_t information;
};

constexpr int32_t kStatusPending = 0x103;
constexpr int32_t kStatusCancelled = static_cast<int32_t>(0xC0000120);
constexpr int32_t kStatusHandlesClosed = static_cast<int32_t>(0x8000000A);
constexpr int32_t kStatusCollision = static_cast<int32_t>(0xC0000035); // OBJECT_NAME_COLLISION

struct AfdGroup;

//   free -a socket-> idle -submitted-> pending -its packet-> idle -removed-> free
//   pending -what it asks is not enough, or its socket is removed-> cancelling -its packet-> idle
//
// A poll that is refused brings no packet, and is idle at once. One that is being cancelled may still bring events: who
// was first is for the kernel to say, and the packet tells.
enum class AfdState : uint8_t { free, idle, pending, cancelling };

inline constexpr Machine<4> kAfdMachine = {"AFD poll",
                                           {"free", "idle", "pending", "cancelling"},
                                           {/* free */ to(AfdState::idle),
                                            /* idle */ to(AfdState::pending, AfdState::free),
                                            /* pending */ to(AfdState::idle, AfdState::cancelling),
                                            /* cancelling */ to(AfdState::idle)}};

// One socket's poll. `owner` is null once the socket is closed or given away: then only the packet is awaited.
struct AfdNode {
  AfdStatus status;
  AfdPollInfo info;
  void *owner;
  AfdGroup *group;
  AfdNode *next; // free nodes
  AfdNode *next_dirty;
  AfdNode *next_in_bucket; // of the table of sockets
  uintptr_t socket;        // the base socket
  uint32_t wanted;         // events not yet reported
  uint32_t asked;          // ... and those of the pending poll
  AfdState state;
  bool dirty; // to be looked at by the next flush
};

inline void node_move(AfdNode &node, AfdState state) { move<kAfdMachine>(node.state, state); }

// What the machine asks of the system. Each poll that is not refused brings one packet, cancelled or not.
struct AfdCalls {
  int32_t (*open)(void *context, uintptr_t *helper);
  int32_t (*poll)(void *context, uintptr_t helper, AfdNode &node);
  int32_t (*cancel)(void *context, uintptr_t helper, AfdNode &node);
};

class AfdMachine {
public:
  // `report`: events of a node that has an owner. 0 events with a status below 0: its poll was refused.
  using Report = void (*)(void *context, AfdNode &node, uint32_t events, int32_t status);

  void init(const AfdCalls *calls, Report report, void *context, const Memory *memory);
  // Frees all memory. Every packet must have been taken.
  void destroy(void (*close)(uintptr_t helper));

  // A node for a socket; nullptr and a status (0: no memory) when that fails: kStatusCollision when it has one.
  AfdNode *add(void *owner, uintptr_t socket, int32_t &status);
  void want(AfdNode &node, uint32_t events);
  void remove(AfdNode &node); // nothing is reported any more; a pending poll is cancelled now
  void flush();               // submits what is wanted and not yet asked
  void packet(AfdNode &node); // a poll has ended
  void remove_all();
  bool unflushed() const { return dirty_ != nullptr; }
  uint64_t pending() const { return pending_; }   // packets to come
  uint64_t compared() const { return compared_; } // sockets in all looks into the table

private:
  void mark(AfdNode &node);
  void submit(AfdNode &node);
  void cancel(AfdNode &node);
  void give(AfdNode &node);
  bool grow();
  AfdNode *&bucket_of(uintptr_t socket) const;
  AfdNode *find(uintptr_t socket, bool owned) const;
  void forget(const AfdNode &node);

  const AfdCalls *calls_;
  Report report_;
  void *context_;
  const Memory *memory_;
  AfdGroup *groups_;
  AfdNode *free_, *dirty_;
  // All sockets that have a node, by number: one with an owner, and those of older ones whose packet is to come.
  AfdNode **buckets_;
  uint32_t bucket_bits_, in_table_; // log2 of the buckets, and the nodes in them
  uint64_t pending_, removed_;      // removed_: nodes without an owner
  mutable uint64_t compared_;
};

} // namespace eddy
