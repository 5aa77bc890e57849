// Reads into the caller's buffers.
#include "api/transfer.hpp"
#include "core/lane.hpp"

namespace eddy {

// Where descriptors came once they may come again: from then on no short read is believed to be the last.
OsResult receive_local(Source &source, const eddy_buf_t *buffers, uint32_t count) {
  bool more = false;
  OsResult got = os_read_local(source.native, buffers, count, more);
  if (more) source.hung_up = true;
  return got;
}

static OsResult try_read(Op &op) {
  Source &source = *op.source;
  const Transfer &room = op.as<Transfer>();
  if (source.local) return receive_local(source, room.buffers, room.count);
  if (room.count == 1) return os_receive(source.native, room.buffers->data, room.buffers->size);
  return os_read(source.native, room.buffers, room.count, 0);
}

// A transfer that was shorter than asked has emptied the kernel's buffer, which saves the attempt that would say so.
// Not so behind the peer's end, for that must be read.
static bool emptied(const Op &op, OsResult outcome) {
  return outcome.value > 0 && static_cast<uint64_t>(outcome.value) < op.as<Transfer>().total &&
         !op.source->hung_up;
}

static void settle_read(Op &op, OsResult outcome) {
  if (outcome.value > 0) {
    op.transferred = static_cast<uint64_t>(outcome.value);
    if (!op.next) [[likely]] { // the only op of its lane
      op.source->lanes[kReadLane] = {};
      op_finish_inline(op, outcome.value);
      return;
    }
  }
  settle_head(op, end_or_reset(op, outcome));
}

constinit const KindRow kind_read = {
    .attempt = try_read, .settle = settle_read, .emptied = emptied};

} // namespace eddy
