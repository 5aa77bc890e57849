/* eddy-load: puts an echo server under load and says what it did. */
#include "common/load.h"
#include "common/options.h"
#include "common/process.h"

#include <inttypes.h>
#include <stdio.h>

#define PROGRAM "eddy-load"
#define MOST_IN_FLIGHT (256 << 20)

static struct {
  const char *host;
  uint64_t port, connections, size, depth, seconds, spin;
  uint32_t driver;
  bool json;
} options = {.host = "127.0.0.1", .connections = 100, .size = 64, .depth = 1, .seconds = 5};

static void print_text(const struct load_result *r, double rate, double megabytes) {
  printf("driver       %s\n", eddy_driver_name(r->driver));
  printf("connections  %" PRIu32 " connected, %" PRIu32 " failed\n", r->connected, r->failed);
  printf("messages/s   %.0f of %" PRIu64 " bytes, %" PRIu64 " in flight on each connection\n", rate,
         options.size, options.depth);
  printf("MB/s         %.1f each way\n", megabytes);
  printf("latency      p50 %.1f us, p99 %.1f us, max %.1f us\n",
         (double)histogram_at(&r->latency, 0.50) / 1e3,
         (double)histogram_at(&r->latency, 0.99) / 1e3, (double)r->latency.max / 1e3);
  printf("bytes        %" PRIu64 " sent, %" PRIu64 " received\n", r->sent, r->received);
  if (r->ended > 0)
    printf("errors       %" PRIu32 " x the server closed the connection\n", r->ended);
  for (int64_t error = 1; error < LOAD_ERRORS; error++)
    if (r->errors[error])
      printf("errors       %" PRIu64 " x %s (%s)\n", r->errors[error], eddy_error_name(-error),
             eddy_error_text(-error));
}

static void print_json(const struct load_result *r, double rate, double megabytes) {
  const char *comma = "";
  printf("{\"driver\": \"%s\", \"connections\": %" PRIu64 ", \"connected\": %" PRIu32
         ", \"failed\": %" PRIu32 ", \"size\": %" PRIu64 ", \"depth\": %" PRIu64
         ", \"seconds\": %.6f, \"messages\": %" PRIu64,
         eddy_driver_name(r->driver), options.connections, r->connected, r->failed, options.size,
         options.depth, r->seconds, r->messages);
  printf(", \"messages_per_second\": %.1f, \"megabytes_per_second\": %.3f, \"p50_us\": %.3f"
         ", \"p99_us\": %.3f, \"max_us\": %.3f",
         rate, megabytes, (double)histogram_at(&r->latency, 0.50) / 1e3,
         (double)histogram_at(&r->latency, 0.99) / 1e3, (double)r->latency.max / 1e3);
  printf(", \"bytes_sent\": %" PRIu64 ", \"bytes_received\": %" PRIu64 ", \"wrong\": %" PRIu64
         ", \"closed_by_server\": %" PRIu32 ", \"complete\": %s, \"errors\": {",
         r->sent, r->received, r->wrong, r->ended, r->complete ? "true" : "false");
  for (int64_t error = 1; error < LOAD_ERRORS; error++) {
    if (!r->errors[error]) continue;
    printf("%s\"%s\": %" PRIu64, comma, eddy_error_name(-error), r->errors[error]);
    comma = ", ";
  }
  printf("}}\n");
}

/* 0 when every connection did its work and all came back as it was sent. */
static int judge(const struct load_result *result) {
  if (result->connected == 0) {
    fprintf(stderr, PROGRAM ": no connection could be made\n");
    return 1;
  }
  if (result->wrong > 0) fprintf(stderr, PROGRAM ": wrong bytes came back\n");
  if (result->failed > 0)
    fprintf(stderr, PROGRAM ": %" PRIu32 " of %" PRIu64 " connections failed\n", result->failed,
            options.connections);
  if (interrupted()) return result->wrong > 0 || result->failed > 0;
  if (!result->complete) fprintf(stderr, PROGRAM ": not all that was sent came back\n");
  return result->wrong > 0 || result->failed > 0 || !result->complete;
}

int main(int argc, char **argv) {
  // clang-format off
  const struct option table[] = {
      {"driver", "NAME", "auto, epoll, io_uring or afd (auto)", OPTION_DRIVER, {.driver = &options.driver}, 0, 0},
      {"host", "ADDR", "the server's address (127.0.0.1)", OPTION_TEXT, {.text = &options.host}, 0, 0},
      {"port", "N", "the server's port; it has to be given", OPTION_NUMBER, {.number = &options.port}, 1, 65535},
      {"connections", "N", "how many connections (100)", OPTION_NUMBER, {.number = &options.connections}, 1, 1000000},
      {"size", "BYTES", "of a message (64)", OPTION_NUMBER, {.number = &options.size}, 1, 16 << 20},
      {"depth", "N", "messages in flight on each connection (1)", OPTION_NUMBER, {.number = &options.depth}, 1, 1024},
      {"seconds", "S", "how long to measure (5)", OPTION_NUMBER, {.number = &options.seconds}, 1, 86400},
      {"json", NULL, "print one line of JSON", OPTION_FLAG, {.flag = &options.json}, 0, 0},
      {"spin", "USEC", "poll this long before sleeping (0)", OPTION_NUMBER, {.number = &options.spin}, 0, 1000000},
  };
  // clang-format on
  read_options(PROGRAM, "Sends messages to an echo server and measures how they come back.", table,
               sizeof table / sizeof *table, argc, argv);
  if (options.port == 0) usage_error(PROGRAM, "--port has to be given");
  if (options.size * options.depth > MOST_IN_FLIGHT)
    usage_error(PROGRAM, "--size times --depth is more than %d MiB", MOST_IN_FLIGHT >> 20);
  struct load_plan plan = {.server = read_address(PROGRAM, options.host, options.port),
                           .driver = options.driver,
                           .connections = (uint32_t)options.connections,
                           .size = (uint32_t)options.size,
                           .depth = (uint32_t)options.depth,
                           .spin = options.spin * EDDY_MICROSECOND,
                           .duration = options.seconds * EDDY_SECOND};
  require_descriptors(PROGRAM, options.connections);
  catch_signals();

  static struct load_result result;
  int error = load_run(&plan, &result);
  if (error < 0) fail(PROGRAM, driver_text(options.driver), error);
  double rate = result.seconds > 0 ? (double)result.messages / result.seconds : 0;
  double megabytes = rate * (double)options.size / 1e6;
  (options.json ? print_json : print_text)(&result, rate, megabytes);
  return judge(&result);
}
