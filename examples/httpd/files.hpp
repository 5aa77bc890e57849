// Files below a directory: blocking calls, for threads of the work pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace http {

class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor &operator=(descriptor &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

// A directory to open files in; empty when `path` is none (errno).
descriptor open_root(const char *path);

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
