// A read of a Unix socket ends behind a message that carries descriptors or credentials, however much room it has. What
// waits behind that message is read all the same, although the kernel has told of it already.
#include "peer.h"

#if HAS_UNIX_SOCKETS

#include <sys/un.h>

static void send_with_descriptor(int fd, const char *text) {
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec bytes = {(void *)(uintptr_t)text, strlen(text)};
  struct msghdr message = {.msg_iov = &bytes,
                           .msg_iovlen = 1,
                           .msg_control = control.room,
                           .msg_controllen = sizeof control.room};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)bytes.iov_len);
}

// All are there before the first is read.
static const char sent[] = "plain,one,two,three,plain again,four,end";

static void send_all(struct peer *peer) {
  peer_send(peer, "plain,", 6);
  send_with_descriptor(peer->fd, "one,");
  send_with_descriptor(peer->fd, "two,");
  send_with_descriptor(peer->fd, "three,");
  peer_send(peer, "plain again,", 12);
  send_with_descriptor(peer->fd, "four,");
  peer_send(peer, "end", 3);
}

struct reader {
  struct rec op;
  eddy_stream_t *stream;
  char got[256], room[64];
  size_t size;
  int whole;
};

static void start(struct reader *reader) {
  eddy_buf_t in = buffer(reader->room, sizeof reader->room);
  eddy_stream_read(reader->stream, &reader->op.op, &in, 1, rec_cb);
}

static void keep(struct reader *reader, const void *data, size_t size) {
  memcpy(reader->got + reader->size, data, size);
  reader->size += size;
  reader->whole = reader->size == sizeof sent - 1;
}

static void on_read(struct rec *rec, int64_t result) {
  struct reader *reader = (struct reader *)(void *)rec;
  assert_true(result > 0);
  keep(reader, reader->room, (size_t)result);
  if (!reader->whole) start(reader);
}

static void on_pool_read(struct rec *rec, int64_t result) {
  struct reader *reader = (struct reader *)(void *)rec;
  eddy_lease_t lease;
  if (!eddy_op_more(&rec->op)) return;
  assert_int_equal(eddy_op_peek_lease(&rec->op, &lease), 1);
  keep(reader, lease.data, (size_t)result);
}

static void nothing_is_lost(eddy_loop_t *loop, int credentials, int pooled, int waits_first) {
  struct reader reader = {.op.then = pooled ? on_pool_read : on_read};
  struct peer peer = peer_open(loop, PEER_LOCAL, &reader.stream);
  eddy_pool_t *pool = open_pool(loop, 8, 64);
  int fd = (int)eddy_stream_native(reader.stream);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &credentials, sizeof credentials), 0);
  if (!waits_first) send_all(&peer);
  if (pooled)
    eddy_stream_read_pool(reader.stream, &reader.op.op, pool, 0, rec_cb);
  else
    start(&reader);
  if (waits_first) {
    turns(loop, 2);
    send_all(&peer);
  }
  turn_until(loop, &reader.whole, 1);
  assert_memory_equal(reader.got, sent, sizeof sent - 1);
  close_stream(loop, reader.stream);
  eddy_pool_close(pool, NULL, NULL);
  all_ended(loop);
  peer_close(&peer);
}

static void reads(void **state) {
  nothing_is_lost(LOOP(state), 0, 0, 0);
  nothing_is_lost(LOOP(state), 0, 0, 1);
}

static void pool_reads(void **state) {
  nothing_is_lost(LOOP(state), 0, 1, 0);
  nothing_is_lost(LOOP(state), 0, 1, 1);
}

static void with_credentials(void **state) {
  nothing_is_lost(LOOP(state), 1, 0, 1);
  nothing_is_lost(LOOP(state), 1, 1, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(reads), FIXTURE_TEST(pool_reads),
                                     FIXTURE_TEST(with_credentials)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("no plain Unix sockets here");
#endif
