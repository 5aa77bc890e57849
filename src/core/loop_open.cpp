// Opening a loop.
#include "core/loop_open.hpp"

#include "core/options.hpp"

namespace eddy {

static int check(const eddy_loop_options_t &options) {
  if (options.flags & ~uint32_t{EDDY_LOOP_MIGRATABLE}) return EDDY_ENOTSUP;
  if (options.spin > EDDY_SECOND || !options.alloc != !options.release) return EDDY_EINVAL;
  if (options.ring_entries && (options.ring_entries < 4 || options.ring_entries > 4096))
    return EDDY_EINVAL;
  return 0;
}

static int fill(Loop &loop, const eddy_loop_options_t &options, OpenDriver open_driver) {
  loop.owner = os_thread();
  loop.spin = options.spin;
  loop.migratable = options.flags & EDDY_LOOP_MIGRATABLE;
  loop.driver_reason = "";
  OsResult outcome;
  loop.remote = remote_new(loop, outcome);
  if (!loop.remote) return ended(outcome);
  loop.wake = loop.remote->wake;
  int error = open_driver(loop, options);
  if (error) remote_release(*loop.remote);
  return error;
}

int loop_open(const eddy_loop_options_t *user_options, OpenDriver open_driver, eddy_loop_t **out) {
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  eddy_loop_options_t options;
  if (int error = read_options(options, user_options, kFirstLoopOptions)) return failed(error);
  if (int error = check(options)) return failed(error);
  Memory memory = {options.alloc, options.release, options.alloc_context};
  void *place = memory.get(sizeof(Loop));
  if (!place) return failed(EDDY_ENOMEM);
  Loop &loop = *new (place) Loop{};
  loop.memory = memory;
  if (int error = fill(loop, options, open_driver)) {
    loop.~Loop();
    memory.put(place, sizeof(Loop));
    return error;
  }
  loop.now = loop.driver->now(loop);
  loop.wheel.init(&loop.memory, loop.now);
  for (size_t kind = 1; kind < kHandles; kind++)
    loop.slabs[kind].init(handles[kind]->size, offsetof(Source, next));
  registry_add(loop);
  *out = &loop;
  return 0;
}

} // namespace eddy
