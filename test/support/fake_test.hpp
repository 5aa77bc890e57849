// What the tests on the fake driver start from: ops with a record of their callbacks, and calls that
// notice when a callback runs inside them.
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
#include <cmocka.h>
}

#include "fake.hpp"

namespace eddy::fake {

inline int inside_call; // of the API, where no callback may run
inline int rec_clock;

struct Rec {
  eddy_op_t op;
  int calls, mores, finals, order;
  int64_t result, last_more;
  uint64_t transferred;
  Time when;
  void (*then)(Rec &, int64_t); // at the end of each callback
  void *context;
  int starts;
};

inline void rec_cb(eddy_op_t *op, int64_t result) {
  Rec &rec = *reinterpret_cast<Rec *>(op);
  Loop &loop = *loop_running();
  assert_int_equal(inside_call, 0);
  assert_true(eddy_loop_inside(&loop));
  rec.calls++;
  rec.when = eddy_now(&loop);
  rec.transferred = eddy_op_transferred(op);
  if (eddy_op_more(op)) {
    rec.mores++;
    rec.last_more = result;
  } else {
    rec.finals++;
    rec.result = result;
    rec.order = ++rec_clock;
    assert_false(eddy_op_pending(op));
  }
  if (rec.then) rec.then(rec, result);
}

// Runs one call of the API.
template<class F>
int quietly(Rec *rec, F call) {
  inside_call++;
  if (rec) rec->starts++;
  int got = call();
  inside_call--;
  return got;
}

inline int read(eddy_stream_t *stream, Rec &rec, void *data, size_t size) {
  eddy_buf_t buffer = {data, size};
  return quietly(&rec, [&] { return eddy_stream_read(stream, &rec.op, &buffer, 1, rec_cb); });
}
inline int write(eddy_stream_t *stream, Rec &rec, const void *data, size_t size) {
  eddy_buf_t buffer = {const_cast<void *>(data), size};
  return quietly(&rec, [&] { return eddy_stream_write(stream, &rec.op, &buffer, 1, rec_cb); });
}
inline int read_pool(eddy_stream_t *stream, Rec &rec, eddy_pool_t *pool, uint32_t credits) {
  return quietly(&rec,
                 [&] { return eddy_stream_read_pool(stream, &rec.op, pool, credits, rec_cb); });
}
inline int wait(eddy_stream_t *stream, Rec &rec, uint32_t events) {
  return quietly(&rec, [&] { return eddy_stream_wait(stream, &rec.op, events, rec_cb); });
}
inline int poll(eddy_fd_t *fd, Rec &rec, uint32_t events, uint32_t flags = 0) {
  return quietly(&rec, [&] { return eddy_fd_poll(fd, &rec.op, events, flags, rec_cb); });
}
inline int shutdown(eddy_stream_t *stream, Rec &rec) {
  return quietly(&rec,
                 [&] { return eddy_stream_shutdown(stream, &rec.op, EDDY_SHUT_WRITE, rec_cb); });
}
inline int accept(eddy_listener_t *listener, Rec &rec) {
  return quietly(&rec, [&] { return eddy_listener_accept(listener, &rec.op, rec_cb); });
}
inline int accept_many(eddy_listener_t *listener, Rec &rec, uint32_t ahead) {
  return quietly(&rec, [&] { return eddy_listener_accept_many(listener, &rec.op, ahead, rec_cb); });
}
inline int sleep(Loop &loop, Rec &rec, Time at) {
  return quietly(&rec, [&] { return eddy_sleep(&loop, &rec.op, at, rec_cb); });
}
inline int tick(Loop &loop, Rec &rec, Time first, Time period, uint32_t policy) {
  return quietly(&rec, [&] { return eddy_tick(&loop, &rec.op, first, period, policy, rec_cb); });
}
inline int yield(Loop &loop, Rec &rec) {
  return quietly(&rec, [&] { return eddy_yield(&loop, &rec.op, rec_cb); });
}
inline void cancel(Rec &rec) {
  quietly(nullptr, [&] { return eddy_cancel(&rec.op), 0; });
}
inline void close(eddy_stream_t *stream, Rec *rec = nullptr) {
  quietly(rec, [&] {
    return eddy_stream_close(stream, rec ? &rec->op : nullptr, rec ? rec_cb : nullptr);
  });
}
inline void deadline(Rec &rec, Time at) { eddy_op_set_deadline(&rec.op, at); }

inline void turn(Loop &loop, int times = 1) {
  while (times--) eddy_loop_step(&loop, 0);
}

inline eddy_listener_t *listener(Loop &loop) {
  eddy_addr_t any;
  eddy_addr_loopback(&any, EDDY_AF_INET, 0);
  eddy_listener_t *made = nullptr;
  assert_int_equal(eddy_listener_open(&loop, &any, nullptr, &made), 0);
  return made;
}

inline eddy_pool_t *pool(Loop &loop, uint32_t buffers, uint32_t size = 64) {
  eddy_pool_options_t options = {sizeof options, size, buffers, 0};
  eddy_pool_t *made = nullptr;
  assert_int_equal(eddy_pool_open(&loop, &options, &made), 0);
  return made;
}

// Ended, and nothing left of it.
inline void end(Loop &loop) {
  assert_int_equal(eddy_loop_drain(&loop, world(loop).now + EDDY_SECOND), 0);
  assert_int_equal(eddy_loop_close(&loop), 0);
  assert_int_equal(worlds, 0);
}

#define ONCE(rec, wanted)                                                                          \
  do {                                                                                             \
    assert_int_equal((rec).finals, (rec).starts);                                                  \
    assert_int_equal((rec).result, wanted);                                                        \
  } while (0)

// A failed test leaves its world behind; the next one is not to be blamed for it.
inline int fresh(void **) {
  worlds = 0;
  inside_call = 0;
  rec_clock = 0;
  return 0;
}
#define FAKE_TEST(function) cmocka_unit_test_setup(function, eddy::fake::fresh)

} // namespace eddy::fake
