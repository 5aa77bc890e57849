// Handles that are not overlapped (the ends of CreatePipe, what a parent has left as standard input): a thread makes
// the calls that block. The system makes every other call on such a handle wait meanwhile, so nobody else touches it,
// and a read gives way to a write, or a peer that answers only what it is asked would wait for ever.
#include "overlapped.hpp"
#include "port.hpp"

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
  Pipe *pipe;
  Job jobs[kJobs];
  bool quits;
};

namespace {

int next_job(PipeThread &thread) {
  for (Lane which : kTurns)
    if (thread.jobs[which].state == Job::kQueued) return which;
  return -1;
}

// As a packet of the system would tell it; a Win32 code in its own range of statuses.
void tell(PipeThread &thread, int which, DWORD code, DWORD moved) {
  thread.jobs[which].state = Job::kNone;
  OVERLAPPED &io = thread.pipe->requests[which].io;
  io.Internal = code ? 0xC0070000 | code : 0;
  io.InternalHigh = moved;
  PostQueuedCompletionStatus(thread.port, 0, kPacketOverlapped, &io);
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

} // namespace

OsResult thread_start(Pipe &pipe) {
  void *memory = core(*pipe.loop).memory.get(sizeof(PipeThread));
  if (!memory) return {EDDY_ENOMEM, 0};
  PipeThread *thread = new (memory) PipeThread{};
  thread->pipe = &pipe;
  thread->port = handle_of(core(*pipe.loop).wake);
  thread->thread =
      CreateThread(nullptr, 64 * 1024, serve, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (!thread->thread) {
    OsResult failure = os_error_now();
    core(*pipe.loop).memory.put(thread, sizeof(PipeThread));
    return failure;
  }
  pipe.thread = thread;
  Overlapped &mine = overlapped(*pipe.loop);
  pipe.thread_next = mine.threads;
  mine.threads = &pipe;
  return {};
}

void thread_begin(Request &request, bool writes, void *data, DWORD size) {
  PipeThread &thread = *request.pipe->thread;
  AcquireSRWLockExclusive(&thread.lock);
  thread.jobs[request.which] = {data, size, Job::kQueued, writes, false};
  ReleaseSRWLockExclusive(&thread.lock);
  WakeConditionVariable(&thread.news);
  thread_nudge(*request.pipe);
}

void thread_cancel(Request &request) {
  PipeThread &thread = *request.pipe->thread;
  AcquireSRWLockExclusive(&thread.lock);
  thread.jobs[request.which].cancelled = true;
  ReleaseSRWLockExclusive(&thread.lock);
  thread_nudge(*request.pipe);
}

// The thread may be just before its call, where nothing can be cancelled yet: so this is repeated until it has heard.
bool thread_nudge(Pipe &pipe) {
  PipeThread &thread = *pipe.thread;
  AcquireSRWLockExclusive(&thread.lock);
  bool urgent = is_urgent(thread);
  if (urgent) CancelSynchronousIo(thread.thread);
  ReleaseSRWLockExclusive(&thread.lock);
  return urgent;
}

void thread_end(Pipe &pipe) {
  PipeThread &thread = *pipe.thread;
  AcquireSRWLockExclusive(&thread.lock);
  thread.quits = true;
  ReleaseSRWLockExclusive(&thread.lock);
  WakeConditionVariable(&thread.news);
  WaitForSingleObject(thread.thread, INFINITE);
  CloseHandle(thread.thread);
  for (Pipe **link = &overlapped(*pipe.loop).threads; *link; link = &(*link)->thread_next) {
    if (*link != &pipe) continue;
    *link = pipe.thread_next;
    break;
  }
  core(*pipe.loop).memory.put(&thread, sizeof(PipeThread));
  pipe.thread = nullptr;
}

} // namespace eddy
