// A task of a scope or of the loop: on the heap, with the callable that made it and its arguments.
#ifndef EDDY_SPAWN_HPP
#define EDDY_SPAWN_HPP

#include <eddy/group.hpp>

#include <functional>
#include <memory>
#include <tuple>

namespace EDDY_NS::detail {

template<class T>
concept spawnable = std::is_void_v<T> || std::is_same_v<T, result<void>>;

// The coroutine may refer to its callable (a lambda's captures) and to its arguments: they live as long.
template<class F, class... Args>
class spawned final : public fiber {
public:
  using value = typename task_of<F, Args...>::value_type;
  static_assert(spawnable<value>, "what is spawned returns task<void> or task<result<void>>");

  template<class G, class... As>
  static void start(group &g, loop_state &where, G &&f, As &&...args) {
    std::unique_ptr<spawned> self(
        new spawned(g, where, std::forward<G>(f), std::forward<As>(args)...));
    self->call(); // may throw, if it is no coroutine
    self.release()->begin();
  }

private:
  friend std::default_delete<spawned>;
  static void *operator new(std::size_t size) { return frame_new(size); }
  static void operator delete(void *memory, std::size_t size) noexcept {
    frame_delete(memory, size);
  }

  template<class G, class... As>
  spawned(group &g, loop_state &where, G &&f, As &&...args)
      : fiber(where, &g.stop, at_end), group_(g), callable_(std::forward<G>(f)),
        args_(std::forward<As>(args)...) {}

  void begin() {
    group_.enter();
    frame_.promise().begin(*this, nullptr);
    next = frame_.get();
    run();
  }

  void call() {
    frame_ = std::apply(
        [this](auto &...args) { return std::invoke(callable_, std::move(args)...).take_frame(); },
        args_);
    if (!frame_) misuse("a task was awaited twice, or after it was moved away");
  }

  static fiber *at_end(fiber &f) {
    auto *self = static_cast<spawned *>(&f);
    group &g = self->group_;
    failure why = failure_of(self->frame_.promise());
    if constexpr (is_result<value>) {
      if (!why) why = failure(self->frame_.promise().take().error());
    }
    self->frame_.reset();
    delete self;
    g.note(why);
    return g.leave();
  }

  group &group_;
  F callable_;
  std::tuple<Args...> args_;
  owned_frame<task_promise<value>> frame_;
};

// A task by itself.
template<class T>
class holder {
public:
  explicit holder(task<T> t) : task_(std::move(t)) {}
  task<T> operator()() { return std::move(task_); }

private:
  task<T> task_;
};

template<class F, class... Args>
void spawn_into(group &g, loop_state &loop, F &&f, Args &&...args) {
  if constexpr (is_task<std::decay_t<F>>) {
    using held = holder<typename std::decay_t<F>::value_type>;
    spawned<held>::start(g, loop, held(std::forward<F>(f)));
  } else {
    spawned<std::decay_t<F>, std::decay_t<Args>...>::start(g, loop, std::forward<F>(f),
                                                           std::forward<Args>(args)...);
  }
}

} // namespace EDDY_NS::detail

#endif
