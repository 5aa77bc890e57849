// Adopting a native socket: it works like any stream, and what cannot be one stays the caller's.
#include "tcp.h"

static void adopts_tcp(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_addr_t addr, told, own;
  int listener = raw_listen(&addr, 2), native = raw_connect(&addr), peer = raw_accept(listener);
  eddy_stream_t *stream = NULL;
  fcntl(native, F_SETFD, 0);
  assert_int_equal(eddy_stream_adopt(loop, native, &stream), 0);
  assert_int_equal(eddy_stream_native(stream), native);
  assert_ptr_equal(eddy_stream_loop(stream), loop);
  assert_true(is_nonblocking(native));
  assert_true(fcntl(native, F_GETFD) & FD_CLOEXEC);
  assert_int_equal(eddy_stream_peer_address(stream, &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  raw_address(native, 0, &own);
  assert_int_equal(eddy_stream_local_address(stream, &told), 0);
  assert_true(eddy_addr_equal(&told, &own));
  char room[4] = {0};
  eddy_buf_t in = buffer(room, 3);
  struct rec read = {0}, connect = {0};
  raw_send(peer, "abc", 3);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_stream_connect(stream, &connect.op, &addr, rec_cb);
  all_ended(loop);
  assert_string_equal(room, "abc");
  assert_int_equal(connect.result, EDDY_EISCONN);
  assert_int_equal(eddy_stream_bind(stream, &addr), EDDY_EINVAL);
  // Known after a reset too.
  raw_reset(peer);
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  all_ended(loop);
  assert_int_equal(read.result, EDDY_ECONNRESET);
  assert_int_equal(eddy_stream_peer_address(stream, &told), 0);
  assert_true(eddy_addr_equal(&told, &addr));
  close_stream(loop, stream);
  assert_int_equal(fcntl(native, F_GETFD), -1);
  close(listener);
}

// Same verbs on a Unix pair, whose peer has no name.
static void adopts_a_unix_pair(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int pair[2];
  if (!UNIX_SOCKETS) SKIP("no Unix sockets");
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  eddy_stream_t *stream = NULL;
  assert_int_equal(eddy_stream_adopt(loop, pair[0], &stream), 0);
  eddy_addr_t peer;
  if (eddy_stream_peer_address(stream, &peer) == 0) {
    assert_int_equal(peer.family, EDDY_AF_UNIX);
    assert_int_equal(peer.length, 0);
  }
  char byte = 0;
  eddy_buf_t in = buffer(&byte, 1);
  struct rec read = {0}, end = {0};
  eddy_stream_read(stream, &read.op, &in, 1, rec_cb);
  eddy_stream_read(stream, &end.op, &in, 1, rec_cb);
  raw_send(pair[1], "u", 1);
  close(pair[1]);
  all_ended(loop);
  assert_int_equal(read.result, 1);
  assert_int_equal(end.result, 0);
  assert_int_equal(byte, 'u');
  close_stream(loop, stream);
}

static void refuses_the_rest(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = NULL;
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0), file = open("/dev/null", O_RDONLY);
  assert_int_equal(eddy_stream_adopt(loop, datagrams, &stream), EDDY_ENOTSOCK);
  assert_null(stream);
  assert_int_equal(eddy_stream_adopt(loop, file, &stream), EDDY_ENOTSOCK);
  assert_int_equal(eddy_stream_adopt(loop, -1, &stream), EDDY_EBADF);
  assert_int_equal(fcntl(datagrams, F_GETFD), 0); // nothing was changed
  close(datagrams);
  assert_int_equal(eddy_stream_adopt(loop, datagrams, &stream), EDDY_EBADF);
  close(file);

  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  eddy_fd_t *fd = NULL;
  assert_int_equal(eddy_fd_open(loop, pair[0], &fd), 0);
  assert_int_equal(eddy_stream_adopt(loop, pair[0], &stream), EDDY_EEXIST);
  eddy_fd_close(fd, NULL, NULL);
  assert_int_equal(eddy_stream_adopt(loop, pair[0], &stream), 0);
  close_stream(loop, stream);
  close(pair[1]);
}

static void refuses_a_pipe(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_stream_t *stream = NULL;
  int pipes[2];
  if (PIPES_ARE_SOCKETS) SKIP("the pipes of this test are pairs of sockets here");
  assert_int_equal(pipe(pipes), 0);
  assert_int_equal(eddy_stream_adopt(loop, pipes[0], &stream), EDDY_ENOTSOCK);
  assert_int_equal(fcntl(pipes[0], F_GETFL), O_RDONLY); // nothing was changed
  close(pipes[0]);
  close(pipes[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(adopts_tcp), FIXTURE_TEST(adopts_a_unix_pair),
                                     FIXTURE_TEST(refuses_the_rest), FIXTURE_TEST(refuses_a_pipe)};
  return RUN_TESTS(tests);
}
