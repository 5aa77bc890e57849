#include "driver.hpp"
#include "test.hpp"

void test::expect_abort(void (*body)(), const char *text) {
  std::optional<ended> child = run_in_child(body);
  if (!child) return;
  if (child->aborted && child->said.starts_with("eddy: ") &&
      child->said.find(text) != std::string::npos)
    return;
  std::fprintf(stderr, "wanted an abort with \"%s\"; status %x, said: %s\n", text,
               static_cast<unsigned>(child->status), child->said.c_str());
  std::_Exit(1);
}

// Runs all tests of the program on the environment's driver; each has to give its descriptors back.
int main() {
  if (!test::driver_is_here()) return 77;
  eddy_loop_t *first; // what a process keeps from its first loop on is not a test's
  CHECK(eddy_loop_open(nullptr, &first) == 0 && eddy_loop_close(first) == 0);
  for (test::entry *each = test::first; each; each = each->next) {
    int before = test::open_descriptors();
    std::fprintf(stderr, "%s\n", each->name);
    each->body();
    for (int tries = 0; tries < 50 && test::open_descriptors() != before; tries++)
      test::pause(std::chrono::milliseconds(2)); // a thread that ends has some for a moment
    CHECK(test::open_descriptors() == before);
  }
}
