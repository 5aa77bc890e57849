// What the core asks of pipes: which addresses are theirs, and the ways to one.
#include "pipe.hpp"

namespace eddy {
namespace {

bool is_prefix(const eddy_addr_t &addr, const char *prefix) {
  size_t size = strlen(prefix);
  if (addr.length <= size) return false;
  for (size_t i = 0; i < size; i++) {
    uint8_t byte = addr.bytes[i];
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<uint8_t>(byte + 32);
    if (byte != static_cast<uint8_t>(prefix[i])) return false;
  }
  return true;
}

bool names(const eddy_addr_t &addr) {
  return addr.family == EDDY_AF_UNIX &&
         (is_prefix(addr, "\\\\.\\pipe\\") || is_prefix(addr, "\\\\?\\pipe\\"));
}

OsResult address(const Source &source, bool peer, eddy_addr_t &addr) {
  addr = {};
  addr.family = EDDY_AF_UNIX;
  if (source.kind == SourceKind::listener) {
    if (!source.kernel) return {EDDY_ECLOSED, 0};
    addr = server_name(source);
  } else if (!source.kernel) {
    if (peer) return {EDDY_ENOTCONN, 0};
  } else if (pipe_of(source).client == peer && pipe_of(source).name.length) {
    addr = pipe_of(source).name;
  }
  return {};
}

} // namespace

constinit const Pipes windows_pipes = {.names = names,
                                       .listen = pipe_listen,
                                       .adopt = pipe_adopt_foreign,
                                       .pair = pipe_pair,
                                       .address = address};

} // namespace eddy
