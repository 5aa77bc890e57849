// Which driver a loop gets: what was asked for, or the best that works here.
#include "seam/choose.hpp"

namespace eddy {

static const char *const names[] = {"auto", "epoll", "io_uring", "afd"};

#if defined(__linux__)

constexpr uint64_t kFeatures = EDDY_FEATURE_EPOLL | EDDY_FEATURE_IO_URING | EDDY_FEATURE_FORK;
constexpr uint32_t kMigratable = EDDY_DRIVER_EPOLL;

static int open_readiness(Loop &loop, const Readiness &readiness, uint32_t entries) {
  loop.driver = &adapter;
  loop.readiness = &readiness;
  return ended(adapter.open(loop, entries));
}

// One line for eddy_loop_driver_reason.
static const char *why_not_uring(int64_t error) {
  switch (error) {
  case EDDY_EPERM:
  case EDDY_EACCES: return "io_uring is refused here (seccomp filter or io_uring_disabled sysctl)";
  case EDDY_ENOSYS: return "the kernel does not have io_uring";
  case EDDY_ENOMEM: return "io_uring needs more locked memory than RLIMIT_MEMLOCK leaves";
  case EDDY_ENOTSUP:
    return "the kernel is too old for eddy's use of io_uring, or it is not built in";
  case EDDY_EMFILE:
  case EDDY_ENFILE: return "too many open descriptors for a ring";
  default: return "io_uring failed its self-test";
  }
}

static int open_best(Loop &loop, uint32_t entries) {
  int refused = uring.fit_for_default() ? open_readiness(loop, uring, entries) : EDDY_ENOTSUP;
  if (refused == 0) return 0;
  loop.driver_reason = why_not_uring(refused);
  return open_readiness(loop, epoll, 0);
}

static int open_named(Loop &loop, uint32_t driver, uint32_t entries) {
  switch (driver) {
  case EDDY_DRIVER_AUTO: return open_best(loop, entries);
  case EDDY_DRIVER_EPOLL: return open_readiness(loop, epoll, 0);
  case EDDY_DRIVER_IO_URING: return open_readiness(loop, uring, entries);
  default: return failed(EDDY_ENOTSUP);
  }
}

static int probe(uint32_t driver) {
  if (driver == EDDY_DRIVER_IO_URING) return ended(uring.probe());
  return driver == EDDY_DRIVER_EPOLL ? 0 : failed(EDDY_ENOTSUP);
}

#elif defined(_WIN32)

constexpr uint64_t kFeatures = EDDY_FEATURE_AFD;
constexpr uint32_t kMigratable = EDDY_DRIVER_AFD;

static int open_named(Loop &loop, uint32_t driver, uint32_t) {
  if (driver != EDDY_DRIVER_AUTO && driver != EDDY_DRIVER_AFD) return failed(EDDY_ENOTSUP);
  loop.driver = &windows;
  loop.readiness = &afd;
  return ended(windows.open(loop, 0));
}

static int probe(uint32_t driver) {
  return driver == EDDY_DRIVER_AFD ? ended(afd.probe()) : failed(EDDY_ENOTSUP);
}

#endif

int driver_open(Loop &loop, const eddy_loop_options_t &options) {
  uint32_t wanted = options.driver;
  if (wanted == EDDY_DRIVER_AUTO) {
    EnvironmentRoom room;
    const char *name = os_environment("EDDY_DRIVER", room);
    int named = name && *name ? eddy_driver_by_name(name) : EDDY_DRIVER_AUTO;
    if (named < 0) return named;
    wanted = static_cast<uint32_t>(named);
    if (loop.migratable && wanted == EDDY_DRIVER_AUTO) {
      if (kMigratable == EDDY_DRIVER_EPOLL)
        loop.driver_reason = "a migratable loop, and io_uring requests belong to one thread";
      wanted = kMigratable;
    }
  }
  if (wanted > EDDY_DRIVER_AFD) return failed(EDDY_EINVAL);
  if (loop.migratable && wanted != kMigratable) return failed(EDDY_ENOTSUP);
  return open_named(loop, wanted, options.ring_entries);
}

} // namespace eddy

using namespace eddy;

extern "C" {

const char *eddy_driver_name(uint32_t driver) {
  return driver <= EDDY_DRIVER_AFD ? names[driver] : nullptr;
}

int eddy_driver_by_name(const char *name) {
  for (int i = 0; name && i <= EDDY_DRIVER_AFD; i++)
    if (strcmp(name, names[i]) == 0) return i;
  return failed(EDDY_EINVAL);
}

int eddy_driver_probe(uint32_t driver) {
  if (driver > EDDY_DRIVER_AFD) return failed(EDDY_EINVAL);
  if (driver == EDDY_DRIVER_AUTO) return 0;
  return probe(driver);
}

uint64_t eddy_features(void) {
  return EDDY_FEATURE_TCP | EDDY_FEATURE_POOL | EDDY_FEATURE_WORK | EDDY_FEATURE_UNIX | kFeatures;
}

} // extern "C"
