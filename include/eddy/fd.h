/* Polling a foreign descriptor: one that somebody else owns and reads. One handle per descriptor
   and loop, any number of waiters on it. Loop's thread for everything. A null handle, and one that
   has ended, aborts with a message. */

/* Windows.

   A descriptor is a socket, or the handle of an event, a process, a thread, a semaphore or a
   waitable timer (with the right SYNCHRONIZE). Any number of objects.
   Such an object is EDDY_READABLE when it is signalled, and only that can be waited for: a poll
   that does not ask for it gives EDDY_EINVAL.
   A poll that completes has the effect of any wait (WaitForSingleObject). An event or timer that
   resets itself is reset, and a semaphore counted down, once for all ops that wait at that time.
   A poll that is cancelled, or whose handle is closed, at that very moment ends with EDDY_READABLE
   if it has had that effect. Only where the kernel does not wait by itself does the system's thread
   pool do so (NtAssociateWaitCompletionPacket; Wine). Such a poll may have had the effect and not
   tell. Errors of eddy_fd_open:
     EDDY_ENOTSOCK another kind of handle: a mutex (the thread that waits would own it), a pipe, a
                   console
     EDDY_EPERM    a file
     EDDY_EBUSY    a pipe on which somebody's call blocks, as eddy_stream_adopt */

/* Example.

   struct watch {
     eddy_op_t op; // zeroed
     eddy_fd_t *fd;
     void (*read_some)(eddy_native_t native);
   };

   static void on_readable(eddy_op_t *op, int64_t result) {
     struct watch *watch = op->data;
     (void)result;
     if (eddy_op_more(op))
       watch->read_some(eddy_fd_native(watch->fd));
     else // cancelled, or an error
       eddy_fd_close(watch->fd, NULL, NULL);
   }

   static int watch_start(struct watch *watch, eddy_loop_t *loop, eddy_native_t native) {
     int error = eddy_fd_open(loop, native, &watch->fd);
     if (error) return error;
     watch->op.data = watch;
     return eddy_fd_poll(watch->fd, &watch->op, EDDY_READABLE, EDDY_POLL_REPEAT, on_readable);
   } */
#ifndef EDDY_FD_H
#define EDDY_FD_H

#include <eddy/event.h>
#include <eddy/op.h>

enum { EDDY_POLL_REPEAT = 1 << 0 /* multishot, level style */ };

/* Makes a handle for polling `native`, which stays the caller's. Nothing is changed on the
   descriptor. The handle ends with eddy_fd_close. Returns 0, or with *fd NULL
     EDDY_EBADF    not an open descriptor
     EDDY_EPERM    what epoll(7) does not take, a regular file or directory mostly: there is nothing
                   to wait for. Files of procfs and sysfs that tell of changes are taken
     EDDY_EEXIST   this loop has a handle for this descriptor, of whatever kind (of a stream:
                   eddy_stream_wait)
     EDDY_ECLOSED  the loop is draining
     EDDY_ELOST    it has lost its kernel interface
     EDDY_ENOMEM   no memory
     EDDY_ENOTSOCK, EDDY_EBUSY   (Windows) */
EDDY_API int eddy_fd_open(eddy_loop_t *loop, eddy_native_t native, eddy_fd_t **fd);

/* Completes with the mask of those of `events` (<eddy/event.h>, or EDDY_POLL_ERROR) that hold, as
   soon as one does. The loop looks when it next waits: what held at the start and does not any more
   is not reported. A hang-up that was not asked for ends nothing, and what comes after it is heard.

   With EDDY_POLL_REPEAT in `flags` it is multishot: a callback each turn while one of the events
   holds. So the callback must read or write what it was told about.

   Some descriptors forget what they have told (on Linux perf events, /proc/self/mountinfo, pressure
   files). All polls that are pending are told of each of their events, so a multishot poll loses
   none. Between two one-shot polls a descriptor of this kind may lose an event on Linux. It may
   lose one to a host that waits for the loop's native handle, too.

   Else the result is
     EDDY_EINVAL   no or unknown events, or unknown flags
     EDDY_ECLOSED  the handle is closing, or the loop is draining
     EDDY_ECANCELED, EDDY_ETIMEDOUT   cancelled, or past its deadline
     EDDY_ELOST    the loop has lost its kernel interface
     EDDY_ENOSPC   Linux: too many descriptors are watched (max_user_watches of epoll(7))
     EDDY_ENOMEM   no memory
     EDDY_EUNKNOWN another error of the system (eddy_op_os_error)
   Cancel class prompt; a cancelled poll has no effect. */
EDDY_API int eddy_fd_poll(eddy_fd_t *fd, eddy_op_t *op, uint32_t events, uint32_t flags,
                          eddy_cb cb);

/* Closes the handle, never the descriptor. It is deregistered when this returns: the owner may
   close the descriptor then, and open the same number anew. `op` and `cb` may both be NULL. Returns
   EDDY_PENDING. Rule 8. */
EDDY_API int eddy_fd_close(eddy_fd_t *fd, eddy_op_t *op, eddy_cb cb);

/* The descriptor. */
EDDY_API eddy_native_t eddy_fd_native(const eddy_fd_t *fd);

#endif
