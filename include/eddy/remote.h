/* Remotes: the address of a loop for other threads. A remote is counted by references and outlives
   the loop, so that a post to a loop that has ended is an error and never a crash. Every function
   here: any thread. A null remote, op or callback aborts with a message.

   In a forked child a remote reaches nothing until its loop was given to eddy_loop_after_fork. A
   post gives EDDY_ECLOSED, stop and wake do nothing, and the parent's loop does not notice. */

/* Example.

   #include <stdio.h>
   #include <stdlib.h>

   struct message {
     eddy_op_t op;
     int number;
   };

   static void on_message(eddy_op_t *op, int64_t result) { // on the loop's thread
     struct message *message = op->data;
     if (result == 0) printf("number %d\n", message->number);
     free(message);
   }

   static int tell(eddy_remote_t *remote, int number) { // on any thread
     struct message *message = calloc(1, sizeof *message);
     if (!message) return EDDY_ENOMEM;
     message->op.data = message;
     message->number = number;
     int refused = eddy_post(remote, &message->op, on_message);
     if (refused) free(message); // the loop has ended, and the op was never started
     return refused;
   } */
#ifndef EDDY_REMOTE_H
#define EDDY_REMOTE_H

#include <eddy/op.h>

/* The remote of a loop, with a new reference, to be given back with eddy_remote_release. Call it on
   the loop's thread, or else before the loop is closed. Never NULL. */
EDDY_API eddy_remote_t *eddy_loop_remote(eddy_loop_t *loop);

/* Takes another reference, and returns the remote. */
EDDY_API eddy_remote_t *eddy_remote_retain(eddy_remote_t *remote);

/* Gives a reference back. The last one frees the remote, whether its loop has ended or not. */
EDDY_API void eddy_remote_release(eddy_remote_t *remote);

/* Runs cb(op, 0) on the loop's thread, in post order per posting thread. Returns EDDY_PENDING, or
     EDDY_ECLOSED  the loop is draining, closed or a forked parent's: then the op was never started,
                   and is still yours
   An accepted post is always delivered, by eddy_loop_drain at the latest, then with EDDY_ECANCELED.
   What the poster wrote before the post is visible to the callback. The op's deadline and
   EDDY_OP_INLINE are ignored. An eddy_cancel on the loop's thread before the delivery makes the
   result EDDY_ECANCELED. No system call when the loop is awake. */
EDDY_API int eddy_post(eddy_remote_t *remote, eddy_op_t *op, eddy_cb cb);

/* eddy_loop_stop from any thread. Safe in a signal handler, as eddy_remote_wake is. */
EDDY_API void eddy_remote_stop(eddy_remote_t *remote);

/* Ends a wait of the loop: its run goes through one more turn, its step returns. Wakes that come
   before the loop has heard of one are one. Safe in a signal handler (atomics and one write(2),
   errno kept). */
EDDY_API void eddy_remote_wake(eddy_remote_t *remote);

#endif
