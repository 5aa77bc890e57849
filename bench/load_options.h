/* The command line of load, and the CPU clock of the server under test. */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include "server.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

struct options {
  int port, connections, depth, idle, server_pid;
  uint32_t size;
  uint64_t messages;
  double seconds, warmup;
  bool verify, slow, brief, json;
};

static const char usage[] =
    "usage: load --port N [options]\n"
    "  --connections N  --size BYTES  --depth N   messages in flight per connection\n"
    "  --seconds S --warmup S                     the measured interval and what comes before it\n"
    "  --messages N                               stop after N messages instead\n"
    "  --verify                                   compare what comes back byte by byte\n"
    "  --slow                                     send without reading for S seconds, then read "
    "all\n"
    "  --short                                    a connection for each message\n"
    "  --idle N                                   open N silent connections for S seconds\n"
    "  --server-pid PID                           report that process' CPU time in the interval\n"
    "  --json                                     one line of JSON at the end\n";

static inline double option_number(int argc, char **argv, int *i) {
  char *end = NULL;
  double value = *i + 1 < argc ? strtod(argv[*i + 1], &end) : -1;

  if (value < 0 || !end || *end != '\0') {
    fprintf(stderr, "%s needs a number\n%s", argv[*i], usage);
    exit(2);
  }
  ++*i;
  return value;
}

static inline struct options read_options(int argc, char **argv) {
  struct options o = {.connections = 1, .depth = 1, .size = 64, .seconds = 1, .warmup = 0.2};

  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];

    if (strcmp(name, "--verify") == 0)
      o.verify = true;
    else if (strcmp(name, "--slow") == 0)
      o.slow = o.verify = true;
    else if (strcmp(name, "--short") == 0)
      o.brief = true;
    else if (strcmp(name, "--json") == 0)
      o.json = true;
    else if (strcmp(name, "--port") == 0)
      o.port = (int)option_number(argc, argv, &i);
    else if (strcmp(name, "--connections") == 0)
      o.connections = (int)option_number(argc, argv, &i);
    else if (strcmp(name, "--depth") == 0)
      o.depth = (int)option_number(argc, argv, &i);
    else if (strcmp(name, "--size") == 0)
      o.size = (uint32_t)option_number(argc, argv, &i);
    else if (strcmp(name, "--messages") == 0)
      o.messages = (uint64_t)option_number(argc, argv, &i);
    else if (strcmp(name, "--seconds") == 0)
      o.seconds = option_number(argc, argv, &i);
    else if (strcmp(name, "--warmup") == 0)
      o.warmup = option_number(argc, argv, &i);
    else if (strcmp(name, "--idle") == 0)
      o.idle = (int)option_number(argc, argv, &i);
    else if (strcmp(name, "--server-pid") == 0)
      o.server_pid = (int)option_number(argc, argv, &i);
    else {
      fprintf(stderr, "unknown option %s\n%s", name, usage);
      exit(2);
    }
  }
  if (o.port == 0 || o.connections < 1 || o.depth < 1 || o.size < 1) {
    fputs(usage, stderr);
    exit(2);
  }
  return o;
}

static inline int64_t cpu_from_stat(int pid) {
  unsigned long user = 0, system = 0;
  char path[64], line[1024];
  const char *after_name;
  FILE *file;

  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  file = fopen(path, "r");
  if (!file) return -1;
  line[fread(line, 1, sizeof line - 1, file)] = '\0';
  fclose(file);
  after_name = strrchr(line, ')');
  if (!after_name || sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                            &user, &system) != 2)
    return -1;
  return (int64_t)(user + system) * (1000000000 / sysconf(_SC_CLK_TCK));
}

/* CPU time of all threads from the scheduler's accounting; in ticks where that is not built in. */
static inline int64_t server_cpu_ns(int pid) {
  char path[320];
  int64_t total = 0;
  struct dirent *entry;
  DIR *tasks;

  snprintf(path, sizeof path, "/proc/%d/task", pid);
  tasks = opendir(path);
  if (!tasks) return -1;
  while ((entry = readdir(tasks))) {
    unsigned long long ns;
    FILE *file;

    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, entry->d_name);
    file = fopen(path, "r");
    if (file && fscanf(file, "%llu", &ns) == 1) total += (int64_t)ns;
    if (file) fclose(file);
  }
  closedir(tasks);
  return total > 0 ? total : cpu_from_stat(pid);
}

#endif
