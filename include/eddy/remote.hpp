// The way to a loop from other threads.
//
//   bool accepted = remote.post([&] { ready.set(); });
//
// The function runs on the loop's thread, in the loop's next turn, and those of one thread in their order. It is no
// task: it must neither block nor throw, and starts a task by loop::spawn. It can use whatever belongs to the loop.
#ifndef EDDY_REMOTE_HPP
#define EDDY_REMOTE_HPP

#include <eddy/remote.h>
#include <eddy/task.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace EDDY_NS {
namespace detail {

// While this thread ends a loop whose tasks have all ended: counts what was posted to it, and is not run any more.
inline constinit thread_local std::size_t *posts_dropped = nullptr;

class drop_posts {
public:
  explicit drop_posts(std::size_t *count) : before_(std::exchange(posts_dropped, count)) {}
  drop_posts(const drop_posts &) = delete;
  drop_posts &operator=(const drop_posts &) = delete;
  ~drop_posts() { posts_dropped = before_; }

private:
  std::size_t *before_;
};

template<class F>
class posted {
public:
  template<class G>
  static bool post(eddy_remote_t *remote, G &&function) {
    auto self = std::make_unique<posted>(std::forward<G>(function));
    self->op_.data = self.get();
    if (eddy_post(remote, &self->op_, run) != EDDY_PENDING) return false;
    self.release(); // it may be gone by now
    return true;
  }
  template<class G>
  explicit posted(G &&function) : function_(std::forward<G>(function)) {}

private:
  static void run(eddy_op_t *op, std::int64_t value) noexcept {
    std::unique_ptr<posted> self(static_cast<posted *>(op->data));
    if (posts_dropped)
      ++*posts_dropped;
    else if (value == 0)
      std::invoke(self->function_);
  }

  eddy_op_t op_{};
  F function_;
};

} // namespace detail

// The address of a loop, for other threads and for signal handlers. It outlives the loop.
class remote {
public:
  remote() = default;
  explicit remote(eddy_loop_t *loop) : remote_(eddy_loop_remote(loop)) {}
  remote(const remote &other)
      : remote_(other.remote_ ? eddy_remote_retain(other.remote_) : nullptr) {}
  remote(remote &&other) noexcept : remote_(std::exchange(other.remote_, nullptr)) {}
  remote &operator=(remote other) noexcept {
    std::swap(remote_, other.remote_);
    return *this;
  }
  ~remote() {
    if (remote_) eddy_remote_release(remote_);
  }

  // Runs f() on the loop's thread, and destroys it there; one allocation. False when the loop has ended: then `f` was
  // destroyed here. When the loop ends before it comes to it, `f` is destroyed and not run. A loop waits for posts only
  // as long as it has something else to wait for: see loop::hold. Any thread.
  template<class F>
  [[nodiscard]] bool post(F &&f) const {
    using function = std::decay_t<F>;
    static_assert(std::is_invocable_v<function &>, "what is posted is called without arguments");
    static_assert(!detail::is_task<std::invoke_result_t<function &>>,
                  "what is posted is no coroutine: post a function that calls loop.spawn()");
    return detail::posted<function>::post(remote_, std::forward<F>(f));
  }
  // As loop::stop. Any thread, and safe in a signal handler.
  void stop() const { eddy_remote_stop(remote_); }
  // Lets the loop run one turn. Any thread, and safe in a signal handler.
  void wake() const { eddy_remote_wake(remote_); }
  eddy_remote_t *native() const { return remote_; }

private:
  eddy_remote_t *remote_ = nullptr;
};

} // namespace EDDY_NS

#endif
