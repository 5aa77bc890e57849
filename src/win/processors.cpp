#include "processors.hpp"

namespace eddy {

constexpr uint16_t kMostGroups = 64;
constexpr uint16_t kAllGroups = 0xffff; // ALL_PROCESSOR_GROUPS

// An affinity mask is of one group. Since Windows 11 there is one for processes in several groups too, of their first.
uint32_t count_processors(const ProcessorCalls &calls) {
  uint16_t groups[kMostGroups], found = kMostGroups;
  bool known = calls.groups(&found, groups) && found <= kMostGroups;
  uint32_t count = 0;
  if (!known || found < 2) count = static_cast<uint32_t>(__builtin_popcountll(calls.affinity()));
  if (!count && known)
    for (uint16_t i = 0; i < found; i++) count += calls.active(groups[i]);
  if (!count) count = calls.active(kAllGroups);
  return count ? count : 1;
}

} // namespace eddy
