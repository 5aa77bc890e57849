// Memory of coroutine frames, and of the little else that the facade allocates.
#ifndef EDDY_FRAME_HPP
#define EDDY_FRAME_HPP

#include <eddy/config.hpp>

#include <cstddef>
#include <new>

namespace EDDY_NS {

// Where frames come from: operator new, until a program says otherwise.
struct frame_memory {
  void *(*get)(std::size_t size); // aligned as by operator new; throws, or never fails
  void (*put)(void *memory, std::size_t size) noexcept; // of the same size
};

namespace detail {

inline void *frame_from_new(std::size_t size) { return ::operator new(size); }
inline void frame_to_delete(void *memory, std::size_t) noexcept { ::operator delete(memory); }
inline frame_memory frames{frame_from_new, frame_to_delete};

inline void *frame_new(std::size_t size) { return frames.get(size); }
inline void frame_delete(void *memory, std::size_t size) noexcept { frames.put(memory, size); }

} // namespace detail

// Before the first task, for all of the process. Tasks of several loops take from it on their threads, and one that has
// hopped gives back on another.
inline void use_frame_memory(const frame_memory &from) { detail::frames = from; }

} // namespace EDDY_NS

#endif
