/* By a compiler and a linker that keep to Microsoft's ABI, object files and import libraries, without a C runtime:
   there is none of theirs here. */
#include <eddy.h>

static void on_due(eddy_op_t *op, int64_t result) { *(int64_t *)op->data = result; }

int start(void) {
  static eddy_op_t op;
  static int64_t result = EDDY_ECLOSED;
  eddy_loop_t *loop;
  if (eddy_loop_open(0, &loop) != 0) return 1;
  eddy_op_init(&op);
  op.data = &result;
  eddy_sleep(loop, &op, eddy_now(loop) + EDDY_MILLISECOND, on_due);
  if (eddy_loop_run(loop) != 0 || result != 0) return 2;
  if (eddy_op_size() != sizeof op) return 3;
  return eddy_loop_close(loop) == 0 ? 0 : 4;
}
