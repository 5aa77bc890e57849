#include "check.hpp"
#include "system.hpp"

#include "../support/unix/descriptors.h"

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

const bool pairs_half_close = true;

const int spare_descriptors = 0;
int open_descriptors() { return ::open_descriptors(); }

void pause(std::chrono::microseconds time) { usleep(static_cast<useconds_t>(time.count())); }

std::optional<ended> run_in_child(void (*body)()) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  std::fflush(nullptr);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    rlimit none{};
    setrlimit(RLIMIT_CORE, &none);
    dup2(ends[1], 2);
    body();
    std::_Exit(0);
  }
  close(ends[1]);
  std::string said;
  char bytes[512];
  for (ssize_t n; (n = read(ends[0], bytes, sizeof bytes)) > 0;)
    said.append(bytes, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return ended{WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, status, said};
}

// The lowest free number is the first that may not be had.
full_table::full_table() {
  rlimit now;
  getrlimit(RLIMIT_NOFILE, &now);
  limit_ = now.rlim_cur;
  int free = dup(0);
  CHECK(free >= 0 && close(free) == 0);
  now.rlim_cur = static_cast<rlim_t>(free);
  CHECK(setrlimit(RLIMIT_NOFILE, &now) == 0);
}

full_table::~full_table() {
  rlimit now;
  getrlimit(RLIMIT_NOFILE, &now);
  now.rlim_cur = limit_;
  setrlimit(RLIMIT_NOFILE, &now);
}

wire::wire() {
  int ends[2];
  CHECK(pipe(ends) == 0);
  out = ends[0];
  in = ends[1];
}

wire::~wire() {
  close(static_cast<int>(out));
  close(static_cast<int>(in));
}

void wire::put() const { CHECK(write(static_cast<int>(in), "x", 1) == 1); }

bool wire::is_open() const { return fcntl(static_cast<int>(out), F_GETFD) >= 0; }

} // namespace test
