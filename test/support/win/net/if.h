// The interfaces that Windows tells by number, the first dozens of them.
#ifndef EDDY_TEST_WIN_IF_H
#define EDDY_TEST_WIN_IF_H

#include "../posix.h"
#undef SIZE // a type of this header
#include <iphlpapi.h>
#include <stdlib.h>

enum { INTERFACES = 64 };

struct if_nameindex {
  unsigned if_index;
  char if_name[NDIS_IF_MAX_STRING_SIZE + 1];
};

static inline struct if_nameindex *if_nameindex(void) {
  struct if_nameindex *all = calloc(INTERFACES + 1, sizeof *all), *next = all;
  for (unsigned i = 1; i <= INTERFACES; i++)
    if (if_indextoname(i, next->if_name)) next++->if_index = i;
  return all;
}

static inline void if_freenameindex(struct if_nameindex *all) { free(all); }

#endif
