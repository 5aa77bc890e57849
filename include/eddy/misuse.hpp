// What the facade does when it is used wrongly: one line that names the mistake, then abort.
#ifndef EDDY_MISUSE_HPP
#define EDDY_MISUSE_HPP

#include <eddy/config.hpp>

#include <cstdio>
#include <cstdlib>

namespace EDDY_NS::detail {

[[noreturn, gnu::cold]] inline void misuse(const char *what) {
  std::fprintf(stderr, "eddy: %s\n", what);
  std::abort();
}

} // namespace EDDY_NS::detail

#endif
