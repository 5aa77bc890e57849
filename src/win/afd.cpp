// Readiness on AFD: one poll per socket, with what its lanes wait for.
#include "afd_calls.hpp"
#include "afd_events.hpp"
#include "core/driver.hpp"
#include "event.hpp"
#include "overlapped.hpp"
#include "port.hpp"

#include <initializer_list>

namespace eddy {

namespace {

struct Afd {
  Overlapped overlapped; // first: overlapped() finds it there
  AfdMachine machine;
  Alarm alarm;
  Embedding embedding;
  Packet packets[kPackets];
};
static_assert(offsetof(Afd, overlapped) == 0);

Afd &state(Loop &loop) { return *static_cast<Afd *>(core(loop).kernel); }
AfdNode *node_of(const Source &source) { return static_cast<AfdNode *>(source.kernel); }
unsigned bit(Lane which) { return 1u << which; }

constexpr uint32_t kAlways = kAfdAbort | kAfdLocalClose;

// Of those that are still to be told; while the socket connects they wait for that.
uint32_t waiter_events(const Source &source) {
  uint32_t wanted = 0;
  if (is_closing(source) || (source.paused & kPausedByConnect)) return 0;
  for (const Op *op = source.waiters.head; op; op = op->next)
    if (!op->count && op->reason == Reason::none) wanted |= op->as<Waiting>().events;
  return afd_mask(wanted);
}

uint32_t events_of(const Source &source, Lane which) {
  if (which == kReadLane)
    return source.kind == SourceKind::listener ? kAfdAccept : kAfdReceive | kAfdDisconnect;
  return which == kWriteLane ? kAfdSend | kAfdConnectFail : waiter_events(source);
}

// Ends all that is queued there. A listener that gets over it stops at one accept, and resumes after a while.
void fail(Source &source, unsigned lanes, OsResult why) {
  for (Lane which : {kReadLane, kWriteLane})
    while (Op *head = lanes & bit(which) ? source.lanes[which].head : nullptr) {
      // Else a write would take it for a cancelled neighbour's, and go on.
      if (why.value == EDDY_ECANCELED && head->reason == Reason::none)
        head->reason = Reason::cancel;
      settle(*head, why);
      if (source.paused & kPausedByLibrary) break;
    }
  for (Op *op = source.waiters.head, *next; op; op = next) {
    next = op->next;
    settle_waiter(*op, why);
  }
}

// The packet says what held when the poll ended. Data and room may have been taken since, by the lanes among others;
// an end, a reset and a failed connect are for good.
uint32_t still_held(const Source &source, uint32_t events) {
  constexpr uint32_t passing = kAfdReceive | kAfdAccept | kAfdSend | kAfdReceiveExpedited;
  uint32_t asked = events & passing;
  if (!asked || !source.waiters.head) return events;
  OsResult now = afd_look(node_of(source)->socket, asked);
  return now.value < 0 ? events : (events & ~passing) | static_cast<uint32_t>(now.value);
}

// The poll is spent: lanes that it did not report go into the next one.
void report(void *, AfdNode &node, uint32_t events, int32_t status) {
  Source &source = *static_cast<Source *>(node.owner);
  unsigned armed = source.armed & ~kKnown, reported = 0;
  bool ended = events & kAlways;
  for (Lane which : {kReadLane, kWriteLane})
    if ((armed & bit(which)) && (ended || (events & events_of(source, which))))
      reported |= bit(which);
  if (events == 0) { // refused: nobody will report anything
    source.armed = kKnown;
    fail(source, armed, {os_error_from_native(status), status});
    return;
  }
  if (events & kAfdLocalClose) { // closed below us
    source.armed = kKnown;
    fail(source, armed, {EDDY_ECANCELED, status});
    return;
  }
  if (events & kAfdAbort) source.reset = true; // told once; a later end must not hide it
  source.armed &= static_cast<uint8_t>(~reported);
  for (Lane which : {kReadLane, kWriteLane})
    if (source.armed & bit(which)) state(*source.loop).machine.want(node, events_of(source, which));
  adapter_ready(source, reported, events & (kAfdDisconnect | kAlways),
                afd_events(still_held(source, events)));
  if (uint32_t more = waiter_events(source)) state(*source.loop).machine.want(node, more);
}

OsResult afd_open(Loop &loop, uint32_t) {
  OsResult probed = afd_probe();
  if (probed.value < 0) return probed;
  void *memory = core(loop).memory.get(sizeof(Afd));
  if (!memory) return {EDDY_ENOMEM, 0};
  Afd *afd = new (memory) Afd{};
  afd->alarm.port = core(loop).wake;
  afd->machine.init(&afd_calls, report, reinterpret_cast<void *>(core(loop).wake),
                    &core(loop).memory);
  core(loop).kernel = afd;
  return {};
}

// Below 0: the port is lost.
int take_packets(Loop &loop, Time until, int32_t *error) {
  Afd &afd = state(loop);
  int count = afd.embedding.thread
                  ? embedding_wait(afd.embedding, afd.alarm, until, afd.packets, error)
                  : port_wait(afd.alarm, until, afd.packets, error);
  for (int i = 0; i < count; i++) {
    void *what = afd.packets[i].overlapped;
    switch (afd.packets[i].key) {
    case kPacketAfd: afd.machine.packet(*static_cast<AfdNode *>(what)); break;
    case kPacketOverlapped: overlapped_packet(what); break;
    case kPacketWaitable: waitable_packet(what); break;
    default: break;
    }
  }
  return count;
}

// The polls' memory is the kernel's until each has brought its packet.
void afd_destroy(Loop &loop, bool) {
  Afd &afd = state(loop);
  alarm_end(afd.alarm);
  afd.machine.remove_all();
  int32_t error;
  while (afd.machine.pending() || afd.overlapped.pending)
    if (take_packets(loop, kNever, &error) < 0) return; // the kernel may still write there: leaked
  embedding_end(afd.embedding);
  afd.machine.destroy(afd_close_helper);
  core(loop).memory.put(&afd, sizeof(Afd));
}

OsResult afd_after_fork(Loop &) { return {EDDY_ENOTSUP, 0}; }

OsResult add(Source &source) {
  OsResult base = afd_base_socket(source.native);
  if (base.value < 0) return base;
  int32_t status;
  AfdNode *node =
      state(*source.loop).machine.add(&source, static_cast<uintptr_t>(base.value), status);
  if (!node) return {status ? os_error_from_native(status) : EDDY_ENOMEM, status};
  source.kernel = node;
  source.armed = kKnown;
  return {};
}

OsResult afd_arm(Source &source, unsigned lanes) {
  if (!source.armed) {
    OsResult added = add(source);
    if (added.value < 0) return added;
  }
  uint32_t events = 0;
  for (Lane which : {kReadLane, kWriteLane, kWaiters})
    if (lanes & bit(which)) events |= events_of(source, which);
  // Not waiters: another one may want other events.
  source.armed |= static_cast<uint8_t>(lanes & (bit(kReadLane) | bit(kWriteLane)));
  state(*source.loop).machine.want(*node_of(source), events);
  return {};
}

void afd_release(Source &source) { // the poll's memory is not the handle's
  state(*source.loop).machine.remove(*node_of(source));
  source.kernel = nullptr;
}

bool afd_unflushed(const Loop &loop) { return state(const_cast<Loop &>(loop)).machine.unflushed(); }

void afd_poll(Loop &loop, Time until) {
  Afd &afd = state(loop);
  if (core(loop).lost)
    afd.machine.remove_all();
  else
    afd.machine.flush();
  if (!core(loop).ready.empty()) until = 0; // a poll was refused
  int32_t error = 0;
  int count = take_packets(loop, until, &error);
  if (count < 0) loop_lost(loop, error);
}

eddy_native_t afd_native(Loop &loop) {
  return embedding_event(state(loop).embedding, core(loop).wake);
}

Time afd_now(Loop &) { return clock_now(); }

} // namespace

constinit const Readiness afd = {
    .id = EDDY_DRIVER_AFD,
    .probe = afd_probe,
    .fit_for_default = nullptr,
    .open = afd_open,
    .destroy = afd_destroy,
    .bind_thread = nullptr,
    .after_fork = afd_after_fork,
    .receive = nullptr, // at delivery: an attempt there could not arm the lane anew
    .send = os_send,
    .perform = attempt,
    .arm = afd_arm,
    .look = attempt_look,
    .carry = nullptr,
    .release = afd_release,
    .unflushed = afd_unflushed,
    .poll = afd_poll,
    .native = afd_native,
    .now = afd_now,
};

} // namespace eddy
