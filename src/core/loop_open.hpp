// Opening a loop on given driver tables: for drivers that are not part of the library (tests).
#pragma once

#include "core/loop.hpp"

namespace eddy {

struct Tables {
  const Driver *driver;
  const Readiness *readiness;
};

int loop_open(const eddy_loop_options_t *options, const Tables *tables, eddy_loop_t **out);

} // namespace eddy
