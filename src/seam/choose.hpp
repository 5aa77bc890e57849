// Which driver a loop gets.
#pragma once

#include "core/loop.hpp"

namespace eddy {

int driver_open(Loop &loop, const eddy_loop_options_t &options);

} // namespace eddy
