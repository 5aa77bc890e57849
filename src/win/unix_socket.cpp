// Unix sockets, which Windows has since 10 1803: connecting, and the file of a listener.
#include "native.hpp"
#include "wtf8.hpp"

namespace eddy {

OsResult os_socket_pair(eddy_native_t[2]) { return {EDDY_ENOTSUP, 0}; } // pairs are pipes here

OsResult os_connect_local(eddy_native_t fd, const eddy_addr_t &peer) {
  sockaddr_storage native = {};
  int length = eddy_addr_to_native(&peer, &native, sizeof native);
  if (length < 0) return {length, 0};
  if (socket_family(socket_of(fd)) != AF_UNIX) return {EDDY_EAFNOSUPPORT, 0};
  if (connect(socket_of(fd), reinterpret_cast<sockaddr *>(&native), length) == 0) return {};
  OsResult failure = os_error_now();
  return failure.native == WSAEWOULDBLOCK ? OsResult{kAgain, 0} : failure;
}

static constexpr DWORD kWidePath = 2048;

// What has no full path that fits stays as it is.
size_t os_path_of(const eddy_addr_t &addr, char *path) {
  if (addr.family != EDDY_AF_UNIX || addr.length == 0 || addr.bytes[0] == 0) return 0;
  if (addr.length > sizeof addr.bytes) return 0;
  char16_t given[sizeof addr.bytes + 1];
  wchar_t full[kWidePath];
  int length = wtf8_to_utf16(addr.bytes, addr.length, given, sizeof addr.bytes);
  if (length <= 0) return 0;
  given[length] = 0;
  DWORD units =
      GetFullPathNameW(reinterpret_cast<const wchar_t *>(given), kWidePath, full, nullptr);
  int size = -1;
  if (units && units < kWidePath)
    size = wtf8_from_utf16(reinterpret_cast<const char16_t *>(full), units,
                           reinterpret_cast<uint8_t *>(path), kLocalPath - 1);
  if (size <= 0) {
    size = addr.length;
    memcpy(path, addr.bytes, addr.length);
  }
  path[size] = 0;
  return static_cast<size_t>(size) + 1;
}

static bool wide_path(const char *path, wchar_t *wide) {
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(path);
  int length = wtf8_to_utf16(bytes, strlen(path), reinterpret_cast<char16_t *>(wide), kWidePath);
  if (length <= 0) return false;
  wide[length] = 0;
  return true;
}

// A socket's file is a reparse point: looked at itself, never followed.
bool os_path_made(const char *path, uint64_t id[2]) {
  wchar_t wide[kWidePath + 1];
  if (!wide_path(path, wide)) return false;
  constexpr DWORD all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  HANDLE file = CreateFileW(wide, FILE_READ_ATTRIBUTES, all, nullptr, OPEN_EXISTING,
                            FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (file == INVALID_HANDLE_VALUE) return false;
  BY_HANDLE_FILE_INFORMATION about;
  bool known = GetFileInformationByHandle(file, &about);
  CloseHandle(file);
  if (!known) return false;
  id[0] = about.dwVolumeSerialNumber;
  id[1] = static_cast<uint64_t>(about.nFileIndexHigh) << 32 | about.nFileIndexLow;
  return true;
}

// Another program may have put its own socket there meanwhile.
void os_path_remove(const char *path, const uint64_t id[2]) {
  wchar_t wide[kWidePath + 1];
  uint64_t now[2];
  if (os_path_made(path, now) && now[0] == id[0] && now[1] == id[1] && wide_path(path, wide))
    DeleteFileW(wide);
}

} // namespace eddy
