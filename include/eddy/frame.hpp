// Memory of coroutine frames.
#ifndef EDDY_FRAME_HPP
#define EDDY_FRAME_HPP

#include <eddy/config.hpp>

#include <cstddef>
#include <new>

namespace EDDY_NS::detail {

inline void *frame_new(std::size_t size) { return ::operator new(size); }
inline void frame_delete(void *frame, std::size_t) noexcept { ::operator delete(frame); }

} // namespace EDDY_NS::detail

#endif
