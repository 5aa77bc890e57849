/* The loop: it waits for the kernel, runs callbacks, and owns every handle opened on it.

   A turn, in this order:
     posted ops - idle hooks - before-wait hooks - flush and wait in one system call - ready ops (a
     snapshot) - after-wait hooks - close completions - the clock - expired timers.
   eddy_loop_run and eddy_loop_step begin with the clock and expired timers, once. What becomes
   ready during a phase is delivered in the same phase of the next turn. There is no wait while
   something is ready, an idle hook is armed, or stop was asked for.

   Thread rule of every function here, unless it says otherwise: the loop's thread (rule 11). A call
   from another thread aborts with a message, also in release builds. So does a null loop. */

/* Windows.

   A migratable loop uses AFD, as every loop does.
   The driver has no request that only one thread can end: eddy_loop_unbind never gives EDDY_EBUSY.
   The native handle is an event, which a thread feeds from the first time on that it was asked for.
   There is no fork: eddy_loop_after_fork gives EDDY_EINVAL. */

/* Example.

   #include <stdio.h>

   // Runs what `start` has started, until nothing is left or somebody asks for a stop.
   static int run_all(void (*start)(eddy_loop_t *loop)) {
     eddy_loop_t *loop;
     int error = eddy_loop_open(NULL, &loop);
     if (error) {
       fprintf(stderr, "loop: %s\n", eddy_error_text(error));
       return error;
     }
     start(loop);
     eddy_loop_run(loop);
     eddy_loop_drain(loop, EDDY_NEVER); // ends every op and handle by its callback
     return eddy_loop_close(loop);
   } */
#ifndef EDDY_LOOP_H
#define EDDY_LOOP_H

#include <eddy/base.h>
#include <eddy/driver.h>
#include <eddy/op.h>

/* Memory for a loop and its handles, given to eddy_loop_open. `alloc` returns `size` bytes aligned
   to 16 or NULL. `release` takes the same size back. They are called on the thread that uses the
   loop, never on the path of an operation. Both or neither. */
typedef void *(*eddy_alloc_fn)(void *context, size_t size);
typedef void (*eddy_release_fn)(void *context, void *memory, size_t size);

enum {
  EDDY_LOOP_MIGRATABLE = 1 << 0 /* the host runs the loop from several threads under its own lock;
                                   uses epoll, for io_uring requests belong to one thread */
};

/* Zero means default everywhere. `size` is sizeof(eddy_loop_options_t). An older, smaller struct is
   completed with zeros. A larger one must have a zero tail. */
typedef struct eddy_loop_options {
  uint32_t size;
  uint32_t driver; /* EDDY_DRIVER_*; the environment's EDDY_DRIVER=NAME wins when this is AUTO */
  uint32_t flags;  /* EDDY_LOOP_* */
  uint32_t ring_entries; /* io_uring: submission entries, 4 to 4096, rounded up to a power of two;
                            default 128, halved while the kernel refuses the memory */
  eddy_time_t spin; /* poll this long without sleeping before each sleep; default 0; at most one
                            second. Buys latency with CPU time */
  eddy_alloc_fn alloc;
  eddy_release_fn release;
  void *alloc_context;
} eddy_loop_options_t;

/* Opens a loop. `options` may be NULL, and is read before it returns. On success *loop is the loop,
   to be ended with eddy_loop_close. Else it is NULL and the result is
     EDDY_EINVAL  an option is out of range, or `size` is too small; EDDY_DRIVER names no driver
     EDDY_ENOTSUP the driver is not there, or not for a migratable loop; an unknown option is set
     EDDY_EPERM, EDDY_EACCES, EDDY_ENOSYS   the driver asked for by name is refused (auto takes
                  epoll instead)
     EDDY_ENOMEM, EDDY_EMFILE, EDDY_ENFILE   resources
   Any thread; that thread may start ops until the first run binds the loop. */
EDDY_API int eddy_loop_open(const eddy_loop_options_t *options, eddy_loop_t **loop);

/* Runs turns until nothing keeps the loop alive (rule 9) or stop is asked for. Returns 0 when the
   loop is not alive any more, 1 when it stopped and still is. Aborts inside a callback. */
EDDY_API int eddy_loop_run(eddy_loop_t *loop);

/* Runs turns until *flag, which callbacks set, is not 0 after one (or before the first), nothing
   keeps the loop alive, or stop is asked for. It is how a binding waits for its own: a stop, which
   is the user's, is never mistaken for the flag. Returns 1 when stop was asked for, whatever else;
   else 2 when the flag is set; else 0. Aborts inside a callback. */
EDDY_API int eddy_loop_run_until_set(eddy_loop_t *loop, const uint32_t *flag);

/* Runs one turn that waits until the absolute time `until` at most: 0 (or any past time) for no
   wait, EDDY_NEVER for no limit. It does not wait when the loop is not alive, nor when it has run a
   timer or a post before the wait. On return everything started has been handed to the kernel.
   Returns 1 while the loop is alive, else 0. Aborts inside a callback. */
EDDY_API int eddy_loop_step(eddy_loop_t *loop, eddy_time_t until);

/* Makes the running (or else the next) run or step return after its turn, without a wait. What its
   first timers ask for ends it there: the turn does not begin. Sticky until one run or step has
   consumed it. A drain takes no notice of it, and leaves it to the next run or step. */
EDDY_API void eddy_loop_stop(eddy_loop_t *loop);

/* Ends everything. From now on new posts and starts are refused (EDDY_ECLOSED). It cancels every
   op, closes every handle, and runs turns until nothing is left or the absolute time `until`
   passes. Late, which is when `until` has passed, it does not wait. It then delivers what is due
   and what that brings, in eight turns more at most. Returns how many ops, handles and unreturned
   leases are still held; with some left it may be called again. Aborts inside a callback. */
EDDY_API int64_t eddy_loop_drain(eddy_loop_t *loop, eddy_time_t until);

/* Frees the loop. Returns 0, or with nothing changed
     EDDY_EBUSY   an op, a handle or a lease exists: eddy_loop_drain ends them all first, and tells
                  how many are held by others
   A stream that an accept brought inline and nobody took is closed. A drained loop may be closed
   from any thread, also after its own has ended. In a forked child it frees the child's copy
   whatever is pending, calls nothing, and leaves the parent's loop alone. Aborts inside a callback.

   A kernel may interrupt one blocking call of the thread (EINTR) a moment after an io_uring loop
   was closed, or tried out by eddy_driver_probe or the first eddy_loop_open. */
EDDY_API int eddy_loop_close(eddy_loop_t *loop);

/* Lets go of the loop: the calling thread is not its owner any more, and whichever thread calls
   next is, as before the first run. What is pending stays pending, and ends in the thread that runs
   the loop. What this thread wrote is visible to the next one. Ask for eddy_loop_native_handle
   again. Returns 0, or with nothing changed
     EDDY_EBUSY   the driver has a request that only this thread can end (io_uring: at-return
                  requests; epoll has none)
   Owner's thread; aborts inside a callback. */
EDDY_API int eddy_loop_unbind(eddy_loop_t *loop);

/* 1 while ref'd ops are pending, posts wait or handles are closing, else 0. */
EDDY_API int eddy_loop_alive(const eddy_loop_t *loop);

/* 1 when the calling thread is inside a run, step or drain of this loop, else 0. Any thread. */
EDDY_API int eddy_loop_inside(const eddy_loop_t *loop);

/* The cached time, in nanoseconds (<eddy/base.h>). It is set at the start of a run, step or drain,
   after the wait, before expired timers, and in every turn that calls back. */
EDDY_API eddy_time_t eddy_now(const eddy_loop_t *loop);

/* Reads the clock into the cached time, and returns it: after a long computation, before deadlines
   are built from eddy_now. */
EDDY_API eddy_time_t eddy_update_now(eddy_loop_t *loop);

/* Hands everything started so far to the kernel, without waiting. For a host that starts ops
   outside of callbacks and then sleeps by its own means. Binds the loop to the calling thread. */
EDDY_API void eddy_loop_flush(eddy_loop_t *loop);

/* When a host must call eddy_loop_step at the latest, as an absolute time: the next deadline; 0
   ("now") while anything is ready or unflushed; EDDY_NEVER if only the native handle can tell. */
EDDY_API eddy_time_t eddy_loop_next_deadline(eddy_loop_t *loop);

/* A level-triggered descriptor for a foreign loop to poll for reading. It is readable when a step
   has something to do, posts and stop included. Timers are excluded (eddy_loop_next_deadline).
   Owned by the loop; after eddy_loop_after_fork ask for it again. The host's own wait may end with
   EINTR, see eddy_loop_close. Binds the loop to the calling thread. EDDY_NO_NATIVE after the loop
   lost its kernel interface, or when there is no descriptor left for it (then ask again). */
EDDY_API eddy_native_t eddy_loop_native_handle(eddy_loop_t *loop);

/* A pointer of the user's, which the library never follows; NULL at first. The loop's thread. */
EDDY_API void *eddy_loop_data(const eddy_loop_t *loop);
EDDY_API void eddy_loop_set_data(eddy_loop_t *loop, void *data);

/* 1 in a forked child, for a loop that was opened before the fork and not given to
   eddy_loop_after_fork since; else 0. Such a loop may only be left alone, closed, or given to that
   function. Its handles and ops may not be used. For destructors, which do not know where they run.
   Any thread. */
EDDY_API int eddy_loop_inherited(const eddy_loop_t *loop);

/* In a forked child: gives the loop new kernel objects of its own. Every pending op ends with
   EDDY_ECANCELED in the next step, and posts that wait, too.

   Handles stay usable. Their sockets are the parent's as well, and closing one, whatever the call,
   changes nothing for the parent: no reset is sent, no option set, and no file removed. What an
   inherited stream or listener reads, accepts and writes is taken from and sent for both. What
   would change the socket itself (connect, bind, shutdown, setting an option) gives EDDY_EBUSY:
   eddy_stream_release and eddy_stream_adopt take it over for good.

   A child that was forked inside a callback may call this there, and run the loop. Returning from
   that callback aborts with a message. Returns 0, or
     EDDY_EINVAL  there was no fork since the loop was opened
   or the error of the new kernel objects; then the loop can only be closed. */
EDDY_API int eddy_loop_after_fork(eddy_loop_t *loop);

/* Hooks: multishot ops called once a turn with result 0 until cancelled, in start order.
     idle         before the wait; an armed idle hook keeps the loop from waiting
     before_wait  after the idle hooks, right before the wait
     after_wait   after the ready ops
   Return EDDY_PENDING. The final callback comes with the ready ops, with
     EDDY_ECANCELED, EDDY_ETIMEDOUT   cancelled, or past the deadline
     EDDY_ECLOSED                     the loop is draining
   Cancel class prompt. */
EDDY_API int eddy_hook_idle(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb);
EDDY_API int eddy_hook_before_wait(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb);
EDDY_API int eddy_hook_after_wait(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb);

/* Completes with 0 among the ready ops of the next turn, or with EDDY_ECLOSED when the loop is
   draining. Returns EDDY_PENDING: it never ends inside its start call. Cancel class prompt, but it
   is already on its way: a cancel comes too late. Same thread, no atomics. */
EDDY_API int eddy_yield(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb);

#endif
