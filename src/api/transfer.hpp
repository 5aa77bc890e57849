// The bytes of reads and writes, for lanes and drivers.
#pragma once

#include "core/source.hpp"

namespace eddy {

struct Transfer {
  const eddy_buf_t *buffers;
  eddy_buf_t one; // a single buffer is copied here
  uint32_t count; // buffers left, the first of them partly moved
  uint64_t offset;
  uint64_t total;
};

// The run of queued writes from `head`, as one gather. Returns the number of buffers.
uint32_t gather(const Op &head, eddy_buf_t *out, uint32_t limit, uint32_t *ops);

// One attempt to read from a Unix socket.
OsResult receive_local(Source &source, const eddy_buf_t *buffers, uint32_t count);

// The kernel reports a reset once, perhaps to a write; a cut stream is not one that has ended.
inline OsResult end_or_reset(const Op &op, OsResult outcome) {
  return outcome.value == 0 && op.source->reset ? OsResult{EDDY_ECONNRESET, 0} : outcome;
}

} // namespace eddy
