// The pool's threads: how they are got, what they run, how they end.
#include "core/workers.hpp"
#include "core/loop.hpp"

#include <tsan.hpp>

namespace eddy {

// A thread that is to be got for what waits in the queue.
struct Help {
  Worker *sleeper;
  bool start;
};

// With the lock held.
void workers_wake(eddy_workers &pool, Worker &worker) {
  pool.idle.remove(worker);
  worker.searching = true;
  pool.searching++;
  worker.awake.store(1, std::memory_order_relaxed);
}

// With the lock held; send_help does the rest without.
static Help call_help(eddy_workers &pool) {
  if (pool.queue.empty() || pool.searching) return {};
  if (Worker *worker = pool.idle.tail) {
    workers_wake(pool, *worker);
    return {worker, false};
  }
  if (pool.threads == pool.limit) return {};
  pool.threads++;
  pool.searching++;
  return {nullptr, true};
}

// The loop stays while its op is pending; from then on until it is let go its remote does.
static void let_go(eddy_remote *remote) {
  if (!remote) return;
  tsan_release(&remote->borrowed);
  remote->borrowed.fetch_sub(1, std::memory_order_release);
}

static void refuse_all(WorkItem *item, OsResult why) {
  while (item) {
    WorkItem *next = item->next;
    item->value = why.value;
    item->native = why.native;
    eddy_remote *remote = item->remote;
    remote->borrowed.fetch_add(1, std::memory_order_relaxed);
    remote_return(*remote, *item);
    let_go(remote);
    item = next;
  }
}

// Others may have queued ops meanwhile that counted on the thread which did not come.
static void thread_refused(eddy_workers &pool, OsResult why) {
  Help help = {};
  WorkItem *stranded = nullptr;
  pool.lock.acquire();
  pool.threads--;
  pool.searching--;
  pool.refused++;
  if (!pool.threads) {
    stranded = pool.queue.head;
    for (WorkItem *item = stranded; item; item = item->next) item->queued = false;
    pool.queue = {};
    pool.queued = 0;
  } else if (pool.idle.tail) {
    help = call_help(pool);
  }
  pool.lock.release();
  if (help.sleeper) os_wake_sleeper(help.sleeper->awake);
  refuse_all(stranded, why);
}

static void send_help(eddy_workers &pool, Help help) {
  if (help.sleeper) os_wake_sleeper(help.sleeper->awake);
  if (!help.start) return;
  OsResult started = os_thread_start(pool.thread, pool.stack_size);
  if (started.value < 0) thread_refused(pool, started);
}

static void found_or_gave_up(eddy_workers &pool, Worker &self) {
  if (!self.searching) return;
  self.searching = false;
  pool.searching--;
}

// With the lock held, which it gives up while it works.
static bool run_next(eddy_workers &pool, Worker &self, eddy_remote *&remote) {
  WorkItem *item = pool.queue.pop_front();
  found_or_gave_up(pool, self);
  if (!item) return false;
  pool.queued--;
  item->queued = false;
  Help help = call_help(pool);
  uint32_t generation = pool.generation;
  pool.lock.release();
  send_help(pool, help);
  eddy_remote &home = *item->remote;
  if (!remote || remote != &home) {
    let_go(remote);
    remote = &home;
    home.borrowed.fetch_add(1, std::memory_order_relaxed);
  }
  tsan_acquire(item);
  item->value = item->fn(item->argument);
  require(pool.generation == generation, "a work function returned in a forked child");
  remote_return(home, *item);
  pool.lock.acquire();
  return true;
}

// With the lock held, which it gives up while it sleeps. False: the thread is to end.
static bool rest(eddy_workers &pool, Worker &self) {
  if (pool.closing) return false;
  self.awake.store(0, std::memory_order_relaxed);
  pool.idle.push_back(self);
  Time limit = pool.threads > pool.keep ? pool.idle_time : kNever;
  pool.lock.release();
  os_sleep_on(self.awake, 0, limit);
  pool.lock.acquire();
  if (self.awake.load(std::memory_order_relaxed)) return true;
  pool.idle.remove(self);
  return pool.threads <= pool.keep || !pool.queue.empty();
}

void workers_run(void *argument) {
  eddy_workers &pool = *static_cast<eddy_workers *>(argument);
  os_thread_name("eddy-work");
  Worker self = {};
  self.searching = true;
  eddy_remote *remote = nullptr; // borrowed, so as not to pay for each op of a loop
  pool.lock.acquire();
  do {
    while (run_next(pool, self, remote)) {
    }
    let_go(remote);
    remote = nullptr;
  } while (rest(pool, self));
  pool.threads--;
  pool.ended.fetch_add(1, std::memory_order_relaxed);
  std::atomic<uint32_t> &ended = pool.ended;
  pool.lock.release(); // a closing pool may be gone from here on: waking a gone address is harmless
  os_wake_sleeper(ended);
}

int64_t workers_submit(eddy_workers &pool, WorkItem &item) {
  tsan_release(&item);
  pool.lock.acquire();
  if (pool.queued >= pool.queue_limit) {
    pool.lock.release();
    return EDDY_EAGAIN;
  }
  item.queued = true;
  pool.queue.push_back(item);
  pool.queued++;
  pool.submitted++;
  Help help = call_help(pool);
  pool.lock.release();
  send_help(pool, help);
  return 0;
}

bool workers_withdraw(eddy_workers &pool, WorkItem &item) {
  pool.lock.acquire();
  bool waits = item.queued;
  if (waits) {
    item.queued = false;
    pool.queue.remove(item);
    pool.queued--;
    pool.submitted--;
  }
  pool.lock.release();
  return waits;
}

} // namespace eddy
