#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_ARGUMENTS 15

/* The path of the program `name` beside this one. */
static int path_beside(char *path, size_t size, const char *name) {
  ssize_t length = readlink("/proc/self/exe", path, size);
  if (length <= 0 || (size_t)length >= size) return -1;
  path[length] = '\0';
  char *last = strrchr(path, '/') + 1;
  size_t room = size - (size_t)(last - path);
  int written = snprintf(last, room, "%s", name);
  return written > 0 && (size_t)written < room ? 0 : -1;
}

/* In the child, in a process group of its own. */
static void become(const char *path, char *const *arguments, int output, pid_t parent,
                   const sigset_t *unblocked) {
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  sigprocmask(SIG_SETMASK, unblocked, NULL);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
  dup2(output, STDOUT_FILENO);
  execv(path, arguments);
  fprintf(stderr, "%s: %s\n", path, strerror(errno));
  _exit(1);
}

int child_start(struct child *child, const char *name, const char *const *arguments) {
  char path[4096];
  char *words[MOST_ARGUMENTS + 2] = {(char *)name};
  int ends[2], count = 0;
  *child = (struct child){0};
  while (arguments[count] && count < MOST_ARGUMENTS) {
    words[count + 1] = (char *)arguments[count];
    count++;
  }
  if (path_beside(path, sizeof path, name) != 0 || pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t parent = getpid();
  sigset_t all, unblocked; /* until the child has handlers of its own, or it would lose a signal */
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &unblocked);
  pid_t process = fork();
  if (process == 0) become(path, words, ends[1], parent, &unblocked);
  sigprocmask(SIG_SETMASK, &unblocked, NULL);
  close(ends[1]);
  if (process < 0) close(ends[0]);
  if (process < 0) return -1;
  child->process = process;
  child->output = ends[0];
  return 0;
}

int child_read(struct child *child, char *room, size_t size, int milliseconds) {
  struct pollfd wait = {.fd = (int)child->output, .events = POLLIN};
  if (poll(&wait, 1, milliseconds) != 1) return -1;
  ssize_t got = read(wait.fd, room, size);
  return got > 0 ? (int)got : 0;
}

void child_close_output(struct child *child) { close((int)child->output); }

int child_end(struct child *child, int milliseconds) {
  const struct timespec moment = {.tv_nsec = 10000000};
  pid_t process = (pid_t)child->process;
  int status = -1;
  kill(process, SIGTERM);
  for (int waited = 0; waitpid(process, &status, WNOHANG) == 0; waited += 10) {
    if (waited == milliseconds) kill(process, SIGKILL);
    nanosleep(&moment, NULL);
  }
  child->process = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
