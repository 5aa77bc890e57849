// The file of a Unix socket: whether it is still the one that was made.
#include "native.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace eddy {
namespace {

bool identify(const eddy_addr_t &addr, char path[sizeof addr.bytes + 1], uint64_t id[2]) {
  if (addr.family != EDDY_AF_UNIX || addr.length == 0 || addr.bytes[0] == 0) return false;
  memcpy(path, addr.bytes, addr.length);
  path[addr.length] = 0;
  struct stat status;
  if (lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
  id[0] = status.st_dev;
  id[1] = status.st_ino;
  return true;
}

} // namespace

bool os_path_made(const eddy_addr_t &addr, uint64_t id[2]) {
  char path[sizeof addr.bytes + 1];
  return identify(addr, path, id);
}

// Another program may have put its own socket there meanwhile.
void os_path_remove(const eddy_addr_t &addr, const uint64_t id[2]) {
  char path[sizeof addr.bytes + 1];
  uint64_t now[2];
  if (identify(addr, path, now) && now[0] == id[0] && now[1] == id[1]) unlink(path);
}

} // namespace eddy
