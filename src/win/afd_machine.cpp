#include "afd_machine.hpp"

namespace eddy {

// Cancelling costs the kernel a walk over the polls pending on a helper, so a helper serves few sockets.
constexpr int kPerHelper = 32;

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
}

AfdNode *AfdMachine::add(void *owner, uintptr_t socket, int32_t &status) {
  status = 0;
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
  node.state = AfdNode::kIdle;
  return &node;
}

void AfdMachine::give(AfdNode &node) {
  node.state = AfdNode::kFree;
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
  if (node.state == AfdNode::kIdle || (node.wanted & ~node.asked)) mark(node);
}

void AfdMachine::remove(AfdNode &node) {
  node.owner = nullptr;
  node.wanted = 0;
  if (node.state == AfdNode::kIdle) {
    give(node);
    return;
  }
  removed_++;
  cancel(node);
}

void AfdMachine::cancel(AfdNode &node) {
  if (node.state != AfdNode::kPending) return;
  node.state = AfdNode::kCancelling;
  calls_->cancel(context_, node.group->helper, node); // if it loses, the packet brings events
}

// A poll of the same socket that is on its way out: on Windows a second one beside it may take its events.
bool AfdMachine::held_by_removed(const AfdNode &node) const {
  if (!removed_) return false;
  for (const AfdGroup *group = groups_; group; group = group->next)
    for (const AfdNode &other : group->nodes)
      if (!other.owner && other.state >= AfdNode::kPending && other.socket == node.socket)
        return true;
  return false;
}

void AfdMachine::submit(AfdNode &node) {
  require(node.state == AfdNode::kIdle, "a second AFD poll on one socket");
  node.asked = node.wanted | kAfdAbort | kAfdLocalClose;
  node.info = {.timeout = INT64_MAX,
               .count = 1,
               .exclusive = 0,
               .socket = node.socket,
               .events = node.asked,
               .status = 0};
  node.status = {};
  node.status.status = kStatusPending;
  node.state = AfdNode::kPending;
  pending_++;
  int32_t status = calls_->poll(context_, node.group->helper, node);
  if (status >= 0) return; // ready at once or not, the packet comes
  pending_--;
  node.state = AfdNode::kIdle;
  node.wanted = node.asked = 0;
  report_(context_, node, 0, status);
}

void AfdMachine::flush() {
  AfdNode *node = dirty_;
  dirty_ = nullptr;
  while (node) {
    AfdNode *next = node->next_dirty;
    node->dirty = false;
    if (node->wanted && node->state == AfdNode::kIdle) {
      if (held_by_removed(*node))
        mark(*node);
      else
        submit(*node);
    } else if (node->state == AfdNode::kPending && (node->wanted & ~node->asked)) {
      cancel(*node);
    }
    node = next;
  }
}

void AfdMachine::packet(AfdNode &node) {
  require(node.state >= AfdNode::kPending, "an AFD packet without a poll");
  pending_--;
  node.state = AfdNode::kIdle;
  node.asked = 0;
  if (!node.owner) {
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
    mark(node);
  }
}

void AfdMachine::remove_all() {
  for (AfdGroup *group = groups_; group; group = group->next)
    for (AfdNode &node : group->nodes)
      if (node.owner) remove(node);
}

} // namespace eddy
