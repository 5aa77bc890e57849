// The spellings that every compiler translates rightly. The wrong ones, which some compilers get wrong, are
// in docs/guide-cpp.md, and test/lint/awaits.py refuses them.
#include "net.hpp"

namespace {

// Counts how often each of its kind is made and destroyed: twice destroyed is what the bugs do.
class counted {
public:
  explicit counted(std::string text) : text_(std::move(text)) { alive++; }
  counted(const counted &other) : text_(other.text_) { alive++; }
  counted(counted &&other) noexcept : text_(std::move(other.text_)) { alive++; }
  counted &operator=(const counted &) = default;
  ~counted() { alive--; }
  const std::string &text() const { return text_; }
  static inline int alive;

private:
  std::string text_;
};

class options {
public:
  options &name(std::string value) {
    name_ = std::move(value);
    return *this;
  }
  const std::string &name() const { return name_; }

private:
  std::string name_;
  counted inner_{"inner"};
};

} // namespace

static eddy::task<bool> yes_later() {
  co_await eddy::yield();
  co_return true;
}

// No local at the top level, and an await that decides: g++ 12.2 needs the name.
static eddy::task<int> decides() {
  auto yes = co_await yes_later();
  if (yes) co_return 1;
  co_return 2;
}

static eddy::task<int> loops() {
  for (int i = 0;; i++) {
    auto go_on = co_await yes_later();
    if (!go_on || i == 5) co_return i;
  }
}

static eddy::task<int> switches() {
  auto yes = co_await yes_later();
  switch (int{yes}) {
  case 1: co_return 1;
  default: co_return 2;
  }
}

TEST(an_await_that_decides_has_a_name) {
  eddy::loop l;
  CHECK(l.run(decides()) == 1 && l.run(loops()) == 5 && l.run(switches()) == 1);
}

static eddy::task<std::size_t> takes(options o) {
  co_await eddy::yield();
  co_return o.name().size();
}

static eddy::task<std::size_t> takes_text(counted c) {
  co_await eddy::yield();
  co_return c.text().size();
}

static eddy::task<> named_arguments() {
  options o;
  o.name(std::string(100, 'x'));
  std::size_t n = co_await takes(std::move(o));
  CHECK(n == 100);
  counted c(std::string(50, 'y'));
  n = co_await takes_text(std::move(c));
  CHECK(n == 50);
}

TEST(options_are_named_then_moved) {
  eddy::loop l;
  l.run(named_arguments());
  CHECK(counted::alive == 0);
}

template<class F>
static eddy::task<std::size_t> calls(F f) {
  co_await eddy::yield();
  co_return f();
}

static eddy::task<> named_lambdas() {
  counted c(std::string(100, 'z'));
  auto f = [c] { return c.text().size(); };
  std::size_t n = co_await calls(f);
  CHECK(n == 100);
  n = co_await calls(std::move(f));
  CHECK(n == 100);
}

TEST(lambdas_are_named) {
  eddy::loop l;
  l.run(named_lambdas());
  CHECK(counted::alive == 0);
}

static eddy::task<std::size_t> counts(std::vector<counted> all) {
  co_await eddy::yield();
  co_return all.size();
}

static eddy::task<> named_lists() {
  std::vector<counted> two{counted("a"), counted("b")};
  std::size_t n = co_await counts(std::move(two));
  CHECK(n == 2);
}

TEST(initializer_lists_are_named) {
  eddy::loop l;
  l.run(named_lists());
  CHECK(counted::alive == 0);
}

// What the facade itself passes as temporaries: tasks, addresses, buffers, ops, values of channels.
static eddy::task<> temporaries() {
  eddy::channel<counted, 1> c;
  co_await c.send(counted("sent"));
  auto got = co_await c.receive();
  CHECK(got && got->text() == "sent");
  auto both = co_await eddy::when_all(takes_text(counted("one")), takes_text(counted("three")));
  CHECK(std::get<0>(both) == 3 && std::get<1>(both) == 5);
  std::size_t n = co_await eddy::with_timeout(takes_text(counted("timed")), 10s);
  CHECK(n == 5);
}

TEST(temporaries_of_the_facade) {
  eddy::loop l;
  l.run(temporaries());
  CHECK(counted::alive == 0);
}

static eddy::task<std::tuple<counted, counted>> gives_two() {
  co_await eddy::yield();
  co_return std::tuple(counted("first"), counted("second"));
}

static eddy::task<> no_structured_bindings() {
  auto two = co_await gives_two();
  CHECK(std::get<0>(two).text() == "first" && std::get<1>(two).text() == "second");
}

TEST(parts_are_taken_with_get) {
  eddy::loop l;
  l.run(no_structured_bindings());
  CHECK(counted::alive == 0);
}
