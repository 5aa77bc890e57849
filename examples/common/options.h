/* Command lines of the examples: a table says what a program takes. */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#include <eddy.h>
#include <stdbool.h>

enum option_kind { OPTION_NUMBER, OPTION_TEXT, OPTION_DRIVER, OPTION_FLAG };

struct option {
  const char *name;  /* without the dashes */
  const char *value; /* what the help calls the value, NULL for a flag */
  const char *help;
  enum option_kind kind;
  union {
    uint64_t *number;
    const char **text;
    uint32_t *driver;
    bool *flag;
  } to;
  uint64_t min, max; /* of a number */
};

/* What all programs say when the command line is wrong: "program: message", then exit 2. */
_Noreturn void usage_error(const char *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads the command line into the table's targets. --help prints the help and exits 0. A driver that
   is not built in counts as unknown, also when EDDY_DRIVER in the environment names it. */
void read_options(const char *program, const char *purpose, const struct option *options,
                  size_t count, int argc, char **argv);

/* What a driver option stands for, in words: "epoll", or "EDDY_DRIVER=epoll" when it is `auto` and the
   environment chooses. Valid until the next call. */
const char *driver_text(uint32_t driver);

/* The address that --host and --port name; a usage error when it is none. */
eddy_addr_t read_address(const char *program, const char *host, uint64_t port);

#endif
