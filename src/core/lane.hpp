// What the kinds of serial lanes share when a head has an outcome.
#pragma once

#include "core/op_inline.hpp"

namespace eddy {

// What the user is told: a cancelled op its own reason, a reset connection never an end.
OsResult explain(const Op &op, OsResult outcome);
void finish_head(Op &op, int64_t result, int32_t native);
// The lane goes to its next op, if it has one: by the run that is under way, or by the driver.
inline void hand_on(Source &source, Lane which) {
  if (!source.lanes[which].head || is_closing(source)) [[likely]]
    return;
  if (!(source.running & (1u << which))) source.loop->driver->resume(source, which);
}

// The end of a head that changes nothing else.
void settle_head(Op &op, OsResult outcome);

} // namespace eddy
