// <eddy/result.hpp>.
#include "test.hpp"

TEST(a_result_has_a_value_or_an_error) {
  eddy::result<std::string> good(std::string("text")), bad(eddy::errc::closed);
  CHECK(good && *good == "text" && good->size() == 4 && !good.error());
  CHECK(!bad && bad.error() == eddy::errc::closed && !bad.is_canceled());
  CHECK(std::move(bad).value_or("other") == "other");
  eddy::result<void> fine, failed(eddy::errc::canceled);
  CHECK(fine && !failed && failed.is_canceled());
  fine.value();
  CHECK_THROWS(eddy::canceled, failed.value());
}
