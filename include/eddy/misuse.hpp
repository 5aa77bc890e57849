// What the facade does when it is used wrongly: one line that names the mistake, then abort.
#ifndef EDDY_MISUSE_HPP
#define EDDY_MISUSE_HPP

#include <cstdio>
#include <cstdlib>

// With -fno-exceptions only the forms that return a result<T> can be used. All of a program is to be
// built one way: the facade is inline, and the two ways differ.
#if defined(__cpp_exceptions)
#define EDDY_EXCEPTIONS 1
#else
#define EDDY_EXCEPTIONS 0
#endif

namespace eddy::detail {

[[noreturn, gnu::cold]] inline void misuse(const char *what) {
  std::fprintf(stderr, "eddy: %s\n", what);
  std::abort();
}

} // namespace eddy::detail

#endif
