// Timers of the library's own: ops that belong to a handle and that no user sees.
#pragma once

#include "core/loop.hpp"

namespace eddy {

struct Internal {
  void (*fire)(Op &);
};

inline void internal_init(Op &op, Source &source, void (*fire)(Op &)) {
  op.loop = source.loop;
  op.source = &source;
  op.kind = Kind::internal;
  op.as<Internal>().fire = fire;
}

inline void internal_arm(Op &op, Time after) {
  Loop &loop = *op.loop;
  op.sequence = loop.sequence++;
  timer_arm(op, saturating_add(loop.driver->now(loop), after));
}

} // namespace eddy
