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

static void store(const char *program, const struct option *option, const char *value) {
  switch (option->kind) {
  case OPTION_FLAG: *option->to.flag = true; break;
  case OPTION_TEXT: *option->to.text = value; break;
  case OPTION_DRIVER: {
    int driver = eddy_driver_by_name(value);
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
}

eddy_addr_t read_address(const char *program, const char *host, uint64_t port) {
  eddy_addr_t address;
  int error = eddy_addr_parse(&address, host, (uint16_t)port);
  if (error < 0 || address.family == EDDY_AF_UNIX)
    usage_error(program, "--host: '%s' is not an IP address", host);
  return address;
}
