/* A child process whose output is read: child_unix.c or child_win.c, as Meson picks. Ctrl-C does not reach
   it, for its parent ends it in order; and should the parent be killed, the system ends it. */
#ifndef EXAMPLES_CHILD_H
#define EXAMPLES_CHILD_H

#include <stddef.h>
#include <stdint.h>

struct child {
  intptr_t process; /* 0 when there is none */
  intptr_t output;
  intptr_t ending; /* what else the system's half needs for that */
  intptr_t job;
};

/* Starts the program `name`, which lies beside this one; `arguments` end with NULL. Returns 0, or -1 when
   it cannot be started. */
int child_start(struct child *child, const char *name, const char *const *arguments);

/* Waits for output, so many milliseconds at most. Returns the bytes, 0 at the end, -1 when none came. */
int child_read(struct child *child, char *room, size_t size, int milliseconds);
void child_close_output(struct child *child);

/* Asks it to end, kills it when it has not within so many milliseconds, and waits for its end. Returns
   its exit code, or -N when signal N ended it. */
int child_end(struct child *child, int milliseconds);

#endif
