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

#endif
