/* The load client of eddy-load and eddy-demo: connections that send messages to an echo server and
   wait for them to come back, byte for byte. */
#ifndef EXAMPLES_LOAD_H
#define EXAMPLES_LOAD_H

#include "histogram.h"

#include <eddy.h>
#include <stdbool.h>

#define LOAD_ERRORS 64

struct load_plan;

/* What has happened since the sample before. */
struct load_sample {
  uint32_t open; /* connections now */
  double messages_per_second, bytes_per_second;
  uint64_t p50, p99; /* nanoseconds */
};

struct load_plan {
  eddy_addr_t server;
  uint32_t driver;
  uint32_t connections;
  uint32_t size;        /* of a message, in bytes */
  uint32_t depth;       /* messages in flight on each connection */
  eddy_time_t spin;     /* of the loop, before it sleeps */
  eddy_time_t duration; /* measured time */
  eddy_time_t interval; /* between calls of `progress`, 0 for none */
  void (*progress)(const struct load_plan *plan, const struct load_sample *sample);
  void *context;
};

struct load_result {
  uint32_t driver;
  uint32_t connected, failed;
  uint32_t ended;    /* of the failed ones: the server closed the connection */
  uint64_t messages; /* in the measured time */
  double seconds;
  uint64_t sent, received;      /* all bytes, from first to last */
  uint64_t wrong;               /* received pieces whose content was not what was sent */
  bool complete;                /* all that was sent came back, on every connection */
  uint64_t errors[LOAD_ERRORS]; /* how often: errors[n] counts the eddy error -n */
  struct histogram latency;
};

/* Runs the plan: connects, measures for the duration, waits for the last replies, closes. Ends early
   on a signal (interrupted()). Returns 0 or the error that kept it from starting. */
int load_run(const struct load_plan *plan, struct load_result *result);

#endif
