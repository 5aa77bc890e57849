// Machines of states: an enum, the table of its legal moves (inline, so that all units mean the same), and one function
// that moves it.
//
// Builds with asserts check every move, and note those that were made: the random tests tell which were not. In others
// a move is a store.
#pragma once

#include "core/base.hpp"

#include <atomic>

namespace eddy {

constexpr bool kMovesChecked =
#ifdef NDEBUG
    false;
#else
    true;
#endif

// A bit for each state, to be one row of the table.
template<class... States>
constexpr uint8_t to(States... states) {
  return static_cast<uint8_t>((0U | ... | (1U << static_cast<unsigned>(states))));
}

template<size_t kStates>
struct Machine {
  const char *name;
  const char *states[kStates];
  uint8_t legal[kStates]; // by the state that is left, a bit for each that may follow
};

// What was seen of one: by the state that was left.
template<const auto &kMachine>
inline constinit std::atomic<uint8_t> moves_made[sizeof kMachine.legal] = {};

template<const auto &kMachine, class State>
inline void move(State &state, State into) {
  if constexpr (kMovesChecked) {
    size_t from = static_cast<size_t>(state), next = static_cast<size_t>(into);
    if (!(kMachine.legal[from] >> next & 1)) [[unlikely]]
      fatal({kMachine.name, " cannot move from ", kMachine.states[from], " to ",
             kMachine.states[next]});
    moves_made<kMachine>[from].fetch_or(static_cast<uint8_t>(1U << next),
                                        std::memory_order_relaxed);
  }
  state = into;
}

} // namespace eddy
