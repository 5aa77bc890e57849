/* Timers. Nanoseconds of the monotonic clock, never early; ops that come due in one turn are called in
   the order (due time, start order). Loop's thread. */
#ifndef EDDY_TIMER_H
#define EDDY_TIMER_H

#include <eddy/op.h>

/* Completes with 0 once the clock has reached `at`, an absolute time; a past one completes in the next
   timer phase. Moved with eddy_rearm. A deadline on a sleep that is earlier than `at` ends it with
   EDDY_ETIMEDOUT. Cancel class prompt. */
EDDY_API int eddy_sleep(eddy_loop_t *loop, eddy_op_t *op, eddy_time_t at, eddy_cb cb);

/* What a tick does when the loop was late and more than one period has passed. */
enum {
  EDDY_TICK_BURST = 0, /* a callback for each period, one after the other */
  EDDY_TICK_SKIP = 1,  /* one callback whose result counts the periods; stays on the grid */
  EDDY_TICK_DELAY = 2  /* one callback; the next is one period after it */
};

/* Multishot: a callback at `first` and then every `period` nanoseconds (at least 1), each with the
   number of periods it stands for (1, or more with EDDY_TICK_SKIP). Runs until cancelled or its
   deadline. Results: EDDY_EINVAL for a period of 0 or an unknown policy. Cancel class prompt. */
EDDY_API int eddy_tick(eddy_loop_t *loop, eddy_op_t *op, eddy_time_t first, eddy_time_t period,
                       uint32_t policy, eddy_cb cb);

#endif
