// The end of an await: its value, or an error that is thrown or given as a result.
#ifndef EDDY_CONCLUDE_HPP
#define EDDY_CONCLUDE_HPP

#include <eddy/result.hpp>

namespace EDDY_NS::detail {

// `outcome` is an error if it is below zero; else make() makes the value.
template<bool Throws, class Make>
auto conclude(std::int64_t outcome, Make &&make) {
  using type = decltype(make());
  if constexpr (Throws) {
#if EDDY_EXCEPTIONS
    check(outcome);
#else
    static_assert(!Throws, "without exceptions, await its .nothrow()");
#endif
    return make();
  } else {
    if (outcome < 0) return result<type>(code_of(outcome));
    if constexpr (std::is_void_v<type>)
      return make(), result<void>();
    else
      return result<type>(make());
  }
}

} // namespace EDDY_NS::detail

#endif
