// The loop, and the tasks that run on it.
#ifndef EDDY_LOOP_HPP
#define EDDY_LOOP_HPP

#include <eddy/driver.h>
#include <eddy/remote.hpp>
#include <eddy/spawn.hpp>
#include <eddy/time.hpp>
#include <eddy/version.h>

namespace EDDY_NS {

class loop : private detail::loop_state {
public:
#if EDDY_EXCEPTIONS
  // A driver by its number (EDDY_DRIVER_*). Throws std::system_error.
  explicit loop(std::uint32_t driver = EDDY_DRIVER_AUTO) : loop(options_for(driver)) {}
  explicit loop(const eddy_loop_options_t &options) {
    detail::check(eddy_loop_open(&options, &native));
  }
#endif
  // Gives the error instead; then the loop can only be destroyed.
  explicit loop(std::error_code &error, std::uint32_t driver = EDDY_DRIVER_AUTO)
      : loop(error, options_for(driver)) {}
  loop(std::error_code &error, const eddy_loop_options_t &options) {
    int result = eddy_loop_open(&options, &native);
    error = result < 0 ? detail::code_of(result) : std::error_code();
  }
  loop(const loop &) = delete;
  loop &operator=(const loop &) = delete;

  // Cancels what was spawned and waits for its end. Its errors are dropped: run() reports them. Handles
  // on the loop (streams, listeners...) have to be gone by then. In a forked child it frees the child's copy of
  // the loop and runs nothing; what its tasks hold stays as it is.
  ~loop() {
    if (!native) return;
    if (inherited()) {
      detail::left_by_fork = true;
      eddy_loop_close(native);
      return;
    }
    if (inside()) detail::misuse("a loop was destroyed inside one of its tasks");
    all_.stop.request();
    while (all_.pending()) turn();
    end();
  }

  // Runs `main` to its end and returns or throws what it did. What was spawned runs meanwhile, and is
  // left suspended at its end. The first failure of a spawned task cancels all tasks, `main` too, and is
  // thrown here. stop() cancels all tasks: then, unless `main` ends with a value, canceled is thrown. A stop that
  // comes outside of a run is for the next one that waits. Not inside a task of this loop.
  template<class T>
  T run(task<T> main) {
    check_outside();
    root<T> top(*this, std::move(main));
    while (!top.over || (all_.stop.requested() && all_.pending())) turn();
    detail::failure first = all_.first();
    if (all_.stop.requested()) all_.forget();
    return finish(top, first);
  }
  // Runs until everything that was spawned has ended.
  void run() {
    check_outside();
    while (all_.pending()) turn();
    detail::failure first = all_.first();
    if (all_.stop.requested()) all_.forget();
    error_ = first.code();
#if EDDY_EXCEPTIONS
    if (first) first.raise();
#endif
  }

  // Starts a task that belongs to the loop: f(args...), which is called at once and kept, with copies of
  // the arguments, until the task has ended; or a task as it is. Returns when it first waits.
  template<class F, class... Args>
  void spawn(F &&f, Args &&...args) {
    beginning guard(*this);
    detail::spawn_into(all_, *this, std::forward<F>(f), std::forward<Args>(args)...);
  }
  // The failure of a spawned task that ended the last run().
  std::error_code error() const { return error_; }

  // Cancels every task. The loop's thread.
  void cancel() { all_.stop.request(); }
  // The same from outside of tasks or, by way of a remote, from another thread.
  void stop() { eddy_loop_stop(native); }

  // While such an object lives, run() waits for what other threads will bring, where it would otherwise
  // say that nothing can ever end its task.
  class hold {
  public:
    explicit hold(loop &l) : loop_(l) { loop_.expect(); }
    hold(const hold &) = delete;
    hold &operator=(const hold &) = delete;
    ~hold() { loop_.arrived(); }

  private:
    loop &loop_;
  };

  // In a forked child: makes the loop usable there, as eddy_loop_after_fork. What its tasks wait for ends with canceled,
  // and whoever had started them in the parent's loop is told so by run().
  [[nodiscard]] std::error_code after_fork() {
    int result = eddy_loop_after_fork(native);
    return result < 0 ? detail::code_of(result) : std::error_code();
  }

  // Lets go of it for another thread, which runs it from then on, with all tasks that have not ended. Not
  // inside a task. Gives errc::busy, with nothing changed, when the driver cannot.
  [[nodiscard]] std::error_code unbind() {
    int result = eddy_loop_unbind(native);
    return result < 0 ? detail::code_of(result) : std::error_code();
  }

  time_point now() const { return detail::point_of(eddy_now(native)); }
  time_point update_now() { return detail::point_of(eddy_update_now(native)); }
  eddy::remote remote() { return eddy::remote(native); }
  // A pointer of the user's, null at first.
  void *data() const { return eddy_loop_data(native); }
  void set_data(void *data) { eddy_loop_set_data(native, data); }
  const char *driver() const { return eddy_driver_name(eddy_loop_driver(native)); }
  eddy_loop_t *get() const { return native; }
  detail::loop_state &state() { return *this; }
  static loop &from(detail::loop_state &state) { return static_cast<loop &>(state); }

private:
  class beginning {
  public:
    explicit beginning(loop_state &l) : loop_(l) { loop_.begun++; }
    beginning(const beginning &) = delete;
    beginning &operator=(const beginning &) = delete;
    ~beginning() { loop_.begun--; }

  private:
    loop_state &loop_;
  };

  void check_outside() const {
    if (inside())
      detail::misuse(
          "loop.run() inside a task: co_await the other task, or give it to loop.spawn()");
  }

  template<class T>
  struct root : detail::fiber {
    root(eddy::loop &where, task<T> t)
        : fiber(where, &where.all_.stop, at_end), frame(std::move(t).take_frame()) {
      if (!frame) detail::misuse("a task was awaited twice, or after it was moved away");
      frame.promise().begin(*this, nullptr);
      next = frame.get();
      beginning guard(where);
      run();
    }
    static fiber *at_end(fiber &f) {
      f.heed(nullptr);
      static_cast<root &>(f).over = true;
      f.loop->wake_run();
      return nullptr;
    }
    detail::owned_frame<detail::task_promise<T>> frame;
    bool over = false; // unlike `ended`, only this thread's: the task may be on another loop
  };

  template<class T>
  T finish(root<T> &top, const detail::failure &first) {
    error_ = first.code();
#if EDDY_EXCEPTIONS
    if (first) first.raise();
#endif
    return top.frame.promise().take();
  }

  static eddy_loop_options_t options_for(std::uint32_t driver) {
    eddy_loop_options_t options{};
    options.size = sizeof options;
    options.driver = driver;
    return options;
  }

  // Other threads may post all the while, which keeps it alive. Those that never leave off are shut out; not at once,
  // for a drain closes handles too, and they are to have gone by themselves.
  void end() {
    constexpr std::size_t most = 1000;
    std::size_t dropped = 0;
    detail::drop_posts into(&dropped);
    for (;;) {
      if (eddy_loop_alive(native))
        dropped < most ? (void)eddy_loop_step(native, EDDY_NEVER)
                       : (void)eddy_loop_drain(native, EDDY_NEVER);
      else if (eddy_loop_close(native) == 0)
        return;
      else if (!eddy_loop_alive(native))
        detail::misuse("a loop was destroyed before the handles, leases or operations on it");
    }
  }

  // Runs until something has ended.
  void turn() {
    woken = 0;
    detail::drop_posts none(nullptr);
    int why = eddy_loop_run_until_set(native, &woken);
    if (why == 0)
      detail::misuse("a task has not ended, and nothing that it could wait for is left");
    if (why == 1) all_.stop.request(); // stop() was called
  }

  detail::group all_{state()};
  std::error_code error_;
};

} // namespace EDDY_NS

#endif
