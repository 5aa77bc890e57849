/* eddy-demo: an echo server (eddy-echo, as a child process) and a load client over loopback, on the
   driver that `auto` picks and then on each other driver that this machine has. */
#include "common/load.h"
#include "common/options.h"
#include "common/process.h"
#include "common/system.h"
#include "demo_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "eddy-demo"
#define DRIVERS 8

static struct {
  uint64_t port, connections, size, seconds;
  uint32_t driver;
} options = {.connections = 100, .size = 64, .seconds = 5};

struct round {
  uint32_t driver;
  bool ran;
  struct load_result result;
};

static struct round rounds[DRIVERS];
static uint32_t round_count;
static bool terminal;
static int line_width; /* of the live line on the terminal, 0 when there is none */

static void finish_line(void) {
  if (line_width > 0) printf("\n");
  line_width = 0;
  fflush(stdout);
}

static void show_live(const struct load_plan *plan, const struct load_sample *s) {
  char line[160];
  int width = snprintf(line, sizeof line,
                       "  %-8s %6" PRIu32 " connections %10.0f msg/s %8.1f MB/s   p50 %7.1f us   "
                       "p99 %7.1f us",
                       eddy_driver_name(plan->driver), s->open, s->messages_per_second,
                       s->bytes_per_second / 1e6, (double)s->p50 / 1e3, (double)s->p99 / 1e3);
  if (terminal) {
    int room = terminal_columns() - 1; /* so that the terminal does not wrap the line */
    if (room < 0) room = 0;
    if (width > line_width) line_width = width;
    if (line_width > room) line_width = room;
    printf("\r%-*.*s", line_width, room, line);
  } else {
    printf("%s\n", line);
  }
  fflush(stdout);
}

static void say_unusable(const char *name, int error) {
  printf("%s cannot be used here: %s (%s)\n", name, eddy_error_text(error), eddy_error_name(error));
}

static void add_round(uint32_t driver) {
  for (uint32_t i = 0; i < round_count; i++)
    if (rounds[i].driver == driver) return;
  rounds[round_count++].driver = driver;
}

/* The driver that `auto` takes here, with the reason when it is not the best there is. */
static void add_picked_by_auto(void) {
  const char *text = driver_text(EDDY_DRIVER_AUTO);
  bool by_environment = strcmp(text, eddy_driver_name(EDDY_DRIVER_AUTO)) != 0;
  eddy_loop_t *loop;
  int error = eddy_loop_open(NULL, &loop);
  if (error < 0) {
    say_unusable(text, error);
    return;
  }
  uint32_t driver = eddy_loop_driver(loop);
  const char *name = eddy_driver_name(driver), *reason = eddy_loop_driver_reason(loop);
  if (by_environment && !*reason)
    printf("%s comes first: %s\n", name, text);
  else
    printf("auto picks %s%s%s\n", name, *reason ? ": " : "", reason);
  eddy_loop_close(loop);
  add_round(driver);
}

static void choose_drivers(void) {
  if (options.driver != EDDY_DRIVER_AUTO) {
    int error = eddy_driver_probe(options.driver);
    if (error < 0) fail(PROGRAM, eddy_driver_name(options.driver), error);
    add_round(options.driver);
    return;
  }
  add_picked_by_auto();
  const struct {
    uint32_t driver;
    uint64_t feature; /* set when it is built in */
  } others[] = {{EDDY_DRIVER_IO_URING, EDDY_FEATURE_IO_URING},
                {EDDY_DRIVER_EPOLL, EDDY_FEATURE_EPOLL},
                {EDDY_DRIVER_AFD, EDDY_FEATURE_AFD}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (!(eddy_features() & others[i].feature)) continue;
    int error = eddy_driver_probe(others[i].driver);
    if (error == 0)
      add_round(others[i].driver);
    else
      say_unusable(eddy_driver_name(others[i].driver), error);
  }
}

static bool good(const struct round *round) {
  const struct load_result *result = &round->result;
  return result->connected > 0 && result->failed == 0 && result->wrong == 0 && result->complete;
}

static bool run_round(struct round *round) {
  const char *name = eddy_driver_name(round->driver);
  char port[8], text[EDDY_ADDR_TEXT];
  struct server server;
  snprintf(port, sizeof port, "%" PRIu64, options.port);
  if (server_start(&server, name, port) != 0) {
    if (!interrupted()) fprintf(stderr, PROGRAM ": the %s server did not start\n", name);
    return false;
  }
  eddy_addr_format(&server.address, text, sizeof text);
  printf("%s: echo server on %s, %" PRIu64 " connections, messages of %" PRIu64 " bytes, %" PRIu64
         " s\n",
         name, text, options.connections, options.size, options.seconds);
  fflush(stdout); /* into a pipe too, whose reader wants to see it live */
  struct load_plan plan = {.server = server.address,
                           .driver = round->driver,
                           .connections = (uint32_t)options.connections,
                           .size = (uint32_t)options.size,
                           .depth = 1,
                           .duration = options.seconds * EDDY_SECOND,
                           .interval = terminal ? EDDY_SECOND / 4 : EDDY_SECOND,
                           .progress = show_live};
  int error = load_run(&plan, &round->result);
  finish_line();
  bool clean = server_stop(&server) == 0;
  if (error < 0) {
    fprintf(stderr, PROGRAM ": %s: %s (%s)\n", name, eddy_error_text(error),
            eddy_error_name(error));
    return false;
  }
  round->ran = true;
  return clean;
}

static void show_errors(const struct round *round) {
  const struct load_result *r = &round->result;
  for (int64_t error = 1; error < LOAD_ERRORS; error++)
    if (r->errors[error])
      printf("  %s: %" PRIu64 " x %s\n", eddy_driver_name(round->driver), r->errors[error],
             eddy_error_text(-error));
  if (r->ended > 0)
    printf("  %s: %" PRIu32 " x the server closed the connection\n",
           eddy_driver_name(round->driver), r->ended);
  if (r->wrong > 0 || (!r->complete && !interrupted()))
    printf("  %s: not all came back as it was sent\n", eddy_driver_name(round->driver));
}

static void show_table(void) {
  printf("\n%-10s %12s %12s %10s %10s %10s\n", "driver", "connections", "messages/s", "MB/s",
         "p50 us", "p99 us");
  for (uint32_t i = 0; i < round_count; i++) {
    const struct load_result *r = &rounds[i].result;
    if (!rounds[i].ran) continue;
    double rate = r->seconds > 0 ? (double)r->messages / r->seconds : 0;
    printf("%-10s %12" PRIu32 " %12.0f %10.1f %10.1f %10.1f\n", eddy_driver_name(rounds[i].driver),
           r->connected, rate, rate * (double)options.size / 1e6,
           (double)histogram_at(&r->latency, 0.50) / 1e3,
           (double)histogram_at(&r->latency, 0.99) / 1e3);
    show_errors(&rounds[i]);
  }
}

int main(int argc, char **argv) {
  const struct option table[] = {
      {"driver",
       "NAME",
       "only this driver (all)",
       OPTION_DRIVER,
       {.driver = &options.driver},
       0,
       0},
      {"port",
       "N",
       "the server's port; 0 is any free one (0)",
       OPTION_NUMBER,
       {.number = &options.port},
       0,
       65535},
      {"connections",
       "N",
       "how many connections (100)",
       OPTION_NUMBER,
       {.number = &options.connections},
       1,
       1000000},
      {"size", "BYTES", "of a message (64)", OPTION_NUMBER, {.number = &options.size}, 1, 16 << 20},
      {"seconds",
       "S",
       "how long to run each driver (5)",
       OPTION_NUMBER,
       {.number = &options.seconds},
       1,
       3600},
  };
  read_options(PROGRAM, "An echo server and a load client over loopback, on each driver in turn.",
               table, sizeof table / sizeof *table, argc, argv);
  terminal = terminal_columns() > 0;
  require_descriptors(PROGRAM, options.connections);
  catch_signals();

  choose_drivers();
  fflush(stdout);
  bool any = false, fine = true;
  for (uint32_t i = 0; i < round_count && !interrupted(); i++) {
    bool clean = run_round(&rounds[i]);
    if (interrupted() || !rounds[i].ran) continue; /* what kept it from running has been said */
    any = true;
    fine = fine && clean && good(&rounds[i]);
  }
  if (interrupted()) {
    printf("stopped\n");
    return 0;
  }
  if (!any) {
    fprintf(stderr, PROGRAM ": no driver could run\n");
    return 1;
  }
  show_table();
  return fine ? 0 : 1;
}
