// How many handles this process has open.
#ifndef EDDY_TEST_DESCRIPTORS_H
#define EDDY_TEST_DESCRIPTORS_H

#include "posix.h"

int open_descriptors(void);

#endif
