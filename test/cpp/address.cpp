// <eddy/address.hpp>.
#include "net.hpp"

TEST(addresses) {
  eddy::address a("127.0.0.1:80");
  CHECK(a.text() == "127.0.0.1:80" && a.port() == 80 && a.family() == EDDY_AF_INET);
  CHECK(a == eddy::address::loopback(80));
  CHECK(!(a == eddy::address::any(80)));
  CHECK(eddy::address::parse("nonsense").error() == std::errc::invalid_argument);
  CHECK_THROWS(std::system_error, eddy::address("nonsense"));
  CHECK(eddy::address::parse(std::string("unix:/a\0b", 9)).error() == std::errc::invalid_argument);
  CHECK(eddy::address().text().empty());
}
