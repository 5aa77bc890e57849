// Socket addresses.
#ifndef EDDY_ADDRESS_HPP
#define EDDY_ADDRESS_HPP

#include <eddy/addr.h>
#include <eddy/result.hpp>

#include <string>

namespace EDDY_NS {

class address {
public:
  address() = default;
  explicit address(const eddy_addr_t &native) : native_(native) {}
#if EDDY_EXCEPTIONS
  // As eddy_addr_parse: "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock". Throws std::system_error.
  explicit address(const std::string &text, std::uint16_t port = 0) {
    detail::check(read(native_, text, port));
  }
#endif

  static result<address> parse(const std::string &text, std::uint16_t port = 0) {
    eddy_addr_t native;
    int error = read(native, text, port);
    if (error < 0) return detail::code_of(error);
    return address(native);
  }
  static address any(std::uint16_t port, std::uint16_t family = EDDY_AF_INET) {
    address a;
    eddy_addr_any(&a.native_, family, port);
    return a;
  }
  static address loopback(std::uint16_t port, std::uint16_t family = EDDY_AF_INET) {
    address a;
    eddy_addr_loopback(&a.native_, family, port);
    return a;
  }

  std::uint16_t family() const { return native_.family; }
  std::uint16_t port() const { return native_.port; }
  const eddy_addr_t &native() const { return native_; }
  // What parse() takes back; empty for an address of no family.
  std::string text() const {
    char text[EDDY_ADDR_TEXT];
    return eddy_addr_format(&native_, text, sizeof text) < 0 ? std::string() : std::string(text);
  }

  friend bool operator==(const address &a, const address &b) {
    return eddy_addr_equal(&a.native_, &b.native_) == 1;
  }

private:
  // Text with a NUL inside names nothing.
  static int read(eddy_addr_t &native, const std::string &text, std::uint16_t port) {
    bool whole = text.find('\0') == std::string::npos;
    return eddy_addr_parse(&native, whole ? text.c_str() : nullptr, port);
  }

  eddy_addr_t native_{};
};

} // namespace EDDY_NS

#endif
