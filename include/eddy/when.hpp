// when_all and when_any: several tasks at once. All of them have ended when these do.
//
//   auto both = co_await eddy::when_all(first(), second());    // std::tuple
//   auto one = co_await eddy::when_any(first(), second());     // std::variant; index() says which
//
// A task<void> gives std::monostate. Take the parts out with std::get: structured bindings of an awaited
// value are miscompiled by some compilers (docs/guide-cpp.md).
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

template<class Variant, std::size_t I, class... T>
Variant take_winner(const race &g, std::tuple<child<T>...> &children) {
  if constexpr (I + 1 == sizeof...(T)) {
    return Variant(std::in_place_index<I>, take_solid(std::get<I>(children)));
  } else {
    if (g.won(&std::get<I>(children)))
      return Variant(std::in_place_index<I>, take_solid(std::get<I>(children)));
    return take_winner<Variant, I + 1>(g, children);
  }
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
  for (std::size_t i = 0; i < tasks.size(); i++) children[i].emplace(std::move(tasks[i]));
  for (std::size_t i = 0; i < tasks.size(); i++) children[i]->start(all, self, detail::note_end);
  co_await all.join();
  detail::raise_first(all, self);
  std::vector<detail::solid<T>> values;
  values.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); i++) values.push_back(detail::take_solid(*children[i]));
  co_return values;
}

// What the first of them to end gives, be it a value or an exception. The others are cancelled, and have
// ended too; what they still brought is dropped.
template<class... T>
requires(sizeof...(T) > 0) task<std::variant<detail::solid<T>...>> when_any(task<T>... tasks) {
  detail::fiber &self = co_await detail::this_fiber();
  detail::race any(self);
  std::tuple<detail::child<T>...> children(std::move(tasks)...);
  std::apply([&](auto &...c) { (c.start(any, self, detail::race_end), ...); }, children);
  co_await any.join();
  co_return detail::take_winner<std::variant<detail::solid<T>...>, 0>(any, children);
}

} // namespace EDDY_NS

#endif
