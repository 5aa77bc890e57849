// The C++ twin of scene.c: tasks as a program would write them. An error is thrown where it is met, and ends the scene;
// what has been begun has to end with it. The same arguments; --fail-memory N lets the Nth operator new fail.
#include <descriptors.h>
#include <eddy.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

static bool faults_expected, for_ever; // --faults, --always
static int told;
static std::atomic<long> memory_asked, memory_live;
static long memory_fails;
static std::atomic<bool> in_scene;

// Not inlined, or g++ sees free() meet operator new, and warns.
[[gnu::noinline]] void *operator new(std::size_t size) {
  if (in_scene && ++memory_asked == memory_fails) throw std::bad_alloc();
  void *memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  memory_live++;
  return memory;
}
[[gnu::noinline]] void operator delete(void *memory) noexcept {
  if (memory) memory_live--;
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void *memory, std::size_t) noexcept {
  operator delete(memory);
}

[[noreturn]] static void broken(const char *scene, const std::string &how) {
  std::printf("BROKEN: %s: %s\n", scene, how.c_str());
  std::fflush(stdout);
  _exit(1);
}

static void expect(bool kept, const char *what) {
  if (!kept) broken("scene", what);
}

static void own(const char *what) {
  if (!faults_expected) broken(what, std::strerror(errno));
  throw std::system_error(errno, std::generic_category());
}

// What the scenes have in common.

struct ends {
  eddy::stream one, two;
};

static eddy::task<ends> connected(eddy::loop &l, eddy::address at) {
  eddy::listener in(l, at);
  eddy::stream one(l, at.native().family);
  co_await one.connect(in.local_address()).within(5s);
  eddy::stream two = co_await in.accept();
  co_return ends{std::move(one), std::move(two)};
}

static eddy::task<> echo(eddy::stream s) {
  std::array<char, 4096> bytes;
  for (;;) {
    std::size_t n = co_await s.read(bytes);
    if (n == 0) co_return;
    co_await s.write(std::span(bytes).first(n));
  }
}

// The scenes.

static eddy::task<> client(eddy::loop &l, eddy::address at, int number) {
  eddy::stream s(l, at.native().family);
  co_await s.connect(at).within(5s);
  std::string text = "client " + std::to_string(number) + "\n";
  auto lines = s.lines(100);
  for (int i = 0; i < 3; i++) {
    co_await s.write(text);
    auto line = co_await lines.next();
    expect(!line || *line == text.substr(0, text.size() - 1), "an echo that is another");
    if (!line) throw std::system_error(eddy::make_error_code(eddy::errc::connection_reset));
  }
}

static eddy::task<> server(eddy::loop &l) {
  eddy::listener in(l, eddy::address::loopback(0));
  eddy::scope connections;
  auto serve = [&]() -> eddy::task<> {
    auto many = in.accept_many();
    for (int i = 0; i < 3; i++) {
      auto s = co_await many.next();
      connections.spawn(echo, std::move(s));
    }
  };
  std::vector<eddy::task<>> clients;
  for (int i = 0; i < 3; i++) clients.push_back(client(l, in.local_address(), i));
  co_await eddy::when_all(connections.run(serve), eddy::when_all(std::move(clients)));
}

static eddy::task<> local(eddy::loop &l) {
  std::string path = "/tmp/eddy-faults-cpp-" + std::to_string(getpid());
  unlink(path.c_str()); // of one that had this number before
  ends pair = co_await connected(l, eddy::address("unix:" + path));
  std::vector<char> out(1 << 18, 'x'), in(out.size());
  auto sends = [&]() -> eddy::task<> { co_await pair.one.write(out); };
  auto reads = [&]() -> eddy::task<> {
    bool whole = co_await eddy::read_exactly(pair.two, std::span(in));
    expect(whole && in == out, "bytes that are others");
  };
  co_await eddy::when_all(sends(), reads());
  co_await pair.one.close();
  std::size_t end = co_await pair.two.read(in);
  expect(end == 0, "an end that is none");
}

static eddy::task<> chunks(eddy::loop &l) {
  eddy::pool pool(l, 4, 4096);
  ends pair = co_await connected(l, eddy::address::loopback(0));
  std::vector<char> out(1 << 16, 'y');
  auto sends = [&]() -> eddy::task<> {
    co_await pair.one.write(out);
    co_await pair.one.shutdown();
  };
  auto reads = [&]() -> eddy::task<> {
    std::size_t got = 0;
    auto chunks = pair.two.chunks(pool);
    for (;;) {
      auto lease = co_await chunks.next();
      if (!lease) break;
      got += lease.bytes().size();
    }
    expect(got == out.size(), "an end that comes early");
  };
  co_await eddy::when_all(sends(), reads());
}

static eddy::task<> times(eddy::loop &l) {
  eddy::ticker ticker(l, 1ms);
  co_await ticker.next();
  co_await ticker.next();
  eddy::event never;
  auto late = co_await never.wait().within(1ms).nothrow();
  expect(!late, "a wait that ends");
  if (late.error() != std::errc::timed_out) throw std::system_error(late.error());
  auto sleeps = [](std::chrono::milliseconds time) -> eddy::task<int> {
    co_await eddy::sleep_for(time);
    co_return 7;
  };
  auto ended = co_await eddy::when_any(sleeps(1ms), sleeps(1h));
  expect(ended.first == 0 && std::get<0>(ended.outcomes).value() == 7, "the later one is first");
  auto which = co_await eddy::select(never.wait(), eddy::sleep_for(1ms));
  expect(which == 1, "what never comes is first");
}

static eddy::task<> between(eddy::loop &) {
  eddy::channel<int, 2> numbers;
  eddy::mutex mutex;
  auto sends = [&]() -> eddy::task<> {
    for (int i = 0; i < 10; i++) {
      auto guard = co_await mutex.lock();
      co_await numbers.send(i);
    }
    numbers.close();
  };
  auto receives = [&]() -> eddy::task<int> {
    int sum = 0;
    for (;;) {
      auto n = co_await numbers.receive();
      if (!n) co_return sum;
      sum += *n;
    }
  };
  auto both = co_await eddy::when_all(sends(), receives());
  expect(std::get<1>(both) == 45, "a value is lost");
}

static eddy::task<> until_set(eddy::event &ready) { co_await ready.wait(); }

static eddy::task<> threads(eddy::loop &l) {
  std::atomic<int> sum = 0;
  auto part = [&](std::size_t from, std::size_t to) { sum += static_cast<int>(to - from); };
  co_await eddy::parallel_for(0, 1000, 100, part);
  expect(sum == 1000, "a part is lost");
  eddy::event ready;
  auto sets = [&] { ready.set(); };
  eddy::loop::hold until_then(l);
  std::jthread other([remote = l.remote(), &sets] {
    for (bool posted = false; !posted;) {
      try {
        posted = remote.post(sets);
        expect(posted, "a loop that is there takes no post");
      } catch (const std::bad_alloc &) { // the next time there is some
      }
    }
  });
  auto waited = co_await eddy::shield(until_set(ready)).nothrow();
  expect(static_cast<bool>(waited), "a shielded wait has failed");
}

static eddy::task<> foreign(eddy::loop &l) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) own("pipe2");
  struct closer {
    int *ends;
    ~closer() {
      close(ends[0]);
      close(ends[1]);
    }
  } closes{ends};
  eddy::fd fd(l, ends[0]);
  if (write(ends[1], "x", 1) != 1) own("write");
  std::uint32_t events = co_await fd.poll(EDDY_READABLE);
  expect(events & EDDY_READABLE, "a poll tells of nothing");
}

struct scene {
  const char *name;
  eddy::task<> (*run)(eddy::loop &);
};

static constexpr scene scenes[] = {{"server", server},  {"local", local},     {"chunks", chunks},
                                   {"times", times},    {"between", between}, {"threads", threads},
                                   {"foreign", foreign}};

static void told_of(const char *name, const std::error_code &code) {
  told++;
  bool ours = code.category() == eddy::make_error_code(eddy::errc::closed).category();
  if (ours && code.value() == EDDY_EUNKNOWN) broken(name, "an error without a name");
  if (!faults_expected) broken(name, code.message());
}

static void play(const scene &its) {
  auto begin = std::chrono::steady_clock::now();
  try {
    eddy::loop l;
    l.run(eddy::with_timeout(its.run(l), for_ever ? 1s : 20s));
  } catch (const eddy::canceled &) {
    broken(its.name, "cancelled, and nobody has done it");
  } catch (const std::system_error &error) {
    bool late = std::chrono::steady_clock::now() - begin > 20s; // else somebody has said so
    if (error.code() == eddy::errc::timed_out && late && !for_ever)
      broken(its.name, "it waits for ever");
    told_of(its.name, error.code());
  } catch (const std::bad_alloc &) {
    told++;
    if (!faults_expected) broken(its.name, "no memory");
  }
}

int main(int argc, char **argv) {
  const scene *its = nullptr;
  for (int i = 1; i < argc; i++) {
    std::string argument = argv[i];
    for (const scene &s : scenes) {
      if (argument == "--list") std::puts(s.name);
      if (argument == s.name) its = &s;
    }
    faults_expected |= argument == "--faults" || argument == "--always";
    for_ever |= argument == "--always";
    if (argument == "--fail-memory" && i + 1 < argc) memory_fails = std::atol(argv[++i]);
    if (argument == "--list") return 0;
  }
  if (!its) return std::fprintf(stderr, "no such scene\n"), 2;
  int before = open_descriptors();
  long live = memory_live;
  in_scene = true;
  play(*its);
  in_scene = false;
  int left = open_descriptors() - before;
  for (int tries = 0; left && tries < 50; tries++) {
    usleep(2000);
    left = open_descriptors() - before;
  }
  if (left > 0) broken(its->name, "descriptors are left open");
  if (memory_live > live) broken(its->name, "memory is not given back");
  std::printf("kept: %s, %d errors told, %ld requests for memory\n", its->name, told,
              memory_asked.load());
}
