// A task as a sender: of std::execution (C++26), or of stdexec where that is not there. eddy.hpp does not include it.
//
//   auto page = eddy::as_sender(loop, fetch(url)) | stdexec::then(show);
//
// Its operation may be started by any thread. It ends on the loop's: with set_value of what the task returned, with
// set_stopped when that was cancelled or the loop has ended, else with set_error of an exception_ptr. A stop request of
// the receiver cancels the task.
#ifndef EDDY_SENDER_HPP
#define EDDY_SENDER_HPP

#include <eddy/control.hpp>
#include <eddy/joinable.hpp>

#if __has_include(<version>)
#include <version>
#endif

#if !EDDY_STOP_TOKEN || !EDDY_EXCEPTIONS
#define EDDY_SENDERS 0
#elif defined(__cpp_lib_senders)
#include <execution>
#define EDDY_SENDERS 1
#elif __has_include(<stdexec/execution.hpp>)
#include <stdexec/execution.hpp>
#define EDDY_SENDERS 1
#else
#define EDDY_SENDERS 0
#endif

#if EDDY_SENDERS

#include <exception>
#include <optional>
#include <stop_token>
#include <system_error>
#include <type_traits>
#include <utility>

namespace EDDY_NS {
namespace detail {

namespace execution {
#if defined(__cpp_lib_senders)
using namespace std::execution;
using std::get_stop_token;
#else
using namespace stdexec;
#endif
} // namespace execution

template<class T>
struct value_signature {
  using type = execution::set_value_t(T);
};
template<>
struct value_signature<void> {
  using type = execution::set_value_t();
};

template<class Receiver>
using stop_token_of = std::remove_cvref_t<decltype(execution::get_stop_token(
    execution::get_env(std::declval<const Receiver &>())))>;

// The tags of the concepts, taken from a sender of the library itself: P4154 gave them other names.
using library_sender = decltype(execution::just_stopped());
template<class Receiver>
using library_operation = execution::connect_result_t<library_sender, Receiver>;

template<class Operation>
struct operation_tag {
  using type = void; // before stdexec asked for one
};
template<class Operation>
requires requires { typename Operation::operation_state_concept; }
struct operation_tag<Operation> {
  using type = typename Operation::operation_state_concept;
};

// The operation of a sender. Whoever is told of its end may destroy it there.
template<class T, class Receiver>
class sender_operation {
public:
  using operation_state_concept = typename operation_tag<library_operation<Receiver>>::type;

  sender_operation(loop &l, task<T> work, Receiver receiver)
      : loop_(l), remote_(l.remote()), work_(std::move(work)), receiver_(std::move(receiver)) {}
  sender_operation(sender_operation &&) = delete;

  void start() &noexcept {
    beginning first(
        this); // moved from once there is memory for it, and then told of the end by itself
    try {
      (void)remote_.post(std::move(first));
    } catch (...) {
      first.dismiss();
      execution::set_error(std::move(receiver_), std::current_exception());
    }
  }

private:
  using outcome = outcome_of<T>;

  // Ends the operation if it goes without having been run: so it is when the loop has ended.
  class beginning {
  public:
    explicit beginning(sender_operation *of) : of_(of) {}
    beginning(beginning &&other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    beginning &operator=(beginning &&) = delete;
    ~beginning() {
      if (of_) execution::set_stopped(std::move(of_->receiver_));
    }
    void operator()() { std::exchange(of_, nullptr)->begin(); }
    void dismiss() { of_ = nullptr; }

  private:
    sender_operation *of_;
  };
  struct request {
    std::stop_source *source;
    void operator()() const noexcept { source->request_stop(); }
  };

  void begin() noexcept {
    try {
      auto done = [this](outcome ended) { end(std::move(ended)); };
      stop_.emplace(execution::get_stop_token(execution::get_env(receiver_)), request{&source_});
      eddy::start(loop_, with_stop(source_.get_token(), std::move(work_)), done);
    } catch (...) {
      fail(std::current_exception());
    }
  }
  void fail(std::exception_ptr why) noexcept {
    stop_.reset();
    execution::set_error(std::move(receiver_), std::move(why));
  }
  void end(outcome ended) noexcept {
    if (ended.is_canceled()) {
      stop_.reset();
      execution::set_stopped(std::move(receiver_));
    } else if (ended.exception()) {
      fail(ended.exception());
    } else if (!ended) {
      fail(std::make_exception_ptr(std::system_error(ended.error())));
    } else {
      stop_.reset();
      give(ended);
    }
  }
  void give(outcome &ended) noexcept {
    if constexpr (std::is_void_v<typename outcome::value_type>)
      execution::set_value(std::move(receiver_));
    else
      execution::set_value(std::move(receiver_), *std::move(ended));
  }

  loop &loop_;
  remote remote_;
  task<T> work_;
  Receiver receiver_;
  std::stop_source source_;
  std::optional<typename stop_token_of<Receiver>::template callback_type<request>> stop_;
};

} // namespace detail

// A task that has not begun, and the loop that will run it.
template<class T>
class [[nodiscard]] task_sender {
public:
  using sender_concept = typename detail::library_sender::sender_concept;
  using completion_signatures = detail::execution::completion_signatures<
      typename detail::value_signature<typename outcome_of<T>::value_type>::type,
      detail::execution::set_error_t(std::exception_ptr), detail::execution::set_stopped_t()>;
  // How C++26 asks for them, since P3557.
  template<class Self, class... Env>
  static consteval completion_signatures get_completion_signatures() {
    return {};
  }

  task_sender(loop &l, task<T> work) : loop_(&l), work_(std::move(work)) {}

  template<class Receiver>
  auto connect(Receiver receiver) && {
    return detail::sender_operation<T, Receiver>(*loop_, std::move(work_), std::move(receiver));
  }

private:
  loop *loop_;
  task<T> work_;
};

// On the loop's thread, or before its first run. The loop has to be there when the sender is connected.
template<class T>
task_sender<T> as_sender(loop &l, task<T> work) {
  return task_sender<T>(l, std::move(work));
}

} // namespace EDDY_NS

#endif
#endif
