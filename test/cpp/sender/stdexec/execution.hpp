// A stand-in for stdexec: as much of P2300 as one sender meets, after the standard's wording ([exec]); with
// EDDY_TEST_TAGS as P3557 and P4154 changed it for C++26: other names, and signatures by a function.
#ifndef EDDY_TEST_STDEXEC_HPP
#define EDDY_TEST_STDEXEC_HPP

#include <concepts>
#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace stdexec {

#if EDDY_TEST_TAGS
struct sender_tag {};
struct receiver_tag {};
struct operation_state_tag {};
using sender_base = sender_tag;
using receiver_base = receiver_tag;
using operation_state_base = operation_state_tag;
#else
struct sender_t {};
struct receiver_t {};
struct operation_state_t {};
using sender_base = sender_t;
using receiver_base = receiver_t;
using operation_state_base = operation_state_t;
#endif

template<class...>
struct completion_signatures {};

struct set_value_t {
  template<class R, class... Args>
  requires(!std::is_lvalue_reference_v<R>) void operator()(R &&r, Args &&...args) const noexcept {
    static_assert(noexcept(std::move(r).set_value(std::forward<Args>(args)...)));
    std::move(r).set_value(std::forward<Args>(args)...);
  }
};
struct set_error_t {
  template<class R, class E>
  requires(!std::is_lvalue_reference_v<R>) void operator()(R &&r, E &&e) const noexcept {
    std::move(r).set_error(std::forward<E>(e));
  }
};
struct set_stopped_t {
  template<class R>
  requires(!std::is_lvalue_reference_v<R>) void operator()(R &&r) const noexcept {
    std::move(r).set_stopped();
  }
};
inline constexpr set_value_t set_value{};
inline constexpr set_error_t set_error{};
inline constexpr set_stopped_t set_stopped{};

// A token with the member that the standard has since C++26.
class stop_token {
public:
  template<class F>
  struct callback_type : std::stop_callback<F> {
    callback_type(stop_token t, F f) : std::stop_callback<F>(t.token_, std::move(f)) {}
  };
  explicit stop_token(std::stop_token token) : token_(std::move(token)) {}

private:
  std::stop_token token_;
};
struct never_stop_token {
  template<class F>
  struct callback_type {
    callback_type(never_stop_token, F) {}
  };
};

struct empty_env {};

inline constexpr auto get_env = [](const auto &object) {
  if constexpr (requires { object.get_env(); })
    return object.get_env();
  else
    return empty_env();
};
inline constexpr auto get_stop_token = [](const auto &env) {
  if constexpr (requires { env.stops(); })
    return env.stops();
  else
    return never_stop_token();
};

template<class T>
inline constexpr bool are_signatures = false;
template<class... Each>
inline constexpr bool are_signatures<completion_signatures<Each...>> = true;

#if EDDY_TEST_TAGS
template<class S, class Env>
concept has_signatures =
    are_signatures<decltype(std::remove_cvref_t<S>::template get_completion_signatures<S, Env>())>;
#else
template<class S, class Env>
concept has_signatures = are_signatures<typename std::remove_cvref_t<S>::completion_signatures>;
#endif

template<class S>
concept sender = std::derived_from<typename std::remove_cvref_t<S>::sender_concept, sender_base> &&
    std::move_constructible<std::remove_cvref_t<S>>;
template<class S, class Env>
concept sender_in = sender<S> && has_signatures<S, Env>;
template<class O>
concept operation_state =
    std::derived_from<typename O::operation_state_concept, operation_state_base> && requires(O &o) {
  { o.start() }
  noexcept;
};

template<class S, class R>
using connect_result_t = decltype(std::declval<S>().connect(std::declval<R>()));

struct stopped_sender {
  using sender_concept = sender_base;
  template<class R>
  struct operation {
    using operation_state_concept = operation_state_base;
    void start() &noexcept { stdexec::set_stopped(std::move(receiver)); }
    R receiver;
  };
  template<class R>
  operation<R> connect(R receiver) const {
    return {std::move(receiver)};
  }
};
inline stopped_sender just_stopped() noexcept { return {}; }

} // namespace stdexec

#endif
