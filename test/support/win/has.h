// What this system has, for NEEDS: 1, or 0 for what is missing.
#ifndef EDDY_TEST_HAS_H
#define EDDY_TEST_HAS_H

#define HAS_FORK 0
#define HAS_SECCOMP 0
#define HAS_PROC 0
#define HAS_POSIX_FILES 0
#define HAS_UNIX_NAMES 0 // abstract ones, those that the system chooses, and of clients
#define HAS_UNIX_SOCKETS 0
#define HAS_HALF_CLOSE 0
#define HAS_SIGNALS 0
#define HAS_PROMPT_HANDLE                                                                          \
  0 // the native handle is readable in the moment, not when a thread has passed it on
#define HAS_CONNECTING_TOLD 0 // the system tells a socket that connects from one that does not
#define HAS_FULL_SOCKETS 0    // a send that finds no room is refused; Winsock takes it whole
#define HAS_LATE_RECEIVES                                                                          \
  0 // a pool read receives where its callback is due, AFD where its event is handled
#define HAS_CALL_COUNTS 0
#define HAS_EXCLUSIVE_PORTS 1 // a listener may not take a port that a connection has
#define HAS_DESCRIPTOR_LIMIT 0
#define HAS_IO_URING 0
#define HAS_REUSE_PORT 0
#define HAS_QUEUE_LENGTH 0       // the length of an accept queue is told
#define HAS_TRUNCATED_RECEIVES 0 // MSG_TRUNC throws away what is received
#define HAS_CALL_WRAPS 0         // by the linker: a test stands in the place of a system call
#define HAS_WINDOWS 1
// Wine counts CPU time in ticks.
#define HAS_FINE_CPU_TIME                                                                          \
  (GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") == NULL)

#endif
