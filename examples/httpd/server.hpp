// The shell around http::session: connections as coroutines, with deadlines, backpressure and a graceful
// end.
#pragma once

#include "files.hpp"
#include "session.hpp"

#include <eddy.hpp>

#include <chrono>
#include <optional>

namespace http {

struct server_options {
  limits bounds;
  std::chrono::milliseconds idle{30000};    // between requests
  std::chrono::milliseconds request{10000}; // for a whole head, and for each 64 KiB of a body
  std::chrono::milliseconds write{30000};   // for each 64 KiB of a response
  std::chrono::milliseconds drain{10000};   // for requests in flight, once asked to end
};

class server {
public:
  server(eddy::loop &l, eddy::listener at, descriptor root, const server_options &options)
      : loop_(l), listener_(std::move(at)), root_(std::move(root)), options_(options) {}
  server(const server &) = delete;
  server &operator=(const server &) = delete;

  // Serves until `signals` (open_end_requests) brings one; then ends: no new connections, idle ones are
  // closed, requests in flight have their time, until it brings another one. So it does when nothing can be accepted
  // any more, and then throws why.
  eddy::task<void> run(eddy_native_t signals);
  eddy::address address() const { return listener_.local_address(); }

private:
  class connection;

  eddy::task<void> accept(eddy::scope &connections);
  eddy::task<void> converse(eddy::stream s);
  void begin_drain();
  std::string_view date();

  eddy::loop &loop_;
  eddy::listener listener_;
  descriptor root_;
  server_options options_;
  std::error_code failed_; // why no more connections are accepted, if nobody asked for that
  bool draining_ = false;
  connection *connections_ = nullptr;
  eddy::event empty_;
  std::string date_;
  int64_t date_of_ = 0;
};

} // namespace http
