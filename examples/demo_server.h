/* The server of the demo: eddy-echo as a child process. */
#ifndef EXAMPLES_DEMO_SERVER_H
#define EXAMPLES_DEMO_SERVER_H

#include "common/child.h"

#include <eddy.h>
#include <stdbool.h>

struct server {
  struct child child;
  bool listening;
  eddy_addr_t address;
};

/* Starts eddy-echo, which lies beside this program, and waits until it listens. Returns 0, or -1
   when it did not come up (what was wrong is on stderr) or a signal came. */
int server_start(struct server *server, const char *driver, const char *port);

/* Ends it and waits until it has ended. Returns 0 when it ended cleanly. */
int server_stop(struct server *server);

#endif
