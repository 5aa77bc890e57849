#include "../driver.hpp"
namespace eddy {
const Driver uring = {};
OsResult uring_probe() { return {EDDY_ENOTSUP, 0}; }
bool uring_default_kernel() { return false; }
} // namespace eddy
