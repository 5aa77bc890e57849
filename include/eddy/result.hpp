// A value or the error that came instead of it: what .nothrow() gives.
#ifndef EDDY_RESULT_HPP
#define EDDY_RESULT_HPP

#include <eddy/error.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace EDDY_NS {

template<class T>
class [[nodiscard]] result {
public:
  using value_type = T;

  result(T value) : value_(std::move(value)) {}
  result(std::error_code error) : error_(error) {}
  result(errc error) : error_(make_error_code(error)) {}

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  // Zero when there is a value.
  const std::error_code &error() const noexcept { return error_; }
  bool is_canceled() const noexcept { return error_ == make_error_code(errc::canceled); }

  // The value; throws the error, canceled or std::system_error, when there is none.
  T &value() & { return checked(), *value_; }
  const T &value() const & { return checked(), *value_; }
  T &&value() && { return checked(), std::move(*value_); }
  template<class U>
  T value_or(U &&other) && {
    return has_value() ? std::move(*value_) : static_cast<T>(std::forward<U>(other));
  }

  // Without a check, as of a pointer.
  T &operator*() &noexcept { return *value_; }
  const T &operator*() const &noexcept { return *value_; }
  T &&operator*() &&noexcept { return std::move(*value_); }
  T *operator->() noexcept { return &*value_; }
  const T *operator->() const noexcept { return &*value_; }

private:
  void checked() const {
    if (!has_value()) detail::raise(error_);
  }

  std::optional<T> value_;
  std::error_code error_;
};

template<>
class [[nodiscard]] result<void> {
public:
  using value_type = void;

  result() = default;
  result(std::error_code error) : error_(error) {}
  result(errc error) : error_(make_error_code(error)) {}

  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  const std::error_code &error() const noexcept { return error_; }
  bool is_canceled() const noexcept { return error_ == make_error_code(errc::canceled); }
  void value() const {
    if (error_) detail::raise(error_);
  }

private:
  std::error_code error_;
};

// What functions of the facade give that are tasks: the value or, without exceptions, a result. In both
// cases .nothrow() on the task gives a result.
template<class T>
using fallible = std::conditional_t<EDDY_EXCEPTIONS, T, result<T>>;

namespace detail {

#if EDDY_EXCEPTIONS
template<class T>
[[noreturn]] T give_up(const std::error_code &why) {
  raise(why);
}
#else
template<class T>
result<T> give_up(const std::error_code &why) {
  return result<T>(why);
}
#endif

template<class T>
inline constexpr bool is_result = false;
template<class T>
inline constexpr bool is_result<result<T>> = true;

} // namespace detail
} // namespace EDDY_NS

#endif
