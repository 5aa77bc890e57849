// Reading a stream in buffers of a pool: an idle connection holds none, and not asking for the next chunk
// is backpressure.
//
//   auto in = s.chunks(pool);
//   for (;;) {
//     auto chunk = co_await in.next();
//     if (!chunk) break; // end of stream
//     co_await s.write(chunk.bytes());
//   }
#ifndef EDDY_CHUNKS_HPP
#define EDDY_CHUNKS_HPP

#include <eddy/multishot.hpp>
#include <eddy/pool.hpp>
#include <eddy/stream.h>

#include <algorithm>
#include <array>
#include <memory>

namespace EDDY_NS {

class chunk;

namespace detail {

// The read of a chunk_reader. What arrives while the task waits is shown to it from inside the callback. A task that is
// done with it before it waits again never takes it out of the op, and it goes back by itself.
class chunk_source final : public multishot {
public:
  static constexpr std::uint32_t kMost = 8;

  chunk_source(const handle_ref<eddy_stream_t> &stream, const handle_ref<eddy_pool_t> &pool,
               std::uint32_t credits)
      : stream_(stream), pool_(pool), credits_(std::clamp<std::uint32_t>(credits, 1, kMost)) {}

  // True when there is a chunk, or an end. Else the task is to wait.
  bool ready(loop_state &loop, deadline limit) {
    give_back();
    if (stream_.closed()) {
      give_queue_back();
      end_ = EDDY_ECLOSED;
      return true;
    }
    if (count_) {
      current_ = queue_[first_];
      first_ = (first_ + 1) % kMost;
      count_--;
      state_ = taken;
      return true;
    }
    if (!eddy_op_pending(&op_)) {
      if (started_ && end_ != EDDY_ETIMEDOUT) return true;
      return !start(loop.native, limit ? limit.at(loop.native) : kFar);
    }
    if (pausing_) { // its end starts it anew
      loop_ = loop.native;
      at_ = limit ? limit.at(loop_) : kFar;
      return false;
    }
    if (limit || limited_) move(loop.native, limit ? limit.at(loop.native) : kFar);
    return false;
  }
  // The op has the deadline.
  void wait(fiber &f, std::coroutine_handle<> h, deadline) {
    begin_wait(f);
    f.wait(*this, h);
  }

  void pause() {
    if (!eddy_op_pending(&op_)) return;
    pausing_ = true;
    eddy_cancel(&op_);
  }

  bool has() const { return state_ != none; }
  std::int64_t end() const { return end_; }
  chunk take();
  std::span<std::byte> bytes() const {
    return std::span(static_cast<std::byte *>(current_.data), current_.size);
  }
  lease keep() {
    if (state_ == shown) eddy_op_take_lease(&op_, &current_);
    state_ = none;
    return lease(pool_.native(), current_);
  }

private:
  // Its deadline is always set, so that it can be moved: next().within() has one for each chunk.
  static constexpr eddy_time_t kFar = EDDY_NEVER - 1;

  // False when that cannot be any more.
  bool start(eddy_loop_t *loop, eddy_time_t at) {
    started_ = true;
    end_ = EDDY_ECLOSED;
    if (pool_.closed()) return false;
    loop_ = loop;
    at_ = at;
    limited_ = at != kFar;
    overdue_ = false;
    eddy_op_set_deadline(&op_, at);
    eddy_stream_read_pool(stream_.native(), &op_, pool_.native(), credits_, on_event);
    return true;
  }
  // A wait that was cancelled may have left a deadline that has come due meanwhile, too late to be moved: it ends the
  // read, which begins again with the new one. So it does if the old one was spent on a read that had bytes.
  void move(eddy_loop_t *loop, eddy_time_t at) {
    loop_ = loop;
    at_ = at;
    int moved = eddy_rearm(&op_, at);
    overdue_ = moved != 0;
    limited_ = overdue_ || at != kFar;
    if (moved == EDDY_EINVAL) eddy_cancel(&op_);
  }

  void give_back() {
    if (state_ == taken) eddy_pool_give(pool_.native(), current_.id);
    state_ = none;
  }

  void give_queue_back() {
    for (; count_; count_--, first_ = (first_ + 1) % kMost)
      eddy_pool_give(pool_.native(), queue_[first_].id);
  }

  void take_in(std::int64_t value) override {
    if (!eddy_op_more(&op_)) {
      bool paused = std::exchange(pausing_, false) && value == EDDY_ECANCELED;
      bool overdue = (value == EDDY_ETIMEDOUT || value == EDDY_ECANCELED) && overdue_;
      bool again = (paused || overdue) && waiting_ && !stream_.closed();
      if (again && start(loop_, at_)) return;
      if (paused && !waiting_) started_ = false;
      if (!again) end_ = value;
      hand_over();
    } else if (!waiting_) {
      eddy_op_take_lease(&op_, &queue_[(first_ + count_++) % kMost]);
    } else {
      overdue_ = false;
      if (limited_) limited_ = eddy_rearm(&op_, kFar) != 0;
      eddy_op_peek_lease(&op_, &current_);
      state_ = shown;
      hand_over();
      if (state_ != shown || abandoned_) return;
      eddy_op_take_lease(&op_, &current_); // the task waits for something, with the chunk in use
      state_ = taken;
    }
  }

  void drop() override {
    give_back();
    give_queue_back();
  }

  handle_ref<eddy_stream_t> stream_;
  handle_ref<eddy_pool_t> pool_;
  std::uint32_t credits_;
  eddy_lease_t current_{};                  // the task's
  std::array<eddy_lease_t, kMost> queue_{}; // received ahead of it
  std::uint32_t first_ = 0, count_ = 0;
  std::int64_t end_ = 0;
  eddy_time_t at_ = 0;                       // the deadline of who waits
  enum { none, shown, taken } state_ = none; // current_: not there, still in the op, ours
  bool started_ = false;
  bool limited_ = false; // the op has a deadline before kFar
  bool pausing_ = false; // the op is being cancelled, and is no end
  bool overdue_ = false; // which could not be moved to at_
};

} // namespace detail

// Bytes that have been received. They are there until the reader is asked for the next chunk.
class chunk {
public:
  chunk() = default;
  explicit chunk(detail::chunk_source *source) : source_(source) {}

  // False at the end of the stream.
  explicit operator bool() const { return source_ != nullptr; }
  std::span<std::byte> bytes() const { return source_ ? source_->bytes() : std::span<std::byte>(); }
  std::size_t size() const { return bytes().size(); }
  // Makes the bytes last as long as the lease does.
  lease keep() && { return std::exchange(source_, nullptr)->keep(); }

private:
  detail::chunk_source *source_ = nullptr;
};

namespace detail {

inline chunk chunk_source::take() { return has() ? chunk(this) : chunk(); }

} // namespace detail

// Its stream and its pool have to outlive it. One task asks at a time.
class chunk_reader {
public:
  chunk_reader(const detail::handle_ref<eddy_stream_t> &stream,
               const detail::handle_ref<eddy_pool_t> &pool, std::uint32_t credits)
      : source_(new detail::chunk_source(stream, pool, credits)) {}

  // The next bytes, or a chunk that is false at the end of the stream. Ends the one before.
  auto next() { return detail::next_of<detail::chunk_source, true>(source_.get(), {}); }

  // Receives nothing more until the next chunk is asked for. With one credit, a task that waits for something else has
  // no buffer of the pool then but its chunk, or none when it has copied that and given it back.
  void pause() {
    if (source_) source_->pause();
  }

private:
  std::unique_ptr<detail::chunk_source, detail::abandon_source> source_;
};

} // namespace EDDY_NS

#endif
