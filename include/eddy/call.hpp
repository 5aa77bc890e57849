// A start function of the C API as an awaitable: what io<> runs.
//
//   io<call<&eddy_stream_shutdown, nothing, std::uint32_t>>
//
// A call holds the handle and copies of the arguments, checks that they are what the function takes, and gives what
// its policy makes of the result. It does not touch a handle that has been closed: that is errc::closed.
#ifndef EDDY_CALL_HPP
#define EDDY_CALL_HPP

#include <eddy/config.hpp>
#include <eddy/handle.h>
#include <eddy/op.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace EDDY_NS::detail {

inline const eddy_handle_t *any_handle(const void *h) {
  return static_cast<const eddy_handle_t *>(h);
}

// A handle of the C API by its pointer and generation. It knows when that has been closed, by whomever, as long as the
// loop lives.
template<class H>
class handle_ref {
public:
  handle_ref() = default;
  explicit handle_ref(H *h) : handle_(h), generation_(eddy_handle_generation(any_handle(h))) {}

  bool closed() const {
    return !handle_ || eddy_handle_generation(any_handle(handle_)) != generation_;
  }
  // Null once it is closed.
  H *get() const { return closed() ? nullptr : handle_; }
  // As it was given.
  H *native() const { return handle_; }
  std::uint32_t generation() const { return generation_; }

private:
  H *handle_ = nullptr;
  std::uint32_t generation_ = 0;
};

// Functions of a loop are called with that of whoever awaits, unless one is named.
template<>
class handle_ref<eddy_loop_t> {
public:
  handle_ref() = default;
  explicit handle_ref(eddy_loop_t *loop) : loop_(loop) {}
  eddy_loop_t *native() const { return loop_; }
  std::uint32_t generation() const { return 0; }

private:
  eddy_loop_t *loop_ = nullptr;
};

template<class...>
struct types {};

// int function(Target *, eddy_op_t *, Parameters..., eddy_cb)
template<class Target, class Known, class... Left>
struct parameters;
template<class Target, class... Known>
struct parameters<Target, types<Known...>, eddy_cb> {
  using target = Target;
  using list = types<Known...>;
};
template<class Target, class... Known, class First, class... Left>
struct parameters<Target, types<Known...>, First, Left...>
    : parameters<Target, types<Known..., First>, Left...> {};

template<class Function>
struct start_of;
template<class Target, class... Left>
struct start_of<int (*)(Target *, eddy_op_t *, Left...)> : parameters<Target, types<>, Left...> {};

// A parameter that is a pointer to something constant is given the address of our copy.
template<class Parameter, class Stored>
inline constexpr bool by_address =
    std::is_pointer_v<Parameter> &&std::is_same_v<Parameter, const Stored *>;

template<class List, class... Stored>
inline constexpr bool fits = false;
template<class... Parameter, class... Stored>
requires(sizeof...(Parameter) ==
         sizeof...(Stored)) inline constexpr bool fits<types<Parameter...>, Stored...> =
    ((std::is_same_v<Parameter, Stored> || by_address<Parameter, Stored>)&&...);

template<class Parameter, class Stored>
Parameter pass(const Stored &value) {
  if constexpr (by_address<Parameter, Stored>)
    return &value;
  else
    return value;
}

// A tuple that is trivially copyable: compilers have destroyed temporaries of co_await expressions twice (g++ 12.2). Of
// bases, for [[no_unique_address]] lays other members over each other in clang for mingw-w64 (14).
template<class...>
struct pack {
  template<class F, class... Before>
  decltype(auto) give(F &&f, const Before &...before) const {
    return f(before...);
  }
};
template<class First, class... Rest>
struct pack<First, Rest...> : pack<Rest...> {
  explicit pack(const First &one, const Rest &...rest) : pack<Rest...>(rest...), first(one) {}

  template<class F, class... Before>
  decltype(auto) give(F &&f, const Before &...before) const {
    return pack<Rest...>::give(static_cast<F &&>(f), before..., first);
  }

  First first;
};

// Policies: what a result is to a C++ program; whether a stopped task still may begin the call. `ended`, where there is
// one, is told of any end. Both are given the arguments if they take them, and so is `gone`: whether the handle is no
// longer whose it was.
struct nothing {
  static constexpr bool kCancellable = true;
  static void value(eddy_op_t *, std::int64_t) {}
};
// A number of the type T.
template<class T>
struct number {
  static constexpr bool kCancellable = true;
  static T value(eddy_op_t *, std::int64_t n) { return static_cast<T>(n); }
};
using as_size = number<std::size_t>;
using as_mask = number<std::uint32_t>;

template<auto Function, class Policy, class... Stored>
class call : pack<Stored...> {
  using start = start_of<decltype(Function)>;
  using target = typename start::target;
  static_assert(fits<typename start::list, Stored...>,
                "the arguments are not those of the function, in its order");
  static_assert((std::is_trivially_copyable_v<Stored> && ...));

public:
  static constexpr bool kCancellable = Policy::kCancellable;

  explicit call(const handle_ref<target> &on, const Stored &...arguments)
      : pack<Stored...>(arguments...), on_(on.native()), slot_(on.generation()) {}

  bool closed() const {
    if constexpr (of_loop)
      return false;
    else
      return !on_ || eddy_handle_generation(any_handle(on_)) != slot_ || gone();
  }
  // Nobody may await it: it is closed, or is being awaited, or is a copy of one that was.
  bool refuses() const {
    if constexpr (of_loop)
      return slot_ != 0;
    else
      return closed();
  }
  // While it is awaited, the place of the generation is for who does so, and they keep the generation.
  std::uintptr_t swap(std::uintptr_t word) { return std::exchange(slot_, word); }
  std::uintptr_t word() const { return slot_; }

  // Null: it does not know one.
  eddy_loop_t *loop() const {
    if constexpr (of_loop)
      return on_;
    else
      return eddy_handle_loop(any_handle(on_));
  }

  int operator()(eddy_loop_t *loop, eddy_op_t *op, eddy_cb cb) const {
    if constexpr (of_loop)
      return begin(loop, op, cb, typename start::list());
    else
      return begin(on_, op, cb, typename start::list());
  }
  decltype(auto) value(eddy_op_t *op, std::int64_t n) const {
    if constexpr (requires(const Stored &...stored) { Policy::value(op, n, stored...); })
      return this->give([&](const Stored &...stored) -> decltype(auto) {
        return Policy::value(op, n, stored...);
      });
    else
      return Policy::value(op, n);
  }
  void ended(eddy_op_t *op) const {
    if constexpr (requires(const Stored &...stored) { Policy::ended(op, stored...); })
      this->give([&](const Stored &...stored) { Policy::ended(op, stored...); });
  }

private:
  bool gone() const {
    if constexpr (requires(const Stored &...stored) { Policy::gone(on_, stored...); })
      return this->give([&](const Stored &...stored) { return Policy::gone(on_, stored...); });
    else
      return false;
  }

  template<class... Parameter>
  int begin(target *on, eddy_op_t *op, eddy_cb cb, types<Parameter...>) const {
    return this->give(
        [&](const Stored &...stored) { return Function(on, op, pass<Parameter>(stored)..., cb); });
  }

  static constexpr bool of_loop = std::is_same_v<target, eddy_loop_t>;

  target *on_;
  std::uintptr_t slot_; // the generation, or see swap()
};

} // namespace EDDY_NS::detail

#endif
