// <afunix.h>, which older SDKs lack.
#ifndef EDDY_TEST_WIN_UN_H
#define EDDY_TEST_WIN_UN_H

#include "../posix.h"

struct sockaddr_un {
  ADDRESS_FAMILY sun_family;
  char sun_path[108];
};

#endif
