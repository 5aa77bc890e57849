// A pool of threads and the queue in front of it.
//
// Threads are got one at a time. `searching` counts those that are on their way to the queue, woken or
// started; while there is one, nobody gets another. A thread that takes an op and leaves some behind
// gets the next thread. So a burst of short ops keeps one or two threads busy, and ops that block have
// as many as they need a few microseconds later.
#pragma once

#include "core/lock.hpp"
#include "core/op.hpp"

namespace eddy {

// Lives on the stack of its thread.
struct Worker {
  Worker *next, *prev; // the pool's idle threads
  std::atomic<uint32_t> awake;
  bool searching;
};

using WorkerList = List<Worker, &Worker::next, &Worker::prev>;

} // namespace eddy

struct eddy_workers {
  eddy::Lock lock; // for all but `delivered`
  eddy::WorkQueue queue;
  eddy::WorkerList idle; // the one that worked last at the tail, and woken first
  uint32_t queued;
  uint32_t threads, searching;
  uint32_t limit; // of threads; 0: not yet set up
  uint32_t keep, queue_limit;
  uint32_t generation; // counts forks
  bool closing;
  uint64_t submitted; // less those that were withdrawn
  uint64_t refused;
  std::atomic<uint64_t> delivered; // by the loops
  uint64_t stack_size;
  eddy::Time idle_time;
  std::atomic<uint32_t> ended; // changes when a thread of a closing pool ends
  eddy::OsThread thread;
  eddy_workers *next, *prev; // all pools
};

namespace eddy {

// The pool of that handle, set up, or nullptr when the environment forbids it.
eddy_workers *workers_of(eddy_workers_t *handle);

// Any of these may be called while threads of the pool run.
int64_t workers_submit(eddy_workers &pool, WorkItem &item); // 0, or why not
bool workers_withdraw(eddy_workers &pool, WorkItem &item);  // false: it has begun

void workers_run(void *pool); // what its threads do
void workers_wake(eddy_workers &pool, Worker &idle);

// For the fork handler.
void workers_fork_lock();
void workers_fork_unlock();
void workers_fork_child();

} // namespace eddy
