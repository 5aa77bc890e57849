// What this system has, for NEEDS: 1, or 0 for what is missing.
#ifndef EDDY_TEST_HAS_H
#define EDDY_TEST_HAS_H

#define HAS_FORK 1
#define HAS_SECCOMP 1
#define HAS_PROC 1         // the process told as files: threads, CPU time
#define HAS_POSIX_FILES 1  // pipes, ptys, procfs and the like as descriptors
#define HAS_UNIX_NAMES 1   // abstract ones, those that the system chooses, and of clients
#define HAS_UNIX_SOCKETS 1 // as plain sockets, pairs among them
#define HAS_HALF_CLOSE 1   // of local streams too
#define HAS_SIGNALS 1
#define HAS_PROMPT_HANDLE                                                                          \
  1 // the native handle is readable in the moment, not when a thread has passed it on
#define HAS_CONNECTING_TOLD 1 // the system tells a socket that connects from one that does not
#define HAS_FULL_SOCKETS 1    // a send that finds no room is refused; Winsock takes it whole
#define HAS_LATE_RECEIVES                                                                          \
  1 // a pool read receives where its callback is due, AFD where its event is handled
#define HAS_EXCLUSIVE_PORTS 0
#define HAS_CALL_COUNTS 1 // of what eddy asks of the system
#define HAS_DESCRIPTOR_LIMIT 1
#define HAS_IO_URING 1
#define HAS_REUSE_PORT 1
#define HAS_QUEUE_LENGTH 1       // the length of an accept queue is told
#define HAS_TRUNCATED_RECEIVES 1 // MSG_TRUNC throws away what is received
#define HAS_CALL_WRAPS 1         // by the linker: a test stands in the place of a system call
#define HAS_WINDOWS 0
#define HAS_FINE_CPU_TIME 1

#endif
