// The driver that the environment asks for.
#pragma once

#include <eddy.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace test {

// Whether it is to be had here; says so if not, for a program that then ends with 77.
inline bool driver_is_here() {
  const char *name = std::getenv("EDDY_DRIVER");
  int driver = name && *name ? eddy_driver_by_name(name) : EDDY_DRIVER_AUTO;
  int refused = driver < 0 ? driver : eddy_driver_probe(static_cast<std::uint32_t>(driver));
  if (refused) std::printf("SKIP: driver %s: %s\n", name, eddy_error_text(refused));
  return !refused;
}

} // namespace test
