// What every file of the core may use: asserts that name the misuse, saturating time, container_of.
#pragma once

#include <eddy.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>

namespace eddy {

using Time = eddy_time_t;
constexpr Time kNever = EDDY_NEVER;

// Never an error of the API: "would block, wait for readiness".
constexpr int64_t kAgain = INT64_MIN;
// ... nor this: "waits for the user, not for the kernel".
constexpr int64_t kBlocked = INT64_MIN + 1;
// ... nor this: "no room at the peer, and nothing will tell when there is".
constexpr int64_t kBusy = INT64_MIN + 2;

[[noreturn]] void fatal(const char *message);
[[noreturn]] void fatal(std::initializer_list<const char *> parts); // one behind the other

inline void require(bool held, const char *message) {
  if (!held) [[unlikely]]
    fatal(message);
}

inline Time saturating_add(Time a, Time b) { return b > kNever - a ? kNever : a + b; }

} // namespace eddy
