// Remotes from the loop's side: posts, wake-ups and the word that saves system calls.
#include "run_nothing.h"

#if HAS_UNIX_SOCKETS

#include "fake_test.hpp"

using namespace eddy;
using namespace eddy::fake;

namespace {

int post(eddy_remote_t *remote, Rec &rec) {
  inside_call++;
  int posted = eddy_post(remote, &rec.op, rec_cb);
  inside_call--;
  if (posted == EDDY_PENDING) rec.starts++;
  return posted;
}

struct Remote {
  Loop &loop = *open(false);
  eddy_remote_t *remote = eddy_loop_remote(&loop);
  void finish() {
    end(loop);
    eddy_remote_release(remote);
  }
};

void posts_come_in_order(void **) {
  Remote r;
  Rec recs[20] = {};
  for (Rec &rec : recs) assert_int_equal(post(r.remote, rec), EDDY_PENDING);
  assert_int_equal(eddy_loop_alive(&r.loop), 1);
  assert_int_equal(eddy_loop_run(&r.loop), 0);
  for (int i = 0; i < 20; i++) {
    ONCE(recs[i], 0);
    assert_int_equal(recs[i].order, i + 1);
  }
  r.finish();
}

eddy_remote_t *target;

void post_again(Rec &rec, int64_t) {
  if (rec.finals < 5) post(target, rec);
}

void a_post_by_a_post_waits_for_the_next_turn(void **) {
  Remote r;
  Rec rec = {};
  rec.then = post_again;
  target = r.remote;
  post(r.remote, rec);
  for (int i = 1; i <= 5; i++) {
    assert_int_equal(eddy_loop_next_deadline(&r.loop), 0);
    turn(r.loop);
    assert_int_equal(rec.finals, i);
  }
  assert_int_equal(world(r.loop).waits, 0);
  r.finish();
}

void a_cancelled_post_says_so(void **) {
  Remote r;
  Rec rec = {};
  post(r.remote, rec);
  cancel(rec);
  cancel(rec);
  assert_int_equal(rec.calls, 0);
  eddy_loop_run(&r.loop);
  ONCE(rec, EDDY_ECANCELED);
  post(r.remote, rec);
  eddy_loop_run(&r.loop);
  ONCE(rec, 0);
  r.finish();
}

void drain_delivers_and_then_refuses(void **) {
  Remote r;
  Rec before = {}, during = {}, after = {};
  post(r.remote, before);
  before.then = [](Rec &rec, int64_t) {
    assert_int_equal(post(target, *static_cast<Rec *>(rec.context)), EDDY_ECLOSED);
  };
  before.context = &during;
  target = r.remote;
  assert_int_equal(eddy_loop_drain(&r.loop, kStart), 0);
  ONCE(before, EDDY_ECANCELED);
  assert_int_equal(eddy_op_pending(&during.op), 0);
  assert_int_equal(post(r.remote, after), EDDY_ECLOSED);
  assert_int_equal(eddy_loop_close(&r.loop), 0);
  assert_int_equal(post(r.remote, after), EDDY_ECLOSED);
  assert_int_equal(after.calls, 0);
  eddy_remote_stop(r.remote); // nobody there, nothing happens
  eddy_remote_wake(r.remote);
  eddy_remote_release(r.remote);
}

void an_undelivered_post_forbids_the_close(void **) {
  Remote r;
  Rec rec = {};
  post(r.remote, rec);
  assert_int_equal(eddy_loop_close(&r.loop), EDDY_EBUSY);
  eddy_loop_run(&r.loop);
  ONCE(rec, 0);
  assert_int_equal(post(r.remote, rec), EDDY_PENDING); // the refusal has changed nothing
  eddy_loop_run(&r.loop);
  ONCE(rec, 0);
  r.finish();
}

void wake_ends_a_wait(void **) {
  Remote r;
  Rec timer = {};
  fake::sleep(r.loop, timer, kStart + EDDY_SECOND);
  eddy_remote_wake(r.remote);
  eddy_remote_wake(r.remote);
  eddy_loop_step(&r.loop, EDDY_NEVER);
  assert_int_equal(timer.calls, 0);
  assert_int_equal(world(r.loop).now, kStart);
  eddy_loop_step(&r.loop, EDDY_NEVER); // both were one
  ONCE(timer, 0);
  r.finish();
}

void a_remote_stop_is_sticky(void **) {
  Remote r;
  Rec timer = {};
  fake::sleep(r.loop, timer, kStart + EDDY_SECOND);
  eddy_remote_stop(r.remote);
  assert_int_equal(eddy_loop_run(&r.loop), 1);
  assert_int_equal(world(r.loop).waits, 0);
  assert_int_equal(eddy_loop_run(&r.loop), 0);
  ONCE(timer, 0);
  r.finish();
}

void wake_now(Line &line, uint64_t) { eddy_remote_wake(line.source->loop->remote); }

void only_a_sleeping_loop_is_signalled(void **) {
  Remote r;
  eddy_stream_t *stream = fake::stream(r.loop);
  Rec timer = {}, rec = {};
  assert_int_equal(r.remote->sleep.load(), kAsleep); // outside of a run every post signals
  post(r.remote, rec);
  assert_int_equal(r.remote->sleep.load(), kNotified);
  timer.then = [](Rec &, int64_t) {
    eddy_remote_t *remote = loop_running()->remote;
    assert_int_equal(remote->sleep.load(), kAwake);
    eddy_remote_wake(remote); // awake: the word changes, nothing is written
    assert_int_equal(remote->sleep.load(), kNotified);
  };
  fake::sleep(r.loop, timer, kStart + 20);
  fake::at(kStart + 10, line(stream), wake_now);
  eddy_loop_run(&r.loop);
  ONCE(timer, 0);
  assert_int_equal(r.remote->sleep.load(), kAsleep);
  r.finish();
}

void references_keep_it(void **) {
  Remote r;
  assert_ptr_equal(eddy_remote_retain(r.remote), r.remote);
  eddy_remote_release(r.remote);
  assert_int_equal(r.remote->references.load(), 2);
  r.finish();
}

} // namespace

int main() {
  const CMUnitTest tests[] = {
      FAKE_TEST(posts_come_in_order),
      FAKE_TEST(a_post_by_a_post_waits_for_the_next_turn),
      FAKE_TEST(a_cancelled_post_says_so),
      FAKE_TEST(drain_delivers_and_then_refuses),
      FAKE_TEST(an_undelivered_post_forbids_the_close),
      FAKE_TEST(wake_ends_a_wait),
      FAKE_TEST(a_remote_stop_is_sticky),
      FAKE_TEST(only_a_sleeping_loop_is_signalled),
      FAKE_TEST(references_keep_it),
  };
  return cmocka_run_group_tests_name("core_remote", tests, nullptr, nullptr);
}

#else
RUN_NOTHING("the streams of the fake driver are pairs of Unix sockets");
#endif
