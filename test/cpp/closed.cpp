// What is closed, released, moved from or was never opened gives errc::closed: its operations, those that were made
// before, and what reads from it. Never the bytes of whoever has the handle's memory now.
#include "net.hpp"

namespace {

template<class T>
bool is_closed(const eddy::result<T> &r) {
  return r.error() == eddy::errc::closed;
}

// Each operation of a stream.
eddy::task<> all_closed(eddy::stream &s) {
  std::array<char, 4> bytes;
  std::array<eddy_buf_t, 1> list{eddy_buf_t{bytes.data(), bytes.size()}};
  auto peer = eddy::address::loopback(1);
  auto read = co_await s.read(bytes).nothrow();
  CHECK(is_closed(read));
  auto read_list = co_await s.read(list).nothrow();
  CHECK(is_closed(read_list));
  auto write = co_await s.write("text").within(1s).nothrow();
  CHECK(is_closed(write));
  auto write_list = co_await s.write(list).nothrow();
  CHECK(is_closed(write_list));
  auto wait = co_await s.wait(EDDY_READABLE).nothrow();
  CHECK(is_closed(wait));
  auto connect = co_await s.connect(peer).nothrow();
  CHECK(is_closed(connect));
  auto shutdown = co_await s.shutdown().nothrow();
  CHECK(is_closed(shutdown));
  auto uncongested = co_await s.uncongested().nothrow();
  CHECK(is_closed(uncongested));
  auto release = co_await s.release().nothrow();
  CHECK(is_closed(release));
  auto close = co_await s.close().nothrow();
  CHECK(is_closed(close));
  auto exactly = co_await eddy::read_exactly(s, bytes).nothrow();
  CHECK(is_closed(exactly));
  auto lines = s.lines(10);
  auto line = co_await lines.next().nothrow();
  CHECK(is_closed(line));

  CHECK(!s && !s.get() && !s.detach() && s.queued() == 0 && !s.congested());
  CHECK(s.native() == EDDY_NO_NATIVE);
  CHECK(is_closed(s.set_watermarks(1, 2)) && is_closed(s.bind(peer)));
  CHECK(is_closed(s.set_option(EDDY_OPT_NODELAY, 1)) && is_closed(s.option(EDDY_OPT_NODELAY)));
  CHECK(is_closed(s.local_address()) && is_closed(s.peer_address()));
  s.reset_connection();
  s.reset();
}

eddy::task<> by_every_way(eddy::loop &l) {
  eddy::stream none;
  co_await all_closed(none);

  auto closed = co_await test::connected(l);
  co_await closed.one.close();
  co_await all_closed(closed.one);

  auto reset = co_await test::connected(l);
  reset.one.reset_connection();
  co_await all_closed(reset.one);

  auto moved = co_await test::connected(l);
  eddy::stream target = std::move(moved.one);
  co_await all_closed(moved.one);

  auto released = co_await test::connected(l);
  eddy_native_t native = co_await released.one.release();
  co_await all_closed(released.one);
  auto again = eddy::stream::adopt(l, native);
  CHECK(again);

  // By the C API, behind the back of the object.
  auto behind = co_await test::connected(l);
  eddy_stream_close(behind.one.get(), nullptr, nullptr);
  co_await all_closed(behind.one);
}

eddy::task<> others(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  auto early = in.accept().nothrow();
  auto many = in.accept_many();
  co_await in.close();
  auto next = co_await many.next().nothrow();
  CHECK(is_closed(next));
  auto late = co_await early;
  CHECK(is_closed(late));
  auto accept = co_await in.accept_once().nothrow();
  CHECK(is_closed(accept));
  in.pause();
  in.resume();
  CHECK(in.local_address().family() == EDDY_AF_NONE && in.native() == EDDY_NO_NATIVE);
  CHECK(is_closed(in.set_option(EDDY_OPT_NODELAY, 1)));

  eddy::pool pool(l, 2, 64);
  auto both = co_await test::connected(l);
  auto chunks = both.one.chunks(pool);
  co_await pool.close();
  CHECK(pool.free() == 0);
  auto chunk = co_await chunks.next().nothrow();
  CHECK(is_closed(chunk));

  test::wire wire;
  eddy::fd fd(l, wire.out);
  auto poll = fd.poll(EDDY_READABLE).nothrow();
  co_await fd.close();
  auto polled = co_await poll;
  CHECK(is_closed(polled) && fd.native() == EDDY_NO_NATIVE);
}

eddy::task<> reads(eddy::stream &s, eddy::pool &pool, std::string &said) {
  auto chunks = s.chunks(pool);
  auto lines = s.lines(100);
  std::array<char, 100> bytes;
  auto stored = s.read(bytes).nothrow();
  auto first = co_await chunks.next().within(1ms).nothrow();
  CHECK(first.error() == std::errc::timed_out);
  while (s) co_await eddy::sleep_for(1ms);
  co_await eddy::sleep_for(5ms);
  auto chunk = co_await chunks.next().within(1s).nothrow();
  auto line = co_await lines.next().nothrow();
  auto read = co_await stored;
  CHECK(is_closed(chunk) && is_closed(line) && is_closed(read));
  said = "closed";
}

// The memory of its handle belongs to another connection when the reader goes on.
eddy::task<> another_has_its_memory(eddy::loop &l) {
  eddy::pool pool(l, 8, 256);
  auto victim = co_await test::connected(l);
  std::string said;
  eddy::scope tasks;
  auto body = [&]() -> eddy::task<> {
    tasks.spawn(reads, std::ref(victim.one), std::ref(pool), std::ref(said));
    co_await eddy::sleep_for(3ms);
    void *old = victim.one.get();
    co_await victim.one.close();
    co_await victim.two.close();
    std::vector<eddy::stream> fresh;
    for (int i = 0; i < 200 && (fresh.empty() || fresh.back().get() != old); i++) {
      auto made = eddy::stream::pair(l).value();
      co_await made.second.write("secret\n");
      co_await made.first.write("secret\n");
      fresh.push_back(std::move(made.second));
      fresh.push_back(std::move(made.first));
    }
    while (said.empty()) co_await eddy::sleep_for(1ms);
  };
  co_await tasks.run(body);
  CHECK(said == "closed");
}

// An operation can be awaited again.
eddy::task<> again(eddy::loop &l) {
  auto both = co_await test::connected(l);
  std::array<char, 1> byte;
  auto read = both.two.read(byte).nothrow();
  for (int i = 0; i < 3; i++) {
    co_await both.one.write("x");
    auto n = co_await read;
    CHECK(n && *n == 1);
  }
  co_await both.two.close();
  auto n = co_await read;
  CHECK(is_closed(n));
  auto once_more = co_await read;
  CHECK(is_closed(once_more));
}

// Trying again and again without looking at the error is no way to keep all others from running.
eddy::task<> tries_for_ever(const bool &over) {
  eddy::stream none;
  std::array<char, 4> bytes;
  while (!over) (void)co_await none.read(bytes).nothrow();
}
eddy::task<> let_run(eddy::loop &) {
  bool over = false;
  eddy::scope tasks;
  auto body = [&]() -> eddy::task<> {
    tasks.spawn(tries_for_ever, std::cref(over));
    co_await eddy::sleep_for(1ms);
    over = true;
  };
  co_await tasks.run(body);
}

struct pseudo_random {
  unsigned operator()(unsigned below) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
  }
  unsigned state;
};

// A reader and a writer on one stream, as people write them: each closes it when it has had enough.
eddy::task<> usual_reader(eddy::stream &s, pseudo_random &dice) {
  std::array<char, 64> bytes;
  for (;;) {
    auto n = co_await s.read(bytes).nothrow();
    if (!n || *n == 0) break;
    if (dice(8) == 0) co_await eddy::yield();
  }
  if (dice(2)) s.reset();
  if (dice(2)) (void)co_await s.close().nothrow();
}
eddy::task<> usual_writer(eddy::stream &s, pseudo_random &dice) {
  for (unsigned i = dice(5); i--;) {
    auto n = co_await s.write("some text").nothrow();
    if (!n && dice(2)) break;
    if (dice(2)) co_await eddy::yield();
  }
  (void)co_await s.shutdown().nothrow();
  if (dice(4) == 0) (void)co_await s.close().nothrow();
}
eddy::task<> peer(eddy::stream s, pseudo_random &dice) {
  std::array<char, 64> bytes;
  for (unsigned i = dice(4); i--;) {
    auto n = co_await s.read(bytes).nothrow();
    if (!n || *n == 0) break;
    (void)co_await s.write("an answer").nothrow();
  }
  if (dice(3) == 0) s.reset_connection();
}
eddy::task<test::pair> ends(eddy::loop &l) {
  if (!test::pairs_half_close) {
    auto made = co_await test::connected(l);
    co_return made;
  }
  auto both = eddy::stream::pair(l).value();
  co_return test::pair(std::move(both.first), std::move(both.second));
}

eddy::task<> rounds(eddy::loop &l) {
  pseudo_random dice{1};
  const int count = test::pairs_half_close ? 10000 : 500; // there are not more ports
  for (int i = 0; i < count; i++) {
    auto made = co_await ends(l);
    eddy::stream s = std::move(made.one);
    eddy::scope tasks;
    auto body = [&]() -> eddy::task<> {
      tasks.spawn(usual_reader, std::ref(s), std::ref(dice));
      tasks.spawn(usual_writer, std::ref(s), std::ref(dice));
      tasks.spawn(peer, std::move(made.two), std::ref(dice));
      for (unsigned turns = dice(6); turns--;) co_await eddy::yield();
      if (dice(3) == 0) s.reset();
    };
    co_await tasks.run(body);
  }
}

// close() and release() that were made while the object had another stream act on neither.
eddy::task<> moved_meanwhile(eddy::loop &l) {
  auto a = co_await test::connected(l), b = co_await test::connected(l);
  auto release = a.one.release();
  auto close = a.one.close();
  auto moved = std::move(a.one);
  auto released = co_await release.nothrow();
  CHECK(is_closed(released));
  a.one = std::move(b.one);
  auto again = co_await release.nothrow();
  CHECK(is_closed(again));
  auto closed = co_await close.nothrow();
  CHECK(is_closed(closed));
  CHECK(a.one && moved);
  std::array<char, 1> byte;
  co_await a.one.write("x");
  co_await b.two.read(byte);
  co_await moved.write("y");
  co_await a.two.read(byte);
  CHECK(byte[0] == 'y');
}

// What is refused stays; what is released is gone when the operation has begun, wherever its object is then.
eddy::task<> released_or_not(eddy::loop &l) {
  auto a = co_await test::connected(l);
  bool read = false;
  auto reads = [](eddy::stream &s, bool &done) -> eddy::task<> {
    std::array<char, 1> byte;
    co_await s.read(byte);
    done = true;
  };
  l.spawn(reads, std::ref(a.one), std::ref(read));
  co_await eddy::yield();
  auto busy = co_await a.one.release().nothrow();
  CHECK(busy.error() == eddy::errc::busy && a.one);
  co_await a.two.write("z");
  while (!read) co_await eddy::yield();
  auto given = co_await a.one.release();
  CHECK(!a.one);
  auto taken = eddy::stream::adopt(l, given);
  CHECK(taken);
}

eddy::task<> moved_readers(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  eddy::pool pool(l, 4, 256);
  auto a = co_await test::connected(l);
  auto accepts = in.accept_many();
  auto stored = accepts.next();
  auto chunks = a.one.chunks(pool);
  auto accepts_on = std::move(accepts);
  auto chunks_on = std::move(chunks);
  auto none = co_await accepts.next().within(1h).nothrow();
  CHECK(is_closed(none));
  auto nothing = co_await chunks.next().nothrow();
  CHECK(is_closed(nothing));
  chunks.pause();
  co_await a.two.write("x");
  auto chunk = co_await chunks_on.next();
  CHECK(chunk.bytes().size() == 1);
  auto late = co_await stored.within(1ms).nothrow(); // of what has moved on
  CHECK(late.error() == eddy::errc::timed_out);
}

} // namespace

TEST(moved_before_it_begins) { test::on_loop(moved_meanwhile); }
TEST(release) { test::on_loop(released_or_not); }
TEST(readers_that_were_moved) { test::on_loop(moved_readers); }
TEST(every_operation_of_a_stream) { test::on_loop(by_every_way); }
TEST(listeners_pools_descriptors_and_readers) { test::on_loop(others); }
TEST(nothing_of_another_connection) { test::on_loop(another_has_its_memory); }
TEST(awaited_again) { test::on_loop(again); }
TEST(others_run_meanwhile) { test::on_loop(let_run); }
TEST(a_reader_a_writer_and_a_peer_that_hangs_up) { test::on_loop(rounds); }

// The owner of a closed handle may outlive the loop.
TEST(after_the_loop) {
  eddy::stream s, released;
  eddy::listener in;
  {
    eddy::loop l;
    auto body = [&]() -> eddy::task<> {
      in = eddy::listener(l, eddy::address::loopback(0));
      s = eddy::stream(l);
      co_await s.close();
      co_await in.close();
      auto both = co_await test::connected(l);
      released = std::move(both.one);
      eddy_native_t native = co_await released.release();
      both.one = eddy::stream::adopt(l, native).value();
    };
    l.run(body());
  }
  CHECK(!s && !in && !released);
}
