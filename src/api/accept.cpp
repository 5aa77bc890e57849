// Accepting by an op at a time or by a multishot one, and the taking of what it has brought.
#include "api/accept.hpp"
#include "api/accept_errors.hpp"
#include "api/stream.hpp"
#include "core/lane.hpp"

namespace eddy {

static void accept_drop(Op &op) {
  if (!(op.bits & kMulti)) return;
  while (Source *stream = op.as<Accept>().first) {
    op.as<Accept>().first = stream->accepted_next;
    op.count -= op.count ? 1 : 0;
    if (!is_closing(*stream)) source_close(*stream, nullptr);
  }
}

// The op may be copied, freed or zeroed any time: the stream says whether it is there to be taken.
static void accept_offer(Op &op, Loop &loop) {
  Source *stream = op.as<Accept>().first;
  op.as<Accept>().limit = stream->generation;
  op.as<Accept>().home = loop.number;
  stream->untaken = true;
  loop.untaken++;
}

bool accept_waits(const Op &head) {
  return head.source->paused || head.count >= head.as<Accept>().limit;
}

Source *accept_begin(Op &head) { return stream_new(*head.loop); }

void accept_end(Op &head, Source &stream, eddy_native_t native, const eddy_addr_t &peer) {
  Accept &accept = head.as<Accept>();
  stream_connected(static_cast<eddy_stream &>(stream), native, &peer);
  stream.unseen = true;
  (accept.first ? accept.last->accepted_next : accept.first) = &stream;
  accept.last = &stream;
  if (!(head.bits & kMulti)) head.bits |= kBefore;
}

static Source *offered_by(const Op &op, const Loop &loop) {
  if (op.state != State::idle || op.kind != Kind::accept || op.as<Accept>().home != loop.number)
    return nullptr;
  Source *stream = op.as<Accept>().first; // memory of a handle lives as long as its loop
  return stream && stream->untaken && stream->generation == op.as<Accept>().limit ? stream
                                                                                  : nullptr;
}

static Source *accept_take(Op &op) {
  bool offers = op.state == State::idle && op.kind == Kind::accept && op.as<Accept>().home;
  Loop *loop = offers ? loop_running() : nullptr;
  if (offers && (!loop || loop->number != op.as<Accept>().home))
    loop = registry_find(op.as<Accept>().home);
  if (!loop) return nullptr;
  check_thread(*loop);
  Source *stream = offered_by(op, *loop);
  if (stream) offer_ended(*stream);
  return stream;
}

static void accept_forget(Op &op, Loop &loop) {
  if (Source *stream = offered_by(op, loop)) source_close(*stream, nullptr);
}

static OsResult try_accept(Op &op) {
  if (accept_waits(op)) return {kBlocked, 0};
  Source *stream = accept_begin(op); // first, so that no memory loses no connection
  if (!stream) return {EDDY_ENOMEM, 0};
  eddy_addr_t peer;
  OsResult got = os_accept(op.source->native, peer);
  if (got.value < 0) {
    source_free(*stream);
    return got;
  }
  accept_end(op, *stream, got.value, peer);
  return {0, 0};
}

static void settle_accept(Op &op, OsResult outcome) {
  Source &source = *op.source;
  bool transient = op.reason == Reason::none && accept_goes_on(outcome.value);
  outcome = explain(op, outcome);
  if (transient) listener_backoff(source);
  if (transient && (op.bits & kPatient)) {
    // the next attempt is its outcome
  } else if (!(op.bits & kMulti) || (outcome.value < 0 && !transient)) {
    finish_head(op, outcome.value, outcome.native);
  } else {
    Accept &accept = op.as<Accept>();
    if (transient) {
      op.count += accept.transient ? 0 : 1;
      accept.transient = outcome.value;
      op.os_error = outcome.native;
    } else {
      op.count++;
    }
    op_make_ready(op);
  }
  hand_on(source, kReadLane);
}

static int64_t next_accepted(Op &op) {
  Accept &accept = op.as<Accept>();
  if (int64_t error = accept.transient) {
    accept.transient = 0;
    return error;
  }
  Source *stream = accept.first;
  accept.first = stream->accepted_next;
  stream->accepted_next = nullptr;
  op.loop->offer.op = &op;
  op.loop->offer.handle = stream;
  op.os_error = 0;
  return 0;
}

static void only_accepted(Op &op) {
  op.loop->offer.op = &op;
  op.loop->offer.handle = op.as<Accept>().first;
  op.as<Accept>().first = nullptr;
}

constinit const KindRow kind_accept = {.attempt = try_accept,
                                       .settle = settle_accept,
                                       .payload = next_accepted,
                                       .before = only_accepted,
                                       .offers = true,
                                       .drop = accept_drop,
                                       .forget = accept_forget};

static int start_accept(eddy_listener &listener, eddy_op_t *user_op, uint32_t limit, uint16_t bits,
                        eddy_cb cb) {
  Loop &loop = *listener.loop;
  if (user_op && loop.offer.op == &op_of(user_op)) withdraw_offer(loop);
  Op &op = op_begin(loop, &listener, user_op, Kind::accept, cb, bits);
  op.as<Accept>() = {};
  op.as<Accept>().limit = limit;
  if (!op_admit(op)) return op_started(op);
  OpList &queue = listener.lanes[kReadLane];
  queue.push_back(op);
  if (queue.head == &op) loop.driver->submit(op);
  int outcome = op_started(op);
  if (outcome == EDDY_DONE && op.as<Accept>().first) accept_offer(op, loop);
  return outcome;
}

} // namespace eddy

using namespace eddy;

extern "C" {

int eddy_listener_accept(eddy_listener_t *handle, eddy_op_t *op, eddy_cb cb) {
  return start_accept(check_listener(handle), op, 1, 0, cb);
}

int eddy_listener_accept_next(eddy_listener_t *handle, eddy_op_t *op, eddy_cb cb) {
  return start_accept(check_listener(handle), op, 1, kPatient, cb);
}

int eddy_listener_accept_many(eddy_listener_t *handle, eddy_op_t *op, uint32_t max_undelivered,
                              eddy_cb cb) {
  return start_accept(check_listener(handle), op, max_undelivered ? max_undelivered : 16, kMulti,
                      cb);
}

eddy_stream_t *eddy_op_take_stream(eddy_op_t *user_op) {
  require(user_op != nullptr, "null op");
  Op &op = op_of(user_op);
  Offer *offer = offer_of(op);
  Source *stream = nullptr;
  if (offer && offer->handle) {
    stream = offer->handle;
    *offer = {};
  } else {
    stream = accept_take(op); // ended inline
  }
  if (stream) stream->unseen = false;
  return reinterpret_cast<eddy_stream_t *>(stream);
}

} // extern "C"
