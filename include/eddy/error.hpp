// Errors as C++ knows them: codes of eddy's category, comparable with std::errc; and cancellation, which
// is no system_error, so that a handler of those does not swallow it.
#ifndef EDDY_ERROR_HPP
#define EDDY_ERROR_HPP

#include <eddy/error.h>
#include <eddy/misuse.hpp>

#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <system_error>

namespace EDDY_NS {

// The numbers of <eddy/error.h>, which says what each means.
enum class errc : int {
  unknown = EDDY_EUNKNOWN,
  canceled = EDDY_ECANCELED,
  timed_out = EDDY_ETIMEDOUT,
  closed = EDDY_ECLOSED,
  lost = EDDY_ELOST,
  wrong_loop = EDDY_EWRONGLOOP,
  invalid_argument = EDDY_EINVAL,
  not_supported = EDDY_ENOTSUP,
  busy = EDDY_EBUSY,
  already = EDDY_EALREADY,
  not_enough_memory = EDDY_ENOMEM,
  too_many_descriptors = EDDY_EMFILE,
  too_many_descriptors_in_system = EDDY_ENFILE,
  no_buffer_space = EDDY_ENOBUFS,
  not_permitted = EDDY_EPERM,
  permission_denied = EDDY_EACCES,
  function_not_supported = EDDY_ENOSYS,
  bad_descriptor = EDDY_EBADF,
  not_a_socket = EDDY_ENOTSOCK,
  address_in_use = EDDY_EADDRINUSE,
  address_not_available = EDDY_EADDRNOTAVAIL,
  address_family_not_supported = EDDY_EAFNOSUPPORT,
  connection_refused = EDDY_ECONNREFUSED,
  connection_reset = EDDY_ECONNRESET,
  connection_aborted = EDDY_ECONNABORTED,
  not_connected = EDDY_ENOTCONN,
  already_connected = EDDY_EISCONN,
  broken_pipe = EDDY_EPIPE,
  host_unreachable = EDDY_EHOSTUNREACH,
  network_unreachable = EDDY_ENETUNREACH,
  network_down = EDDY_ENETDOWN,
  host_down = EDDY_EHOSTDOWN,
  message_size = EDDY_EMSGSIZE,
  destination_address_required = EDDY_EDESTADDRREQ,
  protocol_error = EDDY_EPROTO,
  no_protocol_option = EDDY_ENOPROTOOPT,
  protocol_not_supported = EDDY_EPROTONOSUPPORT,
  name_too_long = EDDY_ENAMETOOLONG,
  no_such_file = EDDY_ENOENT,
  exists = EDDY_EEXIST,
  io_error = EDDY_EIO,
  no_such_device = EDDY_ENODEV,
  no_such_device_or_address = EDDY_ENXIO,
  bad_address = EDDY_EFAULT,
  overflow = EDDY_EOVERFLOW,
  again = EDDY_EAGAIN,
  interrupted = EDDY_EINTR,
  no_space = EDDY_ENOSPC,
};

namespace detail {

// The condition of std::errc that an eddy error is equal to; none for those that are eddy's own.
inline std::errc generic_of(errc error) {
  switch (error) {
  case errc::canceled: return std::errc::operation_canceled;
  case errc::timed_out: return std::errc::timed_out;
  case errc::invalid_argument: return std::errc::invalid_argument;
  case errc::not_supported: return std::errc::not_supported;
  case errc::busy: return std::errc::device_or_resource_busy;
  case errc::already: return std::errc::connection_already_in_progress;
  case errc::not_enough_memory: return std::errc::not_enough_memory;
  case errc::too_many_descriptors: return std::errc::too_many_files_open;
  case errc::too_many_descriptors_in_system: return std::errc::too_many_files_open_in_system;
  case errc::no_buffer_space: return std::errc::no_buffer_space;
  case errc::not_permitted: return std::errc::operation_not_permitted;
  case errc::permission_denied: return std::errc::permission_denied;
  case errc::function_not_supported: return std::errc::function_not_supported;
  case errc::bad_descriptor: return std::errc::bad_file_descriptor;
  case errc::not_a_socket: return std::errc::not_a_socket;
  case errc::address_in_use: return std::errc::address_in_use;
  case errc::address_not_available: return std::errc::address_not_available;
  case errc::address_family_not_supported: return std::errc::address_family_not_supported;
  case errc::connection_refused: return std::errc::connection_refused;
  case errc::connection_reset: return std::errc::connection_reset;
  case errc::connection_aborted: return std::errc::connection_aborted;
  case errc::not_connected: return std::errc::not_connected;
  case errc::already_connected: return std::errc::already_connected;
  case errc::broken_pipe: return std::errc::broken_pipe;
  case errc::host_unreachable: return std::errc::host_unreachable;
  case errc::network_unreachable: return std::errc::network_unreachable;
  case errc::network_down: return std::errc::network_down;
  case errc::message_size: return std::errc::message_size;
  case errc::destination_address_required: return std::errc::destination_address_required;
  case errc::protocol_error: return std::errc::protocol_error;
  case errc::no_protocol_option: return std::errc::no_protocol_option;
  case errc::protocol_not_supported: return std::errc::protocol_not_supported;
  case errc::name_too_long: return std::errc::filename_too_long;
  case errc::no_such_file: return std::errc::no_such_file_or_directory;
  case errc::exists: return std::errc::file_exists;
  case errc::io_error: return std::errc::io_error;
  case errc::no_such_device: return std::errc::no_such_device;
  case errc::no_such_device_or_address: return std::errc::no_such_device_or_address;
  case errc::bad_address: return std::errc::bad_address;
  case errc::overflow: return std::errc::value_too_large;
  case errc::again: return std::errc::resource_unavailable_try_again;
  case errc::interrupted: return std::errc::interrupted;
  case errc::no_space: return std::errc::no_space_on_device;
  case errc::unknown:
  case errc::closed:
  case errc::lost:
  case errc::wrong_loop:
  case errc::host_down: break;
  }
  return std::errc{};
}

class error_category final : public std::error_category {
public:
  const char *name() const noexcept override { return "eddy"; }
  std::string message(int error) const override { return eddy_error_text(error); }
  std::error_condition default_error_condition(int error) const noexcept override {
    std::errc generic = generic_of(static_cast<errc>(error));
    if (generic == std::errc{}) return std::error_condition(error, *this);
    return std::make_error_condition(generic);
  }
};

} // namespace detail

inline const std::error_category &category() noexcept {
  // Never destroyed: errors are compared until the very end of a program.
  alignas(detail::error_category) static unsigned char room[sizeof(detail::error_category)];
  static const detail::error_category *const instance = ::new (room) detail::error_category;
  return *instance;
}

inline std::error_code make_error_code(errc error) noexcept {
  return std::error_code(static_cast<int>(error), category());
}

// Thrown where an operation or a task was cancelled. Let it pass: it is how a cancelled task ends.
class canceled final : public std::exception {
public:
  const char *what() const noexcept override { return "eddy: canceled"; }
};

namespace detail {

inline std::error_code code_of(std::int64_t error) noexcept {
  return std::error_code(static_cast<int>(error), category());
}

#if EDDY_EXCEPTIONS
[[noreturn, gnu::cold]] inline void raise(const std::error_code &code) {
  if (code == make_error_code(errc::canceled)) throw canceled();
  throw std::system_error(code);
}
[[noreturn, gnu::cold]] inline void raise(std::int64_t error) { raise(code_of(error)); }

inline void check(std::int64_t result) {
  if (result < 0) raise(result);
}
#else
[[noreturn, gnu::cold]] inline void raise(const std::error_code &code) {
  std::fprintf(stderr, "eddy: %s\n", code.message().c_str());
  misuse("an error was not looked at, and there are no exceptions to throw");
}
#endif

} // namespace detail
} // namespace EDDY_NS

template<>
struct std::is_error_code_enum<eddy::errc> : std::true_type {};

#endif
