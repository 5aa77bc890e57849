#include "mode.hpp"

static_assert(EDDY_EXCEPTIONS);
seen with_exceptions() { return look(); }
