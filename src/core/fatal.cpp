#include "core/os.hpp"

namespace eddy {

[[gnu::cold]] void fatal(const char *message) { os_abort(message); }

} // namespace eddy
