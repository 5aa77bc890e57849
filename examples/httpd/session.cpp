#include "session.hpp"

#include <utility>

namespace http {

session::event session::respond(answer what) {
  route_ = route::error; // whatever was asked for, this is the answer
  reply_ = std::move(what);
  keep_alive_ = reply_.keep_alive;
  phase_ = phase::answer;
  return event::respond;
}

// A head is whole: decides what becomes of it, and lets go of its bytes.
session::event session::begin() {
  head_only_ = request_.method == "HEAD";
  keep_alive_ = request_.keep_alive;
  route_ = choose(request_, has_root_, where_, reply_);
  body_type_ = "application/octet-stream";
  for (const field &f : request_.fields)
    if (equal_ignoring_case(f.name, "content-type")) body_type_ = f.value;
  decoder_.emplace(request_, limits_);
  used_ += parser_.consumed();
  phase_ = phase::body;
  if (!request_.expects_continue) return take_body();
  if (route_ != route::error) return event::go_on;
  reply_.keep_alive = false; // its body may follow or not
  return respond(std::move(reply_));
}

session::event session::take_body() {
  while (!decoder_->done()) {
    if (rest().empty()) {
      forget_used();
      return event::read;
    }
    size_t taken;
    std::string_view data;
    if (decoder_->feed(rest(), taken, data) == status::refused)
      return respond(failure(decoder_->refusal(), false));
    if (route_ == route::echo) body_.append(data);
    used_ += taken;
  }
  answer out;
  out.keep_alive = keep_alive_;
  switch (route_) {
  case route::error: return respond(std::move(reply_));
  case route::file: phase_ = phase::answer; return event::file;
  case route::echo:
    out.type = body_type_;
    out.body = std::move(body_);
    return respond(std::move(out));
  case route::page: break;
  }
  out.type = "text/html; charset=utf-8";
  out.body = built_in_page();
  return respond(std::move(out));
}

// What a body is framed by may be far more than the body.
void session::forget_used() {
  input_.erase(0, used_);
  used_ = 0;
}

session::event session::next() {
  if (phase_ == phase::answer) return route_ == route::file ? event::file : event::respond;
  if (phase_ == phase::body) return take_body();
  status parsed = parser_.feed(rest(), request_);
  if (parsed == status::refused) {
    head_only_ = false;
    route_ = route::error;
    return respond(failure(parser_.refusal(), false));
  }
  if (parsed == status::done) return begin();
  return event::read;
}

void session::answered() {
  forget_used();
  body_.clear();
  parser_ = head_parser(limits_);
  decoder_.reset();
  phase_ = phase::head;
  head_only_ = false;
}

} // namespace http
