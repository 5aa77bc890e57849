// The file of a Unix socket: where it is, and whether it is still the one that was made.
#include "native.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace eddy {

// Where the current folder has no path that fits, a relative one stays what it is.
size_t os_path_of(const eddy_addr_t &addr, char *path) {
  if (addr.family != EDDY_AF_UNIX || addr.length == 0 || addr.bytes[0] == 0) return 0;
  if (addr.length > sizeof addr.bytes) return 0;
  size_t start = 0;
  if (addr.bytes[0] != '/' && getcwd(path, kLocalPath - sizeof addr.bytes - 2) && path[0] == '/') {
    start = strlen(path);
    path[start++] = '/';
  }
  memcpy(path + start, addr.bytes, addr.length);
  path[start + addr.length] = 0;
  return start + addr.length + 1;
}

bool os_path_made(const char *path, uint64_t id[2]) {
  struct stat status;
  if (lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
  id[0] = status.st_dev;
  id[1] = status.st_ino;
  return true;
}

// Another program may have put its own socket there meanwhile.
void os_path_remove(const char *path, const uint64_t id[2]) {
  uint64_t now[2];
  if (os_path_made(path, now) && now[0] == id[0] && now[1] == id[1]) unlink(path);
}

} // namespace eddy
