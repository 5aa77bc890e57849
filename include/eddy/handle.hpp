// The owner of a handle: its destructor closes it, without waiting. A task that wants to know how the
// close went awaits close().
//
// What is closed, released, moved from or was never opened can be used: every operation, also of a reader or of an
// await that was made before, gives errc::closed.
#ifndef EDDY_HANDLE_HPP
#define EDDY_HANDLE_HPP

#include <eddy/io.hpp>

#include <utility>

namespace EDDY_NS::detail {

template<class H, int (*Close)(H *, eddy_op_t *, eddy_cb)>
class handle {
public:
  handle() = default;
  explicit handle(H *h) : ref_(h) {}
  handle(handle &&other) noexcept : ref_(std::exchange(other.ref_, {})) {}
  handle &operator=(handle &&other) noexcept {
    if (this != &other) {
      reset();
      ref_ = std::exchange(other.ref_, {});
    }
    return *this;
  }
  ~handle() { reset(); }

  // The C handle; null when there is none, or it is closed.
  H *get() const { return ref_.get(); }
  explicit operator bool() const { return get() != nullptr; }
  // Closes it now. Operations of other tasks on it end with canceled. In a forked child the loop has it, and frees
  // it with itself.
  void reset() {
    handle_ref<H> mine = std::exchange(ref_, {});
    if (!mine.native() || inherited(mine.native())) return;
    if (H *open = mine.get()) Close(open, nullptr, nullptr);
  }
  // A pointer of the user's, null at first, and once it is closed.
  void *data() const { return eddy_handle_data(any_handle(get())); }
  void set_data(void *data) {
    if (H *open = get()) eddy_handle_set_data(reinterpret_cast<eddy_handle_t *>(open), data);
  }
  // Gives the C handle away.
  H *detach() { return std::exchange(ref_, {}).get(); }

  // Closes it, and ends when it is closed. Also in a cancelled task. The operation refers to this object, which has to
  // be there when it begins; if the handle has been moved on by then, it gives errc::closed.
  auto close() { return io(call<&close_owned, closing, handle *>(ref_, this)); }

  const handle_ref<H> &ref() const { return ref_; }

protected:
  // A function that waits for nothing: what it gives, or EDDY_ECLOSED.
  template<class Function, class... Args>
  int plain(Function function, Args... args) const {
    H *open = get();
    return open ? function(open, args...) : EDDY_ECLOSED;
  }
  template<class Function, class... Args>
  result<void> tried(Function function, Args... args) const {
    int error = plain(function, args...);
    return error < 0 ? result<void>(code_of(error)) : result<void>();
  }

  handle_ref<H> ref_;

private:
  static bool inherited(H *h) { return eddy_loop_inherited(eddy_handle_loop(any_handle(h))); }
  struct closing : nothing {
    static constexpr bool kCancellable = false;
    static bool gone(H *h, handle *owner) { return owner->ref_.native() != h; }
  };
  // Its owner may outlive the loop, and then must not look.
  static int close_owned(H *h, eddy_op_t *op, handle *owner, eddy_cb cb) {
    owner->ref_ = {};
    return Close(h, op, cb);
  }
};

} // namespace EDDY_NS::detail

#endif
