// Actions on streams, listeners and pools.
#ifndef EDDY_FUZZ_ACT_STREAMS_H
#define EDDY_FUZZ_ACT_STREAMS_H

#include "ends.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

enum { kRoom = 65536 }; // of a TCP socket's buffers: fixed, so that a big write fills them

static void quick(eddy_op_t *op, int64_t result) {
  (void)result;
  *(int *)op->data = 1;
}

static void accept_quick(eddy_op_t *op, int64_t result) {
  *(eddy_stream_t **)op->data = result ? NULL : eddy_op_take_stream(op);
}

static void small_buffers(eddy_stream_t *stream) {
  eddy_stream_set_option(stream, EDDY_OPT_SEND_BUFFER, kRoom);
  eddy_stream_set_option(stream, EDDY_OPT_RECEIVE_BUFFER, kRoom);
}

static eddy_listener_t *listen_tcp(struct world *w, eddy_addr_t *address) {
  eddy_listener_t *listener = NULL;
  eddy_addr_loopback(address, EDDY_AF_INET, 0);
  CHECK(eddy_listener_open(w->loop, address, NULL, &listener) == 0);
  eddy_listener_set_option(listener, EDDY_OPT_SEND_BUFFER, kRoom);
  eddy_listener_set_option(listener, EDDY_OPT_RECEIVE_BUFFER, kRoom);
  CHECK(eddy_listener_address(listener, address) == 0);
  return listener;
}

static int raw_tcp(const eddy_addr_t *address) {
  struct sockaddr_storage native;
  int length = eddy_addr_to_native(address, &native, sizeof native), room = kRoom;
  int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  int fd = socket(address->family == EDDY_AF_INET ? AF_INET : AF_UNIX, type, 0);
  if (address->family == EDDY_AF_INET) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  if (connect(fd, (struct sockaddr *)&native, (socklen_t)length) && errno == EINPROGRESS)
    poll(&(struct pollfd){fd, POLLOUT, 0}, 1, 1000);
  return fd;
}

// The stream that the inner listener accepts; `connecting`, if any, connects to it.
static eddy_stream_t *connect_now(struct world *w, eddy_stream_t *connecting, int *fd) {
  eddy_stream_t *got = NULL;
  int done = fd != NULL;
  eddy_op_t accept = {.data = (void *)&got}, connect = {.data = &done};
  if (!w->inner) w->inner = listen_tcp(w, &w->inner_address);
  eddy_listener_accept(w->inner, &accept, accept_quick);
  if (fd)
    *fd = raw_tcp(&w->inner_address);
  else
    eddy_stream_connect(connecting, &connect, &w->inner_address, quick);
  for (int i = 0; (!got || !done) && i < 5000; i++)
    eddy_loop_step(w->loop, i < 10 ? 0 : eddy_update_now(w->loop) + EDDY_MILLISECOND);
  CHECK(got && done);
  return got;
}

// Fills a socket by calls of its own, which the library knows nothing of.
static void stuff(struct end *end, int fd, int index) {
  static uint8_t bytes[4096];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = byte_of((uint32_t)index, i);
  for (ssize_t sent; (sent = send(fd, bytes, sizeof bytes, MSG_NOSIGNAL)) > 0;) {
    struct record *record = record_new(end, (size_t)sent, (uint32_t)index);
    record->taken = (size_t)sent;
    record->final = 1;
  }
}

static void act_open(struct world *w, const struct action *a, int index) {
  uint32_t way = a->way % (eddy_loop_inside(w->loop) ? 3 : 7); // connecting takes turns
  if (w->slots[a->slot] || w->used + 2 > kMostEnds) return;
  int other = a->other, fds[2];
  while (w->slots[other] || other == a->slot)
    if ((other = (other + 1) % kSlots) == a->other) return;
  struct end *end = w->slots[a->slot] = end_new(w);
  if (way == 6) { // not connected yet
    CHECK(eddy_stream_open(w->loop, EDDY_AF_INET, &end->stream) == 0);
    small_buffers(end->stream);
    return;
  }
  struct end *peer = w->slots[other] = end_new(w);
  end->connected = peer->connected = 1;
  join(end, peer);
  end->local = peer->local = way < 3;
  if (way == 0) CHECK(eddy_stream_pair(w->loop, &end->stream, &peer->stream) == 0);
  if (way == 1 || way == 2) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    CHECK(eddy_stream_adopt(w->loop, fds[0], &end->stream) == 0);
    if (way == 1) CHECK(eddy_stream_adopt(w->loop, fds[1], &peer->stream) == 0);
    if (a->times == 3) stuff(end, fds[0], index);
    if (way == 2) peer->fd = fds[1];
  }
  if (way == 3 || way == 4) {
    CHECK(eddy_stream_open(w->loop, EDDY_AF_INET, &peer->stream) == 0);
    small_buffers(peer->stream);
    end->stream = connect_now(w, peer->stream, NULL);
  }
  if (way == 5) end->stream = connect_now(w, NULL, &peer->fd);
}

static void act_listen(struct world *w, const struct action *a) {
  struct listener **slot = &w->listening[a->slot % kListeners];
  if (*slot) return;
  struct listener *l = *slot = &w->listeners[w->listened++];
  memset(l, 0, sizeof *l);
  l->local = a->way % 2;
  if (!l->local) {
    l->listener = listen_tcp(w, &l->address);
    return;
  }
  l->address.family = EDDY_AF_UNIX; // of length 0: the system chooses a name
  CHECK(eddy_listener_open(w->loop, &l->address, NULL, &l->listener) == 0);
  CHECK(eddy_listener_address(l->listener, &l->address) == 0 && l->address.length);
}

static void act_accept(struct world *w, const struct action *a, struct op *op) {
  struct listener *l = w->listening[a->slot % kListeners];
  if (!l) return;
  op_new(w, op, a, op->index)->listener = l;
  uint32_t way = a->way / 8 % 3;
  if (way == 0) START(op, eddy_listener_accept(l->listener, &op->op, callback));
  if (way == 1) START(op, eddy_listener_accept_next(l->listener, &op->op, callback));
  if (way == 2) START(op, eddy_listener_accept_many(l->listener, &op->op, a->times - 1, callback));
}

static void act_connect(struct world *w, const struct action *a, struct op *op) {
  struct listener *l = w->listening[a->slot % kListeners];
  struct end *end = w->slots[a->other];
  eddy_addr_t nobody;
  eddy_addr_loopback(&nobody, EDDY_AF_INET, 1); // where nobody listens
  if (end && !end->stream) return;
  int fresh = !end;
  if (fresh) {
    if (w->used >= kMostEnds) return;
    end = w->slots[a->other] = end_new(w);
    end->local = l && l->local;
    if (l && a->way % 4 == 0) { // a plain socket
      end->fd = raw_tcp(&l->address);
      end->connected = 1;
      l->waiting[l->count++] = end;
      return;
    }
    CHECK(eddy_stream_open(w->loop, l ? l->address.family : EDDY_AF_INET, &end->stream) == 0);
    if (!end->local) small_buffers(end->stream);
  }
  op_new(w, op, a, op->index)->end = end;
  end->live++;
  if (l && !end->connected && !end->failed && !end->closing) {
    op->listener = l;
    l->waiting[l->count++] = end;
    if (!fresh || a->deadline) l->unsure = 1;
  }
  START(op, eddy_stream_connect(end->stream, &op->op, l ? &l->address : &nobody, callback));
}

static void act_close_listener(struct world *w, const struct action *a, struct op *op) {
  struct listener **slot = &w->listening[a->slot % kListeners], *l = *slot;
  if (!l) return;
  eddy_listener_t *listener = l->listener;
  *slot = NULL;
  l->listener = NULL;
  for (int i = l->first; i < l->count; i++) end_racy(l->waiting[i]);
  if (a->way % 2) {
    CALL(eddy_listener_close(listener, NULL, NULL));
  } else {
    op_new(w, op, a, op->index);
    START(op, eddy_listener_close(listener, &op->op, callback));
  }
}

static int undecided(const struct world *w, const struct op *op) {
  return op->started && !op->final && op->batch == w->batch;
}

static int writes(enum what what) { return what == WRITE || what == SHUTDOWN; }

// Several things that one connection is asked for in one turn: a driver may send at once, or with what follows, at the
// end of the turn.
static void mix(struct world *w, struct end *end, enum what what) {
  if (writes(what) && end->peer && end->peer->closed == w->batch + 1) end_racy(end);
  for (int i = 0; i < kMostActions; i++) {
    const struct op *op = &w->ops[i];
    if (!op->end || (op->end != end && op->end != end->peer) || !undecided(w, op)) continue;
    if (writes(op->what) || writes(what)) end_racy(end);
  }
}

static struct end *stream_of(struct world *w, const struct action *a) {
  struct end *end = w->slots[a->slot];
  return end && end->stream ? end : NULL;
}

// The next one if it is none, so that little comes to nothing.
static struct end *begin(struct world *w, const struct action *a, struct op *op) {
  struct action near = *a;
  struct end *end = NULL;
  for (int i = 0; i < kSlots && !end; i++, near.slot = (near.slot + 1) % kSlots)
    end = stream_of(w, &near);
  if (!end) return NULL;
  if (w->program->busy) mix(w, end, a->what);
  op_new(w, op, a, op->index)->end = end;
  end->live++;
  return end;
}

static void act_read(struct world *w, const struct action *a, struct op *op) {
  struct end *end = begin(w, a, op);
  if (!end) return;
  room(op, a->size > kBig ? 100000 : a->size, a->parts);
  START(op, eddy_stream_read(end->stream, &op->op, op->buffers, op->count, callback));
}

static void act_open_pool(struct world *w, const struct action *a) {
  struct pool **slot = &w->pooled[a->slot % kPools];
  if (*slot) return;
  struct pool *pool = *slot = &w->pools[w->pooled_count++];
  *pool = (struct pool){.buffers = 1 + a->way % 6};
  eddy_pool_options_t options = {
      .size = sizeof options, .buffer_size = 64u << (a->way / 8 % 6), .buffers = pool->buffers};
  CHECK(eddy_pool_open(w->loop, &options, &pool->pool) == 0);
}

static void act_read_pool(struct world *w, const struct action *a, struct op *op) {
  struct end *end = begin(w, a, op);
  if (!end) return;
  struct action where = *a;
  where.slot = a->other;
  act_open_pool(w, &where);
  struct pool *pool = w->pooled[a->other % kPools];
  uint32_t credits = a->way / 4 % (pool->buffers + 2);
  op->pool = pool;
  op->credits = credits && credits < pool->buffers ? credits : pool->buffers;
  pool->used = 1;
  START(op, eddy_stream_read_pool(end->stream, &op->op, pool->pool, credits, callback));
}

static void act_close_pool(struct world *w, const struct action *a, struct op *op) {
  struct pool **slot = &w->pooled[a->slot % kPools], *pool = *slot;
  if (!pool) return;
  *slot = NULL;
  pool->closed = 1;
  if (a->way % 2) {
    CALL(eddy_pool_close(pool->pool, NULL, NULL));
  } else {
    op_new(w, op, a, op->index);
    START(op, eddy_pool_close(pool->pool, &op->op, callback));
  }
}

static void act_give(struct world *w, const struct action *a, int index) {
  struct end *end = w->slots[a->slot];
  for (uint32_t i = 0; i < a->times; i++) {
    int which = -1; // the oldest or the newest of an end
    for (int k = 0; k < w->leased; k++)
      if (w->leases[k].op->end == end && (which < 0 || a->way % 2)) which = k;
    if (which < 0 || !end) return;
    if (w->leases[which].pool->racy) end_racy(end);
    uint64_t id = w->leases[which].lease.id;
    eddy_pool_t *pool = w->leases[which].pool->pool;
    int alone = w->leases[which].pool->leases == 1;
    int got;
    CALL(got = give(w, which));
    w->said[index] = w->said[index] * 100 + got;
    CHECK(got == 0);
    if (!alone) CHECK(eddy_pool_give(pool, id) == EDDY_EINVAL); // twice
  }
}

static void act_write(struct world *w, const struct action *a, struct op *op) {
  struct end *end = begin(w, a, op);
  if (!end) return;
  room(op, a->size, a->parts);
  for (size_t i = 0; i < op->size; i++) op->data[i] = byte_of((uint32_t)op->index, i);
  op->record = record_new(end, op->size, (uint32_t)op->index);
  START(op, eddy_stream_write(end->stream, &op->op, op->buffers, op->count, callback));
}

static void act_shutdown(struct world *w, const struct action *a, struct op *op) {
  struct end *end = begin(w, a, op);
  if (!end) return;
  uint32_t side = a->way % 16 == 0 ? 0 : a->way % 16 < 10 ? EDDY_SHUT_WRITE : a->way % 3 + 1;
  if (side & EDDY_SHUT_READ) end->shut_read = 1;
  START(op, eddy_stream_shutdown(end->stream, &op->op, side, callback));
}

// A close drops what a pool read has received and not delivered; what was started just before it may have had its effect
// or not.
static void act_close(struct world *w, const struct action *a, struct op *op) {
  struct end *end = stream_of(w, a);
  if (!end || end->closing) return;
  mix(w, end, a->what);
  for (int i = 0; i < kMostActions; i++)
    if (w->ops[i].end == end && w->ops[i].what == RELEASE && !w->ops[i].final) return;
  w->slots[a->slot] = NULL;
  for (int i = 0; i < kMostActions; i++) {
    struct op *pending = &w->ops[i];
    if (pending->end == end && undecided(w, pending)) end_racy(end);
    if (pending->end == end && pending->what == READ_POOL && !pending->final) end->torn = 1;
  }
  end->closed = w->batch + 1;
  eddy_stream_t *stream = end->stream;
  int (*close)(eddy_stream_t *, eddy_op_t *, eddy_cb) =
      a->way % 4 == 1 ? eddy_stream_close_reset : eddy_stream_close;
  if (a->way % 8 < 4) {
    end->closing = 1;
    end->stream = NULL;
    CALL(close(stream, NULL, NULL));
    return;
  }
  w->slots[a->slot] = end;
  begin(w, a, op);
  w->slots[a->slot] = NULL;
  end->closing = 1;
  START(op, close(stream, &op->op, callback));
}

static void act_release(struct world *w, const struct action *a, struct op *op) {
  struct end *end = stream_of(w, a);
  for (int i = 0; i < kMostActions; i++)
    if (w->ops[i].end == end && w->ops[i].started && w->ops[i].batch == w->batch) return;
  if (!end || !begin(w, a, op)) return;
  START(op, eddy_stream_release(end->stream, &op->op, callback));
}

static void act_wait(struct world *w, const struct action *a, struct op *op) {
  struct end *end = begin(w, a, op);
  if (!end) return;
  uint32_t events = a->way % 40;
  START(op, eddy_stream_wait(end->stream, &op->op, events, callback));
}

static void act_uncongested(struct world *w, const struct action *a, struct op *op) {
  struct end *end = begin(w, a, op);
  if (!end) return;
  uint64_t low = a->way % 7 * 100, high = a->way / 8 % 5 * 1000;
  int got = eddy_stream_set_watermarks(end->stream, low, high);
  CHECK(got == (low < high ? 0 : EDDY_EINVAL));
  START(op, eddy_stream_wait_uncongested(end->stream, &op->op, callback));
}

#endif
