// UTF-16 as Windows has it, unpaired surrogates and all, as the bytes of the API: WTF-8, which is UTF-8 for
// everything that is Unicode. No OS headers: the unit tests run it on every system.
#pragma once

#include "core/base.hpp"

namespace eddy {

// Both write at most `room` units, no final zero, and return their number: EDDY_ENAMETOOLONG when there are more,
// EDDY_EINVAL for what is no WTF-8: overlong, cut short, above U+10FFFF, or a pair of surrogates not put together.
int wtf8_to_utf16(const uint8_t *bytes, size_t size, char16_t *out, size_t room);
int wtf8_from_utf16(const char16_t *units, size_t count, uint8_t *out, size_t room);

} // namespace eddy
