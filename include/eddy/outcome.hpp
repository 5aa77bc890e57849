// How a task ended: with a value, with an error, or cancelled. What when_any gives for each of its branches.
#ifndef EDDY_OUTCOME_HPP
#define EDDY_OUTCOME_HPP

#include <eddy/result.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace EDDY_NS {
namespace detail {

// Why a fiber failed: an exception, or the error of a task<result<T>>.
class failure {
public:
  failure() = default;
  explicit failure(std::error_code code) : code_(code) {}
#if EDDY_EXCEPTIONS
  explicit failure(std::exception_ptr thrown) : thrown_(std::move(thrown)) {}
  explicit operator bool() const { return thrown_ || code_; }
  [[noreturn]] void raise() const {
    if (thrown_) std::rethrow_exception(thrown_);
    detail::raise(code_);
  }
  std::error_code code() const {
    if (!thrown_) return code_;
    try {
      std::rethrow_exception(thrown_);
    } catch (const canceled &) {
      return make_error_code(errc::canceled);
    } catch (const std::system_error &error) {
      return error.code();
    } catch (...) {
      return make_error_code(errc::unknown);
    }
  }
  const std::exception_ptr &thrown() const { return thrown_; }
#else
  explicit operator bool() const { return bool(code_); }
  [[noreturn]] void raise() const { detail::raise(code_); }
  std::error_code code() const { return code_; }
#endif
  bool is_canceled() const { return *this && code() == make_error_code(errc::canceled); }

private:
#if EDDY_EXCEPTIONS
  std::exception_ptr thrown_;
#endif
  std::error_code code_;
};

class outcome_base {
public:
  outcome_base() = default;
  explicit outcome_base(failure why) : why_(std::move(why)) {}

  bool has_value() const noexcept { return !why_; }
  explicit operator bool() const noexcept { return has_value(); }
  // It ended because it was cancelled, and had taken nothing or does not tell.
  bool is_canceled() const { return why_.is_canceled(); }
  // Zero when there is a value; errc::unknown for an exception that is no std::system_error.
  std::error_code error() const { return why_.code(); }
#if EDDY_EXCEPTIONS
  // Null when there is a value, and for the error of a task<result<T>>.
  const std::exception_ptr &exception() const noexcept { return why_.thrown(); }
#endif
  // Throws how it failed, if it did. To have been cancelled is no failure.
  void check() const {
    if (why_ && !is_canceled()) why_.raise();
  }

protected:
  void checked() const {
    if (why_) why_.raise();
  }

private:
  failure why_;
};

} // namespace detail

// A task<result<T>> has an outcome<T>, like a task<T>.
template<class T>
class [[nodiscard]] outcome : public detail::outcome_base {
public:
  using value_type = T;

  outcome(T value) : value_(std::move(value)) {}
  explicit outcome(detail::failure why) : outcome_base(std::move(why)) {}

  // The value; throws what it ended with when there is none.
  T &value() & { return checked(), *value_; }
  const T &value() const & { return checked(), *value_; }
  T &&value() && { return checked(), std::move(*value_); }

  // Without a check, as of a pointer.
  T &operator*() &noexcept { return *value_; }
  const T &operator*() const &noexcept { return *value_; }
  T &&operator*() &&noexcept { return std::move(*value_); }
  T *operator->() noexcept { return &*value_; }
  const T *operator->() const noexcept { return &*value_; }

private:
  std::optional<T> value_;
};

template<>
class [[nodiscard]] outcome<void> : public detail::outcome_base {
public:
  using value_type = void;

  outcome() = default;
  explicit outcome(detail::failure why) : outcome_base(std::move(why)) {}

  void value() const { checked(); }
};

namespace detail {

template<class T>
struct outcome_type {
  using type = eddy::outcome<T>;
};
template<class T>
struct outcome_type<result<T>> {
  using type = eddy::outcome<T>;
};

} // namespace detail

// That of a task<T>.
template<class T>
using outcome_of = typename detail::outcome_type<T>::type;

} // namespace EDDY_NS

#endif
