// Two parts of a program, one built with exceptions and one without, do not share a type or a function.
#include "../check.hpp"

#include "seen.hpp"

#include <cstring>

int main() {
  seen one = with_exceptions(), other = without_exceptions();
  CHECK(one.closed && other.closed);
  CHECK(std::strcmp(one.result_type, other.result_type) != 0);
  return 0;
}
