// Spans of bytes, from anything that is contiguous and made of bytes.
#ifndef EDDY_BUFFER_HPP
#define EDDY_BUFFER_HPP

#include <eddy/base.h>
#include <eddy/config.hpp>

#include <cstddef>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

namespace EDDY_NS {
namespace detail {

template<class T>
concept byte_like = sizeof(T) == 1 && std::is_trivially_copyable_v<T>;

template<class R>
concept byte_range = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
    byte_like<std::ranges::range_value_t<R>>;

template<class R>
concept writable_bytes =
    byte_range<R> && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;

} // namespace detail

// Memory to be filled. It has to live, and stay where it is, until the operation has ended.
class buffer {
public:
  buffer(void *data, std::size_t size) : data_(data), size_(size) {}
  template<class R>
  requires detail::writable_bytes<R> &&
      (!std::is_same_v<std::remove_cvref_t<R>, buffer>)buffer(R &&range)
      : data_(std::ranges::data(range)), size_(std::ranges::size(range)) {}

  void *data() const { return data_; }
  std::size_t size() const { return size_; }

private:
  void *data_;
  std::size_t size_;
};

// Memory to be sent. A string literal stands for its characters, without the final NUL.
class const_buffer {
public:
  const_buffer(const void *data, std::size_t size) : data_(data), size_(size) {}
  const_buffer(buffer other) : data_(other.data()), size_(other.size()) {}
  template<class S>
  requires std::is_convertible_v<const S &, std::string_view> const_buffer(const S &text) {
    std::string_view view = text;
    data_ = view.data();
    size_ = view.size();
  }
  template<class R>
  requires detail::byte_range<const R> &&
      (!std::is_convertible_v<const R &, std::string_view>)const_buffer(const R &range)
      : data_(std::ranges::data(range)), size_(std::ranges::size(range)) {}

  const void *data() const { return data_; }
  std::size_t size() const { return size_; }

private:
  const void *data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

inline eddy_buf_t native_of(buffer b) { return eddy_buf_t{b.data(), b.size()}; }
// The C API has one type for both; writes only read.
inline eddy_buf_t native_of(const_buffer b) {
  return eddy_buf_t{const_cast<void *>(b.data()), b.size()};
}

} // namespace detail
} // namespace EDDY_NS

#endif
