// Scenes of streams, listeners, receive pools and foreign descriptors.
#include "scene.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What an accept has brought.
static eddy_stream_t *accepted;

static void take(struct act *act, int64_t result) {
  if (result != 0) return;
  eddy_stream_t *stream = eddy_op_take_stream(&act->op);
  if (stream) accepted = stream_of(stream);
}

static eddy_listener_t *listening(eddy_addr_t *at, const eddy_listen_options_t *options) {
  eddy_listener_t *listener = NULL;
  if (!OK(eddy_listener_open(loop, at, options, &listener))) return NULL;
  listener_of(listener);
  return OK(eddy_listener_address(listener, at)) ? listener : NULL;
}

// A connected pair by way of a listener; 0 when an error came in between.
static int connected(eddy_addr_t *at, const eddy_listen_options_t *options, eddy_stream_t **a,
                     eddy_stream_t **b) {
  uint16_t family = at->family;
  eddy_listener_t *listener = listening(at, options);
  if (!listener || !OK(eddy_stream_open(loop, family, a))) return 0;
  stream_of(*a);
  accepted = NULL;
  struct act *one = act("accept_next");
  one->each = take;
  started(one, eddy_listener_accept_next(listener, &one->op, act_cb));
  struct act *connect = act("connect");
  connect->may = EDDY_ETIMEDOUT;
  eddy_op_set_deadline(&connect->op, eddy_update_now(loop) + 10 * EDDY_SECOND);
  started(connect, eddy_stream_connect(*a, &connect->op, at, act_cb));
  int64_t made = end_of(connect);
  if (made < 0) eddy_cancel(&one->op), one->may = EDDY_ECANCELED;
  int64_t got = end_of(one);
  *b = accepted;
  return made == 0 && got == 0 && *b;
}

static char bytes_out[1 << 20], bytes_in[1 << 16];

// Reads until the end of the stream, or `size` bytes.
static uint64_t slurp(eddy_stream_t *from, uint64_t place, uint64_t size, int64_t may) {
  uint64_t got = 0;
  struct act *read = act("read");
  read->may = may;
  while (got < size) {
    size_t part = sizeof bytes_in / 3;
    eddy_buf_t parts[] = {{bytes_in, part}, {bytes_in + part, 1}, {bytes_in + part + 1, part}};
    memset(bytes_in, 0, sizeof bytes_in);
    int64_t n = end_of(started(read, eddy_stream_read(from, &read->op, parts, 3, act_cb)));
    if (n <= 0) break;
    check_bytes("read", bytes_in, (size_t)n, place + got);
    got += (uint64_t)n;
  }
  return got;
}

// All that goes over a connection, whatever its kind.
static void converse(eddy_stream_t *a, eddy_stream_t *b) {
  fill(bytes_out, sizeof bytes_out, 0);
  size_t half = sizeof bytes_out / 2;
  eddy_buf_t parts[] = {{bytes_out, 10}, {bytes_out + 10, half - 10}};
  eddy_buf_t rest = {bytes_out + half, half};
  SAID(eddy_stream_set_watermarks(a, 1 << 14, 1 << 18));
  struct act *first = START(eddy_stream_write(a, OP, parts, 2, CB));
  struct act *second = START(eddy_stream_write(a, OP, &rest, 1, CB));
  struct act *calm = START(eddy_stream_wait_uncongested(a, OP, CB));
  struct act *half_close = START(eddy_stream_shutdown(a, OP, EDDY_SHUT_WRITE, CB));
  struct act *readable = START(eddy_stream_wait(b, OP, EDDY_READABLE, CB));
  if (end_of(readable) == 0) broken("wait", "told of nothing");
  int told_before = told;
  uint64_t got = slurp(b, 0, sizeof bytes_out + 1, 0);
  if (told == 0 && got != sizeof bytes_out) broken("read", "the stream has ended early");
  if (told_before == told && told && got > sizeof bytes_out)
    broken("read", "more than was written");
  end_of(calm);
  if (end_of(first) >= 0 && first->result != (int64_t)half)
    broken("write", "a success that is short");
  if (end_of(second) >= 0 && second->result != (int64_t)half)
    broken("write", "a success that is short");
  if (eddy_op_transferred(&first->op) + eddy_op_transferred(&second->op) < got)
    broken("write", "sent more than it says");
  end_of(half_close);

  // The other way, ended by a read and a write that may end inside their starts.
  rest = (eddy_buf_t){bytes_out, 1000};
  struct act *answer = act("write inline"), *hear = act("read inline");
  eddy_op_set_flags(&answer->op, EDDY_OP_INLINE);
  started(answer, eddy_stream_write(b, &answer->op, &rest, 1, act_cb));
  eddy_buf_t in = {bytes_in, sizeof bytes_in};
  eddy_op_set_flags(&hear->op, EDDY_OP_INLINE);
  eddy_op_set_deadline(&hear->op, eddy_update_now(loop) + 10 * EDDY_SECOND);
  started(hear, eddy_stream_read(a, &hear->op, &in, 1, act_cb));
  if (end_of(hear) > 0) check_bytes("read", bytes_in, (size_t)hear->result, 0);
  end_of(answer);
}

static void tcp_options(eddy_stream_t *stream) {
  static const struct {
    uint32_t option;
    int64_t value;
  } options[] = {{EDDY_OPT_NODELAY, 0},
                 {EDDY_OPT_KEEPALIVE, 1},
                 {EDDY_OPT_KEEPALIVE_IDLE, 60},
                 {EDDY_OPT_KEEPALIVE_COUNT, 3},
                 {EDDY_OPT_KEEPALIVE_INTERVAL, 9},
                 {EDDY_OPT_SEND_BUFFER, 65536},
                 {EDDY_OPT_RECEIVE_BUFFER, 65536},
                 {EDDY_OPT_LINGER, -1}};
  for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
    int64_t value = 0;
    SAID(eddy_stream_set_option(stream, options[i].option, options[i].value));
    SAID(eddy_stream_get_option(stream, options[i].option, &value));
  }
  int32_t native = 1;
  uint32_t size = sizeof native;
  SAID(eddy_stream_set_native_option(stream, IPPROTO_TCP, TCP_QUICKACK, &native, sizeof native));
  SAID(eddy_stream_get_native_option(stream, IPPROTO_TCP, TCP_QUICKACK, &native, &size));
  eddy_addr_t address;
  SAID(eddy_stream_local_address(stream, &address));
  SAID(eddy_stream_peer_address(stream, &address));
}

static void tcp(void) {
  eddy_addr_t at;
  eddy_addr_loopback(&at, EDDY_AF_INET, 0);
  eddy_stream_t *a, *b;
  if (!connected(&at, NULL, &a, &b)) return;
  tcp_options(a);
  converse(a, b);
}

// Bound before it connects, and reset in the end.
static void tcp_bound(void) {
  eddy_addr_t at, from;
  eddy_addr_loopback(&at, EDDY_AF_INET6, 0);
  eddy_addr_loopback(&from, EDDY_AF_INET6, 0);
  eddy_listen_options_t options = {sizeof options, EDDY_LISTEN_REUSE_PORT | EDDY_LISTEN_V6ONLY, 8,
                                   0};
  eddy_listener_t *listener = listening(&at, &options);
  eddy_stream_t *a = NULL;
  if (!listener || !OK(eddy_stream_open(loop, EDDY_AF_INET6, &a))) return;
  stream_of(a);
  SAID(eddy_stream_bind(a, &from));
  struct act *many = act("accept_many");
  many->each = take;
  accepted = NULL;
  started(many, eddy_listener_accept_many(listener, &many->op, 2, act_cb));
  eddy_listener_pause(listener);
  struct act *connect = START(eddy_stream_connect(a, OP, &at, CB));
  eddy_buf_t out = {bytes_out, 1000};
  fill(bytes_out, 1000, 0);
  struct act *behind = START(eddy_stream_write(a, OP, &out, 1, CB));
  if (end_of(connect) < 0) behind->may = connect->result;
  end_of(behind);
  eddy_listener_resume(listener);
  if (behind->result > 0 && payloads_of(many, 1) && accepted) {
    eddy_stream_t *b = accepted;
    uint64_t got = slurp(b, 0, 1000, 0);
    struct act *reset = START(eddy_stream_close_reset(a, OP, CB));
    let_go(a);
    slurp(b, got, 1000 - got + 1, EDDY_ECONNRESET);
    end_of(reset);
  }
  many->may = EDDY_ECANCELED;
  struct act *close = START(eddy_listener_close(listener, OP, CB));
  let_go(listener);
  end_of(close);
}

static void unix_path(void) {
  char name[64];
  eddy_addr_t at;
  snprintf(name, sizeof name, "unix:/tmp/eddy-faults-%d", (int)getpid());
  unlink(name + 5); // of one that had this number before
  if (!OK(eddy_addr_parse(&at, name, 0))) return;
  eddy_stream_t *a, *b;
  if (connected(&at, NULL, &a, &b))
    converse(a, b);
  else
    unlink(name + 5); // an unlink that failed may have left it
}

static void unix_abstract(void) {
  eddy_addr_t at = {.family = EDDY_AF_UNIX};
  eddy_stream_t *a, *b;
  if (connected(&at, NULL, &a, &b)) converse(a, b);
}

static void pair(void) {
  eddy_stream_t *a, *b;
  if (!OK(eddy_stream_pair(loop, &a, &b))) return;
  stream_of(a);
  stream_of(b);
  converse(a, b);
}

// Nobody listens; an accept, a read and a connect that are cancelled, or too late.
static void refused(void) {
  eddy_addr_t at;
  eddy_addr_loopback(&at, EDDY_AF_INET, 0);
  eddy_listener_t *listener = listening(&at, NULL);
  if (!listener) return;
  struct act *accept = START_MAY(EDDY_ECANCELED, eddy_listener_accept(listener, OP, CB));
  eddy_cancel(&accept->op);
  end_of(accept);
  SAID(eddy_listener_close(listener, NULL, NULL));
  let_go(listener);
  eddy_stream_t *stream = NULL;
  if (!OK(eddy_stream_open(loop, EDDY_AF_INET, &stream))) return;
  stream_of(stream);
  struct act *connect = START_MAY(EDDY_ECONNREFUSED, eddy_stream_connect(stream, OP, &at, CB));
  if (end_of(connect) == 0) broken("connect", "nobody listens, and it succeeds");

  eddy_stream_t *a, *b;
  if (!OK(eddy_stream_pair(loop, &a, &b))) return;
  stream_of(a);
  stream_of(b);
  eddy_buf_t in = {bytes_in, 10};
  struct act *late = act("read with a deadline");
  late->may = EDDY_ETIMEDOUT;
  eddy_op_set_deadline(&late->op, eddy_update_now(loop) + EDDY_MILLISECOND);
  started(late, eddy_stream_read(a, &late->op, &in, 1, act_cb));
  struct act *cut = START_MAY(EDDY_ECANCELED, eddy_stream_read(b, OP, &in, 1, CB));
  end_of(late);
  eddy_cancel(&cut->op);
  end_of(cut);
}

// Leases: every other one is kept for a while.
static eddy_pool_t *pool;
static uint64_t pool_place, pool_kept;

static void leased(struct act *act, int64_t result) {
  eddy_lease_t lease;
  if (!eddy_op_more(&act->op) || result < 0) return;
  if (!eddy_op_peek_lease(&act->op, &lease)) broken("read_pool", "bytes without a lease");
  check_bytes("read_pool", lease.data, lease.size, pool_place);
  pool_place += lease.size;
  if (act->payloads % 2 == 0) return; // goes back by itself
  if (pool_kept && eddy_pool_give(pool, pool_kept)) broken("pool_give", "the lease is not on loan");
  if (!eddy_op_take_lease(&act->op, &lease)) broken("take_lease", "it was there a moment ago");
  pool_kept = lease.id;
}

static void pools(void) {
  eddy_pool_options_t options = {sizeof options, 4096, 4, 0};
  eddy_stream_t *a, *b;
  if (!OK(eddy_pool_open(loop, &options, &pool))) return;
  pool_of(pool);
  if (!OK(eddy_stream_pair(loop, &a, &b))) return;
  stream_of(a);
  stream_of(b);
  struct act *receive = act("read_pool");
  receive->each = leased;
  started(receive, eddy_stream_read_pool(b, &receive->op, pool, 2, act_cb));
  fill(bytes_out, 1 << 17, 0);
  eddy_buf_t out = {bytes_out, 1 << 17};
  int64_t sent = end_of(START(eddy_stream_write(a, OP, &out, 1, CB)));
  struct act *end = START(eddy_stream_shutdown(a, OP, EDDY_SHUT_WRITE, CB));
  end_of(end);
  if (end_of(receive) == 0 && sent > 0 && !told && pool_place != (uint64_t)sent)
    broken("read_pool", "the stream has ended early");
  struct act *pending = START_MAY(EDDY_ECANCELED, eddy_stream_read_pool(a, OP, pool, 0, CB));
  struct act *close = START(eddy_pool_close(pool, OP, CB));
  let_go(pool);
  end_of(pending);
  if (pool_kept && eddy_pool_give(pool, pool_kept)) broken("pool_give", "the lease is not on loan");
  end_of(close);
}

static void foreign(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) return own("pipe2");
  eddy_fd_t *fd = NULL;
  if (OK(eddy_fd_open(loop, ends[0], &fd))) {
    fd_of(fd);
    struct act *late = act("poll with a deadline");
    late->may = EDDY_ETIMEDOUT;
    eddy_op_set_deadline(&late->op, eddy_update_now(loop) + EDDY_MILLISECOND);
    started(late, eddy_fd_poll(fd, &late->op, EDDY_READABLE, 0, act_cb));
    end_of(late);
    struct act *again = START(eddy_fd_poll(fd, OP, EDDY_READABLE, EDDY_POLL_REPEAT, CB));
    if (write(ends[1], "x", 1) != 1) own("write");
    payloads_of(again, 3);
    again->may = EDDY_ECANCELED;
    eddy_cancel(&again->op);
    end_of(again);
    struct act *once = START(eddy_fd_poll(fd, OP, EDDY_READABLE, 0, CB));
    if (end_of(once) == 0) broken("poll", "told of nothing");
    SAID(eddy_fd_close(fd, NULL, NULL));
    let_go(fd);
  }
  close(ends[0]);
  close(ends[1]);
}

// Adopted, released, and moved to another loop.
static eddy_native_t released;

static void take_native(struct act *act, int64_t result) {
  if (result == 0) released = eddy_op_take_native(&act->op);
}

static void moved(void) {
  int ends[2];
  eddy_stream_t *a = NULL, *b = NULL;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return own("socketpair");
  if (OK(eddy_stream_adopt(loop, ends[0], &a)))
    stream_of(a);
  else
    close(ends[0]);
  if (OK(eddy_stream_adopt(loop, ends[1], &b)))
    stream_of(b);
  else
    close(ends[1]);
  if (!a || !b) return;
  struct act *release = act("release");
  release->each = take_native;
  started(release, eddy_stream_release(b, &release->op, act_cb));
  if (end_of(release) < 0) return;
  let_go(b);
  eddy_loop_t *first = loop, *second = another_loop(0);
  if (!second) {
    close((int)released);
    return;
  }
  loop = second;
  if (OK(eddy_stream_adopt(loop, released, &b))) {
    eddy_buf_t out = {bytes_out, 1000};
    fill(bytes_out, 1000, 0);
    end_of(START(eddy_stream_write(b, OP, &out, 1, CB)));
    eddy_stream_close(b, NULL, NULL);
  } else {
    close((int)released);
  }
  end_loop(second);
  loop = first;
  slurp(a, 0, 1001, 0);
}

static void adopted_listener(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in any = {.sin_family = AF_INET};
  if (fd < 0) return own("socket");
  if (bind(fd, (struct sockaddr *)&any, sizeof any)) own("bind");
  eddy_listener_t *listener = NULL;
  eddy_stream_t *stream = NULL;
  eddy_addr_t at;
  if (!OK(eddy_listener_adopt(loop, fd, &listener))) {
    close(fd);
    return;
  }
  listener_of(listener);
  SAID(eddy_listener_set_option(listener, EDDY_OPT_KEEPALIVE, 1));
  if (!OK(eddy_listener_address(listener, &at)) ||
      !OK(eddy_stream_open(loop, EDDY_AF_INET, &stream)))
    return;
  stream_of(stream);
  eddy_addr_loopback(&at, EDDY_AF_INET, at.port);
  struct act *one = act("accept");
  one->each = take;
  eddy_op_set_flags(&one->op, EDDY_OP_INLINE);
  if (end_of(START(eddy_stream_connect(stream, OP, &at, CB))) < 0) return;
  started(one, eddy_listener_accept(listener, &one->op, act_cb));
  if (end_of(one) == 0 && !accepted) take(one, 0);
}

const struct scene stream_scenes[] = {
    {"tcp", tcp},
    {"tcp_bound", tcp_bound},
    {"unix_path", unix_path},
    {"unix_abstract", unix_abstract},
    {"pair", pair},
    {"refused", refused},
    {"pools", pools},
    {"foreign", foreign},
    {"moved", moved},
    {"adopted_listener", adopted_listener},
    {NULL, NULL},
};
