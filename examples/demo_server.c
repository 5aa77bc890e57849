#include "demo_server.h"

#include "common/process.h"

#include <stdio.h>
#include <string.h>

#define START_LIMIT_MS 5000
#define STOP_LIMIT_MS 3000
#define LOOK_MS 50

/* Reads "listening on ADDR driver=NAME". */
static int read_address_line(struct child *from, eddy_addr_t *address) {
  char line[256] = "", text[EDDY_ADDR_TEXT];
  size_t length = 0;
  int waited = 0;
  while (!strchr(line, '\n')) {
    if (interrupted() || length == sizeof line - 1 || waited >= START_LIMIT_MS) return -1;
    int got = child_read(from, line + length, sizeof line - 1 - length, LOOK_MS);
    if (got == 0) return -1;
    if (got < 0) waited += LOOK_MS;
    if (got < 0) continue;
    length += (size_t)got;
    line[length] = '\0';
  }
  if (sscanf(line, "listening on %127s", text) != 1) return -1;
  return eddy_addr_parse(address, text, 0);
}

int server_start(struct server *server, const char *driver, const char *port) {
  const char *const arguments[] = {"--driver", driver, "--port", port, NULL};
  *server = (struct server){0};
  if (child_start(&server->child, "eddy-echo", arguments) != 0) return -1;
  server->listening = read_address_line(&server->child, &server->address) == 0;
  child_close_output(&server->child);
  if (server->listening) return 0;
  server_stop(server);
  return -1;
}

int server_stop(struct server *server) {
  if (server->child.process == 0) return 0;
  int code = child_end(&server->child, STOP_LIMIT_MS);
  if (code == 0) return 0;
  if (!server->listening) return -1;
  if (code < 0)
    fprintf(stderr, "eddy-demo: the server ended by signal %d\n", -code);
  else
    fprintf(stderr, "eddy-demo: the server ended with %d\n", code);
  return -1;
}
