// Very many handles that close at once: each is looked at a few times in all, not once a turn.
#include "fake_test.hpp"
#include "loop_open.hpp"

#include <initializer_list>

using namespace eddy;
using namespace eddy::fake;

namespace {

constexpr int kMany = 20000, kBatch = 100;

Rec reads[kMany], closes[kMany];
char byte;
int held, given_back; // ops that the kernel has had, in their order; those that it gave back
Op *taken[kMany];
uint64_t looks;

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

Loop &open_counting() {
  counting = driver;
  counting.submit = take;
  counting.cancel = cancel_later;
  counting.quiesce = nothing;
  counting.quiet = look;
  counting.release = nothing;
  counting.poll = give_back;
  Tables tables = {&counting, nullptr};
  eddy_loop_t *loop = nullptr;
  assert_int_equal(loop_open(nullptr, &tables, &loop), 0);
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

void steps(Loop &loop, int most) {
  for (int i = 0; i < most && eddy_loop_alive(&loop); i++) eddy_loop_step(&loop, EDDY_NEVER);
  assert_int_equal(eddy_loop_alive(&loop), 0);
}

void handles_whose_ops_end_in_many_turns(void **) {
  Loop &loop = open_counting();
  for (int i = 0; i < kMany; i++) {
    eddy_stream *stream = without_descriptor(loop);
    fake::read(stream, reads[i], &byte, 1);
    fake::close(stream, &closes[i]);
  }
  steps(loop, kMany / kBatch + 3);
  for (int i = 0; i < kMany; i++) {
    ONCE(reads[i], EDDY_ECANCELED);
    ONCE(closes[i], 0);
  }
  assert_true(looks <= 3u * kMany);
  end(loop);
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
  end(loop);
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
    assert_int_equal(eddy_loop_close(&loop), 0);
  }
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(handles_whose_ops_end_in_many_turns),
      FAKE_TEST(refused_starts_hold_a_handle),
      FAKE_TEST(a_drain_and_a_lost_loop_end_them),
  };
  return cmocka_run_group_tests_name("seam_closing", tests, nullptr, nullptr);
}
