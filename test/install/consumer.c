/* A program that has nothing of eddy but what was installed. C11, and C++20 under another name. */
#include <eddy.h>
#include <stdio.h>

static void on_due(eddy_op_t *op, int64_t result) { *(int64_t *)op->data = result; }

int main(void) {
  eddy_loop_t *loop;
  eddy_op_t op;
  int64_t result = EDDY_ECLOSED;
  int error = eddy_loop_open(NULL, &loop);
  if (error != 0) {
    printf("cannot open a loop: %s\n", eddy_error_name(error));
    return 1;
  }
  eddy_op_init(&op);
  op.data = &result;
  eddy_sleep(loop, &op, eddy_now(loop) + EDDY_MILLISECOND, on_due);
  int alive = eddy_loop_run(loop);
  printf("eddy %s on %s: %s\n", eddy_version_text(), eddy_driver_name(eddy_loop_driver(loop)),
         eddy_error_name(result));
  error = eddy_loop_close(loop);
  return alive != 0 || error != 0 || result != 0 || eddy_op_size() != sizeof op;
}
