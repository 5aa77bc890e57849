// Files below a directory: blocking calls, for threads of the work pool. files_unix.cpp or files_win.cpp, as
// Meson picks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace http {

class descriptor {
public:
  descriptor() = default;
  explicit descriptor(intptr_t native) : native_(native) {}
  descriptor(descriptor &&other) noexcept : native_(std::exchange(other.native_, -1)) {}
  descriptor &operator=(descriptor &&other) noexcept {
    std::swap(native_, other.native_);
    return *this;
  }
  ~descriptor();
  intptr_t get() const { return native_; }
  explicit operator bool() const { return native_ != -1; }

private:
  intptr_t native_ = -1; // a file descriptor or HANDLE
};

// A directory to open files in; empty, with an error, when `path` is none.
descriptor open_root(const char *path, std::error_code &error);

struct found {
  int code = 500; // 200, or why there is nothing to send: 301, 403, 404, 500, 503
  descriptor file;
  uint64_t size = 0;
  std::string_view type;
};

// The regular file at a resolved path (http::resolve), without following a symbolic link: whatever is
// in the directory, nothing outside of it is served. For a directory its index.html.
found find(const descriptor &root, const std::string &path, bool directory);

// Fills `room` from `offset`; the bytes, which are fewer only at the end, or -1.
int64_t read_at(const descriptor &file, uint64_t offset, char *room, size_t size);

} // namespace http
