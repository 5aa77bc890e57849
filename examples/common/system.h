/* What the programs need of the system around them: system_unix.c or system_win.c, as Meson picks. */
#ifndef EXAMPLES_SYSTEM_H
#define EXAMPLES_SYSTEM_H

#include <eddy.h>

EDDY_BEGIN_DECLS

/* From now on `told` is called when somebody asks the process to end: by SIGINT, SIGTERM or SIGHUP; on
   Windows by Ctrl-C, Ctrl-Break, the end of the console, or the stop event of child.h. It runs inside a
   signal handler or on another thread, but not between hold_end_requests and release_end_requests. */
void on_end_request(void (*told)(void));
void hold_end_requests(void);
void release_end_requests(void);

/* The same for a program that polls: a descriptor that gets a byte at each request. EDDY_NO_NATIVE when
   there is none to be had. */
eddy_native_t open_end_requests(void);
void take_end_request(eddy_native_t from);

/* Raises the limit of open descriptors as far as it goes, and returns it. */
uint64_t raise_descriptor_limit(void);

/* The columns of the terminal that stdout is, 0 when it is none. */
int terminal_columns(void);

EDDY_END_DECLS

#endif
