#include <winsock2.h>
#include <ws2tcpip.h>

#include <windows.h>

#include "../support/win/handle_count.h"

// (Windows has macros of these names.)
#undef min
#undef max

#include "check.hpp"
#include "system.hpp"

#include <thread>

namespace test {

const bool pairs_half_close = false;

static void connected_sockets(SOCKET ends[2]) {
  sockaddr_in at{};
  int size = sizeof at;
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(listener, reinterpret_cast<sockaddr *>(&at), size) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, reinterpret_cast<sockaddr *>(&at), &size) == 0);
  ends[0] = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(ends[0], reinterpret_cast<sockaddr *>(&at), size) == 0);
  ends[1] = accept(listener, nullptr, nullptr);
  CHECK(ends[1] != INVALID_SOCKET);
  closesocket(listener);
}

// What Winsock, the C++ runtime and the thread pool's waits keep for themselves from their first use on is not the
// test's. The pool's thread goes away when there is nothing to wait for, hence a wait for ever.
static void warm_up() {
  WSADATA data;
  CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0);
  SOCKET ends[2];
  connected_sockets(ends);
  send(ends[0], "x", 1, 0);
  closesocket(ends[0]);
  closesocket(ends[1]);
  std::thread([] {}).join();
  HANDLE wait;
  CHECK(RegisterWaitForSingleObject(
      &wait, CreateEventW(nullptr, TRUE, FALSE, nullptr), [](void *, BOOLEAN) {}, nullptr, INFINITE,
      WT_EXECUTEINWAITTHREAD));
}

const int spare_descriptors = 4; // of AFD, one for 32 sockets

int open_descriptors() {
  static const bool warm = (warm_up(), true);
  return warm ? handle_count() : -1;
}

void pause(std::chrono::microseconds time) {
  Sleep(static_cast<DWORD>((time.count() + 999) / 1000));
}

// There is no fork. The child is this program again, with the number of the abort that it is for in its
// environment; it runs up to that one.
static int aborts;

static int wanted_abort() {
  char number[16];
  return GetEnvironmentVariableA("EDDY_TEST_ABORT", number, sizeof number) ? std::atoi(number) : 0;
}

static HANDLE start_again(HANDLE says) {
  wchar_t program[MAX_PATH];
  GetModuleFileNameW(nullptr, program, MAX_PATH);
  STARTUPINFOW how{};
  how.cb = sizeof how;
  how.dwFlags = STARTF_USESTDHANDLES;
  how.hStdError = says;
  PROCESS_INFORMATION child{};
  SetEnvironmentVariableA("EDDY_TEST_ABORT", std::to_string(aborts).c_str());
  BOOL made =
      CreateProcessW(program, nullptr, nullptr, nullptr, TRUE, 0, nullptr, nullptr, &how, &child);
  SetEnvironmentVariableA("EDDY_TEST_ABORT", nullptr);
  CHECK(made);
  CloseHandle(child.hThread);
  return child.hProcess;
}

std::optional<ended> run_in_child(void (*body)()) {
  aborts++;
  if (wanted_abort()) {
    if (wanted_abort() != aborts) return std::nullopt;
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    body();
    std::_Exit(0);
  }
  SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
  HANDLE ends[2];
  CHECK(CreatePipe(&ends[0], &ends[1], &inherited, 0));
  SetHandleInformation(ends[0], HANDLE_FLAG_INHERIT, 0);
  HANDLE child = start_again(ends[1]);
  CloseHandle(ends[1]);
  std::string said;
  char bytes[512];
  for (DWORD n; ReadFile(ends[0], bytes, sizeof bytes, &n, nullptr) && n;) said.append(bytes, n);
  CloseHandle(ends[0]);
  WaitForSingleObject(child, INFINITE);
  DWORD code = 0;
  GetExitCodeProcess(child, &code);
  CloseHandle(child);
  // The names of the tests before it come first.
  std::size_t line = said.find("eddy: ");
  said.erase(0, line == std::string::npos ? 0 : line);
  // The facade's end is abort(): of the older C runtime the first, of the newer one the second, like the library's.
  const DWORD aborted = 3, fast_failed = 0xC0000409;
  return ended{code == aborted || code == fast_failed, static_cast<int>(code), said};
}

full_table::full_table() = default;
full_table::~full_table() = default;

wire::wire() {
  SOCKET ends[2];
  connected_sockets(ends);
  out = static_cast<std::int64_t>(ends[0]);
  in = static_cast<std::int64_t>(ends[1]);
}

wire::~wire() {
  closesocket(static_cast<SOCKET>(out));
  closesocket(static_cast<SOCKET>(in));
}

void wire::put() const { CHECK(send(static_cast<SOCKET>(in), "x", 1, 0) == 1); }

bool wire::is_open() const {
  DWORD flags;
  return GetHandleInformation(reinterpret_cast<HANDLE>(out), &flags);
}

} // namespace test
