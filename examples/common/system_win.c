#include "system.h"

#include <winsock2.h>

#include "stop_event.h"

static void (*told)(void);
static SRWLOCK holds = SRWLOCK_INIT;
static SOCKET requests = INVALID_SOCKET; /* connected to itself */

static void pass_on(void) {
  AcquireSRWLockExclusive(&holds);
  told();
  ReleaseSRWLockExclusive(&holds);
}

/* The system calls this on a thread of its own. When it returns from the end of a console, the process is
   ended: there is a moment for the others to be quicker. */
static BOOL WINAPI on_console(DWORD event) {
  pass_on();
  if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) Sleep(5000);
  return TRUE;
}

static void CALLBACK on_stop_event(void *context, BOOLEAN timed_out) {
  (void)context;
  (void)timed_out;
  pass_on();
}

void on_end_request(void (*call)(void)) {
  HANDLE wait, event = stop_event(GetCurrentProcessId());
  told = call;
  SetConsoleCtrlHandler(on_console, TRUE);
  if (event)
    RegisterWaitForSingleObject(&wait, event, on_stop_event, NULL, INFINITE, WT_EXECUTEDEFAULT);
}

void hold_end_requests(void) { AcquireSRWLockExclusive(&holds); }
void release_end_requests(void) { ReleaseSRWLockExclusive(&holds); }

static void put_request(void) { send(requests, "", 1, 0); }

eddy_native_t open_end_requests(void) {
  WSADATA data;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int size = sizeof at;
  struct sockaddr *address = (struct sockaddr *)&at;
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return EDDY_NO_NATIVE;
  requests = socket(AF_INET, SOCK_DGRAM, 0);
  if (requests == INVALID_SOCKET || bind(requests, address, size) != 0 ||
      getsockname(requests, address, &size) != 0 || connect(requests, address, size) != 0)
    return EDDY_NO_NATIVE;
  on_end_request(put_request);
  return (eddy_native_t)requests;
}

void take_end_request(eddy_native_t from) {
  char byte;
  recv((SOCKET)from, &byte, 1, 0);
}

/* Windows has no such limit. */
uint64_t raise_descriptor_limit(void) { return UINT64_MAX; }

int terminal_columns(void) {
  CONSOLE_SCREEN_BUFFER_INFO about;
  if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &about)) return 0;
  return about.srWindow.Right - about.srWindow.Left + 1;
}
