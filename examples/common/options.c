#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void usage_error(const char *program, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", program);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, " (see %s --help)\n", program);
  va_end(arguments);
  exit(2);
}

static void show_help(const char *program, const char *purpose, const struct option *options,
                      size_t count) {
  printf("usage: %s [options]\n\n%s\n\n", program, purpose);
  for (size_t i = 0; i < count; i++) {
    char left[40];
    snprintf(left, sizeof left, "--%s %s", options[i].name,
             options[i].value ? options[i].value : "");
    printf("  %-22s %s\n", left, options[i].help);
  }
  printf("  %-22s %s\n", "--help", "this text");
}

/* What EDDY_DRIVER says; NULL when it says nothing. */
static const char *driver_of_environment(void) {
  const char *name = getenv("EDDY_DRIVER");
  return name && *name ? name : NULL;
}

/* Returns a negative number when there is no such driver on this platform. */
static int driver_named(const char *name) {
  int driver = eddy_driver_by_name(name);
  uint64_t feature = driver == EDDY_DRIVER_EPOLL      ? EDDY_FEATURE_EPOLL
                     : driver == EDDY_DRIVER_IO_URING ? EDDY_FEATURE_IO_URING
                     : driver == EDDY_DRIVER_AFD      ? EDDY_FEATURE_AFD
                                                      : 0;
  return feature == 0 || (eddy_features() & feature) ? driver : EDDY_ENOTSUP;
}

const char *driver_text(uint32_t driver) {
  static char text[64];
  const char *name = driver == EDDY_DRIVER_AUTO ? driver_of_environment() : NULL;
  if (!name) return eddy_driver_name(driver);
  snprintf(text, sizeof text, "EDDY_DRIVER=%s", name);
  return text;
}

static void check_environment(const char *program, const struct option *options, size_t count) {
  const char *name = driver_of_environment();
  if (!name || driver_named(name) >= 0) return;
  for (size_t i = 0; i < count; i++)
    if (options[i].kind == OPTION_DRIVER && *options[i].to.driver == EDDY_DRIVER_AUTO)
      usage_error(program, "EDDY_DRIVER=%s: there is no driver '%s'", name, name);
}

static void store(const char *program, const struct option *option, const char *value) {
  switch (option->kind) {
  case OPTION_FLAG: *option->to.flag = true; break;
  case OPTION_TEXT: *option->to.text = value; break;
  case OPTION_DRIVER: {
    int driver = driver_named(value);
    if (driver < 0) usage_error(program, "--%s: there is no driver '%s'", option->name, value);
    *option->to.driver = (uint32_t)driver;
    break;
  }
  case OPTION_NUMBER: {
    char *end = NULL;
    errno = 0;
    uint64_t number = strtoull(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
    if (!digits || number < option->min || number > option->max)
      usage_error(program, "--%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, option->name,
                  value, option->min, option->max);
    *option->to.number = number;
    break;
  }
  }
}

void read_options(const char *program, const char *purpose, const struct option *options,
                  size_t count, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *argument = argv[i];
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
      show_help(program, purpose, options, count);
      exit(0);
    }
    if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0')
      usage_error(program, "unexpected argument '%s'", argument);

    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) - 2 : strlen(argument + 2);
    const struct option *option = NULL;
    for (size_t k = 0; k < count; k++)
      if (strlen(options[k].name) == length && memcmp(options[k].name, argument + 2, length) == 0)
        option = &options[k];
    if (!option) usage_error(program, "unknown option '%.*s'", (int)length + 2, argument);

    const char *value = equals ? equals + 1 : NULL;
    if (option->kind == OPTION_FLAG) {
      if (value) usage_error(program, "--%s takes no value", option->name);
    } else if (!value) {
      if (++i == argc) usage_error(program, "--%s needs a value", option->name);
      value = argv[i];
    }
    store(program, option, value);
  }
  check_environment(program, options, count);
}

eddy_addr_t read_address(const char *program, const char *host, uint64_t port) {
  eddy_addr_t address;
  int error = eddy_addr_parse(&address, host, (uint16_t)port);
  if (error < 0 || address.family == EDDY_AF_UNIX)
    usage_error(program, "--host: '%s' is not an IP address", host);
  return address;
}
