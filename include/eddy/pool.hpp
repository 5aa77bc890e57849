// Receive pools and the buffers they lend.
#ifndef EDDY_POOL_HPP
#define EDDY_POOL_HPP

#include <eddy/handle.hpp>
#include <eddy/loop.hpp>
#include <eddy/pool.h>

#include <span>

namespace EDDY_NS {

// A filled buffer of a pool; goes back when destroyed. It may outlive its stream and its pool object.
class lease {
public:
  lease() = default;
  lease(eddy_pool_t *pool, const eddy_lease_t &native) : pool_(pool), native_(native) {}
  lease(lease &&other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), native_(other.native_) {}
  lease &operator=(lease &&other) noexcept {
    if (this != &other) {
      reset();
      pool_ = std::exchange(other.pool_, nullptr);
      native_ = other.native_;
    }
    return *this;
  }
  ~lease() { reset(); }

  std::span<std::byte> bytes() const {
    return std::span(static_cast<std::byte *>(native_.data), pool_ ? native_.size : 0);
  }
  std::size_t size() const { return pool_ ? native_.size : 0; }
  explicit operator bool() const { return pool_ != nullptr; }
  void reset() {
    if (pool_) eddy_pool_give(std::exchange(pool_, nullptr), native_.id);
  }

private:
  eddy_pool_t *pool_ = nullptr;
  eddy_lease_t native_{};
};

class pool : public detail::handle<eddy_pool_t, eddy_pool_close> {
public:
  pool() = default;
#if EDDY_EXCEPTIONS
  // Zero means the default of <eddy/pool.h>. Throws std::system_error.
  explicit pool(loop &l, std::uint32_t buffers = 0, std::uint32_t buffer_size = 0)
      : pool(open(l, buffers, buffer_size).value()) {}
#endif
  static result<pool> open(loop &l, std::uint32_t buffers = 0, std::uint32_t buffer_size = 0) {
    eddy_pool_options_t options{};
    options.size = sizeof options;
    options.buffers = buffers;
    options.buffer_size = buffer_size;
    eddy_pool_t *native = nullptr;
    int error = eddy_pool_open(l.get(), &options, &native);
    if (error < 0) return detail::code_of(error);
    return pool(native);
  }

  // Buffers that are neither lent nor filled.
  std::uint32_t free() const { return get() ? eddy_pool_free(get()) : 0; }

private:
  using handle::handle;
};

} // namespace EDDY_NS

#endif
