// Pools: the process-wide one, those of the user, and all of them in a fork.
#include "core/failure.hpp"
#include "core/options.hpp"
#include "core/workers.hpp"

namespace eddy {

constexpr uint32_t kMaxThreads = 1024;
constexpr uint64_t kSmallestStack = 64 << 10, kLargestStack = 1 << 30, kStack = 2 << 20;

static constinit eddy_workers process_wide{};

static int check(const eddy_workers_options_t &options) {
  if (options.threads > kMaxThreads) return EDDY_EINVAL;
  if (options.stack_size &&
      (options.stack_size < kSmallestStack || options.stack_size > kLargestStack))
    return EDDY_EINVAL;
  return 0;
}

static uint32_t default_threads() {
  uint32_t wanted = 4 * os_processors();
  return wanted < 16 ? 16 : wanted > kMaxThreads ? kMaxThreads : wanted;
}

static void set_up(eddy_workers &pool, const eddy_workers_options_t &options) {
  constexpr uint64_t page = 64 << 10; // the largest there is
  pool.limit = options.threads ? options.threads : default_threads();
  pool.keep = options.keep;
  pool.queue_limit = options.queue ? options.queue : UINT32_MAX;
  pool.stack_size = options.stack_size ? (options.stack_size + page - 1) & ~(page - 1) : kStack;
  pool.idle_time = options.idle ? options.idle : 10 * EDDY_SECOND;
  pool.thread = {workers_run, &pool};
  workers_add(pool);
}

// 0 when unset; false for what is not a number of threads.
static bool environment_threads(uint32_t &threads) {
  threads = 0;
  EnvironmentRoom room;
  const char *text = os_environment("EDDY_WORKERS", room);
  if (!text || !*text) return true;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    threads = threads * 10 + static_cast<uint32_t>(*text - '0');
    if (threads > kMaxThreads) return false;
  }
  return threads > 0;
}

static bool process_wide_ready() {
  static constinit std::atomic<bool> ready = false;
  if (ready.load(std::memory_order_acquire)) return true;
  eddy_workers_options_t options = {};
  workers_lock.acquire();
  if (!ready.load(std::memory_order_relaxed) && environment_threads(options.threads)) {
    set_up(process_wide, options);
    ready.store(true, std::memory_order_release);
  }
  workers_lock.release();
  return ready.load(std::memory_order_relaxed);
}

eddy_workers *workers_of(eddy_workers_t *handle) {
  if (handle) return handle;
  return process_wide_ready() ? &process_wide : nullptr;
}

static void end_threads(eddy_workers &pool) {
  pool.lock.acquire();
  pool.closing = true;
  while (Worker *worker = pool.idle.tail) {
    workers_wake(pool, *worker);
    os_wake_sleeper(worker->awake);
  }
  while (pool.threads) {
    uint32_t seen = pool.ended.load(std::memory_order_relaxed);
    pool.lock.release();
    os_sleep_on(pool.ended, seen, kNever);
    pool.lock.acquire();
  }
  pool.lock.release();
}

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_workers_open(const eddy_workers_options_t *user_options, eddy_workers_t **out) {
  require(out != nullptr, "null result pointer");
  *out = nullptr;
  eddy_workers_options_t options;
  if (int error = read_options(options, user_options, kFirstWorkersOptions)) return failed(error);
  if (int error = check(options)) return failed(error);
  void *memory = os_alloc(sizeof(eddy_workers));
  if (!memory) return failed(EDDY_ENOMEM);
  eddy_workers *pool = new (memory) eddy_workers{};
  workers_lock.acquire();
  set_up(*pool, options);
  workers_lock.release();
  *out = pool;
  return 0;
}

int eddy_workers_close(eddy_workers_t *pool) {
  require(pool != nullptr, "null pool");
  pool->lock.acquire();
  bool busy = pool->submitted != pool->delivered.load(std::memory_order_acquire);
  pool->lock.release();
  if (busy) return failed(EDDY_EBUSY);
  end_threads(*pool);
  workers_lock.acquire();
  workers_remove(*pool);
  workers_lock.release();
  os_release(pool, sizeof *pool);
  return 0;
}

int eddy_workers_stat(eddy_workers_t *handle, eddy_workers_stats_t *stat) {
  require(stat != nullptr, "null stat");
  eddy_workers_stats_t now = {};
  if (eddy_workers *pool = workers_of(handle)) {
    pool->lock.acquire();
    for (Worker *worker = pool->idle.head; worker; worker = worker->next) now.idle++;
    now.threads = pool->threads;
    now.queued = pool->queued;
    now.refused = pool->refused;
    pool->lock.release();
  }
  if (int error = write_result(stat, now, kFirstWorkersStats)) return failed(error);
  return 0;
}

} // extern "C"
