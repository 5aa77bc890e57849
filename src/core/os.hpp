// What the core asks of the operating system besides its driver. One implementation per OS folder.
#pragma once

#include "core/base.hpp"

#include <atomic>

namespace eddy {

struct Op;

// An attempt that failed: the eddy error, and the native code for eddy_op_os_error.
struct OsResult {
  int64_t value = 0;  // >= 0, an error, or kAgain
  int32_t native = 0; // the system's code behind an error
};

OsResult os_error_now();                  // from errno or GetLastError
int os_error_from_native(int32_t native); // never kAgain

[[noreturn]] void os_abort(const char *message); // writes "eddy: MESSAGE" to standard error, aborts
// nullptr when unset, or in a set-user-ID process. Where the system copies a value it is in the caller's room.
struct EnvironmentRoom {
  char value[128];
};
const char *os_environment(const char *name, EnvironmentRoom &room);
void *os_alloc(size_t size); // aligned to 16; nullptr when refused
void os_release(void *memory, size_t size);
void *os_pages(size_t size); // zeroed pages, not yet resident
void os_release_pages(void *memory, size_t size);

// Calls `lock` before every fork of the process, then `unlock` in the parent and `child` in the child.
// Once per process.
void os_on_fork(void (*lock)(), void (*unlock)(), void (*child)());

// Sockets: all non-blocking, close-on-exec.
OsResult os_socket_open(uint16_t family);
OsResult os_socket_bind(eddy_native_t fd, const eddy_addr_t &addr);
OsResult os_socket_listen(eddy_native_t fd, const eddy_addr_t &addr, uint32_t backlog,
                          uint32_t flags);
// Checks, then sets it non-blocking. 0, kIdle, or EDDY_EALREADY while it connects. One that is to listen and does not
// yet does then.
constexpr int kIdle = 1;
OsResult os_socket_adopt(eddy_native_t fd, bool listening);
OsResult os_socket_option(eddy_native_t fd, uint32_t option, int64_t value);
OsResult os_socket_get_option(eddy_native_t fd, uint32_t option, int64_t *value);
OsResult os_socket_native_option(eddy_native_t fd, int32_t level, int32_t name, const void *value,
                                 uint32_t size);
OsResult os_socket_get_native_option(eddy_native_t fd, int32_t level, int32_t name, void *value,
                                     uint32_t *size);
OsResult os_socket_address(eddy_native_t fd, bool peer, eddy_addr_t &addr);
OsResult os_socket_pair(eddy_native_t ends[2]); // connected to each other
// The file that a bind makes. Its path, which holds wherever the process goes meanwhile, in `path` of
// kLocalPath bytes: the length with the final NUL, 0 for an address that makes none. Then which file it was, so that
// this one alone is removed; false: there is none.
constexpr size_t kLocalPath = 4096 + sizeof(eddy_addr_t::bytes) + 2;
size_t os_path_of(const eddy_addr_t &addr, char *path);
bool os_path_made(const char *path, uint64_t id[2]);
void os_path_remove(const char *path, const uint64_t id[2]);
OsResult os_socket_shutdown(eddy_native_t fd, uint32_t side);
OsResult os_socket_reset_on_close(eddy_native_t fd);
void os_socket_close(eddy_native_t fd); // never blocks
void os_socket_drop(eddy_native_t fd); // one of several of its descriptors: no change to the socket
OsResult os_pollable(eddy_native_t fd); // its Medium, EDDY_EBADF or EDDY_EPERM: nothing to wait for

constexpr uint32_t kMostBuffers = 1024; // of one call (IOV_MAX): the rest is for the next

// One attempt of a socket operation, never blocking. kAgain: not now.
OsResult os_receive(eddy_native_t fd, void *data, size_t size);
OsResult os_send(eddy_native_t fd, const void *data, size_t size);
OsResult os_read(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count, size_t offset);
// Of a Unix socket. `more`: although it came short something may be behind it, for it ended at a message's descriptors.
OsResult os_read_local(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count, bool &more);
OsResult os_write(eddy_native_t fd, const eddy_buf_t *buffers, uint32_t count);
OsResult os_connect(eddy_native_t fd, const void *address, bool first);
OsResult os_connect_local(eddy_native_t fd, const eddy_addr_t &peer); // EDDY_AF_UNIX; kBusy too
OsResult os_accept(eddy_native_t fd, eddy_addr_t &peer);              // value: the descriptor
OsResult os_poll(eddy_native_t fd, uint32_t events); // the mask of eddy events that hold, or kAgain

// A descriptor that ends a wait; writing it is safe in a signal handler and keeps errno.
OsResult os_wake_open(eddy_native_t *wake);
void os_wake(eddy_native_t wake);
void os_wake_close(eddy_native_t wake);

// Threads. They are detached, and end with their function; `thread` is read while they start. Signals
// are blocked in them, but for those of faults.
struct OsThread {
  void (*run)(void *);
  void *argument;
};
// Calls `ended` when a thread ends that has asked for its os_thread(). Once per process.
void os_on_thread_end(void (*ended)(uintptr_t thread));
OsResult os_thread_start(const OsThread &thread, uint64_t stack_size);
void os_thread_name(const char *name); // of the calling thread, 15 characters at most
uint32_t os_processors();              // that the process may use, at least 1

// Sleeps while `word` is `expected`, `limit` nanoseconds at most; may return early.
void os_sleep_on(std::atomic<uint32_t> &word, uint32_t expected, Time limit);
void os_wake_sleeper(std::atomic<uint32_t> &word); // one; the word may be gone meanwhile

int os_interface_index(const char *name, size_t length, uint32_t &index); // 0 or EDDY_ENODEV

} // namespace eddy
