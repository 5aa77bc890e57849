// Outcomes of overlapped calls: one reading of them for all.
#include "overlapped.hpp"

namespace eddy {
namespace {

// The two bits on top of a status of the kernel's.
enum Severity : unsigned { kWarning = 2, kError = 3 };
unsigned severity(const OVERLAPPED &io) { return static_cast<uint32_t>(io.Internal) >> 30; }

constexpr uint32_t kBufferOverflow = 0x80000005; // the first part of a message, and there is more
constexpr uint32_t kFromThread = 0xC0070000;     // behind it a Win32 code

OsResult moved_by(const OVERLAPPED &io) { return {static_cast<int64_t>(io.InternalHigh), 0}; }

} // namespace

// Windows makes an error of a warning, but it completes the request: the buffer is filled, and the packet comes.
OsResult overlapped_begun(bool success, bool skips, const OVERLAPPED &io) {
  if (success) return skips ? moved_by(io) : OsResult{kAgain, 0};
  DWORD code = GetLastError();
  if (code == ERROR_IO_PENDING || code == ERROR_MORE_DATA || severity(io) == kWarning)
    return {kAgain, 0};
  return os_failure(code);
}

// What was moved before an error is not lost.
OsResult overlapped_ended(const OVERLAPPED &io) {
  uint32_t status = static_cast<uint32_t>(io.Internal);
  if (severity(io) < kWarning || status == kBufferOverflow || io.InternalHigh) return moved_by(io);
  return os_failure((status & 0xFFFF0000) == kFromThread ? status & 0xFFFF : status);
}

void overlapped_fill(OVERLAPPED &io, DWORD code, DWORD moved) {
  io.Internal = code == ERROR_MORE_DATA ? kBufferOverflow : code ? kFromThread | code : 0;
  io.InternalHigh = moved;
}

} // namespace eddy
