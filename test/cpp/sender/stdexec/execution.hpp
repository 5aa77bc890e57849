// A stand-in for stdexec: as much of P2300 as one sender meets, after the standard's wording ([exec]).
#ifndef EDDY_TEST_STDEXEC_HPP
#define EDDY_TEST_STDEXEC_HPP

#include <concepts>
#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace stdexec {

struct sender_t {};
struct receiver_t {};
struct operation_state_t {};

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

template<class S>
concept sender = std::derived_from<typename std::remove_cvref_t<S>::sender_concept, sender_t> &&
    std::move_constructible<std::remove_cvref_t<S>> && requires {
  typename std::remove_cvref_t<S>::completion_signatures;
};
template<class O>
concept operation_state =
    std::derived_from<typename O::operation_state_concept, operation_state_t> && requires(O &o) {
  { o.start() }
  noexcept;
};

} // namespace stdexec

#endif
