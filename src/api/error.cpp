// Names and texts of errors, from the one list in <eddy/error.h>.
#include "core/failure.hpp"

namespace eddy {
namespace {

struct Entry {
  int number;
  const char *name, *text;
};

#define EDDY_ERROR_ENTRY(name, number, text) {number, "EDDY_" #name, text},
constexpr Entry kEntries[] = {EDDY_ERRORS(EDDY_ERROR_ENTRY)};
#undef EDDY_ERROR_ENTRY
constexpr int64_t kCount = sizeof kEntries / sizeof *kEntries;

// The list must be in order and without holes for the lookup below.
constexpr bool dense() {
  for (int i = 0; i < kCount; i++)
    if (kEntries[i].number != -1 - i) return false;
  return true;
}
static_assert(dense());

const Entry &entry_of(int64_t error) {
  return kEntries[error < 0 && error >= -kCount ? -1 - error : 0];
}

} // namespace
} // namespace eddy

const char *eddy_error_name(int64_t error) {
  return error >= 0 ? "EDDY_OK" : eddy::entry_of(error).name;
}

const char *eddy_error_text(int64_t error) {
  return error >= 0 ? "no error" : eddy::entry_of(error).text;
}

int32_t eddy_last_os_error(void) { return eddy::os_kept_error(); }

int eddy_error_from_native(int32_t native) { return eddy::os_error_from_native(native); }
