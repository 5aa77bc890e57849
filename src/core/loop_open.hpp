// Opening a loop on a driver that somebody else chooses: the library by its options, tests their own.
#pragma once

#include "core/loop.hpp"

namespace eddy {

// Sets the loop's tables and opens them. 0 or an error.
using OpenDriver = int (*)(Loop &, const eddy_loop_options_t &);

int loop_open(const eddy_loop_options_t *options, OpenDriver open_driver, eddy_loop_t **out);

} // namespace eddy
