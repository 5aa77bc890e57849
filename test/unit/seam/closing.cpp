// Very many handles that close at once: each is looked at a few times in all, not once a turn.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

#include "core/loop_open.hpp"

#include <initializer_list>

#include <sys/mman.h>

using namespace eddy;
using namespace eddy::fake;

namespace {

constexpr int kMany = 20000, kBatch = 100, kFirst = 1000;
constexpr size_t kRoom = 64 << 20, kPage = 4096;

Rec reads[kMany], closes[kMany];
char byte;
int held, given_back; // ops that the kernel has had, in their order; those that it gave back
Op *taken[kMany];
uint64_t looks;
eddy_stream *streams[kMany];
char *room, *room_end; // handles lie here in the order in which they were opened, more or less

void *cut(void *, size_t size) {
  void *got = room_end;
  room_end += (size + 63) / 64 * 64;
  return room_end <= room + kRoom ? got : nullptr;
}
void keep(void *, void *, size_t) {}

void take(Op &op) {
  taken[held++] = &op;
  op_activate(op);
}

bool cancel_later(Op &op) { return op.state != State::active; }

bool look(const Source &) {
  looks++;
  return true;
}

void nothing(Source &) {}

void give_back(Loop &, Time) {
  for (int i = 0; i < kBatch && given_back < held; i++) {
    Op &op = *taken[given_back];
    if (op.reason == Reason::none) return;
    given_back++;
    op_requeue(op);
    op_end_reason(op);
  }
}

Driver counting;

int on_counting(Loop &loop, const eddy_loop_options_t &options) {
  loop.driver = &counting;
  return static_cast<int>(counting.open(loop, options.ring_entries).value);
}

Loop &open_counting() {
  counting = driver;
  counting.submit = take;
  counting.cancel = cancel_later;
  counting.quiesce = nothing;
  counting.quiet = look;
  counting.release = nothing;
  counting.poll = give_back;
  void *got = mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(got != MAP_FAILED);
  room = room_end = static_cast<char *>(got);
  eddy_loop_options_t options = {};
  options.size = sizeof options;
  options.alloc = cut;
  options.release = keep;
  eddy_loop_t *loop = nullptr;
  assert_int_equal(loop_open(&options, on_counting, &loop), 0);
  held = given_back = 0;
  looks = 0;
  memset(static_cast<void *>(reads), 0, sizeof reads);
  memset(static_cast<void *>(closes), 0, sizeof closes);
  return *loop;
}

eddy_stream *without_descriptor(Loop &loop) {
  eddy_stream *stream = stream_new(loop);
  stream->life = Life::connected;
  return stream;
}

void end_counting(Loop &loop) {
  end(loop);
  munmap(room, kRoom);
}

// All handles but the first and the last.
void reach(int protection) {
  uintptr_t from = 0, to = UINTPTR_MAX;
  for (int i = 0; i < kMany; i++) {
    uintptr_t at = reinterpret_cast<uintptr_t>(streams[i]);
    if (i < kFirst && at > from) from = at;
    if (i >= kMany - kFirst && at < to) to = at;
  }
  from = (from + sizeof(eddy_stream) + kPage - 1) / kPage * kPage;
  to = to / kPage * kPage;
  assert_true(to > from + kMany / 2 * sizeof(eddy_stream));
  assert_int_equal(mprotect(reinterpret_cast<void *>(from), to - from, protection), 0);
}

void steps(Loop &loop, int most) {
  for (int i = 0; i < most && eddy_loop_alive(&loop); i++) eddy_loop_step(&loop, EDDY_NEVER);
  assert_int_equal(eddy_loop_alive(&loop), 0);
}

void handles_whose_ops_end_in_many_turns(void **) {
  Loop &loop = open_counting();
  for (int i = 0; i < kMany; i++) {
    streams[i] = without_descriptor(loop);
    fake::read(streams[i], reads[i], &byte, 1);
    fake::close(streams[i], &closes[i]);
  }
  turn(loop);
  reach(PROT_NONE); // while the first ones end, the others are not touched
  turn(loop, kFirst / kBatch - 2);
  assert_int_equal(closes[kFirst - 2 * kBatch].finals, 1);
  reach(PROT_READ | PROT_WRITE);
  steps(loop, kMany / kBatch + 3);
  for (int i = 0; i < kMany; i++) {
    ONCE(reads[i], EDDY_ECANCELED);
    ONCE(closes[i], 0);
  }
  assert_true(looks <= 3u * kMany);
  end_counting(loop);
}

// A pool that closes ends its own reads, and looks at no other handle for them.
void a_pool_knows_its_reads(void **) {
  Loop &loop = open_counting();
  eddy_pool_t *pool = fake::pool(loop, 4);
  for (int i = 0; i < kMany; i++) streams[i] = without_descriptor(loop);
  eddy_stream_t *of_pool[] = {streams[0], streams[1], streams[kMany - 1]};
  for (int i = 0; i < 3; i++) fake::read_pool(of_pool[i], reads[i], pool, 1);
  turn(loop);
  reach(PROT_NONE);
  assert_int_equal(eddy_pool_close(pool, &closes[0].op, rec_cb), EDDY_PENDING);
  turn(loop, 3);
  reach(PROT_READ | PROT_WRITE);
  for (int i = 0; i < 3; i++) ONCE(reads[i], EDDY_ECANCELED);
  assert_int_equal(closes[0].finals, 1);
  end_counting(loop);
}

// Starts on a closing handle are refused, and it outlives their callbacks.
void refused_starts_hold_a_handle(void **) {
  Loop &loop = open_counting();
  eddy_stream *stream = without_descriptor(loop);
  fake::read(stream, reads[0], &byte, 1);
  fake::close(stream, &closes[0]);
  fake::read(stream, reads[1], &byte, 1);
  turn(loop); // the first read is given back, the refused one delivered
  fake::read(stream, reads[2], &byte, 1);
  steps(loop, 4);
  ONCE(reads[0], EDDY_ECANCELED);
  ONCE(reads[1], EDDY_ECLOSED);
  ONCE(reads[2], EDDY_ECLOSED);
  ONCE(closes[0], 0);
  assert_true(closes[0].order > reads[0].order && closes[0].order > reads[2].order);
  end_counting(loop);
}

// A lost loop and a drain find those that wait too.
void a_drain_and_a_lost_loop_end_them(void **) {
  for (bool lost : {false, true}) {
    Loop &loop = open_counting();
    for (int i = 0; i < 10; i++) {
      eddy_stream *stream = without_descriptor(loop);
      fake::read(stream, reads[i], &byte, 1);
      fake::close(stream, &closes[i]);
    }
    counting.poll = [](Loop &, Time) {};
    turn(loop, 2);
    if (lost)
      loop_lost(loop, 5);
    else
      counting.poll = give_back;
    assert_int_equal(eddy_loop_drain(&loop, world(loop).now + EDDY_SECOND), 0);
    for (int i = 0; i < 10; i++) {
      ONCE(reads[i], lost ? EDDY_ELOST : EDDY_ECANCELED);
      ONCE(closes[i], 0);
    }
    end_counting(loop);
  }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(handles_whose_ops_end_in_many_turns),
      FAKE_TEST(a_pool_knows_its_reads),
      FAKE_TEST(refused_starts_hold_a_handle),
      FAKE_TEST(a_drain_and_a_lost_loop_end_them),
  };
  return cmocka_run_group_tests_name("seam_closing", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
