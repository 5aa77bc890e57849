// Tasks whose end somebody is told, or asks for, who did not await them.
//
//   eddy::start(loop, work(), [](eddy::outcome<int> ended) { ... });     // from plain code
//   auto job = eddy::spawn_joinable(scope, work);
//   int n = co_await job.join();
#ifndef EDDY_JOINABLE_HPP
#define EDDY_JOINABLE_HPP

#include <eddy/event.hpp>
#include <eddy/loop.hpp>
#include <eddy/scope.hpp>
#include <eddy/when.hpp>

#include <memory>

namespace EDDY_NS {
namespace detail {

template<class T>
void leave_it(group &, child<T> &) {}

// However the task ends, with what it ends.
template<class T>
task<outcome_of<T>> settled(task<T> work) {
  fiber &self = co_await this_fiber();
  group one(self);
  child<T> only(std::move(work));
  only.start(one, self, leave_it);
  co_await one.join();
  co_return take_outcome(only);
}

// What is thrown before the task has begun, or by its value on its way, is how it ended, too: somebody waits for that.
template<class T, class F>
task<void> tell(task<T> work, F done) {
  std::optional<outcome_of<T>> ended;
#if EDDY_EXCEPTIONS
  try {
#endif
    ended.emplace(co_await settled(std::move(work)));
#if EDDY_EXCEPTIONS
  } catch (...) {
    ended.emplace(failure(std::current_exception()));
  }
#endif
  done(std::move(*ended));
}

template<class T>
struct joint {
  event over;
  std::optional<outcome_of<T>> ended;
};

template<class T, class F, class... Args>
task<void> settle_joint(std::shared_ptr<joint<T>> shared, F f, Args... args) {
#if EDDY_EXCEPTIONS
  try {
#endif
    shared->ended.emplace(co_await settled(f(std::move(args)...)));
#if EDDY_EXCEPTIONS
  } catch (...) {
    shared->ended.emplace(failure(std::current_exception()));
  }
#endif
  shared->over.set();
}

} // namespace detail

// Starts a task on a loop, from its thread, inside a task or not, and calls done(outcome) there when it has ended, once.
// The loop has to run, and cancels it like all tasks that were spawned in it. `done` may not throw.
template<class T, class F>
void start(loop &l, task<T> work, F done) {
  l.spawn(detail::tell<T, F>, std::move(work), std::move(done));
}

// A task of a scope or a loop, which any tasks of that loop may join, each in turn, or nobody.
template<class T>
class joinable {
public:
  joinable() = default;
  explicit joinable(std::shared_ptr<detail::joint<T>> shared) : shared_(std::move(shared)) {}

  bool over() const { return shared()->ended.has_value(); }
  // Until it is over: what it ended with. The first to be served has its value. To be cancelled here leaves it running.
  task<outcome_of<T>> outcome() { return outcome_from(shared()); }
#if EDDY_EXCEPTIONS
  // Its value, or throws what it threw.
  task<typename outcome_of<T>::value_type> join() { return value_from(shared()); }
#endif

private:
  using shared_joint = std::shared_ptr<detail::joint<T>>;

  // Of the task's own: the joinable may be gone or moved by the time that they begin.
  static task<outcome_of<T>> outcome_from(shared_joint shared) {
    co_await shared->over.wait();
    co_return std::move(*shared->ended);
  }
#if EDDY_EXCEPTIONS
  static task<typename outcome_of<T>::value_type> value_from(shared_joint shared) {
    co_await shared->over.wait();
    co_return std::move(*shared->ended).value();
  }
#endif

  const shared_joint &shared() const {
    if (!shared_) detail::misuse("a joinable was asked that has no task, or was moved away");
    return shared_;
  }

  shared_joint shared_;
};

// Starts f(args...) in a scope or a loop. How it fails is the joiner's to see, and cancels no other task.
template<class Where, class F, class... Args>
auto spawn_joinable(Where &where, F f, Args... args) {
  using value = typename detail::task_of<F, Args...>::value_type;
  auto shared = std::make_shared<detail::joint<value>>();
  where.spawn(detail::settle_joint<value, F, Args...>, shared, std::move(f), std::move(args)...);
  return joinable<value>(shared);
}

} // namespace EDDY_NS

#endif
