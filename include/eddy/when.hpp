// when_all and when_any: several tasks at once. All of them have ended when these do.
//
//   auto both = co_await eddy::when_all(first(), second());    // std::tuple
//   auto any = co_await eddy::when_any(first(), second());     // which was first, and how each has ended
//   if (any.first == 0) use(std::get<0>(any.outcomes).value());
//
// A task<void> gives std::monostate to when_all. Take the parts out with std::get: structured bindings of an
// awaited value are miscompiled by some compilers (docs/guide-cpp.md).
#ifndef EDDY_WHEN_HPP
#define EDDY_WHEN_HPP

#include <eddy/group.hpp>

#include <memory>
#include <tuple>
#include <variant>
#include <vector>

namespace EDDY_NS {
namespace detail {

template<class T>
using solid = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template<class T>
solid<T> take_solid(child<T> &c) {
  if constexpr (std::is_void_v<T>)
    return c.take(), std::monostate();
  else
    return c.take();
}

// Failing children stop their siblings.
template<class T>
void note_end(group &g, child<T> &c) {
  g.note(c.why());
}

inline void raise_first(const group &g, const fiber &owner) {
#if EDDY_EXCEPTIONS
  if (g.first()) g.first().raise();
  if (g.stopped() && owner.stopping()) throw canceled();
#else
  (void)g, (void)owner;
#endif
}

// The children of when_any, which tell the first of them from the others.
class race : public group {
public:
  explicit race(fiber &owner) : group(owner) {}

  void finish(const void *c) {
    if (first_done_) return;
    first_done_ = c;
    stop.request();
  }
  bool won(const void *c) const { return first_done_ == c; }

private:
  const void *first_done_ = nullptr;
};

template<class T>
void race_end(group &g, child<T> &c) {
  static_cast<race &>(g).finish(&c);
}

template<class T>
outcome_of<T> take_outcome(child<T> &c) {
  if (failure why = c.why()) return outcome_of<T>(std::move(why));
  if constexpr (is_result<T>) {
    T ended = c.take();
    if (!ended) return outcome_of<T>(failure(ended.error()));
    if constexpr (std::is_void_v<typename T::value_type>)
      return {};
    else
      return std::move(*ended);
  } else if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return c.take();
  }
}

// Cancelled while nothing had come of any branch.
inline void raise_unless(bool came, const fiber &owner) {
#if EDDY_EXCEPTIONS
  if (!came && owner.stopping()) throw canceled();
#else
  (void)came, (void)owner;
#endif
}

} // namespace detail

// All values. The first failure cancels the others and is thrown when all have ended.
template<class... T>
requires(sizeof...(T) > 0) task<std::tuple<detail::solid<T>...>> when_all(task<T>... tasks) {
  detail::fiber &self = co_await detail::this_fiber();
  detail::group all(self);
  std::tuple<detail::child<T>...> children(std::move(tasks)...);
  std::apply([&](auto &...c) { (c.start(all, self, detail::note_end), ...); }, children);
  co_await all.join();
  detail::raise_first(all, self);
  co_return std::apply(
      [](auto &...c) { return std::tuple<detail::solid<T>...>(detail::take_solid(c)...); },
      children);
}

// The same for any number of tasks of one type, in their order.
template<class T>
task<std::vector<detail::solid<T>>> when_all(std::vector<task<T>> tasks) {
  detail::fiber &self = co_await detail::this_fiber();
  detail::group all(self);
  auto children = std::make_unique<std::optional<detail::child<T>>[]>(tasks.size());
  std::vector<detail::solid<T>>
      values; // before they begin: what they have is not to be lost for want of memory
  values.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); i++) children[i].emplace(std::move(tasks[i]));
  for (std::size_t i = 0; i < tasks.size(); i++) children[i]->start(all, self, detail::note_end);
  co_await all.join();
  detail::raise_first(all, self);
  for (std::size_t i = 0; i < tasks.size(); i++) values.push_back(detail::take_solid(*children[i]));
  co_return values;
}

// What when_any gives. Every branch has ended: with its value, with an error, or cancelled, for the others were
// when the first had ended. One that had its value by then, or all the same, has it here: look at all of them.
template<class Outcomes>
struct [[nodiscard]] when_any_result {
  std::size_t first; // the branch that ended first
  Outcomes outcomes; // of all, in their order: std::tuple<outcome<T>...>, or a vector
};

// How each of them ended, the first of them by itself. A task that is cancelled meanwhile is given the outcomes all
// the same if anything has come of a branch, a value or an error, and is canceled else (without exceptions, all
// outcomes are).
template<class... T>
requires(sizeof...(T) >
         0) task<when_any_result<std::tuple<outcome_of<T>...>>> when_any(task<T>... tasks) {
  using result_type = when_any_result<std::tuple<outcome_of<T>...>>;
  detail::fiber &self = co_await detail::this_fiber();
  detail::race any(self);
  std::tuple<detail::child<T>...> children(std::move(tasks)...);
  std::apply([&](auto &...c) { (c.start(any, self, detail::race_end), ...); }, children);
  co_await any.join();
  result_type ended = std::apply(
      [&](auto &...c) {
        std::size_t first = 0;
        bool found = false;
        ((first += !(found = found || any.won(&c))), ...);
        return result_type{first, {detail::take_outcome(c)...}};
      },
      children);
  bool came =
      std::apply([](const auto &...o) { return (!o.is_canceled() || ...); }, ended.outcomes);
  detail::raise_unless(came, self);
  co_return ended;
}

// The same for any number of tasks of one type. With none it ends at once, and `first` is 0.
template<class T>
task<when_any_result<std::vector<outcome_of<T>>>> when_any(std::vector<task<T>> tasks) {
  detail::fiber &self = co_await detail::this_fiber();
  detail::race any(self);
  auto children = std::make_unique<std::optional<detail::child<T>>[]>(tasks.size());
  when_any_result<std::vector<outcome_of<T>>> ended{0, {}};
  ended.outcomes.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); i++) children[i].emplace(std::move(tasks[i]));
  for (std::size_t i = 0; i < tasks.size(); i++) children[i]->start(any, self, detail::race_end);
  co_await any.join();
  bool came = tasks.empty();
  for (std::size_t i = 0; i < tasks.size(); i++) {
    if (any.won(&*children[i])) ended.first = i;
    ended.outcomes.push_back(detail::take_outcome(*children[i]));
    came = came || !ended.outcomes.back().is_canceled();
  }
  detail::raise_unless(came, self);
  co_return ended;
}

} // namespace EDDY_NS

#endif
