// <eddy/wait_queue.hpp>: lines of tasks from which some leave before their turn.
#include "net.hpp"

#include <initializer_list>
#include <random>

static eddy::task<> waits(eddy::semaphore &line, std::vector<int> &order, int number,
                          std::chrono::milliseconds patience) {
  auto got = patience > 0ms ? co_await line.acquire().within(patience).nothrow()
                            : co_await line.acquire().nothrow();
  order.push_back(got ? number : -number - 1);
}

static eddy::task<> some_leave(eddy::loop &l) {
  eddy::semaphore line(0);
  std::vector<int> order;
  std::minstd_rand random(1);
  int stay = 0;
  for (int i = 0; i < 200; i++) {
    bool impatient = random() % 3 == 0;
    stay += !impatient;
    l.spawn(waits, std::ref(line), std::ref(order), i, impatient ? 1ms : 0ms);
  }
  while (order.size() < static_cast<std::size_t>(200 - stay)) co_await eddy::sleep_for(1ms);
  for (int number : order) CHECK(number < 0);
  order.clear();
  line.release(static_cast<std::size_t>(stay));
  while (order.size() < static_cast<std::size_t>(stay)) co_await eddy::yield();
  for (std::size_t i = 1; i < order.size(); i++) CHECK(order[i - 1] < order[i]);
  CHECK(order.front() >= 0 && line.available() == 0);
}

TEST(who_stays_keeps_its_place) { test::on_loop(some_leave); }

static eddy::task<> takes_turns(eddy::semaphore &line, std::string &log, char name) {
  for (int i = 0; i < 3; i++) {
    co_await line.acquire();
    log += name;
    line.release();
    co_await eddy::yield();
  }
}

static eddy::task<> nobody_barges(eddy::loop &l) {
  eddy::semaphore line(1);
  std::string log;
  for (char name : {'a', 'b', 'c'}) l.spawn(takes_turns, std::ref(line), std::ref(log), name);
  while (log.size() < 9) co_await eddy::yield();
  CHECK(log == "abcabcabc");
}

TEST(nobody_barges_in) { test::on_loop(nobody_barges); }

static eddy::task<> waits_once(eddy::event &e, int &woken, int &canceled) {
  auto r = co_await e.wait().nothrow();
  (r ? woken : canceled)++;
}

static eddy::task<> set_and_cancelled(eddy::loop &) {
  eddy::event e;
  int woken = 0, canceled = 0;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    for (int i = 0; i < 10; i++)
      s.spawn(waits_once, std::ref(e), std::ref(woken), std::ref(canceled));
    co_await eddy::yield();
    e.set();    // they have it,
    s.cancel(); // and keep it
  };
  co_await s.run(body);
  CHECK(woken == 10 && canceled == 0);
}

TEST(a_cancel_comes_too_late_for_who_has_it) { test::on_loop(set_and_cancelled); }

static eddy::task<> insists(eddy::event &e, bool &over) {
  while (!over) {
    auto waited = co_await e.wait().nothrow();
    CHECK(waited.is_canceled()); // each time
  }
}

static eddy::task<> a_turn() { co_await eddy::yield(); }

static eddy::task<> others_get_their_turn(eddy::loop &) {
  eddy::event never;
  bool over = false;
  eddy::scope s;
  auto body = [&]() -> eddy::task<> {
    s.spawn(insists, std::ref(never), std::ref(over));
    s.cancel();
    co_await eddy::shield(a_turn());
    over = true;
  };
  co_await s.run(body);
}

TEST(a_cancelled_task_that_insists_lets_others_run) { test::on_loop(others_get_their_turn); }
