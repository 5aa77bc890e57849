// Constants of newer kernels than liburing 2.3 knows. Values from the kernel's uapi header.
#pragma once

#include <liburing.h>

namespace eddy {

constexpr unsigned kEnterNoIowait = 1u << 7;    // Linux 6.15: an idle wait is not counted as iowait
constexpr unsigned kFeatureNoIowait = 1u << 17; // ... and the kernel says that it has it

} // namespace eddy
