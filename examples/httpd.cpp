// An HTTP/1.1 server: serves a directory, and POST /echo returns what it is sent. The protocol is plain
// functions over bytes (httpd/http.hpp, httpd/session.hpp); this and httpd/server.cpp are the shell.
//
//   httpd --port 8080 --root /usr/share/doc
#include "common/system.h"
#include "httpd/server.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct options {
  std::string host = "127.0.0.1";
  unsigned port = 8080;
  std::string root;
  uint32_t driver = EDDY_DRIVER_AUTO;
  http::server_options server;
};

void usage(FILE *out) {
  fputs("usage: httpd [--driver NAME] [--host ADDR] [--port N] [--root DIR]\n"
        "             [--idle MS] [--request MS] [--write MS] [--drain MS]\n\n"
        "  --driver NAME  epoll, io_uring or afd; default: the best that works\n"
        "  --host ADDR    default 127.0.0.1\n"
        "  --port N       default 8080; 0 lets the system choose\n"
        "  --root DIR     the directory to serve; without it / is a built-in page\n"
        "  --idle, --request, --write, --drain\n"
        "                 milliseconds that a client may be silent between requests (30000),\n"
        "                 take for the head of a request (10000), take for 64 KiB of a response\n"
        "                 (30000), and go on after SIGINT or SIGTERM (10000)\n",
        out);
}

bool read_number(const char *text, unsigned long largest, unsigned long &out) {
  char *end;
  errno = 0;
  out = strtoul(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end && !errno && out <= largest;
}

bool read_milliseconds(const char *text, std::chrono::milliseconds &out) {
  unsigned long value;
  if (!read_number(text, 86400000, value) || !value) return false;
  out = std::chrono::milliseconds(value);
  return true;
}

bool read_option(options &o, std::string_view name, const char *value) {
  unsigned long number;
  if (name == "--driver") {
    int driver = eddy_driver_by_name(value);
    if (driver >= 0) o.driver = static_cast<uint32_t>(driver);
    return driver >= 0;
  }
  if (name == "--host") return o.host = value, true;
  if (name == "--root") return o.root = value, true;
  if (name == "--port") {
    if (!read_number(value, 65535, number)) return false;
    o.port = static_cast<unsigned>(number);
    return true;
  }
  if (name == "--idle") return read_milliseconds(value, o.server.idle);
  if (name == "--request") return read_milliseconds(value, o.server.request);
  if (name == "--write") return read_milliseconds(value, o.server.write);
  if (name == "--drain") return read_milliseconds(value, o.server.drain);
  return false;
}

options read_options(int argc, char **argv) {
  options o;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
      usage(stdout);
      exit(0);
    }
    if (i + 1 < argc && read_option(o, argv[i], argv[i + 1])) {
      i++;
      continue;
    }
    fprintf(stderr, "httpd: %s%s%s\n", argv[i], i + 1 < argc ? " " : "",
            i + 1 < argc ? argv[i + 1] : "");
    usage(stderr);
    exit(2);
  }
  return o;
}

eddy::listener listen(eddy::loop &l, const options &o) {
  eddy::address at(o.host, static_cast<uint16_t>(o.port));
  return eddy::listener(l, at);
}

void serve(const options &o) {
  http::descriptor root;
  if (!o.root.empty()) {
    std::error_code error;
    root = http::open_root(o.root.c_str(), error);
    if (!root) throw std::system_error(error, o.root);
  }
  eddy_native_t signals = open_end_requests();
  if (signals == EDDY_NO_NATIVE) throw std::runtime_error("cannot wait for signals");
  eddy::loop l(o.driver);
  http::server server(l, listen(l, o), std::move(root), o.server);
  printf("listening on %s driver=%s\n", server.address().text().c_str(), l.driver());
  fflush(stdout);
  l.run(server.run(signals));
}

} // namespace

int main(int argc, char **argv) {
  options o = read_options(argc, argv);
  try {
    serve(o);
  } catch (const std::exception &error) {
    fprintf(stderr, "httpd: %s\n", error.what());
    return 1;
  }
  return 0;
}
