#include "demo_server.h"

#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_LIMIT_MS 5000
#define STOP_LIMIT_MS 3000

static int server_path(char *path, size_t size) {
  ssize_t length = readlink("/proc/self/exe", path, size);
  if (length <= 0 || (size_t)length >= size) return -1;
  path[length] = '\0';
  char *name = strrchr(path, '/') + 1;
  size_t room = size - (size_t)(name - path);
  int written = snprintf(name, room, "eddy-echo");
  return written > 0 && (size_t)written < room ? 0 : -1;
}

/* In the child. Its own process group: Ctrl-C goes to the demo, which ends its server in order. And
   should the demo be killed, the kernel ends the server. */
static void become_server(const char *path, const char *driver, const char *port, int output,
                          pid_t parent, const sigset_t *unblocked) {
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  sigprocmask(SIG_SETMASK, unblocked, NULL);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
  dup2(output, STDOUT_FILENO);
  execl(path, "eddy-echo", "--driver", driver, "--port", port, (char *)NULL);
  fprintf(stderr, "eddy-demo: %s: %s\n", path, strerror(errno));
  _exit(1);
}

/* Reads "listening on ADDR driver=NAME". */
static int read_address_line(int from, eddy_addr_t *address) {
  char line[256] = "", text[EDDY_ADDR_TEXT];
  size_t length = 0;
  while (!strchr(line, '\n')) {
    struct pollfd wait = {.fd = from, .events = POLLIN};
    if (interrupted() || length == sizeof line - 1 || poll(&wait, 1, START_LIMIT_MS) != 1)
      return -1;
    ssize_t got = read(from, line + length, sizeof line - 1 - length);
    if (got <= 0) return -1;
    length += (size_t)got;
    line[length] = '\0';
  }
  if (sscanf(line, "listening on %127s", text) != 1) return -1;
  return eddy_addr_parse(address, text, 0);
}

int server_start(struct server *server, const char *driver, const char *port) {
  char path[4096];
  int ends[2];
  *server = (struct server){0};
  if (server_path(path, sizeof path) != 0 || pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t parent = getpid();
  sigset_t all, unblocked; /* until the child has handlers of its own, or it would lose a signal */
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &unblocked);
  server->process = fork();
  if (server->process == 0) become_server(path, driver, port, ends[1], parent, &unblocked);
  sigprocmask(SIG_SETMASK, &unblocked, NULL);
  close(ends[1]);
  int error = server->process > 0 ? read_address_line(ends[0], &server->address) : -1;
  close(ends[0]);
  if (server->process < 0) server->process = 0;
  server->listening = error == 0;
  if (error == 0) return 0;
  server_stop(server);
  return -1;
}

int server_stop(struct server *server) {
  if (server->process == 0) return 0;
  const struct timespec moment = {.tv_nsec = 10000000};
  int status = -1;
  kill(server->process, SIGTERM);
  for (int waited = 0; waitpid(server->process, &status, WNOHANG) == 0; waited += 10) {
    if (waited == STOP_LIMIT_MS) kill(server->process, SIGKILL);
    nanosleep(&moment, NULL);
  }
  server->process = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  if (!server->listening) return -1;
  if (WIFSIGNALED(status))
    fprintf(stderr, "eddy-demo: the server ended by signal %d\n", WTERMSIG(status));
  else
    fprintf(stderr, "eddy-demo: the server ended with %d\n", WEXITSTATUS(status));
  return -1;
}
