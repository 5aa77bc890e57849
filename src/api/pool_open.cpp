// Opening a receive pool.
#include "api/pool.hpp"
#include "core/loop.hpp"
#include "core/options.hpp"

using namespace eddy;

static bool allocate(Loop &loop, eddy_pool &pool) {
  size_t size = static_cast<size_t>(pool.count) * pool.buffer_size;
  pool.buffers = static_cast<Buffer *>(loop.memory.get(pool.count * sizeof(Buffer)));
  if (!pool.buffers) return false;
  pool.memory = static_cast<char *>(loop.memory.alloc ? loop.memory.get(size) : os_pages(size));
  if (pool.memory) return true;
  loop.memory.put(pool.buffers, pool.count * sizeof(Buffer));
  return false;
}

extern "C" int eddy_pool_open(eddy_loop_t *handle, const eddy_pool_options_t *user_options,
                              eddy_pool_t **out) {
  Loop &loop = check_loop(handle);
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  eddy_pool_options_t options;
  if (int error = read_options(options, user_options, kFirstPoolOptions)) return failed(error);
  uint32_t buffer_size = options.buffer_size ? options.buffer_size : 16384;
  uint32_t count = options.buffers ? options.buffers : 256;
  if (options.reserved) return failed(EDDY_ENOTSUP);
  if (buffer_size < 64 || buffer_size > 1024 * 1024 || count > 32768) return failed(EDDY_EINVAL);
  if (loop.draining) return failed(EDDY_ECLOSED);

  eddy_pool *pool = source_new<eddy_pool>(loop, SourceKind::pool);
  if (!pool) return failed(EDDY_ENOMEM);
  pool->buffer_size = (buffer_size + 63) & ~uint32_t{63};
  pool->count = pool->free = count;
  pool->free_head = 0;
  if (!allocate(loop, *pool)) {
    source_free(*pool);
    return failed(EDDY_ENOMEM);
  }
  for (uint32_t i = 0; i < count; i++) {
    pool->buffers[i] = {};
    pool->buffers[i].next = i + 1 < count ? i + 1 : kNoBuffer;
  }
  *out = pool;
  return 0;
}
