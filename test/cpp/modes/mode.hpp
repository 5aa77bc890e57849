// One source of a program that is built in two ways.
#ifndef EDDY_TEST_CPP_MODE_HPP
#define EDDY_TEST_CPP_MODE_HPP

#include "seen.hpp"

#include <eddy.hpp>

#include <typeinfo>

// Not inline: each of the two sources has its own.
static eddy::task<eddy::result<std::size_t>> writes_to_nothing() {
  eddy::stream none;
  auto n = co_await none.write("text").nothrow();
  co_return n;
}

static seen look() {
  std::error_code failed;
  eddy::loop l(failed);
  auto n = l.run(writes_to_nothing());
  return {typeid(eddy::result<std::size_t>).name(), n.error() == eddy::errc::closed};
}

#endif
