/* Timers. Times are nanoseconds of the loop's monotonic clock (eddy_now). A timer is never early.
   Ops that come due in one turn are called in the order of their due times, and those of equal
   times in start order. Loop's thread for everything.

   Both start functions return EDDY_PENDING: a timer never ends inside its start call. Results that
   either can have:
     EDDY_ECANCELED  cancelled
     EDDY_ETIMEDOUT  the op's own deadline (eddy_op_set_deadline) came before
     EDDY_ECLOSED    the loop is draining */

/* Windows.

   The system waits in ticks of up to 16 ms. From Windows 10 1803 on, the last of them before a due
   time is left to a high-resolution timer. Without one a due time is kept to the tick. */

/* Example.

   #include <eddy/loop.h>

   static void on_second(eddy_op_t *op, int64_t periods) {
     uint64_t *seconds = op->data;
     if (eddy_op_more(op)) *seconds += (uint64_t)periods; // else it was cancelled
   }

   // Counts seconds until the op is cancelled. A loop that was late catches up.
   static void count_seconds(eddy_loop_t *loop, eddy_op_t *op, uint64_t *seconds) {
     eddy_time_t first = eddy_now(loop) + EDDY_SECOND;
     op->data = seconds;
     eddy_tick(loop, op, first, EDDY_SECOND, EDDY_TICK_SKIP, on_second);
   } */
#ifndef EDDY_TIMER_H
#define EDDY_TIMER_H

#include <eddy/op.h>

/* Completes with 0 once the clock has reached `at`, an absolute time. A past one completes in the
   next timer phase. It is moved with eddy_rearm. A deadline that is earlier than `at` ends it with
   EDDY_ETIMEDOUT. Cancel class prompt. */
EDDY_API int eddy_sleep(eddy_loop_t *loop, eddy_op_t *op, eddy_time_t at, eddy_cb cb);

/* What a tick does when the loop was late and more than one period has passed. */
enum {
  EDDY_TICK_BURST = 0, /* a callback for each period, one after the other */
  EDDY_TICK_SKIP = 1,  /* one callback whose result counts the periods; stays on the grid */
  EDDY_TICK_DELAY = 2  /* one callback; the next is one period after it */
};

/* Multishot: a callback at `first`, an absolute time, and then every `period` nanoseconds (at least
   1). Each has as its result the number of periods that it stands for: 1, or more with
   EDDY_TICK_SKIP. It runs until it is cancelled or its deadline passes. The result is EDDY_EINVAL
   for a period of 0 or an unknown policy. Cancel class prompt. */
EDDY_API int eddy_tick(eddy_loop_t *loop, eddy_op_t *op, eddy_time_t first, eddy_time_t period,
                       uint32_t policy, eddy_cb cb);

#endif
