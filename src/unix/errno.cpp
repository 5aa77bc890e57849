// errno values as eddy errors. A table, not a switch: some systems give two names one value.
#include "core/os.hpp"

#include <cerrno>

namespace eddy {
namespace {

struct Pair {
  int native, error;
};

#define SAME(name)                                                                                 \
  { name, EDDY_##name }
constexpr Pair kPairs[] = {
    SAME(ECANCELED),
    SAME(ETIMEDOUT),
    SAME(EINVAL),
    SAME(ENOTSUP),
    SAME(EBUSY),
    SAME(EALREADY),
    SAME(ENOMEM),
    SAME(EMFILE),
    SAME(ENFILE),
    SAME(ENOBUFS),
    SAME(EPERM),
    SAME(EACCES),
    SAME(ENOSYS),
    SAME(EBADF),
    SAME(ENOTSOCK),
    SAME(EADDRINUSE),
    SAME(EADDRNOTAVAIL),
    SAME(EAFNOSUPPORT),
    SAME(ECONNREFUSED),
    SAME(ECONNRESET),
    SAME(ECONNABORTED),
    SAME(ENOTCONN),
    SAME(EISCONN),
    SAME(EPIPE),
    SAME(EHOSTUNREACH),
    SAME(ENETUNREACH),
    SAME(ENETDOWN),
    SAME(EHOSTDOWN),
    SAME(EMSGSIZE),
    SAME(EDESTADDRREQ),
    SAME(EPROTO),
    SAME(ENOPROTOOPT),
    SAME(EPROTONOSUPPORT),
    SAME(ENAMETOOLONG),
    SAME(ENOENT),
    SAME(EEXIST),
    SAME(EIO),
    SAME(ENODEV),
    SAME(ENXIO),
    SAME(EFAULT),
    SAME(EOVERFLOW),
    SAME(EAGAIN),
    SAME(EINTR),
    SAME(ENOSPC),
    // Other names for one of these.
    {EWOULDBLOCK, EDDY_EAGAIN},
    {EOPNOTSUPP, EDDY_ENOTSUP},
    {EINPROGRESS, EDDY_EALREADY},
    {EPFNOSUPPORT, EDDY_EAFNOSUPPORT},
    {ESOCKTNOSUPPORT, EDDY_EPROTONOSUPPORT},
    {EPROTOTYPE, EDDY_EPROTONOSUPPORT},
    {ESHUTDOWN, EDDY_EPIPE},
    {ENETRESET, EDDY_ECONNRESET},
    {EDOM, EDDY_EINVAL}, // setsockopt(2), a value out of range
#if defined(ETIME)
    {ETIME, EDDY_ETIMEDOUT},
#endif
#if defined(ENONET)
    {ENONET, EDDY_ENETUNREACH},
#endif
#if defined(ENOSR)
    {ENOSR, EDDY_ENOBUFS}, // accept(2)
#endif
};
#undef SAME

} // namespace

int os_error_from_native(int32_t native) {
  if (native == 0) return 0;
  for (const Pair &pair : kPairs)
    if (pair.native == native) return pair.error;
  return EDDY_EUNKNOWN;
}

OsResult os_error_now() {
  int native = errno;
  return {os_error_from_native(native), native};
}

} // namespace eddy
