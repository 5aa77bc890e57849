// Listeners: opening, adopting, pausing, closing.
#include "api/accept.hpp"
#include "api/internal.hpp"
#include "api/stream.hpp"
#include "core/options.hpp"

namespace eddy {

constexpr Time kBackoff = 100 * EDDY_MILLISECOND;

static void unpause(Source &listener, uint8_t by) {
  if (!(listener.paused & by)) return;
  listener.paused &= static_cast<uint8_t>(~by);
  if (listener.paused || is_closing(listener)) return;
  bool pipe = listener.medium == Medium::pipe; // which has instances to make
  if (pipe || listener.lanes[kReadLane].head) listener.loop->driver->resume(listener, kReadLane);
}

static void backoff_over(Op &timer) { unpause(*timer.source, kPausedByLibrary); }

void listener_backoff(Source &source) {
  eddy_listener &listener = static_cast<eddy_listener &>(source);
  if (listener.paused & kPausedByLibrary) return;
  listener.paused |= kPausedByLibrary;
  internal_arm(listener.backoff, kBackoff);
}

// Its file, if it makes one, is known before it is made: for then nothing may fail any more.
static OsResult file_expect(eddy_listener &listener, const eddy_addr_t &address) {
  char path[kLocalPath];
  size_t length = os_path_of(address, path);
  if (!length) return {};
  void *memory = listener.loop->memory.get(sizeof(MadeFile) + length);
  if (!memory) return {EDDY_ENOMEM, 0};
  listener.file = new (memory) MadeFile{{}, sizeof(MadeFile) + length};
  memcpy(listener.file->path(), path, length);
  return {};
}

static void file_forget(Source &source) {
  eddy_listener &listener = static_cast<eddy_listener &>(source);
  if (listener.file) listener.loop->memory.put(listener.file, listener.file->size);
  listener.file = nullptr;
}

// Only now, for it is not this listener's any more once it was given to another program.
static void listener_closing(Source &source) {
  eddy_listener &listener = static_cast<eddy_listener &>(source);
  timer_disarm(listener.backoff);
  if (listener.file && !listener.shared) os_path_remove(listener.file->path(), listener.file->id);
  file_forget(listener);
}

constinit const HandleRow handle_listener = {.late = "listener used after its close",
                                             .size = sizeof(eddy_listener),
                                             .closes_at_once = true,
                                             .closing = listener_closing,
                                             .forget = file_forget};

static eddy_listener *listener_new(Loop &loop) {
  eddy_listener *listener = source_new<eddy_listener>(loop, SourceKind::listener);
  if (!listener) return nullptr;
  internal_init(listener->backoff, *listener, backoff_over);
  return listener;
}

static OsResult listen_on(eddy_listener &listener, const eddy_addr_t &address, uint32_t backlog,
                          uint32_t flags) {
  if (address.family == EDDY_AF_UNIX && flags) return {EDDY_ENOTSUP, 0};
  const Pipes *pipes = listener.loop->driver->pipes;
  if (pipes && address.family == EDDY_AF_UNIX && pipes->names(address))
    return pipes->listen(listener, address, backlog);
  OsResult outcome = os_socket_open(address.family);
  if (outcome.value < 0) return outcome;
  eddy_native_t native = outcome.value;
  outcome = file_expect(listener, address);
  if (outcome.value == 0) outcome = os_socket_listen(native, address, backlog, flags);
  bool made =
      outcome.value == 0 && listener.file && os_path_made(listener.file->path(), listener.file->id);
  if (!made) file_forget(listener);
  if (outcome.value < 0)
    os_socket_close(native);
  else
    source_hold(listener, native);
  return outcome;
}

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_listener_open(eddy_loop_t *handle, const eddy_addr_t *address,
                       const eddy_listen_options_t *user_options, eddy_listener_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  eddy_listen_options_t options;
  if (int error = read_options(options, user_options, kFirstListenOptions)) return failed(error);
  uint32_t known = EDDY_LISTEN_REUSE_PORT | EDDY_LISTEN_V6ONLY | EDDY_LISTEN_DELAY;
  if ((options.flags & ~known) || options.reserved) return failed(EDDY_ENOTSUP);
  if (!address) return failed(EDDY_EINVAL);
  if (!stream_takes(address->family)) return failed(EDDY_EAFNOSUPPORT);
  if (loop.draining) return failed(EDDY_ECLOSED);
  if (loop.lost) return failed(EDDY_ELOST);

  eddy_listener *listener = listener_new(loop);
  if (!listener) return failed(EDDY_ENOMEM);
  OsResult outcome =
      listen_on(*listener, *address, options.backlog ? options.backlog : INT32_MAX, options.flags);
  if (outcome.value < 0) {
    source_free(*listener);
    return ended(outcome);
  }
  *out = listener;
  return 0;
}

int eddy_listener_adopt(eddy_loop_t *handle, eddy_native_t native, eddy_listener_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  if (loop.draining) return failed(EDDY_ECLOSED);
  if (loop.lost) return failed(EDDY_ELOST);
  if (loop.natives.has(native)) return failed(EDDY_EEXIST);
  eddy_listener *listener = listener_new(loop);
  if (!listener) return failed(EDDY_ENOMEM);
  OsResult checked =
      source_hold(*listener, native) ? os_socket_adopt(native, true) : OsResult{EDDY_ENOMEM, 0};
  if (checked.value < 0) {
    loop.natives.remove(native);
    source_free(*listener);
    return ended(checked);
  }
  *out = listener;
  return 0;
}

void eddy_listener_pause(eddy_listener_t *handle) {
  check_listener(handle).paused |= kPausedByUser;
}

void eddy_listener_resume(eddy_listener_t *handle) {
  unpause(check_listener(handle), kPausedByUser);
}

int eddy_listener_close(eddy_listener_t *handle, eddy_op_t *op, eddy_cb cb) {
  return source_close_call(check_listener(handle), op, cb);
}

int eddy_listener_address(const eddy_listener_t *handle, eddy_addr_t *addr) {
  eddy_listener &listener = check_listener(handle);
  if (!addr) return failed(EDDY_EINVAL);
  *addr = {};
  return ended(source_address(listener, false, *addr));
}

int eddy_listener_set_option(eddy_listener_t *handle, uint32_t option, int64_t value) {
  eddy_listener &listener = check_listener(handle);
  if (is_closing(listener)) return failed(EDDY_ECLOSED);
  if (int error = no_options(listener)) return failed(error);
  if (listener.shared) return failed(EDDY_EBUSY);
  return ended(os_socket_option(listener.native, option, value));
}

int eddy_listener_get_option(const eddy_listener_t *handle, uint32_t option, int64_t *value) {
  eddy_listener &listener = check_listener(handle);
  if (!value) return failed(EDDY_EINVAL);
  if (int error = no_options(listener)) return failed(error);
  return ended(os_socket_get_option(listener.native, option, value));
}

eddy_native_t eddy_listener_native(const eddy_listener_t *handle) {
  return check_listener(handle).native;
}

} // extern "C"
