#include "files.hpp"

#include "http.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace http {

static int number_of(const descriptor &d) { return static_cast<int>(d.get()); }

descriptor::~descriptor() {
  if (*this) close(number_of(*this));
}

descriptor open_root(const char *path, std::error_code &error) {
  descriptor root(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) error = std::error_code(errno, std::generic_category());
  return root;
}

static int code_of(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
  case ENAMETOOLONG: return 404;
  case ELOOP: // a symbolic link
  case EACCES:
  case EPERM: return 403;
  case EMFILE:
  case ENFILE:
  case ENOMEM: return 503;
  default: return 500;
  }
}

// Segment by segment, for O_NOFOLLOW heeds the last one only. O_NONBLOCK, for the open of a FIFO blocks.
static descriptor walk(const descriptor &root, std::string_view path) {
  descriptor at(fcntl(number_of(root), F_DUPFD_CLOEXEC, 0));
  while (at && !path.empty()) {
    path.remove_prefix(1);
    size_t slash = path.find('/');
    std::string segment(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
    if (segment.empty()) continue;
    int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (path.empty() ? 0 : O_DIRECTORY);
    at = descriptor(openat(number_of(at), segment.c_str(), flags));
  }
  return at;
}

found find(const descriptor &root, const std::string &path, bool directory) {
  std::string wanted = directory ? path + "/index.html" : path;
  found out;
  out.file = walk(root, wanted);
  struct stat about;
  if (!out.file || fstat(number_of(out.file), &about) < 0) {
    out.code = code_of(errno);
  } else if (S_ISDIR(about.st_mode)) {
    out.code = directory ? 404 : 301;
  } else if (!S_ISREG(about.st_mode)) {
    out.code = 403;
  } else {
    out.code = 200;
    out.size = static_cast<uint64_t>(about.st_size);
    out.type = content_type(wanted);
  }
  return out;
}

int64_t read_at(const descriptor &file, uint64_t offset, char *room, size_t size) {
  size_t total = 0;
  while (total < size) {
    ssize_t got =
        pread(number_of(file), room + total, size - total, static_cast<off_t>(offset + total));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    total += static_cast<size_t>(got);
  }
  return static_cast<int64_t>(total);
}

} // namespace http
