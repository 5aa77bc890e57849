/* What the programs need of the process around them: signals and the descriptor limit. */
#ifndef EXAMPLES_PROCESS_H
#define EXAMPLES_PROCESS_H

#include <eddy.h>
#include <stdbool.h>

/* A request to end (common/system.h) makes interrupted() true, for good. */
void catch_signals(void);
bool interrupted(void);

/* Makes such a request stop the loop too; `hook` lives as long as the loop. At most one loop at a time:
   forget_loop comes before the loop is closed. */
void stop_loop_on_signal(eddy_loop_t *loop, eddy_op_t *hook);
void forget_loop(void);

/* Raises the limit of open descriptors, or says clearly that it is not enough for so many connections,
   and exits 2. */
void require_descriptors(const char *program, uint64_t connections);

/* Says what failed, with the name and the text of an eddy error, and exits 1. */
_Noreturn void fail(const char *program, const char *what, int64_t error);

#endif
