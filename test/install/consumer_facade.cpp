// Coroutines with nothing of eddy but what was installed.
#include <cstdio>
#include <eddy.hpp>

using namespace std::chrono_literals;

static eddy::task<> sends(eddy::channel<int, 2> &out) {
  for (int i = 1; i <= 3; i++) {
    co_await eddy::sleep_for(1ms);
    co_await out.send(i);
  }
  out.close();
}

static eddy::task<int> sums(eddy::loop &loop) {
  eddy::channel<int, 2> numbers;
  loop.spawn(sends, std::ref(numbers));
  int sum = 0;
  for (;;) {
    auto n = co_await numbers.receive().within(10s);
    if (!n) co_return sum;
    sum += *n;
  }
}

int main() {
  eddy::loop loop;
  int sum = loop.run(sums(loop));
  std::printf("eddy %s on %s: %d\n", eddy_version_text(), loop.driver(), sum);
  return sum != 6;
}
