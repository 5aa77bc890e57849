// <eddy/buffer.hpp>.
#include "net.hpp"

TEST(buffers_are_made_of_bytes) {
  std::string text = "text";
  std::vector<unsigned char> bytes(3);
  const std::array<std::byte, 5> fixed{};
  eddy::buffer a(text), b(bytes);
  eddy::const_buffer c("literal"), d(text), e(fixed), f(a);
  CHECK(a.size() == 4 && b.size() == 3 && c.size() == 7 && d.size() == 4 && e.size() == 5 &&
        f.data() == text.data());
  static_assert(!std::is_constructible_v<eddy::buffer, const std::string &>);
  static_assert(!std::is_constructible_v<eddy::buffer, std::vector<int> &>);
}
