// Starting threads, and numbering those that own something.
#include "core/os.hpp"
#include "os_thread.hpp"

#include <initializer_list>
#include <pthread.h>
#include <signal.h>

namespace eddy {

static pthread_key_t at_end;
static std::atomic<void (*)(uintptr_t)> thread_ended;

void os_on_thread_end(void (*ended)(uintptr_t)) { thread_ended = ended; }

// Other destructors of the thread may yet come, and use loops: then it gets another number.
static void end(void *) {
  uintptr_t number = thread_local_state.number;
  thread_local_state.number = 0;
  if (auto ended = thread_ended.load()) ended(number);
}

uintptr_t os_thread_begin() {
  static std::atomic<uintptr_t> last = 15; // below are those that no thread has
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static bool told; // of ends; else loops stay with their threads
  pthread_once(&once, [] { told = pthread_key_create(&at_end, end) == 0; });
  if (told) pthread_setspecific(at_end, &at_end);
  return thread_local_state.number = last.fetch_add(1, std::memory_order_relaxed) + 1;
}

static void *run(void *argument) {
  OsThread thread = *static_cast<const OsThread *>(argument);
  thread.run(thread.argument);
  return nullptr;
}

// A fault must reach its handler in the thread that made it, and a profiler wants all threads.
static sigset_t not_for_threads() {
  sigset_t set;
  sigfillset(&set);
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF})
    sigdelset(&set, signal);
  return set;
}

OsResult os_thread_start(const OsThread &thread, uint64_t stack_size) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error) return {os_error_from_native(error), error};
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  error = pthread_attr_setstacksize(&attributes, stack_size);
  if (!error) {
    sigset_t blocked = not_for_threads(), before;
    pthread_sigmask(SIG_SETMASK, &blocked, &before); // a thread starts with its starter's mask
    pthread_t id;
    error = pthread_create(&id, &attributes, run, const_cast<OsThread *>(&thread));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  pthread_attr_destroy(&attributes);
  return error ? OsResult{os_error_from_native(error), error} : OsResult{};
}

} // namespace eddy
