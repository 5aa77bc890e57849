// <eddy/error.hpp>.
#include "test.hpp"

TEST(codes_are_comparable_with_the_standard_ones) {
  struct {
    eddy::errc own;
    std::errc generic;
  } const pairs[] = {
      {eddy::errc::canceled, std::errc::operation_canceled},
      {eddy::errc::timed_out, std::errc::timed_out},
      {eddy::errc::connection_refused, std::errc::connection_refused},
      {eddy::errc::connection_reset, std::errc::connection_reset},
      {eddy::errc::broken_pipe, std::errc::broken_pipe},
      {eddy::errc::address_in_use, std::errc::address_in_use},
      {eddy::errc::invalid_argument, std::errc::invalid_argument},
      {eddy::errc::too_many_descriptors, std::errc::too_many_files_open},
      {eddy::errc::no_such_file, std::errc::no_such_file_or_directory},
  };
  for (const auto &each : pairs) {
    std::error_code code = each.own;
    CHECK(code == each.generic);
    CHECK(code == each.own);
    CHECK(&code.category() == &eddy::category());
  }
  std::error_code closed = eddy::errc::closed;
  CHECK(closed == eddy::errc::closed && closed != std::errc::operation_canceled);
}

TEST(every_error_of_the_c_api_has_a_code) {
#define HAS_TEXT(name, number, text)                                                               \
  CHECK(eddy::make_error_code(static_cast<eddy::errc>(number)).message() == text);
  EDDY_ERRORS(HAS_TEXT)
#undef HAS_TEXT
  CHECK(std::string(eddy::category().name()) == "eddy");
}

TEST(cancellation_is_no_system_error) {
  static_assert(!std::is_base_of_v<std::system_error, eddy::canceled>);
  CHECK_THROWS(eddy::canceled, eddy::result<int>(eddy::errc::canceled).value());
  CHECK_THROWS(std::system_error, eddy::result<int>(eddy::errc::closed).value());
}
