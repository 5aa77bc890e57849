// The C API from C++: a lambda is a callback, a struct owns the loop.
#include <cstdio>
#include <eddy.h>
#include <memory>

struct CloseLoop {
  void operator()(eddy_loop_t *loop) const { eddy_loop_close(loop); }
};

int main() {
  eddy_loop_t *opened = nullptr;
  if (eddy_loop_open(nullptr, &opened) != 0) return 1;
  std::unique_ptr<eddy_loop_t, CloseLoop> loop(opened);

  int ticks = 0;
  eddy_op_t op{};
  op.data = &ticks;
  eddy_tick(loop.get(), &op, eddy_now(loop.get()), EDDY_MILLISECOND, EDDY_TICK_BURST,
            [](eddy_op_t *tick, std::int64_t) {
              int &count = *static_cast<int *>(tick->data);
              if (eddy_op_more(tick) && ++count == 3) eddy_cancel(tick);
            });
  int alive = eddy_loop_run(loop.get());
  std::printf("eddy %s: %d ticks\n", eddy_version_text(), ticks);
  return alive != 0 || ticks != 3 || eddy_op_result(&op) != EDDY_ECANCELED;
}
