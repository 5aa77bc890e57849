/* eddy: an event loop with a stable C ABI. This header includes all of the C API.

   Start with <eddy/op.h>, the contract of operations, and <eddy/loop.h>, the order of a turn.

   Each header begins with what it is about, and has a short example. What differs on another system
   than Linux stands in one section of the header, named after that system. */

/* Example.

   #include <stdio.h>

   static void on_time(eddy_op_t *op, int64_t result) {
     (void)op;
     puts(result == 0 ? "a second has passed" : eddy_error_text(result));
   }

   int main(void) {
     eddy_loop_t *loop;
     eddy_op_t op = {0};
     int error = eddy_loop_open(NULL, &loop);
     if (error) {
       fprintf(stderr, "%s\n", eddy_error_text(error));
       return 1;
     }
     eddy_sleep(loop, &op, eddy_now(loop) + EDDY_SECOND, on_time);
     eddy_loop_run(loop);
     return eddy_loop_close(loop) == 0 ? 0 : 1;
   } */
#ifndef EDDY_H
#define EDDY_H

#include <eddy/addr.h>
#include <eddy/base.h>
#include <eddy/driver.h>
#include <eddy/error.h>
#include <eddy/event.h>
#include <eddy/fd.h>
#include <eddy/handle.h>
#include <eddy/listener.h>
#include <eddy/loop.h>
#include <eddy/op.h>
#include <eddy/option.h>
#include <eddy/pool.h>
#include <eddy/remote.h>
#include <eddy/stream.h>
#include <eddy/timer.h>
#include <eddy/version.h>
#include <eddy/work.h>

#endif
