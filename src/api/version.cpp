#include "core/op.hpp"

#define EDDY_TEXT_(x) #x
#define EDDY_TEXT(x) EDDY_TEXT_(x)

extern "C" {

uint32_t eddy_version(void) {
  return EDDY_VERSION_MAJOR << 16 | EDDY_VERSION_MINOR << 8 | EDDY_VERSION_PATCH;
}

const char *eddy_version_text(void) {
  return EDDY_TEXT(EDDY_VERSION_MAJOR) "." EDDY_TEXT(EDDY_VERSION_MINOR) "." EDDY_TEXT(
      EDDY_VERSION_PATCH);
}

size_t eddy_op_size(void) { return sizeof(eddy_op_t); }

} // extern "C"
