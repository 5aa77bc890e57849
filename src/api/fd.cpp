// Foreign descriptors: several waiters on one, at most one handle for one.
#include "core/loop.hpp"

struct eddy_fd : eddy::Source {};

namespace eddy {

static eddy_fd &check_fd(const eddy_fd_t *fd, const char *call = __builtin_FUNCTION()) {
  return check_handle(const_cast<eddy_fd_t *>(fd), SourceKind::fd, call);
}

static int64_t seen(Op &op) { return op.as<Waiting>().seen; }

constinit const KindRow kind_poll = {.payload = seen};
constinit const HandleRow handle_fd = {
    .late = "fd used after its close", .size = sizeof(eddy_fd), .owns = false};

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_fd_open(eddy_loop_t *handle, eddy_native_t native, eddy_fd_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  if (loop.draining) return failed(EDDY_ECLOSED);
  if (loop.lost) return failed(EDDY_ELOST);
  if (loop.natives.has(native)) return failed(EDDY_EEXIST);
  OsResult pollable = os_pollable(native);
  if (pollable.value < 0) return ended(pollable);
  eddy_fd *fd = source_new<eddy_fd>(loop, SourceKind::fd);
  if (!fd) return failed(EDDY_ENOMEM);
  fd->medium = static_cast<Medium>(pollable.value);
  if (!source_hold(*fd, native)) {
    source_free(*fd);
    return failed(EDDY_ENOMEM);
  }
  *out = fd;
  return 0;
}

int eddy_fd_poll(eddy_fd_t *handle, eddy_op_t *user_op, uint32_t events, uint32_t flags,
                 eddy_cb cb) {
  eddy_fd &fd = check_fd(handle);
  uint16_t bits = flags & EDDY_POLL_REPEAT ? kMulti | kRepeat : 0;
  Op &op = op_begin(*fd.loop, &fd, user_op, Kind::poll, cb, bits);
  if (!op_admit(op)) return op_started(op);
  if (events == 0 || events >= EDDY_POLL_ERROR << 1 || (flags & ~uint32_t{EDDY_POLL_REPEAT})) {
    op_finish(op, EDDY_EINVAL);
    return op_started(op);
  }
  op.as<Waiting>().events = events;
  fd.waiters.push_back(op);
  fd.loop->driver->submit(op);
  return op_started(op);
}

int eddy_fd_close(eddy_fd_t *handle, eddy_op_t *op, eddy_cb cb) {
  return source_close_call(check_fd(handle), op, cb);
}

eddy_native_t eddy_fd_native(const eddy_fd_t *handle) { return check_fd(handle).native; }

} // extern "C"
