// Memory of coroutine frames.
#ifndef EDDY_FRAME_HPP
#define EDDY_FRAME_HPP

#include <cstddef>
#include <new>

namespace eddy::detail {

inline void *frame_new(std::size_t size) { return ::operator new(size); }
inline void frame_delete(void *frame, std::size_t) noexcept { ::operator delete(frame); }

} // namespace eddy::detail

#endif
