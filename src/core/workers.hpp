// Threads that work for loops, and the queue in front of them.
//
// Threads are got one at a time. `searching` counts those that are on their way to the queue, woken or
// started; while there is one, nobody gets another. A thread that takes an op and leaves some behind
// gets the next thread. So a burst of short ops keeps one or two threads busy, and ops that block have
// as many as they need a few microseconds later.
#pragma once

#include "core/list.hpp"
#include "core/lock.hpp"
#include "core/machine.hpp"
#include "core/os.hpp"
#include "core/remote.hpp"

namespace eddy {

//   back -submitted-> queued -> taken -its loop has it again-> back
//   queued -withdrawn-> back
enum class JobState : uint8_t { back, queued, taken };

inline constexpr Machine<3> kJobMachine = {"job",
                                           {"back", "queued", "taken"},
                                           {/* back */ to(JobState::queued),
                                            /* queued */ to(JobState::taken, JobState::back),
                                            /* taken */ to(JobState::back)}};

// The part of an op that threads touch: one cache line, or two.
struct WorkItem {
  WorkItem *next, *prev; // the queue, or the stack of those that return
  eddy_work_fn fn;
  union {
    void *argument;
    int64_t value; // once fn has returned
  };
  eddy_remote *remote;
  eddy_workers *workers; // the loop's thread only; nullptr once it is back
  int32_t native;        // the system's code when no thread could be got
  uint32_t asked;        // atomic: to end early
  JobState state;        // under the lock of its workers, and the loop's thread's once it is taken
};

inline void job_move(WorkItem &item, JobState state) { move<kJobMachine>(item.state, state); }

using WorkQueue = List<WorkItem, &WorkItem::next, &WorkItem::prev>;

// Lives on the stack of its thread.
struct Worker {
  Worker *next, *prev; // the idle ones
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
  std::atomic<uint32_t> ended; // changes when a thread ends while they are being closed
  eddy::OsThread thread;
  eddy_workers *next, *prev; // all that there are
};

namespace eddy {

// Any of these may be called while the threads run.
int64_t workers_submit(eddy_workers &workers, WorkItem &item); // 0, or why not
bool workers_withdraw(eddy_workers &workers, WorkItem &item);  // false: it has begun
WorkItem *workers_take_back(eddy_remote &remote);              // what was returned, oldest first

void workers_run(void *workers); // what the threads do
void workers_wake(eddy_workers &workers, Worker &idle);

// Those that a fork is to know, under this lock, which a fork holds.
extern Lock workers_lock;
void workers_add(eddy_workers &workers);
void workers_remove(eddy_workers &workers);

// For the fork handler.
void workers_fork_lock();
void workers_fork_unlock();
void workers_fork_child();

} // namespace eddy
