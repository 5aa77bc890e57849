#include "afd_machine.hpp"

namespace eddy {

// Cancelling costs the kernel a walk over the polls pending on a helper, so a helper serves few sockets.
constexpr int kPerHelper = 32;
constexpr uint32_t kFirstBits = 6; // of the number of buckets
constexpr size_t kBucket = sizeof(void *);

struct AfdGroup {
  AfdGroup *next;
  uintptr_t helper;
  AfdNode nodes[kPerHelper];
};

void AfdMachine::init(const AfdCalls *calls, Report report, void *context, const Memory *memory) {
  *this = {};
  calls_ = calls;
  report_ = report;
  context_ = context;
  memory_ = memory;
}

void AfdMachine::destroy(void (*close)(uintptr_t helper)) {
  require(pending_ == 0, "AFD polls are pending at the end of their loop");
  while (AfdGroup *group = groups_) {
    groups_ = group->next;
    close(group->helper);
    memory_->put(group, sizeof(AfdGroup));
  }
  memory_->put(buckets_, kBucket << bucket_bits_);
}

// Sockets are numbered by fours, and spread by the golden ratio.
AfdNode *&AfdMachine::bucket_of(uintptr_t socket) const {
  uint64_t mixed = (uint64_t{socket} >> 2) * 0x9E3779B97F4A7C15;
  return buckets_[mixed >> (64 - bucket_bits_)];
}

AfdNode *AfdMachine::find(uintptr_t socket, bool owned) const {
  for (AfdNode *node = bucket_of(socket); node; node = node->next_in_bucket) {
    compared_++;
    if (node->socket == socket && (node->owner != nullptr) == owned) return node;
  }
  return nullptr;
}

// Room for one more. Without memory the buckets get longer.
bool AfdMachine::grow() {
  size_t old_count = buckets_ ? size_t{1} << bucket_bits_ : 0;
  if (in_table_ < old_count) return true;
  uint32_t bits = buckets_ ? bucket_bits_ + 1 : kFirstBits;
  size_t size = kBucket << bits;
  auto **grown = static_cast<AfdNode **>(memory_->get(size));
  if (!grown) return buckets_ != nullptr;
  AfdNode **old = buckets_;
  memset(grown, 0, size);
  buckets_ = grown;
  bucket_bits_ = bits;
  for (size_t i = 0; i < old_count; i++)
    for (AfdNode *node = old[i], *next; node; node = next) {
      next = node->next_in_bucket;
      AfdNode *&bucket = bucket_of(node->socket);
      node->next_in_bucket = bucket;
      bucket = node;
    }
  memory_->put(old, old_count * kBucket);
  return true;
}

void AfdMachine::forget(const AfdNode &node) {
  AfdNode **link = &bucket_of(node.socket);
  while (*link != &node) link = &(*link)->next_in_bucket;
  *link = node.next_in_bucket;
  in_table_--;
}

AfdNode *AfdMachine::add(void *owner, uintptr_t socket, int32_t &status) {
  status = 0;
  if (!grow()) return nullptr;
  if (find(socket, true)) {
    status = kStatusCollision;
    return nullptr;
  }
  if (!free_) {
    void *memory = memory_->get(sizeof(AfdGroup));
    if (!memory) return nullptr;
    AfdGroup *group = new (memory) AfdGroup{};
    status = calls_->open(context_, &group->helper);
    if (status < 0) {
      memory_->put(memory, sizeof(AfdGroup));
      return nullptr;
    }
    group->next = groups_;
    groups_ = group;
    for (AfdNode &node : group->nodes) {
      node.group = group;
      node.next = free_;
      free_ = &node;
    }
  }
  AfdNode &node = *free_;
  free_ = node.next;
  node.owner = owner;
  node.socket = socket;
  node.wanted = node.asked = 0;
  node_move(node, AfdState::idle);
  AfdNode *&bucket = bucket_of(socket);
  node.next_in_bucket = bucket;
  bucket = &node;
  in_table_++;
  return &node;
}

void AfdMachine::give(AfdNode &node) {
  forget(node);
  node_move(node, AfdState::free);
  node.owner = nullptr;
  node.wanted = 0;
  node.next = free_;
  free_ = &node;
}

void AfdMachine::mark(AfdNode &node) {
  if (node.dirty) return;
  node.dirty = true;
  node.next_dirty = dirty_;
  dirty_ = &node;
}

void AfdMachine::want(AfdNode &node, uint32_t events) {
  node.wanted |= events;
  // Pending and asking for all of it already: nothing to do. Pending for less: the flush cancels it, and its packet
  // brings the next. Cancelling: its packet looks at what is wanted; that it is marked if more is wanted is harmless.
  if (node.state == AfdState::idle || (node.wanted & ~node.asked)) mark(node);
}

void AfdMachine::remove(AfdNode &node) {
  node.owner = nullptr;
  node.wanted = 0;
  if (node.state == AfdState::idle) { // the kernel has nothing of it
    give(node);
    return;
  }
  removed_++; // its memory is the kernel's until its packet, which gives it back
  cancel(node);
}

void AfdMachine::cancel(AfdNode &node) {
  if (node.state != AfdState::pending) return; // cancelling: asked once is enough
  node_move(node, AfdState::cancelling);
  calls_->cancel(context_, node.group->helper, node); // if it loses, the packet brings events
}

void AfdMachine::submit(AfdNode &node) {
  require(node.state == AfdState::idle, "a second AFD poll on one socket");
  node.asked = node.wanted | kAfdAbort | kAfdLocalClose;
  node.info = {.timeout = INT64_MAX,
               .count = 1,
               .exclusive = 0,
               .socket = node.socket,
               .events = node.asked,
               .status = 0};
  node.status = {};
  node.status.status = kStatusPending;
  node_move(node, AfdState::pending);
  pending_++;
  int32_t status = calls_->poll(context_, node.group->helper, node);
  if (status >= 0) return; // ready at once or not, the packet comes
  pending_--;              // refused: none comes, and its owner is told here
  node_move(node, AfdState::idle);
  node.wanted = node.asked = 0;
  report_(context_, node, 0, status);
}

void AfdMachine::flush() {
  AfdNode *node = dirty_;
  dirty_ = nullptr;
  while (node) {
    AfdNode *next = node->next_dirty;
    node->dirty = false;
    if (node->wanted && node->state == AfdState::idle) {
      // Of a socket before it with that number, on its way out: beside it a second poll may lose events on Windows.
      if (removed_ && find(node->socket, false))
        mark(*node);
      else
        submit(*node);
    } else if (node->state == AfdState::pending && (node->wanted & ~node->asked)) {
      // A poll cannot be asked for more: the next one is, when the packet of this one has come.
      cancel(*node);
    } else {
      // Free, or idle with nothing wanted: removed or told since it was marked. Pending for all that is wanted: asked
      // since. Cancelling: its packet marks it anew.
    }
    node = next;
  }
}

void AfdMachine::packet(AfdNode &node) {
  require(node.state >= AfdState::pending, "an AFD packet without a poll");
  pending_--;
  node_move(node, AfdState::idle);
  node.asked = 0;
  if (!node.owner) { // removed meanwhile: whatever it brings is nobody's
    removed_--;
    give(node);
    return;
  }
  // A timed-out or cancelled poll leaves the events as they were submitted: look at the count first.
  int32_t status = node.status.status;
  bool ended = status == kStatusCancelled || status == kStatusHandlesClosed;
  uint32_t events = status >= 0 && node.info.count ? node.info.events : 0;
  if (events) {
    node.wanted = 0;
    report_(context_, node, events, 0);
  } else if (status < 0 && !ended) {
    node.wanted = 0;
    report_(context_, node, 0, status);
  } else if (node.wanted) {
    mark(node); // cancelled so as to ask for more, or ended without an event: once more
  } else {
    // Cancelled, and what it was for has been told by now: idle until something is wanted.
  }
}

void AfdMachine::remove_all() {
  for (AfdGroup *group = groups_; group; group = group->next)
    for (AfdNode &node : group->nodes)
      if (node.owner) remove(node);
}

} // namespace eddy
