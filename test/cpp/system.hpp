// What the tests of the facade ask of the system: system_unix.cpp or system_win.cpp, as Meson picks.
#ifndef EDDY_TEST_CPP_SYSTEM_HPP
#define EDDY_TEST_CPP_SYSTEM_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace test {

// How many descriptors or handles this process has open.
int open_descriptors();
// How many more of them the polls of a hundred sockets may take.
extern const int spare_descriptors;

// Whether one side of eddy::stream::pair can be shut down: not of the pipes of Windows.
extern const bool pairs_half_close;

// Blocks the thread.
void pause(std::chrono::microseconds time);

// How a child ended, and what it said on stderr meanwhile.
struct ended {
  bool aborted;
  int status;
  std::string said;
};

// Runs `body` in a child. Nothing when this is a child itself, and made for a later call.
std::optional<ended> run_in_child(void (*body)());

// While it lives this process can open no descriptor more.
class full_table {
public:
  full_table();
  full_table(const full_table &) = delete;
  full_table &operator=(const full_table &) = delete;
  ~full_table();
  bool possible() const { return limit_ != 0; } // whether the system has such a limit

private:
  std::uint64_t limit_ = 0;
};

// Two native ends of something that can be polled; what is put in at `in` can be read at `out`.
class wire {
public:
  wire();
  wire(const wire &) = delete;
  wire &operator=(const wire &) = delete;
  ~wire();
  void put() const; // a byte
  bool is_open() const;

  std::int64_t in, out;
};

} // namespace test

#endif
