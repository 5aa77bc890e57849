// scope: a nursery for tasks.
//
//   eddy::scope conns;
//   auto body = [&]() -> eddy::task<> {
//     for (;;) conns.spawn(serve, co_await listener.accept());
//   };
//   co_await conns.run(body);
//
// run() ends when the body and all that was spawned have ended. The first failure cancels the others, and
// is thrown by run() when all have ended. Nothing that a scope started outlives it.
#ifndef EDDY_SCOPE_HPP
#define EDDY_SCOPE_HPP

#include <eddy/spawn.hpp>

#include <vector>

namespace EDDY_NS {

class scope {
public:
  scope() = default;
  scope(const scope &) = delete;
  scope &operator=(const scope &) = delete;
  ~scope() {
    if (group_ && !detail::left_by_fork && !loop_->inherited())
      detail::misuse("a scope was destroyed before its tasks were joined");
  }

  // Runs f(args...), a task<void> or task<result<void>>, and what it and others spawn meanwhile.
  template<class F, class... Args>
  task<void> run(F f, Args... args) {
    detail::fiber &self = co_await detail::this_fiber();
    if (group_) detail::misuse("a scope is running already");
    open open_(*this, self);
    begin(std::move(f), std::move(args)...);
    co_await group_->join();
    // Here, for one task more is one that there may be no memory for.
    while (!exits_.empty()) {
      detail::heed_again deaf(self);
      task<detail::failure> last = std::move(exits_.back());
      exits_.pop_back();
      detail::failure why;
#if EDDY_EXCEPTIONS
      try {
#endif
        why = co_await std::move(last);
#if EDDY_EXCEPTIONS
      } catch (...) {
        why = detail::failure(std::current_exception());
      }
#endif
      group_->note(why);
      co_await group_->join(); // with what it has spawned
    }
    error_ = group_->first().code();
#if EDDY_EXCEPTIONS
    if (group_->first()) group_->first().raise();
    if (group_->stopped() && self.stopping()) throw canceled();
#else
    if (!error_ && group_->stopped() && self.stopping()) error_ = make_error_code(errc::canceled);
#endif
  }

  // Starts f(args...) now, until it first waits. The callable and copies of the arguments are kept until
  // it has ended; so is a lambda with its captures. Only while the scope runs.
  template<class F, class... Args>
  void spawn(F &&f, Args &&...args) {
    if (!group_) detail::misuse("a task was spawned into a scope that is not running");
    detail::spawn_into(*group_, *loop_, std::forward<F>(f), std::forward<Args>(args)...);
  }

  // Has f(args...), a task<void> or task<result<void>>, run when all tasks have ended, however they did: for
  // clean-up that has to await something. The last given runs first. It is deaf to cancellation, so give it a
  // time-out. Its failure is that of run(), unless there is one already. Only while the scope runs.
  template<class F, class... Args>
  void on_exit(F f, Args... args) {
    if (!group_) detail::misuse("an exit task was given to a scope that is not running");
    exits_.push_back(exit_task(std::move(f), std::move(args)...));
  }

  // Cancels the body and all tasks. run() then ends without an error when they have ended.
  void cancel() {
    if (group_) group_->stop.request();
  }
  bool running() const { return group_.has_value(); }
  // Tasks that have not ended, the body included.
  std::size_t size() const { return group_ ? group_->pending() : 0; }
  // How the last run() failed: for programs without exceptions.
  std::error_code error() const { return error_; }

private:
  class open {
  public:
    open(scope &s, detail::fiber &owner) : scope_(s) {
      s.group_.emplace(owner);
      s.loop_ = owner.loop;
    }
    open(const open &) = delete;
    open &operator=(const open &) = delete;
    ~open() {
      if (scope_.group_->pending() && !scope_.loop_->inherited())
        detail::misuse("a scope was destroyed before its tasks were joined");
      scope_.group_.reset();
    }

  private:
    scope &scope_;
  };

  template<class F, class... Args>
  static task<detail::failure> exit_task(F f, Args... args) {
    using value = typename detail::task_of<F, Args...>::value_type;
    static_assert(detail::spawnable<value>,
                  "an exit task returns task<void> or task<result<void>>");
    if constexpr (detail::is_result<value>) {
      auto done = co_await f(std::move(args)...);
      co_return detail::failure(done.error());
    } else {
      co_await f(std::move(args)...);
      co_return detail::failure();
    }
  }

  // A body that fails before it is a task may have spawned others, and given exit tasks.
  template<class F, class... Args>
  void begin(F f, Args... args) {
#if EDDY_EXCEPTIONS
    try {
#endif
      detail::spawn_into(*group_, *loop_, std::move(f), std::move(args)...);
#if EDDY_EXCEPTIONS
    } catch (...) {
      group_->note(detail::failure(std::current_exception()));
    }
#endif
  }

  std::optional<detail::group> group_;
  std::vector<task<detail::failure>> exits_;
  detail::loop_state *loop_ = nullptr;
  std::error_code error_;
};

} // namespace EDDY_NS

#endif
