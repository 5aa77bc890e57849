#include "posix.h"

#undef socket
#undef close
#undef bind
#undef listen
#undef accept
#undef connect
#undef getsockname
#undef getpeername
#undef setsockopt
#undef getsockopt
#undef shutdown
#undef send
#undef recv

#include "descriptors.h"
#include "handle_count.h"

#include <stdlib.h>
#include <string.h>

__attribute__((constructor)) static void start(void) {
  WSADATA data;
  WSAStartup(MAKEWORD(2, 2), &data);
  setvbuf(stdout, NULL, _IONBF, 0); // a test that dies has said where
}

static int errno_of(DWORD code) {
  switch (code) {
  case WSAEWOULDBLOCK: return EAGAIN;
  case WSAETIMEDOUT: return EAGAIN; // SO_RCVTIMEO
  case WSAECONNREFUSED: return ECONNREFUSED;
  case WSAECONNRESET: return ECONNRESET;
  case WSAECONNABORTED: return ECONNRESET;
  case WSAESHUTDOWN: return EPIPE;
  case WSAEADDRINUSE: return EADDRINUSE;
  case WSAENOTSOCK: return EBADF;
  case WSAEISCONN: return EISCONN;
  case WSAENOTCONN: return ENOTCONN;
  case ERROR_FILE_NOT_FOUND: return ENOENT;
  default: return EINVAL;
  }
}

static int checked(int result) {
  if (result < 0) errno = errno_of(GetLastError());
  return result;
}

static SOCKET socket_of(int fd) { return (SOCKET)(intptr_t)fd; }
static HANDLE handle_of(int fd) { return (HANDLE)(intptr_t)fd; }

static int prepared(SOCKET fd, int flags) {
  if (fd == INVALID_SOCKET) return checked(-1);
  u_long on = 1;
  if (flags & SOCK_NONBLOCK) ioctlsocket(fd, (long)FIONBIO, &on);
  SetHandleInformation((HANDLE)fd, HANDLE_FLAG_INHERIT, flags & SOCK_CLOEXEC ? 0 : 1);
  return (int)fd;
}

int px_socket(int family, int type, int protocol) {
  return prepared(socket(family, type & 0xffff, protocol), type);
}

int px_close(int fd) {
  if (closesocket(socket_of(fd)) == 0 || CloseHandle(handle_of(fd))) return 0;
  errno = EBADF;
  return -1;
}

int px_bind(int fd, const struct sockaddr *address, socklen_t length) {
  return checked(bind(socket_of(fd), address, length));
}

int px_listen(int fd, int backlog) { return checked(listen(socket_of(fd), backlog)); }

int px_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  if (!flags) { // one that is blocking even if the listener is not
    SOCKET accepted = accept(socket_of(fd), address, length);
    return prepared(accepted, 0);
  }
  struct pollfd ready = {socket_of(fd), POLLRDNORM, 0};
  WSAPoll(&ready, 1, 10000);
  return prepared(accept(socket_of(fd), address, length), flags);
}

int px_connect(int fd, const struct sockaddr *address, socklen_t length) {
  int result = connect(socket_of(fd), address, length);
  if (result < 0 && GetLastError() == WSAEWOULDBLOCK) {
    errno = EINPROGRESS;
    return -1;
  }
  return checked(result);
}

int px_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  return checked(getsockname(socket_of(fd), address, length));
}

int px_getpeername(int fd, struct sockaddr *address, socklen_t *length) {
  return checked(getpeername(socket_of(fd), address, length));
}

int px_setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
  if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
    const struct timeval *limit = value;
    DWORD milliseconds = (DWORD)(limit->tv_sec * 1000 + limit->tv_usec / 1000);
    return checked(
        setsockopt(socket_of(fd), level, name, (const char *)&milliseconds, sizeof milliseconds));
  }
  if (level == SOL_SOCKET && name == SO_LINGER && size == sizeof(int) * 2) return -1;
  return checked(setsockopt(socket_of(fd), level, name, value, size));
}

int px_getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
  return checked(getsockopt(socket_of(fd), level, name, value, size));
}

int px_shutdown(int fd, int how) { return checked(shutdown(socket_of(fd), how)); }

static int would_block(SOCKET fd, short events) {
  struct pollfd ready = {fd, events, 0};
  return WSAPoll(&ready, 1, 0) == 0;
}

ssize_t px_send(int fd, const void *data, size_t size, int flags) {
  if ((flags & MSG_DONTWAIT) && would_block(socket_of(fd), POLLWRNORM)) {
    errno = EAGAIN;
    return -1;
  }
  if ((flags & MSG_DONTWAIT) && size > 65536) size = 65536;
  return checked(send(socket_of(fd), data, (int)size, flags & 0xffff));
}

ssize_t px_recv(int fd, void *data, size_t size, int flags) {
  if ((flags & MSG_DONTWAIT) && would_block(socket_of(fd), POLLRDNORM)) {
    errno = EAGAIN;
    return -1;
  }
  ssize_t got = checked(recv(socket_of(fd), data, (int)size, flags & 0xffff));
  if (got == 0 && size) { // Wine gives the end after a reset
    struct pollfd now = {socket_of(fd), POLLRDNORM, 0};
    if (WSAPoll(&now, 1, 0) > 0 && (now.revents & POLLERR)) {
      errno = ECONNRESET;
      return -1;
    }
  }
  return got;
}

ssize_t px_write(int fd, const void *data, size_t size) { return px_send(fd, data, size, 0); }
ssize_t px_read(int fd, void *data, size_t size) { return px_recv(fd, data, size, 0); }

int px_socketpair(int ends[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = px_socket(AF_INET, SOCK_STREAM, 0), one = 1;
  px_bind(listener, (struct sockaddr *)&address, length);
  px_listen(listener, 1);
  px_getsockname(listener, (struct sockaddr *)&address, &length);
  ends[0] = px_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = px_connect(ends[0], (struct sockaddr *)&address, length);
  ends[1] = px_accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  px_close(listener);
  for (int i = 0; i < 2; i++) px_setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return result;
}

int px_pipe(int ends[2]) { return px_socketpair(ends); }

int px_dup(int fd) {
  WSAPROTOCOL_INFOW info;
  if (WSADuplicateSocketW(socket_of(fd), GetCurrentProcessId(), &info) != 0) return checked(-1);
  return prepared(WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                             WSA_FLAG_OVERLAPPED),
                  SOCK_CLOEXEC);
}

int px_fcntl(int fd, int command, int value) {
  DWORD flags;
  if (!GetHandleInformation(handle_of(fd), &flags)) {
    errno = EBADF;
    return -1;
  }
  u_long on = (value & O_NONBLOCK) != 0;
  switch (command) {
  case F_GETFD: return flags & HANDLE_FLAG_INHERIT ? 0 : FD_CLOEXEC;
  case F_SETFD:
    SetHandleInformation(handle_of(fd), HANDLE_FLAG_INHERIT, value & FD_CLOEXEC ? 0 : 1);
    return 0;
  case F_SETFL: return checked(ioctlsocket(socket_of(fd), (long)FIONBIO, &on));
  default: return 0; // Winsock cannot say whether a socket is blocking
  }
}

// Blocking receives end by their time limit; a blocking accept, by that of the test.
int is_nonblocking(int fd) {
  char byte;
  int listens = 0, size = sizeof listens;
  getsockopt(socket_of(fd), SOL_SOCKET, SO_ACCEPTCONN, (char *)&listens, &size);
  int result =
      listens ? (int)accept(socket_of(fd), NULL, NULL) : recv(socket_of(fd), &byte, 1, MSG_PEEK);
  return result < 0 && WSAGetLastError() == WSAEWOULDBLOCK;
}

int px_open(const char *path, int flags) {
  (void)flags;
  char name[MAX_PATH];
  if (!strcmp(path, "/dev/null") || !strcmp(path, "/dev/zero")) path = "NUL";
  if (!strncmp(path, "/proc/", 6) || !strncmp(path, "/etc/", 5)) { // any regular file
    GetModuleFileNameA(NULL, name, sizeof name);
    path = name;
  }
  HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                            OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
  if (file == INVALID_HANDLE_VALUE) return checked(-1);
  return (int)(intptr_t)file;
}

int px_poll(struct pollfd *entries, unsigned long count, int milliseconds) {
  return checked(WSAPoll(entries, count, milliseconds));
}

void px_usleep(unsigned microseconds) { Sleep((microseconds + 999) / 1000); }

static DWORD protection_of(int protection) {
  return protection & PROT_WRITE ? PAGE_READWRITE : protection ? PAGE_READONLY : PAGE_NOACCESS;
}

void *px_mmap(size_t size, int protection) {
  void *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, protection_of(protection));
  return memory ? memory : MAP_FAILED;
}

int px_munmap(void *memory, size_t size) {
  (void)size;
  return VirtualFree(memory, 0, MEM_RELEASE) ? 0 : -1;
}

void _skip(const char *file, int line); // of CMocka, which does not return

int px_skip(void *limit, const char *file, int line) {
  (void)limit;
  _skip(file, line);
  return 0;
}

int px_setrlimit(const void *limit) {
  (void)limit;
  return 0;
}

int px_mprotect(void *memory, size_t size, int protection) {
  DWORD before;
  return VirtualProtect(memory, size, protection_of(protection), &before) ? 0 : -1;
}

static void CALLBACK nothing(void *unused, BOOLEAN timed_out) { (void)unused, (void)timed_out; }

// What the system keeps for itself from the first use of a thing on is not the test's: Winsock, and the thread
// pool's waits, whose thread goes away when there is nothing to wait for.
static void warm_up(void) {
  int ends[2];
  px_socketpair(ends);
  px_send(ends[0], "", 1, MSG_DONTWAIT);
  px_close(ends[0]);
  px_close(ends[1]);
  HANDLE wait;
  RegisterWaitForSingleObject(&wait, CreateEventW(NULL, TRUE, FALSE, NULL), nothing, NULL, INFINITE,
                              WT_EXECUTEINWAITTHREAD);
}

int open_descriptors(void) {
  static int warm;
  if (!warm) warm_up();
  warm = 1;
  return handle_count();
}
