// What every test of the facade starts from. CMocka jumps out of a failed assertion, over the destructors
// of C++; these checks end the program instead.
#ifndef EDDY_TEST_CPP_HPP
#define EDDY_TEST_CPP_HPP

#include <eddy.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                         \
      std::_Exit(1);                                                                               \
    }                                                                                              \
  } while (0)

#define CHECK_THROWS(type, expression)                                                             \
  do {                                                                                             \
    bool thrown = false;                                                                           \
    try {                                                                                          \
      (void)(expression);                                                                          \
    } catch (const type &) {                                                                       \
      thrown = true;                                                                               \
    }                                                                                              \
    if (!thrown) {                                                                                 \
      std::fprintf(stderr, "%s:%d: no %s from %s\n", __FILE__, __LINE__, #type, #expression);      \
      std::_Exit(1);                                                                               \
    }                                                                                              \
  } while (0)

namespace test {

struct entry {
  const char *name;
  void (*body)();
  entry *next;
};
inline entry *first;

struct add {
  add(const char *name, void (*body)()) : made{name, body, nullptr} {
    entry **last = &first;
    while (*last) last = &(*last)->next;
    *last = &made;
  }
  entry made;
};

inline int open_descriptors() {
  int count = 0;
  DIR *dir = opendir("/proc/self/fd");
  if (!dir) return -1;
  while (readdir(dir)) count++;
  closedir(dir);
  return count;
}

// Runs `body` in a child, which must abort with a line of eddy's that has `text` in it.
inline void expect_abort(void (*body)(), const char *text) {
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
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !said.starts_with("eddy: ") ||
      said.find(text) == std::string::npos) {
    std::fprintf(stderr, "wanted an abort with \"%s\"; status %x, said: %s\n", text,
                 static_cast<unsigned>(status), said.c_str());
    std::_Exit(1);
  }
}

} // namespace test

#define TEST(name)                                                                                 \
  static void test_##name();                                                                       \
  static test::add add_##name(#name, test_##name);                                                 \
  static void test_##name()

// Runs all tests of the program on the environment's driver; each has to give its descriptors back.
int main() {
  const char *name = std::getenv("EDDY_DRIVER");
  int driver = name && *name ? eddy_driver_by_name(name) : EDDY_DRIVER_AUTO;
  int refused = driver < 0 ? driver : eddy_driver_probe(static_cast<std::uint32_t>(driver));
  if (refused) {
    std::printf("SKIP: driver %s: %s\n", name, eddy_error_text(refused));
    return 77;
  }
  for (test::entry *each = test::first; each; each = each->next) {
    int before = test::open_descriptors();
    std::fprintf(stderr, "%s\n", each->name);
    each->body();
    CHECK(test::open_descriptors() == before);
  }
}

#endif
