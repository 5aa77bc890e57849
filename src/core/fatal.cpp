#include "core/os.hpp"

namespace eddy {

[[gnu::cold]] void fatal(const char *message) { os_abort(message); }

[[gnu::cold]] void fatal(std::initializer_list<const char *> parts) {
  char line[160]; // the longest has room
  size_t length = 0;
  for (const char *part : parts)
    while (*part && length < sizeof line - 1) line[length++] = *part++;
  line[length] = 0;
  fatal(line);
}

} // namespace eddy
