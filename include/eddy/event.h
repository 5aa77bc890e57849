/* Events of readiness, which streams and foreign descriptors share: what eddy_fd_poll and
   eddy_stream_wait wait for, and what they give as their result, a mask of those that hold. */

/* Example.

   #include <eddy/op.h>
   #include <stdio.h>

   // The callback of an eddy_stream_wait or eddy_fd_poll.
   static void on_events(eddy_op_t *op, int64_t result) {
     (void)op;
     if (result < 0) {
       fprintf(stderr, "wait: %s\n", eddy_error_text(result));
       return;
     }
     if (result & EDDY_READABLE) puts("there is something to read, or the end");
     if (result & EDDY_DISCONNECT) puts("the peer sends no more");
     if (result & EDDY_POLL_ERROR) puts("the next read or write tells of an error");
   } */
#ifndef EDDY_EVENT_H
#define EDDY_EVENT_H

#include <eddy/base.h>

enum {
  EDDY_READABLE = 1 << 0,
  EDDY_WRITABLE = 1 << 1,
  EDDY_PRIORITY = 1 << 2,   /* out-of-band data (POLLPRI) */
  EDDY_DISCONNECT = 1 << 3, /* the peer has shut down its side (POLLRDHUP) or hung up (POLLHUP) */
  EDDY_POLL_ERROR = 1 << 4  /* an error is pending on the descriptor; always waited for */
};

#endif
