#include "files.hpp"

#include "http.hpp"

#include <vector>

#include <windows.h>

namespace http {

static HANDLE handle_of(const descriptor &d) { return reinterpret_cast<HANDLE>(d.get()); }

descriptor::~descriptor() {
  if (*this) CloseHandle(handle_of(*this));
}

// Empty when it is not UTF-8.
static std::wstring wide(std::string_view text) {
  int length = static_cast<int>(text.size());
  std::wstring out(text.size(), L'\0');
  out.resize(static_cast<size_t>(
      MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), length, out.data(), length)));
  return out;
}

static descriptor open_for_reading(const wchar_t *path) {
  return descriptor(reinterpret_cast<intptr_t>(CreateFileW(
      path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
      OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, nullptr)));
}

// "\\?\C:\folder", which Windows takes as it is: no device names, no dots, no slashes. Empty when it has none.
static std::wstring final_path(const descriptor &file) {
  std::wstring out(512, L'\0');
  for (;;) {
    DWORD room = static_cast<DWORD>(out.size());
    DWORD length = GetFinalPathNameByHandleW(handle_of(file), out.data(), room, VOLUME_NAME_DOS);
    out.resize(length);
    if (length >= room) continue;
    if (out.ends_with(L'\\')) out.pop_back(); // a drive
    return out;
  }
}

descriptor open_root(const char *path, std::error_code &error) {
  descriptor root = open_for_reading(wide(path).c_str());
  BY_HANDLE_FILE_INFORMATION about{};
  if (!root || !GetFileInformationByHandle(handle_of(root), &about)) {
    error = std::error_code(static_cast<int>(GetLastError()), std::system_category());
    return {};
  }
  if (about.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) return root;
  error = std::make_error_code(std::errc::not_a_directory);
  return {};
}

static int code_of(DWORD error) {
  switch (error) {
  case ERROR_FILE_NOT_FOUND:
  case ERROR_PATH_NOT_FOUND:
  case ERROR_INVALID_NAME:
  case ERROR_DIRECTORY:
  case ERROR_FILENAME_EXCED_RANGE: return 404;
  case ERROR_ACCESS_DENIED:
  case ERROR_SHARING_VIOLATION: return 403;
  case ERROR_TOO_MANY_OPEN_FILES:
  case ERROR_NO_SYSTEM_RESOURCES:
  case ERROR_NOT_ENOUGH_MEMORY: return 503;
  default: return 500;
  }
}

static bool same_name(const std::wstring &a, const std::wstring &b) {
  return CompareStringOrdinal(a.data(), static_cast<int>(a.size()), b.data(),
                              static_cast<int>(b.size()), TRUE) == CSTR_EQUAL;
}

// The way below the root, or nothing for a name that is none: ':' would lead to a stream of a file.
static std::wstring way_below(std::string_view path) {
  std::wstring out;
  while (!path.empty()) {
    path.remove_prefix(1);
    size_t slash = path.find('/');
    std::string_view segment = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
    if (segment.empty()) continue;
    std::wstring name = wide(segment);
    if (name.empty() || name.find_first_of(L":\\/*?\"<>|") != std::wstring::npos) return {};
    out += L'\\' + name;
  }
  return out;
}

found find(const descriptor &root, const std::string &path, bool directory) {
  std::string wanted = directory ? path + "/index.html" : path;
  found out;
  std::wstring folder = final_path(root), way = way_below(wanted);
  if (folder.empty()) return out;
  if (way.empty()) {
    out.code = 404;
    return out;
  }
  way.insert(0, folder);
  out.file = open_for_reading(way.c_str());
  BY_HANDLE_FILE_INFORMATION about{};
  if (!out.file || !GetFileInformationByHandle(handle_of(out.file), &about)) {
    out.code = code_of(GetLastError());
  } else if (about.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) {
    out.code = 403;
  } else if (!same_name(final_path(out.file), way)) {
    out.code = 404; // through a link, or by a short name
  } else if (about.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) {
    out.code = directory ? 404 : 301;
  } else if (GetFileType(handle_of(out.file)) != FILE_TYPE_DISK) {
    out.code = 403;
  } else {
    out.code = 200;
    out.size = static_cast<uint64_t>(about.nFileSizeHigh) << 32 | about.nFileSizeLow;
    out.type = content_type(wanted);
  }
  return out;
}

int64_t read_at(const descriptor &file, uint64_t offset, char *room, size_t size) {
  size_t total = 0;
  while (total < size) {
    OVERLAPPED at{};
    at.Offset = static_cast<DWORD>(offset + total);
    at.OffsetHigh = static_cast<DWORD>((offset + total) >> 32);
    DWORD got = 0;
    if (!ReadFile(handle_of(file), room + total, static_cast<DWORD>(size - total), &got, &at) &&
        GetLastError() != ERROR_HANDLE_EOF)
      return -1;
    if (got == 0) break;
    total += got;
  }
  return static_cast<int64_t>(total);
}

} // namespace http
