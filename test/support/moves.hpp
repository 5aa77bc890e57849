// Which legal moves of a machine of states were made. Those of a build without asserts are not noted.
#pragma once

#include "core/machine.hpp"

#include <stdio.h>

namespace eddy {

struct MachineSeen {
  const char *name;
  const char *const *states;
  const uint8_t *legal;
  size_t count;
  const std::atomic<uint8_t> *made;
};

template<const auto &kMachine>
constexpr MachineSeen seen_of() {
  return {kMachine.name, kMachine.states, kMachine.legal, sizeof kMachine.legal,
          moves_made<kMachine>};
}

// Prints them, by the state that was left a bit for each that followed; returns how many legal ones are not there.
inline int moves_tell(const MachineSeen &machine, const uint8_t *made) {
  int missing = 0;
  printf("moves of a %s:", machine.name);
  for (size_t from = 0; from < machine.count; from++) {
    for (size_t into = 0; into < machine.count; into++) {
      if (!(machine.legal[from] >> into & 1)) continue;
      bool was = made[from] >> into & 1;
      missing += !was;
      printf(" %s%s-%s", was ? "" : "NOT ", machine.states[from], machine.states[into]);
    }
  }
  printf("\n");
  return missing;
}

template<const auto &kMachine>
void moves_forget() {
  for (std::atomic<uint8_t> &made : moves_made<kMachine>) made = 0;
}

// Of this process.
template<const auto &kMachine>
int moves_missing() {
  if (!kMovesChecked) return 0;
  uint8_t made[sizeof kMachine.legal];
  for (size_t i = 0; i < sizeof made; i++) made[i] = moves_made<kMachine>[i];
  return moves_tell(seen_of<kMachine>(), made);
}

} // namespace eddy
