#include "server.hpp"

#include "../common/system.h"

#include <algorithm>
#include <ctime>
#include <memory>

namespace http {

// What is read from a file, or written under one deadline, at once.
constexpr size_t kPiece = 64 << 10;

// One client. It never throws but when the whole server is cancelled: what goes wrong with it ends it alone.
class server::connection {
public:
  connection(server &owner, eddy::stream s)
      : server_(owner), stream_(std::move(s)),
        session_(static_cast<bool>(owner.root_), owner.options_.bounds) {
    next_ = owner.connections_;
    if (next_) next_->prev_ = this;
    owner.connections_ = this;
  }
  connection(const connection &) = delete;
  connection &operator=(const connection &) = delete;
  ~connection() {
    (prev_ ? prev_->next_ : server_.connections_) = next_;
    if (next_) next_->prev_ = prev_;
    if (!server_.connections_) server_.empty_.set();
  }

  eddy::task<void> run() {
    bool open = true;
    restart_clock();
    while (open) {
      session::event what = session_.next();
      switch (what) {
      case session::event::read: open = co_await read(); break;
      case session::event::go_on: out_ += session::interim(); break;
      case session::event::respond:
        open = append(session_.reply(), session_.keep_alive());
        if (open) open = co_await answered();
        break;
      case session::event::file: open = co_await send_file(); break;
      }
    }
    bool sent = co_await flush();
    if (sent && !gone_) co_await linger();
  }

  // At the begin of a drain: nobody waits for anything here.
  void close_if_idle() {
    if (reading_ && session_.idle()) stream_.reset();
  }
  connection *next() const { return next_; }

private:
  void restart_clock() {
    const server_options &o = server_.options_;
    deadline_ = server_.loop_.now() + (session_.idle() ? o.idle : o.request);
  }

  // Sends what is queued, and waits for more of a request. False: there will be none.
  eddy::task<bool> read() {
    bool sent = co_await flush();
    if (!sent) co_return false;
    bool was_idle = session_.idle();
    if (was_idle && server_.draining_) co_return false;
    reading_ = true;
    auto got = co_await stream_.read(eddy::buffer(room_, sizeof room_)).until(deadline_).nothrow();
    reading_ = false;
    gone_ = !stream_; // closed by a drain
    if (gone_) co_return false;
    if (!got && got.error() == eddy::errc::timed_out && !was_idle)
      co_return append(failure(408, false), false);
    if (!got || *got == 0) {
      gone_ = !got;
      co_return false;
    }
    session_.input(std::string_view(room_, *got));
    body_ += *got;
    // The head has one deadline from its first byte on, however slowly it trickles in; a body has
    // one for each piece.
    if (was_idle || body_ >= kPiece) {
      body_ = 0;
      deadline_ = server_.loop_.now() + server_.options_.request;
    }
    co_return true;
  }

  // Queues a response behind those that are queued already. False: it is the last one.
  bool append(const answer &what, bool keep_alive) {
    keep_alive = keep_alive && !server_.draining_;
    out_ += format_head(what, what.body.size(), keep_alive, server_.date());
    if (!session_.head_only()) out_ += what.body;
    return keep_alive;
  }

  eddy::task<bool> answered() {
    session_.answered();
    body_ = 0;
    restart_clock();
    if (out_.size() < kPiece) co_return true;
    co_return co_await flush();
  }

  // Writes what is queued. The client's pace is ours: nothing is read from it meanwhile.
  eddy::task<bool> flush() {
    size_t done = 0;
    while (done < out_.size()) {
      size_t size = std::min(kPiece, out_.size() - done);
      auto wrote = co_await stream_.write(eddy::const_buffer(out_.data() + done, size))
                       .within(server_.options_.write)
                       .nothrow();
      if (!wrote) {
        gone_ = true;
        co_return false;
      }
      done += size;
    }
    out_.clear();
    if (out_.capacity() > 2 * kPiece) out_.shrink_to_fit();
    co_return true;
  }

  eddy::task<bool> send_file() {
    found file;
    auto look = [&] {
      file = find(server_.root_, session_.where().text, session_.where().directory);
    };
    auto looked = co_await eddy::offload(look).nothrow();
    if (!looked) file.code = 503; // no thread to be had, or cancelled
    bool keep_alive = session_.keep_alive() && !server_.draining_;
    if (file.code == 200) {
      answer head;
      head.type = file.type;
      out_ += format_head(head, file.size, keep_alive, server_.date());
      if (!session_.head_only()) {
        bool whole = co_await send_content(file);
        if (!whole) co_return false;
      }
    } else if (file.code == 301) {
      keep_alive = append(redirect_to_directory(session_.where(), keep_alive), keep_alive);
    } else {
      keep_alive = append(failure(file.code, keep_alive), keep_alive);
    }
    if (!keep_alive) co_return false;
    co_return co_await answered();
  }

  // Piece by piece: the next one is read when the last one has been taken.
  eddy::task<bool> send_content(const found &file) {
    for (uint64_t offset = 0; offset < file.size;) {
      size_t before = out_.size();
      size_t size = static_cast<size_t>(std::min<uint64_t>(kPiece, file.size - offset));
      int64_t got = -1;
      out_.resize(before + size);
      auto fill = [&] { got = read_at(file.file, offset, out_.data() + before, size); };
      auto filled = co_await eddy::offload(fill).nothrow();
      if (!filled || got != static_cast<int64_t>(size)) {
        gone_ =
            true; // it has shrunk, or cannot be read: the length that was promised does not hold
        co_return false;
      }
      offset += size;
      if (offset == file.size) break; // with what follows
      bool taken = co_await flush();
      if (!taken) co_return false;
    }
    co_return true;
  }

  // A socket that is closed with bytes unread resets the connection, and the client may lose the response
  // (RFC 9112 section 9.6): the client is given a moment to see the end first.
  eddy::task<void> linger() {
    auto ended = co_await stream_.shutdown().nothrow();
    if (!ended) co_return;
    eddy::time_point until = server_.loop_.now() + std::chrono::seconds(1);
    for (size_t total = 0; total < (1 << 20);) {
      auto got = co_await stream_.read(eddy::buffer(room_, sizeof room_)).until(until).nothrow();
      if (!got || *got == 0) break;
      total += *got;
    }
  }

  server &server_;
  eddy::stream stream_;
  session session_;
  connection *next_ = nullptr, *prev_ = nullptr;
  std::string out_;
  eddy::time_point deadline_;
  size_t body_ = 0; // bytes since the deadline was set
  bool reading_ = false;
  bool gone_ = false; // the client, or what was promised to it: there is nothing to linger for
  char room_[16384];
};

std::string_view server::date() {
  time_t now = time(nullptr);
  if (now != date_of_) {
    date_ = http::date(now);
    date_of_ = now;
  }
  return date_;
}

eddy::task<void> server::converse(eddy::stream s) {
  try {
    auto one = std::make_unique<connection>(*this, std::move(s));
    co_await one->run();
  } catch (const eddy::canceled &) {
    throw;
  } catch (const std::exception &) {
    // No memory for this client: it is closed, the others go on.
  }
}

eddy::task<void> server::accept(eddy::scope &connections) {
  for (;;) {
    auto one = co_await listener_.accept().nothrow();
    if (!one) {
      if (!one.is_canceled()) failed_ = one.error(); // without a kernel interface, or the like
      co_return;
    }
    try {
      connections.spawn([this](eddy::stream s) { return converse(std::move(s)); }, std::move(*one));
    } catch (const std::bad_alloc &) {
      // This client is closed.
    }
  }
}

static eddy::task<void> until_asked_to_end(eddy::loop &l, eddy_native_t signals) {
  eddy::fd watched(l, signals);
  co_await watched.poll(EDDY_READABLE);
  take_end_request(signals);
}

void server::begin_drain() {
  draining_ = true;
  listener_.reset();
  if (!connections_) empty_.set();
  for (connection *c = connections_; c; c = c->next()) c->close_if_idle();
}

eddy::task<void> server::run(eddy_native_t signals) {
  eddy::scope connections;
  auto body = [&]() -> eddy::task<void> {
    auto ended = co_await eddy::when_any(accept(connections), until_asked_to_end(loop_, signals));
    std::get<0>(ended.outcomes).check();
    std::get<1>(ended.outcomes).check();
    empty_.reset();
    begin_drain();
    eddy::fd again(loop_, signals);
    auto which = co_await eddy::select(empty_.wait(), eddy::sleep_for(options_.drain),
                                       again.poll(EDDY_READABLE));
    if (which == 2) take_end_request(signals);
    connections.cancel();
  };
  co_await connections.run(body);
  if (failed_) throw std::system_error(failed_, "accept");
}

} // namespace http
