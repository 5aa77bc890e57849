// Native socket addresses, and interface names.
#include "core/failure.hpp"
#include "native.hpp"

namespace eddy {
namespace {

constexpr size_t kPathStart = offsetof(sockaddr_un, sun_path);
constexpr size_t kPathRoom = sizeof(sockaddr_un::sun_path);
static_assert(kPathRoom <= sizeof(eddy_addr_t::bytes));

int deliver(void *native, size_t size, const void *source, size_t length) {
  if (length > size) return failed(EDDY_ENOBUFS);
  memcpy(native, source, length);
  return static_cast<int>(length);
}

int unix_to_native(const eddy_addr_t &addr, void *native, size_t size) {
  if (addr.length > kPathRoom) return failed(EDDY_ENAMETOOLONG);
  // A path has its final NUL if there is room; in an abstract name every byte counts (unix(7)).
  bool is_path = addr.length > 0 && addr.bytes[0] != 0;
  if (is_path && memchr(addr.bytes, 0, addr.length))
    return failed(EDDY_EINVAL); // would name a shorter path
  sockaddr_un out = {};
  out.sun_family = AF_UNIX;
  memcpy(out.sun_path, addr.bytes, addr.length);
  size_t length = addr.length + (is_path && addr.length < kPathRoom ? 1u : 0u);
  return deliver(native, size, &out, kPathStart + length);
}

void unix_from_native(eddy_addr_t &addr, const void *native, size_t size) {
  const char *path = static_cast<const char *>(native) + kPathStart;
  size_t length = size > kPathStart ? size - kPathStart : 0;
  if (length > kPathRoom) length = kPathRoom;
  if (length > 0 && path[0] != 0) {
    const void *end = memchr(path, 0, length);
    if (end) length = static_cast<size_t>(static_cast<const char *>(end) - path);
  }
  addr.family = EDDY_AF_UNIX;
  addr.length = static_cast<uint16_t>(length);
  memcpy(addr.bytes, path, length);
}

} // namespace

int os_interface_index(const char *name, size_t length, uint32_t &index) {
  char text[kInterfaceName];
  if (length == 0 || length >= sizeof text) return EDDY_ENODEV;
  memcpy(text, name, length);
  text[length] = 0;
  index = if_nametoindex(text);
  return index ? 0 : EDDY_ENODEV;
}

} // namespace eddy

int eddy_addr_to_native(const eddy_addr_t *addr, void *native, size_t size) {
  eddy::require(addr != nullptr && (native || size == 0), "null address");
  switch (addr->family) {
  case EDDY_AF_INET: {
    sockaddr_in out = {};
    out.sin_family = AF_INET;
    out.sin_port = htons(addr->port);
    memcpy(&out.sin_addr, addr->bytes, sizeof out.sin_addr);
    return eddy::deliver(native, size, &out, sizeof out);
  }
  case EDDY_AF_INET6: {
    sockaddr_in6 out = {};
    out.sin6_family = AF_INET6;
    out.sin6_port = htons(addr->port);
    out.sin6_flowinfo = htonl(addr->flow);
    out.sin6_scope_id = addr->scope;
    memcpy(&out.sin6_addr, addr->bytes, sizeof out.sin6_addr);
    return eddy::deliver(native, size, &out, sizeof out);
  }
  case EDDY_AF_UNIX: return eddy::unix_to_native(*addr, native, size);
  default: return eddy::failed(EDDY_EAFNOSUPPORT);
  }
}

// Copies before it looks: a native address need not be aligned.
int eddy_addr_from_native(eddy_addr_t *addr, const void *native, size_t size) {
  eddy::require(addr != nullptr && (native || size == 0), "null address");
  memset(addr, 0, sizeof *addr);
  decltype(sockaddr::sa_family) family;
  constexpr size_t family_start = offsetof(sockaddr, sa_family);
  if (size < family_start + sizeof family) return eddy::failed(EDDY_EINVAL);
  memcpy(&family, static_cast<const char *>(native) + family_start, sizeof family);
  switch (family) {
  case AF_INET: {
    sockaddr_in in;
    if (size < sizeof in) return eddy::failed(EDDY_EINVAL);
    memcpy(&in, native, sizeof in);
    addr->family = EDDY_AF_INET;
    addr->port = ntohs(in.sin_port);
    addr->length = sizeof in.sin_addr;
    memcpy(addr->bytes, &in.sin_addr, sizeof in.sin_addr);
    return 0;
  }
  case AF_INET6: {
    sockaddr_in6 in;
    if (size < sizeof in) return eddy::failed(EDDY_EINVAL);
    memcpy(&in, native, sizeof in);
    addr->family = EDDY_AF_INET6;
    addr->port = ntohs(in.sin6_port);
    addr->scope = in.sin6_scope_id;
    addr->flow = ntohl(in.sin6_flowinfo);
    addr->length = sizeof in.sin6_addr;
    memcpy(addr->bytes, &in.sin6_addr, sizeof in.sin6_addr);
    return 0;
  }
  case AF_UNIX: eddy::unix_from_native(*addr, native, size); return 0;
  default: return eddy::failed(EDDY_EAFNOSUPPORT);
  }
}
