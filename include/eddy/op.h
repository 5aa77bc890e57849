/* Operations: the one unit of everything asynchronous. The numbered rules are docs/contract.md.

   An op is 192 bytes of the caller's memory. A start function lends it to the library; the final
   callback gives it back.

     1  Once.         A started op gets exactly one final callback, on the loop's thread, from
                      inside eddy_loop_run, _step or _drain and nowhere else. A multishot op may get
                      callbacks with eddy_op_more(op) != 0 before it.
     2  Never nested. No callback runs inside start, cancel, post or close. With EDDY_OP_INLINE a
                      one-shot op may end inside its start call: the call returns EDDY_DONE, the
                      result is in the op and there is no callback. It never overtakes queued ops.
                      Multishot ops, close and post ignore the flag. Callbacks must not throw or
                      longjmp through the library.
     3  Yours again.  When the final callback is entered the library has forgotten the op: free,
                      reuse or restart it right there. An idle op that offers nothing holds no
                      pointer to its loop.
     4  No failing start. Start functions return EDDY_PENDING (or EDDY_DONE). Bad arguments, closing
                      handles, no memory, errors of the system: all arrive as the op's result. (Post
                      is the exception, rule 11.) Starting a pending op, or passing a null op,
                      callback or handle, is a bug: one message, then abort.
     5  Cancel is a wish. eddy_cancel is legal in every state and idempotent. If a one-shot op moved
                      bytes, its result says how many. Only an op without effect reports
                      EDDY_ECANCELED, or EDDY_ETIMEDOUT if its deadline did it. The first reason
                      wins. Nothing accepted is leaked by a cancel. A deadline is a cancel with
                      another reason. With one that is past at the start, no attempt is made.
                      "Cancel class" in a function's comment says when the op ends: prompt,
                      at-return or detached.
     6  Lent memory.  Everything passed by pointer to a start function is borrowed until the final
                      callback, buffer arrays too. Only option structs, and the address given to
                      connect, bind or listen, are read before start returns.
     7  Order.        Reads, writes and accepts on one handle take effect in start order, and those
                      that take effect finish in that order. An op that ends without effect may
                      finish before older ones. Shutdown of the write side counts as a write. A
                      write that ends short returns its reason, with the count in
                      eddy_op_transferred. The writes queued behind it, or started before its
                      callback, finish with EDDY_ECANCELED and 0.
     8  Close.        From the close call a handle is closing: its pending ops are cancelled and
                      complete, then the close op does. Starts give EDDY_ECLOSED as their result.
                      Getters still work. A second close aborts. Close takes NULL for op and
                      callback together. The handle is invalid when its close callback is entered.
                      Without one it is when the callback of the last op pending on it has returned
                      (at once when there is none). Closing inside any callback is allowed. A
                      listener's address is free when its close call has returned.
                      A call with a handle that has ended aborts by name while its memory rests.
     9  Alive.        A loop runs while ref'd ops are pending (an accepted post counts) or handles
                      are closing.
    10  Errors        are the permanent numbers of <eddy/error.h>. Result 0 of a stream read is the
                      end of the stream; a zero-length stream read is EDDY_EINVAL.
    11  Threads.      A loop belongs to the thread of its first run or step; starts before that may
                      come from its creator. Other threads use an eddy_remote_t. When its thread
                      has ended or called eddy_loop_unbind, another may drain, close or run it.
    12  No abort on resource errors: a result, never a crash, never a lost op. A loop that loses its
                      kernel interface ends every op once with EDDY_ELOST.
    13  Multishot.    Every payload arrives in a callback with eddy_op_more != 0; the final callback
                      carries only the reason (0: end of stream, or the user's own limit). Transient
                      failures do not end it.
    14  Ending.       eddy_loop_drain ends everything; eddy_loop_close frees the loop or changes
                      nothing.
    15  Fork.         In a child a loop may be left alone, closed, or given to eddy_loop_after_fork.
                      The parent sees nothing of it. */

/* Windows.

   The system's own code is a Win32, WSA or NTSTATUS code.
   A misuse ends the process by __fastfail in place of abort(), behind its line on standard error.
   No handler runs, and the exit status is 0xC0000409. */

/* Example.

   #include <eddy/stream.h>
   #include <stdio.h>
   #include <stdlib.h>

   struct request {
     eddy_op_t op;
     eddy_buf_t room;
     char answer[512];
   };

   static void on_answer(eddy_op_t *op, int64_t result) {
     struct request *request = op->data;
     if (result < 0) fprintf(stderr, "%s\n", eddy_error_text(result)); // EDDY_ETIMEDOUT: too late
     if (result > 0) fwrite(request->answer, 1, (size_t)result, stdout);
     free(request); // the library knows nothing of it any more (rule 3)
   }

   static int read_answer(eddy_stream_t *stream, eddy_time_t deadline) {
     struct request *request = calloc(1, sizeof *request); // all-zero bytes are an idle op
     if (!request) return EDDY_ENOMEM;
     request->op.data = request;
     request->room = (eddy_buf_t){request->answer, sizeof request->answer};
     eddy_op_set_deadline(&request->op, deadline);
     return eddy_stream_read(stream, &request->op, &request->room, 1, on_answer);
   } */
#ifndef EDDY_OP_H
#define EDDY_OP_H

#include <eddy/base.h>
#include <eddy/error.h>

/* Bytes of an op. */
#define EDDY_OP_SIZE 192

/* All-zero bytes are an idle op. An idle op may be copied, moved and freed; a pending one may not.
   `data` is yours: the library never reads or writes it. The rest is the library's. */
typedef struct eddy_op {
  void *data;
#if UINTPTR_MAX < UINT64_MAX
  uint32_t eddy_pad;
#endif
  uint64_t eddy_private[(EDDY_OP_SIZE / 8) - 1];
} eddy_op_t;

/* The callback of an op. `result` is what eddy_op_result gives: 0 or more is success, less is an
   error of <eddy/error.h>. Runs on the loop's thread. */
typedef void (*eddy_cb)(eddy_op_t *op, int64_t result);

/* What start functions return. */
enum {
  EDDY_PENDING = 0, /* the callback will come */
  EDDY_DONE = 1 /* ended inline (only with EDDY_OP_INLINE): the result is in the op, no callback */
};

/* Flags of an op. They stay over starts. */
enum {
  EDDY_OP_INLINE = 1 << 0, /* may end inside its start call, see rule 2 */
  EDDY_OP_UNREF = 1 << 1   /* does not keep the loop alive, see rule 9 */
};

/* Makes an op idle: the same as zeroing all of it, `data` too. Never on a pending op. Any
   thread. */
EDDY_API void eddy_op_init(eddy_op_t *op);

/* Replaces the flags of an idle op. Aborts on a pending op or an unknown flag. The op's thread. */
EDDY_API void eddy_op_set_flags(eddy_op_t *op, uint32_t flags);

/* Gives the next start of an idle op a deadline, an absolute time (eddy_now() + a duration).
   EDDY_NEVER takes it away. One start consumes it. It counts from the start whether the op waits in
   a queue or not. It covers the op to its final callback, a multishot op as a whole. Aborts on a
   pending op; see eddy_rearm. The op's thread. */
EDDY_API void eddy_op_set_deadline(eddy_op_t *op, eddy_time_t at);

/* Asks a pending op to end; see rule 5. Does nothing on an idle one. The loop's thread. */
EDDY_API void eddy_cancel(eddy_op_t *op);

/* Moves the deadline of a pending op that has one to `at`, an absolute time. Of a pending sleep it
   moves the due time, of a tick the next due time. Counts as a start in the order of equal times.
   Later is one store; earlier is O(1) too. Returns 0, or
     EDDY_EINVAL   the op is idle, or pending without a time
     EDDY_EALREADY it has come due, or was cancelled: its callback is on the way
   The loop's thread. */
EDDY_API int eddy_rearm(eddy_op_t *op, eddy_time_t at);

/* 1 from start to final callback (0 inside it), else 0; 0 when it is NULL. The loop's thread. */
EDDY_API int eddy_op_pending(const eddy_op_t *op);

/* Inside a callback: 1 when more callbacks follow, 0 in the final one. 0 when it is NULL. The
   loop's thread. */
EDDY_API int eddy_op_more(const eddy_op_t *op);

/* The result of the last callback, or of an inline end. The loop's thread. */
EDDY_API int64_t eddy_op_result(const eddy_op_t *op);

/* Bytes that the op has moved, also when its result is an error; and in a `more` callback the bytes
   of that payload. Valid until the next start. The loop's thread. */
EDDY_API uint64_t eddy_op_transferred(const eddy_op_t *op);

/* The operating system's code behind the last error result (errno on POSIX), or 0 when eddy itself
   gave the error. For logs. Valid until the next start. The loop's thread. */
EDDY_API int32_t eddy_op_os_error(const eddy_op_t *op);

/* Whether the op keeps its loop alive (rule 9). Both are legal in every state and idempotent, and
   change the flag EDDY_OP_UNREF. The loop's thread. */
EDDY_API void eddy_op_ref(eddy_op_t *op);
EDDY_API void eddy_op_unref(eddy_op_t *op);

/* The stream that an accept brought, in its callback (or after EDDY_DONE), until the op is started
   again. NULL when there is none or it was taken. Ownership moves to the caller. A stream that is
   not taken is closed when the callback returns. After EDDY_DONE it is closed when the op is
   started again on that loop, at the latest by eddy_loop_drain or eddy_loop_close. The loop's
   thread. */
EDDY_API eddy_stream_t *eddy_op_take_stream(eddy_op_t *op);

/* The native descriptor that eddy_stream_release yielded, by the same rules; EDDY_NO_NATIVE when
   there is none or it was taken. */
EDDY_API eddy_native_t eddy_op_take_native(eddy_op_t *op);

#endif
