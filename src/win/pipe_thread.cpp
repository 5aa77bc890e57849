// Handles that are not overlapped (the ends of CreatePipe, what a parent has left as standard input): a thread makes
// the calls that block. The system makes every other call on such a handle wait meanwhile, so nobody else touches it,
// and a read gives way to a write, or a peer that answers only what it is asked would wait for ever.
#include "pipe.hpp"
#include "post.hpp"

namespace eddy {

namespace {

struct Job {
  enum State : uint8_t { kNone, kQueued, kRunning };
  void *data;
  DWORD size;
  State state;
  bool writes, cancelled;
};

constexpr int kJobs = 3; // by Lane
constexpr Lane kTurns[kJobs] = {kWriteLane, kReadLane, kWaiters};

} // namespace

struct PipeThread {
  SRWLOCK lock;
  CONDITION_VARIABLE news;
  HANDLE thread, port;
  TP_TIMER *timer; // nudges again, while `nudged`
  Pipe *pipe;
  Job jobs[kJobs];
  bool nudged, quits;
};

namespace {

int next_job(PipeThread &thread) {
  for (Lane which : kTurns)
    if (thread.jobs[which].state == Job::kQueued) return which;
  return -1;
}

// As a packet of the system would tell it. Under the lock, which is not held while the packet is posted.
void tell(PipeThread &thread, int which, DWORD code, DWORD moved) {
  thread.jobs[which].state = Job::kNone;
  OVERLAPPED &io = thread.pipe->requests[which].io;
  overlapped_fill(io, code, moved);
  ReleaseSRWLockExclusive(&thread.lock);
  port_post(thread.port, kPacketOverlapped, &io);
  AcquireSRWLockExclusive(&thread.lock);
}

DWORD call(HANDLE handle, const Job &job, DWORD *moved) {
  *moved = 0;
  BOOL done = job.writes ? WriteFile(handle, job.data, job.size, moved, nullptr)
                         : ReadFile(handle, job.data, job.size, moved, nullptr);
  return done ? DWORD{0} : GetLastError();
}

DWORD WINAPI serve(void *context) {
  PipeThread &thread = *static_cast<PipeThread *>(context);
  HANDLE handle = thread.pipe->handle;
  AcquireSRWLockExclusive(&thread.lock);
  for (;;) {
    int which = next_job(thread);
    if (which < 0) {
      if (thread.quits) break;
      SleepConditionVariableSRW(&thread.news, &thread.lock, INFINITE, 0);
      continue;
    }
    Job &job = thread.jobs[which];
    if (job.cancelled) {
      tell(thread, which, ERROR_OPERATION_ABORTED, 0);
      continue;
    }
    job.state = Job::kRunning;
    ReleaseSRWLockExclusive(&thread.lock);
    DWORD moved, code = call(handle, job, &moved);
    AcquireSRWLockExclusive(&thread.lock);
    if (code == ERROR_OPERATION_ABORTED && !job.cancelled)
      job.state = Job::kQueued; // it gave way
    else
      tell(thread, which, code, moved);
  }
  ReleaseSRWLockExclusive(&thread.lock);
  return 0;
}

// Under the lock.
bool is_urgent(const PipeThread &thread) {
  for (const Job &job : thread.jobs) {
    if (job.state != Job::kRunning) continue;
    if (job.cancelled) return true;
    bool write_waits = thread.jobs[kWriteLane].state == Job::kQueued;
    bool read_waits =
        thread.jobs[kReadLane].state == Job::kQueued; // behind those who wait for bytes
    if (&job != &thread.jobs[kWriteLane] && (write_waits || read_waits)) return true;
  }
  return false;
}

// The thread may be just before its call, where nothing can be cancelled yet: so this is repeated until it has heard, by
// a timer of the system's pool, for the loop may sleep in a host's hands. Under the lock.
void nudge(PipeThread &thread) {
  bool urgent = is_urgent(thread);
  if (urgent) CancelSynchronousIo(thread.thread);
  if (urgent == thread.nudged) return;
  thread.nudged = urgent;
  constexpr DWORD period = 1; // ms
  constexpr int64_t begin = -10000 * int64_t{period};
  FILETIME due = {static_cast<DWORD>(begin & UINT32_MAX), static_cast<DWORD>(begin >> 32)};
  SetThreadpoolTimer(thread.timer, urgent ? &due : nullptr, urgent ? period : 0, 0);
}

void CALLBACK nudge_again(TP_CALLBACK_INSTANCE *, void *context, TP_TIMER *) {
  PipeThread &thread = *static_cast<PipeThread *>(context);
  AcquireSRWLockExclusive(&thread.lock);
  nudge(thread);
  ReleaseSRWLockExclusive(&thread.lock);
}

void free_timer(PipeThread &thread) {
  SetThreadpoolTimer(thread.timer, nullptr, 0, 0);
  WaitForThreadpoolTimerCallbacks(thread.timer, FALSE);
  CloseThreadpoolTimer(thread.timer);
}

} // namespace

OsResult thread_start(Pipe &pipe) {
  Memory &heap = core(*pipe.loop).memory;
  void *memory = heap.get(sizeof(PipeThread));
  if (!memory) return {EDDY_ENOMEM, 0};
  PipeThread *thread = new (memory) PipeThread{};
  thread->pipe = &pipe;
  thread->port = handle_of(core(*pipe.loop).wake);
  thread->timer = CreateThreadpoolTimer(nudge_again, thread, nullptr);
  if (thread->timer)
    thread->thread =
        CreateThread(nullptr, 64 * 1024, serve, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (!thread->thread) {
    OsResult failure = os_error_now();
    if (thread->timer) CloseThreadpoolTimer(thread->timer);
    heap.put(thread, sizeof(PipeThread));
    return failure;
  }
  pipe.thread = thread;
  return {};
}

void thread_begin(PipeRequest &request, bool writes, void *data, DWORD size) {
  PipeThread &thread = *request.pipe->thread;
  AcquireSRWLockExclusive(&thread.lock);
  thread.jobs[request.which] = {data, size, Job::kQueued, writes, false};
  nudge(thread);
  ReleaseSRWLockExclusive(&thread.lock);
  WakeConditionVariable(&thread.news);
}

void thread_cancel(PipeRequest &request) {
  PipeThread &thread = *request.pipe->thread;
  AcquireSRWLockExclusive(&thread.lock);
  thread.jobs[request.which].cancelled = true;
  nudge(thread);
  ReleaseSRWLockExclusive(&thread.lock);
}

void thread_end(Pipe &pipe) {
  PipeThread &thread = *pipe.thread;
  AcquireSRWLockExclusive(&thread.lock);
  thread.quits = true;
  ReleaseSRWLockExclusive(&thread.lock);
  WakeConditionVariable(&thread.news);
  WaitForSingleObject(thread.thread, INFINITE);
  CloseHandle(thread.thread);
  free_timer(thread);
  core(*pipe.loop).memory.put(&thread, sizeof(PipeThread));
  pipe.thread = nullptr;
}

} // namespace eddy
