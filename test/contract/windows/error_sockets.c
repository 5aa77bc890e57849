// Winsock's own codes, each provoked, are eddy's numbers: those that Linux gives for the same failure.
#include "needs.h"

#if HAS_WINDOWS

#include "tcp.h"
#include "win_errors.h"

#undef socket
#undef connect
#undef bind
#undef listen
#undef accept
#undef send
#undef recv
#undef getsockopt
#undef setsockopt
#undef getsockname
#undef shutdown

static const struct sockaddr_in loopback = {.sin_family = AF_INET,
                                            .sin_addr.s_addr = 0x0100007f}; // 127.0.0.1
#define ADDRESS(a) (const struct sockaddr *)&(a), sizeof(a)

static SOCKET tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static SOCKET udp(void) { return socket(AF_INET, SOCK_DGRAM, 0); }

static struct sockaddr_in bound(SOCKET fd) {
  struct sockaddr_in at = loopback;
  int size = sizeof at;
  assert_int_equal(bind(fd, ADDRESS(at)), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
  return at;
}

static void nonblocking(SOCKET fd) {
  u_long on = 1;
  ioctlsocket(fd, (long)FIONBIO, &on);
}

// A loopback connection.
static void pair_of(SOCKET fds[2]) {
  SOCKET listener = tcp();
  struct sockaddr_in at = bound(listener);
  listen(listener, 1);
  fds[0] = tcp();
  assert_int_equal(connect(fds[0], ADDRESS(at)), 0);
  fds[1] = accept(listener, NULL, NULL);
  closesocket(listener);
}

static void fault(void **state) {
  (void)state;
  SOCKET fd = tcp();
  fails(bind(fd, NULL, 0) == 0);
  row(WSAEFAULT, EDDY_EFAULT);
  closesocket(fd);
}

static void bound_twice(void **state) {
  (void)state;
  SOCKET fd = tcp();
  struct sockaddr_in at = bound(fd);
  fails(bind(fd, ADDRESS(at)) == 0);
  row(WSAEINVAL, EDDY_EINVAL);
  closesocket(fd);
}

static void would_block(void **state) {
  (void)state;
  char byte;
  SOCKET fds[2];
  pair_of(fds);
  nonblocking(fds[0]);
  fails(recv(fds[0], &byte, 1, 0) >= 0);
  row(WSAEWOULDBLOCK, EDDY_EAGAIN);
  closesocket(fds[0]);
  closesocket(fds[1]);
}

static void not_a_socket(void **state) {
  (void)state;
  HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
  fails(listen((SOCKET)event, 1) == 0);
  row(WSAENOTSOCK, EDDY_ENOTSOCK);
  CloseHandle(event);
}

static void message_too_long(void **state) {
  (void)state;
  char byte, two[2] = {0};
  SOCKET fd = udp();
  struct sockaddr_in at = bound(fd);
  assert_int_equal(sendto(fd, two, 2, 0, ADDRESS(at)), 2);
  fails(recv(fd, &byte, 1, 0) >= 0);
  row(WSAEMSGSIZE, EDDY_EMSGSIZE);
  closesocket(fd);
}

static void no_such_option(void **state) {
  (void)state;
  SOCKET fd = tcp();
  int one = 1;
  fails(setsockopt(fd, IPPROTO_TCP, 9999, (char *)&one, sizeof one) == 0);
  row(WSAENOPROTOOPT, EDDY_ENOPROTOOPT);
  closesocket(fd);
}

static void no_such_protocol(void **state) {
  (void)state;
  fails(socket(AF_INET, SOCK_STREAM, 213) != INVALID_SOCKET);
  row(WSAEPROTONOSUPPORT, EDDY_EPROTONOSUPPORT);
}

static void connecting_already(void **state) {
  (void)state;
  struct full_listener full;
  full_listener_open(&full);
  struct sockaddr_in at;
  SOCKET fd = tcp();
  eddy_addr_to_native(&full.addr, &at, sizeof at);
  nonblocking(fd);
  fails(connect(fd, ADDRESS(at)) == 0);
  row(WSAEWOULDBLOCK, EDDY_EAGAIN);
  fails(connect(fd, ADDRESS(at)) == 0);
  row(WSAEALREADY, EDDY_EALREADY);
  closesocket(fd);
  full_listener_close(&full);
}

static void no_such_type(void **state) {
  (void)state;
  fails(socket(AF_INET, 77, 0) != INVALID_SOCKET);
  row(WSAESOCKTNOSUPPORT, EDDY_EPROTONOSUPPORT);
}

static void no_such_family(void **state) {
  (void)state;
  fails(socket(99, SOCK_STREAM, 0) != INVALID_SOCKET);
  row(WSAEAFNOSUPPORT, EDDY_EAFNOSUPPORT);
}

static void not_supported(void **state) {
  (void)state;
  SOCKET fd = udp();
  bound(fd);
  fails(listen(fd, 1) == 0);
  row(WSAEOPNOTSUPP, EDDY_ENOTSUP);
  closesocket(fd);
}

static void no_broadcast_allowed(void **state) {
  (void)state;
  SOCKET fd = udp();
  struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = 0x900, .sin_addr.s_addr = ~0u};
  fails(sendto(fd, "x", 1, 0, ADDRESS(all)) >= 0);
  row(WSAEACCES, EDDY_EACCES);
  closesocket(fd);
}

static void address_in_use(void **state) {
  (void)state;
  SOCKET one = tcp(), two = tcp();
  struct sockaddr_in at = bound(one);
  listen(one, 1);
  fails(bind(two, ADDRESS(at)) == 0);
  row(WSAEADDRINUSE, EDDY_EADDRINUSE);
  closesocket(one);
  closesocket(two);
}

static void address_not_here(void **state) {
  (void)state;
  SOCKET fd = tcp();
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = 0x4d0200c0}; // 192.0.2.77
  fails(bind(fd, ADDRESS(at)) == 0);
  row(WSAEADDRNOTAVAIL, EDDY_EADDRNOTAVAIL);
  closesocket(fd);
}

static void refused(void **state) {
  (void)state;
  SOCKET fd = tcp(), gone = tcp();
  struct sockaddr_in at = bound(gone);
  closesocket(gone);
  fails(connect(fd, ADDRESS(at)) == 0);
  row(WSAECONNREFUSED, EDDY_ECONNREFUSED);
  closesocket(fd);
}

static void unreachable(void **state) {
  (void)state;
  SOCKET fd = tcp();
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = 0x900, .sin_addr.s_addr = 0x010000e0};
  fails(connect(fd, ADDRESS(at)) == 0); // 224.0.0.1
  row(WSAENETUNREACH, EDDY_ENETUNREACH);
  closesocket(fd);
}

static void connected_already(void **state) {
  (void)state;
  SOCKET fds[2];
  pair_of(fds);
  fails(connect(fds[0], ADDRESS(loopback)) == 0);
  row(WSAEISCONN, EDDY_EISCONN);
  closesocket(fds[0]);
  closesocket(fds[1]);
}

static void not_connected(void **state) {
  (void)state;
  char byte;
  SOCKET fd = tcp();
  fails(recv(fd, &byte, 1, 0) >= 0);
  row(WSAENOTCONN, EDDY_ENOTCONN);
  closesocket(fd);
}

static void shut_down(void **state) {
  (void)state;
  SOCKET fds[2];
  pair_of(fds);
  shutdown(fds[0], SD_SEND);
  fails(send(fds[0], "x", 1, 0) >= 0);
  row(WSAESHUTDOWN, EDDY_EPIPE);
  closesocket(fds[0]);
  closesocket(fds[1]);
}

static void timed_out(void **state) {
  (void)state;
  char byte;
  SOCKET fds[2];
  DWORD milliseconds = 20;
  pair_of(fds);
  setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, (char *)&milliseconds, sizeof milliseconds);
  fails(recv(fds[0], &byte, 1, 0) >= 0);
  row(WSAETIMEDOUT, EDDY_ETIMEDOUT);
  closesocket(fds[0]);
  closesocket(fds[1]);
}

// What overlapped calls leave in their packet: an NTSTATUS, and its Win32 code.
static void reset_of_an_overlapped_read(void **state) {
  (void)state;
  SOCKET fds[2];
  char byte;
  WSABUF room = {1, &byte};
  DWORD got, flags = 0;
  struct linger linger = {1, 0};
  OVERLAPPED at = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
  pair_of(fds);
  WSARecv(fds[0], &room, 1, NULL, &flags, &at, NULL);
  setsockopt(fds[1], SOL_SOCKET, SO_LINGER, (char *)&linger, sizeof linger);
  closesocket(fds[1]);
  fails(WSAGetOverlappedResult(fds[0], &at, &got, TRUE, &flags));
  row(WSAECONNRESET, EDDY_ECONNRESET);
  assert_int_equal((LONG)at.Internal, (LONG)0xC000020D);
  row((DWORD)at.Internal, EDDY_ECONNRESET);
  fails(GetOverlappedResult((HANDLE)fds[0], &at, &got, TRUE));
  row(ERROR_NETNAME_DELETED, EDDY_ECONNRESET);
  closesocket(fds[0]);
  CloseHandle(at.hEvent);
}

static void socket_closed_under_a_read(void **state) {
  (void)state;
  SOCKET fds[2];
  char byte;
  WSABUF room = {1, &byte};
  DWORD flags = 0;
  OVERLAPPED at = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
  pair_of(fds);
  WSARecv(fds[0], &room, 1, NULL, &flags, &at, NULL);
  closesocket(fds[0]);
  assert_int_equal(WaitForSingleObject(at.hEvent, 10000), WAIT_OBJECT_0);
  LONG status = (LONG)at.Internal; // either, by version
  assert_true(status == (LONG)0x8000000A || status == (LONG)0xC0000120);
  row((DWORD)status, EDDY_ECANCELED);
  closesocket(fds[1]);
  CloseHandle(at.hEvent);
}

static void refusal_of_an_overlapped_connect(void **state) {
  (void)state;
  typedef BOOL(WINAPI * connect_call)(SOCKET, const struct sockaddr *, int, void *, DWORD, DWORD *,
                                      OVERLAPPED *);
  GUID name = {0x25a207b9, 0xddf3, 0x4660, {0x8e, 0xe9, 0x76, 0xe5, 0x8c, 0x74, 0x06, 0x3e}};
  connect_call connect_ex = NULL; // WSAID_CONNECTEX
  SOCKET fd = tcp(), gone = tcp();
  DWORD got;
  OVERLAPPED at = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
  WSAIoctl(fd, 0xC8000006, &name, sizeof name, &connect_ex, sizeof connect_ex, &got, NULL, NULL);
  assert_non_null(connect_ex);
  bound(fd);
  struct sockaddr_in nobody = bound(gone);
  closesocket(gone);
  connect_ex(fd, ADDRESS(nobody), NULL, 0, NULL, &at);
  fails(GetOverlappedResult((HANDLE)fd, &at, &got, TRUE));
  row(ERROR_CONNECTION_REFUSED, EDDY_ECONNREFUSED);
  assert_int_equal((LONG)at.Internal, (LONG)0xC0000236);
  row((DWORD)at.Internal, EDDY_ECONNREFUSED);
  closesocket(fd);
  CloseHandle(at.hEvent);
}

int main(void) {
  WSADATA data;
  WSAStartup(MAKEWORD(2, 2), &data);
  const struct CMUnitTest tests[] = {cmocka_unit_test(fault),
                                     cmocka_unit_test(bound_twice),
                                     cmocka_unit_test(would_block),
                                     cmocka_unit_test(not_a_socket),
                                     cmocka_unit_test(message_too_long),
                                     cmocka_unit_test(no_such_option),
                                     cmocka_unit_test(no_such_protocol),
                                     cmocka_unit_test(no_such_type),
                                     cmocka_unit_test(connecting_already),
                                     cmocka_unit_test(no_such_family),
                                     cmocka_unit_test(not_supported),
                                     cmocka_unit_test(no_broadcast_allowed),
                                     cmocka_unit_test(address_in_use),
                                     cmocka_unit_test(address_not_here),
                                     cmocka_unit_test(refused),
                                     cmocka_unit_test(unreachable),
                                     cmocka_unit_test(connected_already),
                                     cmocka_unit_test(not_connected),
                                     cmocka_unit_test(shut_down),
                                     cmocka_unit_test(timed_out),
                                     cmocka_unit_test(reset_of_an_overlapped_read),
                                     cmocka_unit_test(socket_closed_under_a_read),
                                     cmocka_unit_test(refusal_of_an_overlapped_connect)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
