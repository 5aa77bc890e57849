// The POSIX calls that tests make, on Windows: sockets, pipes (as pairs of sockets) and a few others, under
// their own names and with errno. A descriptor is a SOCKET or HANDLE; those fit in an int.
#ifndef EDDY_TEST_WIN_POSIX_H
#define EDDY_TEST_WIN_POSIX_H

#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <ws2tcpip.h>

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#undef near
#undef far
#undef interface

enum { // what Winsock does not have; handled by the calls below
  SOCK_CLOEXEC = 0x10000,
  SOCK_NONBLOCK = 0x20000,
  MSG_NOSIGNAL = 0x10000,
  MSG_DONTWAIT = 0x20000,
  O_CLOEXEC = 0x100000,
  O_NONBLOCK = 0x200000,
  O_PATH = 0,
  F_GETFD = 1,
  F_SETFD,
  F_GETFL,
  F_SETFL,
  FD_CLOEXEC = 1,
  SHUT_RD = SD_RECEIVE,
  SHUT_WR = SD_SEND,
  SHUT_RDWR = SD_BOTH,
  PROT_READ = 1,
  PROT_WRITE = 2,
  PROT_NONE = 0,
  MAP_PRIVATE = 1,
  MAP_ANONYMOUS = 2,
  MAP_NORESERVE = 4
};
#define IP_BIND_ADDRESS_NO_PORT (-1) // unknown to Winsock, which refuses it
#define MAP_FAILED ((void *)-1)
#define POLLRDHUP 0
#define RLIMIT_NOFILE 0

typedef unsigned long rlim_t;
struct rlimit {
  rlim_t rlim_cur, rlim_max;
};

// Windows has no such limits: the test that sets one is skipped.
#define getrlimit(resource, limit) px_skip(limit, __FILE__, __LINE__)
#define setrlimit(resource, limit) px_setrlimit(limit)
int px_skip(const void *limit, const char *file, int line);
int px_setrlimit(const void *limit);

int px_socket(int family, int type, int protocol);
int px_close(int fd);
int px_bind(int fd, const struct sockaddr *address, socklen_t length);
int px_listen(int fd, int backlog);
int px_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int px_connect(int fd, const struct sockaddr *address, socklen_t length);
int px_getsockname(int fd, struct sockaddr *address, socklen_t *length);
int px_getpeername(int fd, struct sockaddr *address, socklen_t *length);
int px_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int px_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int px_shutdown(int fd, int how);
ssize_t px_send(int fd, const void *data, size_t size, int flags);
ssize_t px_recv(int fd, void *data, size_t size, int flags);
ssize_t px_write(int fd, const void *data, size_t size);
ssize_t px_read(int fd, void *data, size_t size);
int px_pipe(int ends[2]);
int px_socketpair(int ends[2]);
int px_dup(int fd);
int px_fcntl(int fd, int command, int value);
int px_open(const char *path, int flags);
int px_poll(struct pollfd *entries, unsigned long count, int milliseconds);
void px_usleep(unsigned microseconds);
void *px_mmap(size_t size, int protection);
int px_munmap(void *memory, size_t size);
int px_mprotect(void *memory, size_t size, int protection);

#define socket px_socket
#define close px_close
#define bind px_bind
#define listen px_listen
#define accept(fd, address, length) px_accept4(fd, address, length, 0)
#define accept4 px_accept4
#define connect px_connect
#define getsockname px_getsockname
#define getpeername px_getpeername
#define setsockopt px_setsockopt
#define getsockopt px_getsockopt
#define shutdown px_shutdown
#define send px_send
#define recv px_recv
#define write px_write
#define read px_read
#define pipe px_pipe
#define pipe2(ends, flags) px_pipe(ends)
#define socketpair(family, type, protocol, ends) px_socketpair(ends)
#define dup px_dup
#define fcntl(fd, command, ...) px_fcntl(fd, command, (int)(0, ##__VA_ARGS__))
#define open px_open
#define poll px_poll
#define usleep px_usleep
#define alarm(seconds) ((void)(seconds)) // a test that hangs is ended by its time limit
#define mmap(at, size, protection, flags, fd, offset) px_mmap(size, protection)
#define munmap px_munmap
#define mprotect px_mprotect
#define aligned_alloc(alignment, size) malloc(size) // 16 bytes, as everywhere in 64-bit Windows
#define SIZE TEST_SIZE                              // a type of Windows
#define setenv(name, value, overwrite) _putenv_s(name, value) // the process's environment too
#define strsignal(number) "signal"

#endif
