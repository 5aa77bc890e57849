// A read that comes short has taken all there is: no second call asks for more, on sockets of either kind. Linked with
// --wrap=recv and --wrap=recvmsg.
#include "needs.h"

#if HAS_CALL_WRAPS

#include "peer.h"

enum { MESSAGES = 100 };

static int calls;

ssize_t __real_recv(int, void *, size_t, int);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags) {
  calls++;
  return __real_recv(fd, data, size, flags);
}

ssize_t __real_recvmsg(int, struct msghdr *, int);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  calls++;
  return __real_recvmsg(fd, message, flags);
}

static void reads(eddy_loop_t *loop, enum peer_kind kind, uint32_t buffers) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, kind, &stream);
  char room[2][64];
  eddy_buf_t in[2] = {{room[0], 64}, {room[1], 64}};
  struct rec read = {0};
  calls = 0;
  for (int i = 0; i < MESSAGES; i++) {
    eddy_stream_read(stream, &read.op, in, buffers, rec_cb);
    turns(loop, 1);
    peer_send(&peer, "hello", 5);
    turn_until(loop, &read.finals, i + 1);
    assert_int_equal(read.result, 5);
  }
  assert_in_range(calls, 0, MESSAGES + 1);
  peer_close(&peer);
  close_stream(loop, stream);
}

static void pool_reads(eddy_loop_t *loop, enum peer_kind kind) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, kind, &stream);
  eddy_pool_t *pool = open_pool(loop, 8, 64);
  struct rec read = {0};
  eddy_stream_read_pool(stream, &read.op, pool, 0, rec_cb);
  turns(loop, 1);
  calls = 0;
  for (int i = 0; i < MESSAGES; i++) {
    peer_send(&peer, "hello", 5);
    turn_until(loop, &read.mores, i + 1);
    turns(loop, 1);
  }
  assert_in_range(calls, 0, MESSAGES + 1);
  peer_close(&peer);
  close_stream(loop, stream);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
}

// Once it was told that there is nothing, no start asks again.
static void in_vain(eddy_loop_t *loop, enum peer_kind kind) {
  eddy_stream_t *stream;
  struct peer peer = peer_open(loop, kind, &stream);
  char room[4];
  eddy_buf_t in = buffer(room, sizeof room);
  struct rec read = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  peer_send(&peer, "full", 4); // a read that is filled does not know whether there is more
  turn_until(loop, &read.finals, 1);
  calls = 0;
  for (int i = 2; i < 10; i++) {
    eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
    turns(loop, 2);
    eddy_cancel(&read.op);
    turn_until(loop, &read.finals, i);
  }
  assert_in_range(calls, 1, 1);
  peer_close(&peer);
  close_stream(loop, stream);
}

static void tcp(void **state) {
  in_vain(LOOP(state), PEER_TCP);
  reads(LOOP(state), PEER_TCP, 1);
  reads(LOOP(state), PEER_TCP, 2);
  pool_reads(LOOP(state), PEER_TCP);
}

static void local(void **state) {
  NEEDS(UNIX_SOCKETS);
  in_vain(LOOP(state), PEER_LOCAL);
  reads(LOOP(state), PEER_LOCAL, 1);
  reads(LOOP(state), PEER_LOCAL, 2);
  pool_reads(LOOP(state), PEER_LOCAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(tcp), FIXTURE_TEST(local)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the linker does not put it in the place of recv and recvmsg here");
#endif
