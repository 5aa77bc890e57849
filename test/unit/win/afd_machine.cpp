// The AFD machine on a fake AFD, with the races of the real one: late packets, cancels that lose, completions
// without events, refusals. The fake fails the test when two polls are pending on one socket.
#include "../../../src/win/afd_machine.hpp"

#include <moves.hpp>

#include <setjmp.h>
#include <stdarg.h>

extern "C" {
#include <cmocka.h>
}

#include <initializer_list>
#include <stdlib.h>

using namespace eddy;

namespace {

constexpr int32_t kNotFound = static_cast<int32_t>(0xC0000225);
constexpr int kRoom = 128;

struct Fake {
  AfdNode *pending[kRoom]; // in the kernel
  AfdNode *queue[kRoom];   // packets not yet taken
  int count, queued, helpers, polls, cancels;
  int32_t refuse_open, refuse_poll;
  // What the machine told.
  AfdNode *told;
  uint32_t events;
  int32_t status;
  int reports;
};

Fake fake;
AfdMachine machine;
Memory memory;
int owners[kRoom]; // addresses for owners

int32_t fake_open(void *, uintptr_t *helper) {
  if (fake.refuse_open) return fake.refuse_open;
  *helper = static_cast<uintptr_t>(++fake.helpers);
  return 0;
}

int32_t fake_poll(void *, uintptr_t helper, AfdNode &node) {
  assert_true(helper > 0);
  fake.polls++;
  for (int i = 0; i < fake.count; i++)
    if (fake.pending[i]->socket == node.socket) fail_msg("two polls are pending on one socket");
  for (int i = 0; i < fake.queued; i++)
    if (fake.queue[i] == &node) fail_msg("memory of a poll reused before its packet was taken");
  assert_int_equal(node.info.count, 1);
  assert_int_equal(node.info.timeout, INT64_MAX);
  assert_true((node.info.events & (kAfdAbort | kAfdLocalClose)) == (kAfdAbort | kAfdLocalClose));
  if (fake.refuse_poll) return fake.refuse_poll;
  fake.pending[fake.count++] = &node;
  return kStatusPending;
}

// The kernel ends a poll: its packet waits to be taken, and until then its memory is the kernel's.
void complete(AfdNode &node, int32_t status, uint32_t count, uint32_t events) {
  for (int i = 0; i < fake.count; i++) {
    if (fake.pending[i] != &node) continue;
    fake.pending[i] = fake.pending[--fake.count];
    node.status.status = status;
    node.info.count = count;
    if (count) node.info.events = events;
    fake.queue[fake.queued++] = &node;
    return;
  }
  fail_msg("no such poll");
}

int32_t fake_cancel(void *, uintptr_t, AfdNode &node) {
  fake.cancels++;
  for (int i = 0; i < fake.count; i++)
    if (fake.pending[i] == &node) {
      complete(node, kStatusCancelled, 1,
               node.info.events); // the events stay as they were submitted
      return 0;
    }
  return kNotFound; // it has lost: the packet is on its way
}

const AfdCalls calls = {fake_open, fake_poll, fake_cancel};

void report(void *, AfdNode &node, uint32_t events, int32_t status) {
  assert_non_null(node.owner);
  fake.told = &node;
  fake.events = events;
  fake.status = status;
  fake.reports++;
}

void take_packets() {
  while (fake.queued) {
    AfdNode *node = fake.queue[0];
    fake.queued--;
    for (int i = 0; i < fake.queued; i++) fake.queue[i] = fake.queue[i + 1];
    machine.packet(*node);
  }
}

AfdNode &socket_node(uintptr_t socket) {
  int32_t status;
  AfdNode *node = machine.add(&owners[0], socket, status);
  assert_non_null(node);
  return *node;
}

int setup(void **) {
  fake = {};
  machine.init(&calls, report, nullptr, &memory);
  return 0;
}

void close_helper(uintptr_t) { fake.helpers--; }

// Every test ends like a loop does: all polls cancelled, their packets taken, the helpers closed.
int teardown(void **) {
  machine.remove_all();
  take_packets();
  assert_int_equal(machine.pending(), 0);
  machine.destroy(close_helper);
  assert_int_equal(fake.helpers, 0);
  return 0;
}

void wants_are_submitted_together(void **) {
  AfdNode &node = socket_node(1);
  machine.want(node, kAfdReceive);
  machine.want(node, kAfdSend);
  assert_int_equal(fake.polls, 0); // lazily
  assert_true(machine.unflushed());
  machine.flush();
  assert_false(machine.unflushed());
  assert_int_equal(fake.polls, 1);
  assert_int_equal(node.info.events, kAfdReceive | kAfdSend | kAfdAbort | kAfdLocalClose);
  complete(node, 0, 1, kAfdReceive);
  take_packets();
  assert_int_equal(fake.events, kAfdReceive);
  machine.flush();
  assert_int_equal(fake.polls, 1); // spent: its owner has to want again
}

void a_wider_want_waits_for_the_cancelled_poll(void **) {
  AfdNode &node = socket_node(1);
  machine.want(node, kAfdReceive);
  machine.flush();
  machine.want(node, kAfdReceive); // covered: nothing to do
  machine.flush();
  assert_int_equal(fake.cancels, 0);
  machine.want(node, kAfdSend);
  machine.flush();
  assert_int_equal(fake.cancels, 1);
  machine.want(node, kAfdReceiveExpedited); // while it is being cancelled
  machine.flush();
  assert_int_equal(fake.cancels, 1);
  assert_int_equal(fake.polls, 1);
  take_packets();
  assert_int_equal(fake.reports, 0); // a cancelled poll's events are no events
  machine.flush();
  assert_int_equal(fake.polls, 2);
  assert_true((node.info.events & (kAfdReceive | kAfdSend | kAfdReceiveExpedited)) ==
              (kAfdReceive | kAfdSend | kAfdReceiveExpedited));
}

void a_cancel_that_loses_brings_events(void **) {
  AfdNode &node = socket_node(1);
  machine.want(node, kAfdReceive);
  machine.flush();
  complete(node, 0, 1, kAfdReceive);
  machine.want(node, kAfdSend);
  machine.flush(); // too late
  assert_int_equal(fake.cancels, 1);
  take_packets();
  assert_int_equal(fake.reports, 1);
  assert_int_equal(fake.events, kAfdReceive);
}

void data_and_close_come_together(void **) {
  AfdNode &node = socket_node(1);
  machine.want(node, kAfdReceive | kAfdDisconnect);
  machine.flush();
  complete(node, 0, 1, kAfdReceive | kAfdDisconnect | kAfdAbort);
  take_packets();
  assert_int_equal(fake.reports, 1);
  assert_int_equal(fake.events, kAfdReceive | kAfdDisconnect | kAfdAbort);
}

void an_empty_completion_is_asked_again(void **) {
  AfdNode &node = socket_node(1);
  machine.want(node, kAfdReceive);
  for (int32_t status : {0, 0x102, kStatusHandlesClosed}) {
    machine.flush();
    complete(node, status, 0, 0);
    take_packets();
    assert_int_equal(fake.reports, 0);
    assert_true(machine.unflushed());
  }
  assert_int_equal(fake.polls, 3);
}

void a_late_packet_of_a_removed_socket_is_told_to_nobody(void **) {
  for (int round = 0; round < 3; round++) {
    AfdNode &node = socket_node(1);
    machine.want(node, kAfdReceive);
    machine.flush();
    if (round == 1) complete(node, 0, 1, kAfdReceive); // its packet is under way
    if (round == 2) complete(node, 0, 1, kAfdLocalClose);
    machine.remove(node);
    assert_int_equal(machine.pending(), 1);
    AfdNode &other = socket_node(2); // may not get the memory
    assert_ptr_not_equal(&other, &node);
    take_packets();
    assert_int_equal(fake.reports, 0);
    machine.remove(other);
  }
  assert_int_equal(fake.helpers, 1);
}

void the_same_socket_again_waits_for_the_old_poll(void **) {
  AfdNode &old = socket_node(7);
  machine.want(old, kAfdReceive);
  machine.flush();
  machine.remove(old);
  AfdNode &again = socket_node(7);
  machine.want(again, kAfdReceive);
  machine.flush();
  assert_int_equal(fake.polls, 1);
  assert_true(machine.unflushed());
  take_packets();
  machine.flush();
  assert_int_equal(fake.polls, 2);
}

void a_refused_poll_is_reported_at_once(void **) {
  AfdNode &node = socket_node(1);
  machine.want(node, kAfdReceive);
  fake.refuse_poll = static_cast<int32_t>(0xC0000008);
  machine.flush();
  assert_int_equal(fake.reports, 1);
  assert_int_equal(fake.events, 0);
  assert_int_equal(fake.status, fake.refuse_poll);
  assert_int_equal(machine.pending(), 0);
  fake.refuse_poll = 0;
  machine.want(node, kAfdReceive);
  machine.flush();
  assert_int_equal(machine.pending(), 1);
}

void a_failed_poll_is_reported(void **) {
  AfdNode &node = socket_node(1);
  machine.want(node, kAfdReceive);
  machine.flush();
  complete(node, static_cast<int32_t>(0xC000009A), 0, 0);
  take_packets();
  assert_int_equal(fake.status, static_cast<int32_t>(0xC000009A));
}

void a_refused_helper_is_told(void **) {
  fake.refuse_open = static_cast<int32_t>(0xC0000022);
  int32_t status;
  assert_null(machine.add(&owners[0], 1, status));
  assert_int_equal(status, fake.refuse_open);
}

void helpers_serve_groups(void **) {
  for (uintptr_t i = 1; i <= 100; i++) machine.want(socket_node(i), kAfdReceive);
  machine.flush();
  assert_int_equal(fake.polls, 100);
  assert_int_equal(fake.helpers, 4);
}

// Whatever happens in whatever order, the fake sees no second poll and no memory reused.
void a_socket_has_one_node(void **) {
  AfdNode &node = socket_node(1);
  int32_t status;
  assert_null(machine.add(&owners[1], 1, status));
  assert_int_equal(status, kStatusCollision);
  machine.want(node, kAfdReceive);
  machine.flush();
  assert_null(machine.add(&owners[1], 1, status));
  machine.remove(node); // its packet is still to come
  AfdNode &next = socket_node(1);
  machine.remove(next);
}

void a_table_without_memory_adds_nothing(void **) {
  AfdMachine poor;
  Memory none = {};
  none.alloc = [](void *, size_t) -> void * { return nullptr; };
  int32_t status = -1;
  poor.init(&calls, report, nullptr, &none);
  assert_null(poor.add(&owners[0], 1, status));
  assert_int_equal(status, 0);
  poor.destroy(close_helper);
}

// Too many for the fake above, which looks through them all.
struct Crowd {
  static constexpr uint32_t kSockets = 50000, kChanges = 100000;
  AfdNode *nodes[kSockets];
  AfdNode *cancelled[kChanges + kSockets];
  uint32_t count;
};
Crowd crowd;

int32_t crowd_open(void *, uintptr_t *helper) {
  *helper = 1;
  return 0;
}
int32_t crowd_poll(void *, uintptr_t, AfdNode &) { return kStatusPending; }
int32_t crowd_cancel(void *, uintptr_t, AfdNode &node) {
  node.status.status = kStatusCancelled;
  crowd.cancelled[crowd.count++] = &node;
  return 0;
}

// Sockets come and go, and their numbers come again at once: what a submit looks at stays a few.
void the_cost_of_a_submit_is_the_same_with_50_000_sockets(void **) {
  static const AfdCalls crowd_calls = {crowd_open, crowd_poll, crowd_cancel};
  AfdMachine many;
  many.init(&crowd_calls, report, nullptr, &memory);
  uint32_t seed = 1, taken = 0;
  auto add = [&](uint32_t which) {
    int32_t status;
    crowd.nodes[which] = many.add(&crowd, 4 * (which + 1), status);
    assert_non_null(crowd.nodes[which]);
    many.want(*crowd.nodes[which], kAfdReceive);
  };
  for (uint32_t i = 0; i < Crowd::kSockets; i++) add(i);
  many.flush();
  assert_true(many.compared() < 2 * Crowd::kSockets);
  uint64_t before = many.compared();
  for (uint32_t change = 0; change < Crowd::kChanges; change++) {
    seed = seed * 1664525 + 1013904223;
    uint32_t which = (seed >> 8) % Crowd::kSockets;
    many.remove(*crowd.nodes[which]);
    add(which); // waits for the packet of the old one
    many.flush();
    if (change % 10 == 9) // packets come in batches
      while (taken < crowd.count) many.packet(*crowd.cancelled[taken++]);
    if (change % 10 == 9) many.flush();
  }
  assert_true(many.compared() - before < 20 * Crowd::kChanges);
  many.remove_all();
  while (taken < crowd.count) many.packet(*crowd.cancelled[taken++]);
  assert_int_equal(many.pending(), 0);
  many.destroy([](uintptr_t) {});
}

void random_races(void **) {
  unsigned seed = 1;
  auto random = [&seed](unsigned below) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % below;
  };
  AfdNode *nodes[8] = {};
  moves_forget<kAfdMachine>();
  for (int step = 0; step < 200000; step++) {
    AfdNode *&node = nodes[random(8)];
    switch (random(7)) {
    case 0:
      if (!node && !nodes[(&node - nodes) ^ 1])
        node = &socket_node(1 + static_cast<uintptr_t>(&node - nodes) / 2); // shared numbers
      break;
    case 1:
      if (node) machine.remove(*node);
      node = nullptr;
      break;
    case 2:
    case 3:
      if (node) machine.want(*node, 1u << random(4));
      break;
    case 4: machine.flush(); break;
    case 5:
      if (fake.count)
        complete(*fake.pending[random(static_cast<unsigned>(fake.count))], 0, random(2),
                 1u << random(6));
      break;
    default: take_packets();
    }
  }
  assert_true(fake.reports > 100);
  assert_int_equal(moves_missing<kAfdMachine>(), 0);
}

} // namespace

#define MACHINE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main() {
  const CMUnitTest tests[] = {MACHINE_TEST(wants_are_submitted_together),
                              MACHINE_TEST(a_wider_want_waits_for_the_cancelled_poll),
                              MACHINE_TEST(a_cancel_that_loses_brings_events),
                              MACHINE_TEST(data_and_close_come_together),
                              MACHINE_TEST(an_empty_completion_is_asked_again),
                              MACHINE_TEST(a_late_packet_of_a_removed_socket_is_told_to_nobody),
                              MACHINE_TEST(the_same_socket_again_waits_for_the_old_poll),
                              MACHINE_TEST(a_refused_poll_is_reported_at_once),
                              MACHINE_TEST(a_failed_poll_is_reported),
                              MACHINE_TEST(a_refused_helper_is_told),
                              MACHINE_TEST(helpers_serve_groups),
                              MACHINE_TEST(a_socket_has_one_node),
                              MACHINE_TEST(a_table_without_memory_adds_nothing),
                              MACHINE_TEST(the_cost_of_a_submit_is_the_same_with_50_000_sockets),
                              MACHINE_TEST(random_races)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
