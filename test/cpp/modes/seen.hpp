#ifndef EDDY_TEST_CPP_SEEN_HPP
#define EDDY_TEST_CPP_SEEN_HPP

struct seen {
  const char *result_type; // its name for the linker
  bool closed;             // what a write to nothing gave
};
seen with_exceptions();
seen without_exceptions();

#endif
