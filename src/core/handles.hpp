// The kinds of handles, a line for each, as kinds.hpp has those of ops.
#pragma once

#include "core/os.hpp"

namespace eddy {

struct Source;
struct Op;
using Loop = ::eddy_loop;

#define EDDY_HANDLES(HANDLE)                                                                       \
  HANDLE(stream)                                                                                   \
  HANDLE(listener)                                                                                 \
  HANDLE(fd)                                                                                       \
  HANDLE(pool)

#define EDDY_NAME(name) , name
enum class SourceKind : uint8_t { none EDDY_HANDLES(EDDY_NAME), count };
#undef EDDY_NAME
constexpr size_t kHandles = static_cast<size_t>(SourceKind::count); // with none

constexpr SourceKind kGone = SourceKind::none; // of a closed handle

struct HandleRow {
  const char *late; // the message of a call on one that was closed
  size_t size;
  bool driven = true;                  // a driver knows of it
  bool owns = true;                    // its descriptor is closed with it
  bool closes_at_once = false;         // a socket of this kind does not outlive the close call
  void (*closing)(Source &) = nullptr; // it begins to close
  bool (*quiet)(const Source &) =
      nullptr;                        // nothing is left to be waited for; null: the driver says
  void (*end)(Source &) = nullptr;    // its last moment, for one that no driver knows
  void (*forget)(Source &) = nullptr; // its memory, in a child that only gives up
  void (*give_back)(Source &, uint32_t index, Op *) = nullptr; // what it lent and nobody took
};

#define EDDY_ROW(name) extern const HandleRow handle_##name;
EDDY_HANDLES(EDDY_ROW)
#undef EDDY_ROW

extern const HandleRow *const handles[kHandles]; // null: none
extern const char *const handle_names[kHandles];

inline const HandleRow &row_of(SourceKind kind) { return *handles[static_cast<size_t>(kind)]; }

} // namespace eddy
