// How many processors the process may use, on machines that number them in groups of 64. It knows the system by three
// calls, so that a test can be any machine.
#pragma once

#include <cstdint>

namespace eddy {

struct ProcessorCalls {
  uint64_t (*affinity)(); // in the process's group; 0: in several groups, or refused
  bool (*groups)(uint16_t *count, uint16_t *groups); // of the process; count: in, the room
  uint32_t (*active)(uint16_t group);                // processors, or 0
};

uint32_t count_processors(const ProcessorCalls &calls); // at least 1

} // namespace eddy
