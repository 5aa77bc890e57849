#include "mode.hpp"

static_assert(!EDDY_EXCEPTIONS);
seen without_exceptions() { return look(); }
