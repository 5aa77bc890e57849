// Computations on threads, away from the loop.
//
//   auto hash = co_await eddy::offload([&] { return sha256(bytes); });
//   co_await eddy::parallel_for(0, rows, 64, [&](std::size_t from, std::size_t to) { ... });
//
// offload is for calls that block or take long; parallel_for for one computation on all processors. What
// only waits for the network needs neither.
#ifndef EDDY_OFFLOAD_HPP
#define EDDY_OFFLOAD_HPP

#include <eddy/io.hpp>
#include <eddy/when.hpp>
#include <eddy/work.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace EDDY_NS {

// Inside what was offloaded: whether its task has been cancelled meanwhile.
class work_token {
public:
  explicit work_token(const eddy_op_t *op) : op_(op) {}
  bool stop_requested() const { return eddy_work_canceled(op_) == 1; }

private:
  const eddy_op_t *op_;
};

namespace detail {

template<class F>
decltype(auto) call_work(F &f, const eddy_op_t *op) {
  if constexpr (std::is_invocable_v<F &, work_token>)
    return f(work_token(op));
  else
    return f();
}

template<class F>
using work_value = decltype(call_work(std::declval<F &>(), nullptr));

// What runs on the thread, and what came of it.
template<class F>
class job {
public:
  using value = work_value<F>;

  explicit job(F f) : function_(std::move(f)) {}

  auto start(eddy_workers_t *pool) {
    return io(detail::call<&job::begin, nothing, job *, eddy_workers_t *>({}, this, pool));
  }

  value take() {
#if EDDY_EXCEPTIONS
    if (failure_) std::rethrow_exception(failure_);
#endif
    return returned_.take();
  }

private:
  static int begin(eddy_loop_t *loop, eddy_op_t *op, job *self, eddy_workers_t *pool, eddy_cb cb) {
    self->op_ = op;
    return eddy_work_in(pool, loop, op, run, self, cb);
  }
  static std::int64_t run(void *argument) {
    job &self = *static_cast<job *>(argument);
#if EDDY_EXCEPTIONS
    try {
      self.call();
    } catch (...) {
      self.failure_ = std::current_exception();
    }
#else
    self.call();
#endif
    return 0;
  }
  void call() {
    if constexpr (std::is_void_v<value>)
      call_work(function_, op_);
    else
      returned_.set(call_work(function_, op_));
  }

  F function_;
  const eddy_op_t *op_ = nullptr;
  returned<value> returned_;
#if EDDY_EXCEPTIONS
  std::exception_ptr failure_;
#endif
};

} // namespace detail

// Runs f() or f(work_token) on a thread of the pool (null: the process-wide one) and gives what it returns
// or throws. A task that is cancelled before f has begun ends with canceled; later, f runs to its end, which
// the task waits for: it may look at its token. Without exceptions it gives a result.
template<class F>
task<fallible<detail::work_value<F>>> offload(F f, eddy_workers_t *pool = nullptr) {
  using value = detail::work_value<F>;
  detail::job<F> job(std::move(f));
  auto done = co_await job.start(pool).nothrow();
  if (!done) co_return detail::give_up<value>(done.error());
  if constexpr (!EDDY_EXCEPTIONS && std::is_void_v<value>)
    co_return result<void>();
  else
    co_return job.take();
}

namespace detail {

// The pieces of a range, taken one by one by whoever is free.
template<class Body>
class pieces {
public:
  pieces(std::size_t begin, std::size_t end, std::size_t grain, Body &body)
      : begin_(begin), end_(end), grain_(grain ? grain : 1), body_(body) {
    if (begin < end) count_ = (end - begin - 1) / grain_ + 1;
  }

  std::size_t count() const { return count_; }
  bool all_taken() const { return next_.load(std::memory_order_relaxed) >= count_; }
  void work(work_token token) {
    while (!token.stop_requested()) {
      std::size_t piece = next_.fetch_add(1, std::memory_order_relaxed);
      if (piece >= count_) return;
      std::size_t from = begin_ + piece * grain_;
      body_(from, end_ - from < grain_ ? end_ : from + grain_);
    }
  }

private:
  std::size_t begin_, end_, grain_, count_ = 0;
  Body &body_;
  std::atomic<std::size_t> next_{0};
};

template<class Body>
class worker {
public:
  explicit worker(pieces<Body> &p) : pieces_(&p) {}
  void operator()(work_token token) const { pieces_->work(token); }

private:
  pieces<Body> *pieces_;
};

} // namespace detail

// Calls body(from, to) on threads of the pool for pieces of [begin, end), each up to `grain` long, on as
// many threads as there are processors, and ends when all are done. Once it is cancelled, or a body has
// thrown, no further piece begins. Bodies run at the same time: what they write they must not share.
template<class Body>
task<fallible<void>> parallel_for(std::size_t begin, std::size_t end, std::size_t grain, Body body,
                                  eddy_workers_t *pool = nullptr) {
  detail::pieces<Body> shares(begin, end, grain, body);
  // In parentheses for the macros of <windows.h>.
  std::size_t threads = (std::max)(1u, std::thread::hardware_concurrency());
  std::vector<task<fallible<void>>> workers;
  for (std::size_t i = 0; i < (std::min)(threads, shares.count()); i++)
    workers.push_back(offload(detail::worker<Body>(shares), pool));
  auto ends = co_await when_all(std::move(workers));
#if EDDY_EXCEPTIONS
  if (!shares.all_taken()) throw canceled();
#else
  for (auto &each : ends)
    if (!each) co_return each.error();
  if (!shares.all_taken()) co_return errc::canceled;
  co_return result<void>();
#endif
}

} // namespace EDDY_NS

#endif
