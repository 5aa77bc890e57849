// Threads that work: how they are got, what they run, how they end.
#include "core/workers.hpp"

#include <tsan.hpp>

namespace eddy {

// A thread that is to be got for what waits in the queue.
struct Help {
  Worker *sleeper;
  bool start;
};

// With the lock held.
void workers_wake(eddy_workers &workers, Worker &worker) {
  workers.idle.remove(worker);
  worker.searching = true;
  workers.searching++;
  worker.awake.store(1, std::memory_order_relaxed);
}

// With the lock held; send_help does the rest without.
static Help call_help(eddy_workers &workers) {
  if (workers.queue.empty() || workers.searching) return {};
  if (Worker *worker = workers.idle.tail) {
    workers_wake(workers, *worker);
    return {worker, false};
  }
  if (workers.threads == workers.limit) return {};
  workers.threads++;
  workers.searching++;
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
static void thread_refused(eddy_workers &workers, OsResult why) {
  Help help = {};
  WorkItem *stranded = nullptr;
  workers.lock.acquire();
  workers.threads--;
  workers.searching--;
  workers.refused++;
  if (!workers.threads) {
    stranded = workers.queue.head;
    for (WorkItem *item = stranded; item; item = item->next) job_move(*item, JobState::taken);
    workers.queue = {};
    workers.queued = 0;
  } else if (workers.idle.tail) {
    help = call_help(workers);
  }
  workers.lock.release();
  if (help.sleeper) os_wake_sleeper(help.sleeper->awake);
  refuse_all(stranded, why);
}

static void send_help(eddy_workers &workers, Help help) {
  if (help.sleeper) os_wake_sleeper(help.sleeper->awake);
  if (!help.start) return;
  OsResult started = os_thread_start(workers.thread, workers.stack_size);
  if (started.value < 0) thread_refused(workers, started);
}

static void found_or_gave_up(eddy_workers &workers, Worker &self) {
  if (!self.searching) return;
  self.searching = false;
  workers.searching--;
}

// With the lock held, which it gives up while it works.
static bool run_next(eddy_workers &workers, Worker &self, eddy_remote *&remote) {
  WorkItem *item = workers.queue.pop_front();
  found_or_gave_up(workers, self);
  if (!item) return false;
  workers.queued--;
  job_move(*item, JobState::taken);
  Help help = call_help(workers);
  uint32_t generation = workers.generation;
  workers.lock.release();
  send_help(workers, help);
  eddy_remote &home = *item->remote;
  if (!remote || remote != &home) {
    let_go(remote);
    remote = &home;
    home.borrowed.fetch_add(1, std::memory_order_relaxed);
  }
  tsan_acquire(item);
  item->value = item->fn(item->argument);
  require(workers.generation == generation, "a work function returned in a forked child");
  remote_return(home, *item);
  workers.lock.acquire();
  return true;
}

// With the lock held, which it gives up while it sleeps. False: the thread is to end.
static bool rest(eddy_workers &workers, Worker &self) {
  if (workers.closing) return false;
  self.awake.store(0, std::memory_order_relaxed);
  workers.idle.push_back(self);
  Time limit = workers.threads > workers.keep ? workers.idle_time : kNever;
  workers.lock.release();
  os_sleep_on(self.awake, 0, limit);
  workers.lock.acquire();
  if (self.awake.load(std::memory_order_relaxed)) return true;
  workers.idle.remove(self);
  return workers.threads <= workers.keep || !workers.queue.empty();
}

void workers_run(void *argument) {
  eddy_workers &workers = *static_cast<eddy_workers *>(argument);
  os_thread_name("eddy-work");
  Worker self = {};
  self.searching = true;
  eddy_remote *remote = nullptr; // borrowed, so as not to pay for each op of a loop
  workers.lock.acquire();
  do {
    while (run_next(workers, self, remote)) {
    }
    let_go(remote);
    remote = nullptr;
  } while (rest(workers, self));
  workers.threads--;
  workers.ended.fetch_add(1, std::memory_order_relaxed);
  std::atomic<uint32_t> &ended = workers.ended;
  workers.lock.release(); // they may be gone from here on: waking a gone address is harmless
  os_wake_sleeper(ended);
}

int64_t workers_submit(eddy_workers &workers, WorkItem &item) {
  tsan_release(&item);
  workers.lock.acquire();
  if (workers.queued >= workers.queue_limit) {
    workers.lock.release();
    return EDDY_EAGAIN;
  }
  job_move(item, JobState::queued);
  workers.queue.push_back(item);
  workers.queued++;
  workers.submitted++;
  Help help = call_help(workers);
  workers.lock.release();
  send_help(workers, help);
  return 0;
}

bool workers_withdraw(eddy_workers &workers, WorkItem &item) {
  workers.lock.acquire();
  bool waits = item.state == JobState::queued;
  if (waits) {
    job_move(item, JobState::back);
    workers.queue.remove(item);
    workers.queued--;
    workers.submitted--;
  }
  workers.lock.release();
  return waits;
}

// From here on their workers may be closed: nothing in these ops leads to it any more.
WorkItem *workers_take_back(eddy_remote &remote) {
  if (!remote.returned.load(std::memory_order_relaxed)) return nullptr;
  WorkItem *newest = remote.returned.exchange(nullptr, std::memory_order_acquire);
  WorkItem *oldest = nullptr;
  eddy_workers *workers = newest->workers;
  uint64_t count = 0;
  while (newest) {
    tsan_acquire(newest);
    WorkItem *older = newest->next;
    if (newest->workers != workers) {
      workers->delivered.fetch_add(count, std::memory_order_release);
      workers = newest->workers;
      count = 0;
    }
    count++;
    newest->workers = nullptr;
    job_move(*newest, JobState::back);
    newest->next = oldest;
    oldest = newest;
    newest = older;
  }
  workers->delivered.fetch_add(count, std::memory_order_release);
  return oldest;
}

constinit Lock workers_lock;
static constinit List<eddy_workers, &eddy_workers::next, &eddy_workers::prev> everyone;

void workers_add(eddy_workers &workers) { everyone.push_back(workers); }
void workers_remove(eddy_workers &workers) { everyone.remove(workers); }

void workers_fork_lock() {
  workers_lock.acquire();
  for (eddy_workers *workers = everyone.head; workers; workers = workers->next)
    workers->lock.acquire();
}

void workers_fork_unlock() {
  for (eddy_workers *workers = everyone.head; workers; workers = workers->next)
    workers->lock.release();
  workers_lock.release();
}

// The threads, and what they were given, are the parent's.
void workers_fork_child() {
  for (eddy_workers *workers = everyone.head; workers; workers = workers->next) {
    workers->queue = {};
    workers->idle = {};
    workers->queued = workers->threads = workers->searching = 0;
    workers->submitted = 0;
    workers->delivered = 0;
    workers->generation++;
  }
  workers_fork_unlock();
}

} // namespace eddy
