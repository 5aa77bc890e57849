// Pipes that somebody else has made.
#include "object.hpp"
#include "pipe.hpp"

namespace eddy {

// What is no pipe may be a socket, EDDY_ENOTSOCK, and needs no thread.
OsResult pipe_adopt_foreign(Source &source, eddy_native_t native) {
  HANDLE handle = handle_of(native);
  if (native <= 0 || !object_is(handle, {L"File"})) return {EDDY_ENOTSOCK, 0};
  if (!file_in_use(handle) && is_socket(handle)) return {EDDY_ENOTSOCK, 0};
  OsResult synchronous = file_examine(handle, true);
  if (synchronous.value < 0) return synchronous;
  Pipe *pipe = pipe_memory(*source.loop, handle);
  if (!pipe) return {EDDY_ENOMEM, 0};
  OsResult result;
  if (synchronous.value)
    result = thread_start(*pipe);
  else if (!pipe_join(*pipe))
    result = os_error_now(); // it has a port already
  if (result.value < 0) {
    core(*source.loop).memory.put(pipe, sizeof(Pipe));
    return result;
  }
  SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0);
  pipe_adopt(source, *pipe);
  return {};
}

} // namespace eddy
