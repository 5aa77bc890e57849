// What a program works on: a loop of one driver, with the ends of connections, listeners, pools and descriptors, and a
// model of the bytes that are under way. What is wrong in one world alone is found here.
#ifndef EDDY_FUZZ_WORLD_H
#define EDDY_FUZZ_WORLD_H

#include "program.h"

#include <eddy.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { kMostEnds = 2 * kMostActions + 2, kFlows = 400, kMostOps = kMostActions + kFlows };
enum { LANE_READ, LANE_WRITE, LANES };

// One write, by a stream or by a plain socket.
struct record {
  struct record *next;
  size_t size, taken; // of it the kernel has taken, once it is final
  uint32_t key;
  int final;
};

struct end {
  eddy_stream_t *stream;              // NULL: closed, or a plain socket
  int fd;                             // the plain socket, or -1
  struct end *peer;                   // NULL: not known
  struct record *records, *last, *at; // sent; `at` and `offset`: how far the peer has been checked
  size_t offset;
  uint8_t *in; // received and not checked
  size_t in_size, in_room;
  uint64_t received;
  uint64_t done[LANES]; // the last op of the lane that had an effect
  int short_write;      // one ended so: those behind it are cancelled
  int closed;           // the number of the batch in which it was closed, and 1
  int connected, failed, closing, shut_read, ended, live;
  int torn; // a write ended short, or a close dropped what was received: no check of contents any more
  int racy;  // what its ops come to depends on who is faster, or on what fits into the kernel
  int local; // no TCP
};

struct listener {
  eddy_listener_t *listener;
  eddy_addr_t address;
  struct end *waiting[kMostEnds]; // clients in the order of their connects
  int first, count, unsure, local;
};

struct pool {
  eddy_pool_t *pool;
  uint32_t buffers, leases;
  int closed, racy, used;
};

struct lease {
  eddy_lease_t lease;
  struct pool *pool;
  struct op *op;
  uint64_t seq;
  uint32_t sum;
};

struct file {
  eddy_fd_t *handle;
  int fd, peer, kind;
};

struct op {
  eddy_op_t op; // first
  struct world *world;
  const struct action *action;
  enum what what;
  int index, batch, started, final, racy, mores, asked, held;
  int64_t result, last_more;
  uint64_t transferred, seq;
  uint8_t *data;
  size_t size;
  eddy_buf_t *buffers;
  uint32_t count, credits;
  struct end *end;
  struct record *record;
  struct listener *listener;
  struct pool *pool;
  struct lease *unused;
  atomic_int begun, gone, passed; // of work: gates when it began
  int gated;
};

enum { kBusy = 6 };

struct busy {
  eddy_op_t op; // first
  struct world *world;
  eddy_stream_t *stream;
  int peer, done;
  char byte;
};

struct world {
  const char *name;
  uint32_t driver;
  const struct program *program;
  eddy_loop_t *loop;
  eddy_remote_t *remote;
  eddy_workers_t *workers;
  eddy_listener_t *inner; // for connections that are made at once
  eddy_addr_t inner_address;
  struct end ends[kMostEnds], *slots[kSlots];
  struct listener listeners[kMostActions], *listening[kListeners];
  struct pool pools[kMostActions], *pooled[kPools];
  struct file files[kMostActions], *filed[kFiles];
  struct lease leases[4096];
  struct op ops[kMostOps], yields[kMostActions];
  struct op *flow[kMostEnds]; // the read that lets it flow
  int64_t said[kMostActions]; // what the calls of an action returned
  int acted[kMostActions];
  int used, listened, pooled_count, filed_count, leased, flows;
  int step, batch, calling, flowing, ending, diverged, progress;
  struct busy busy[kBusy];
  int busy_action;
  long memory;
  uint64_t sequence;
  atomic_int gates; // opened so far
};

static unsigned patience = 40; // seconds for what must come, on a machine that is busy

static const char *file_name(const char *path) {
  return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

static _Noreturn void broken(const struct world *w, const char *format, ...) {
  va_list list;
  printf("%s, at action %d: ", w->name, w->step);
  va_start(list, format);
  vprintf(format, list);
  va_end(list);
  printf("\n");
  fflush(stdout);
  _exit(3);
}

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) broken(w, "not so: %s (%s:%d)", #condition, file_name(__FILE__), __LINE__);  \
  } while (0)
#define CHECK_OP(condition)                                                                        \
  do {                                                                                             \
    if (!(condition))                                                                              \
      broken(w, "%s %d, result %lld, moved %llu: not so: %s (%s:%d)", action_names[op->what],      \
             op->index, (long long)op->result, (unsigned long long)op->transferred, #condition,    \
             file_name(__FILE__), __LINE__);                                                       \
  } while (0)
// Calls of the library, in which no callback may run.
#define CALL(call)                                                                                 \
  do {                                                                                             \
    w->calling++;                                                                                  \
    (void)(call);                                                                                  \
    w->calling--;                                                                                  \
  } while (0)

static uint8_t byte_of(uint32_t key, size_t at) {
  return (uint8_t)(at * 7 + key * 31 + (at >> 8) * 13 + 5);
}

static uint32_t sum_of(const uint8_t *data, size_t size) {
  uint32_t sum = 1;
  for (size_t i = 0; i < size; i++) sum = sum * 31 + data[i];
  return sum;
}

static struct end *end_new(struct world *w) {
  struct end *end = &w->ends[w->used++];
  *end = (struct end){.fd = -1};
  return end;
}

static void end_racy(struct end *end) {
  end->racy = 1;
  if (end->peer) end->peer->racy = 1;
}

static void join(struct end *a, struct end *b) {
  a->peer = b, b->peer = a;
  a->racy = b->racy = a->racy | b->racy;
}

static struct record *record_new(struct end *end, size_t size, uint32_t key) {
  struct record *record = calloc(1, sizeof *record);
  *record = (struct record){.size = size, .key = key};
  *(end->last ? &end->last->next : &end->records) = record;
  if (!end->at) end->at = record;
  return end->last = record;
}

static void came(struct end *end, const void *data, size_t size) {
  if (end->in_size + size > end->in_room) {
    end->in_room = (end->in_size + size) * 2;
    end->in = realloc(end->in, end->in_room);
  }
  if (size) memcpy(end->in + end->in_size, data, size);
  end->in_size += size;
  end->received += size;
}

// What has come is what the peer has sent, in order and once.
static void verify(struct world *w, struct end *end) {
  struct end *peer = end->peer;
  if (peer && !end->torn) {
    for (size_t at = 0; at < end->in_size;) {
      struct record *record = peer->at;
      if (!record) broken(w, "%zu bytes that nobody has sent", end->in_size - at);
      size_t limit = record->final ? record->taken : record->size;
      if (peer->offset >= limit && record->next) {
        if (peer->offset > limit) broken(w, "more of a write has come than it says it has moved");
        peer->at = record->next;
        peer->offset = 0;
        continue;
      }
      if (peer->offset >= limit) broken(w, "bytes behind the end of the last write");
      if (end->in[at] != byte_of(record->key, peer->offset))
        broken(w, "a wrong byte, %zu of write %u", peer->offset, record->key);
      at++, peer->offset++;
    }
  }
  end->in_size = 0;
}

static struct op *op_new(struct world *w, struct op *op, const struct action *a, int index) {
  op->world = w;
  op->action = a;
  op->what = a->what;
  op->index = index;
  op->batch = w->batch;
  op->started = 1;
  op->seq = ++w->sequence;
  eddy_op_set_flags(&op->op, (a->within ? EDDY_OP_INLINE : 0u) | (a->unref ? EDDY_OP_UNREF : 0u));
  if (a->deadline)
    eddy_op_set_deadline(&op->op, a->deadline == 1 ? 1 : eddy_now(w->loop) + 3600 * EDDY_SECOND);
  return op;
}

// Memory of just its size, so that a sanitizer sees a byte too far.
static void room(struct op *op, size_t size, uint32_t parts) {
  op->size = size;
  op->data = malloc(size ? size : 1);
  memset(op->data, 0xcc, size ? size : 1);
  op->count = parts;
  op->buffers = malloc(parts * sizeof *op->buffers);
  size_t at = 0;
  for (uint32_t i = 0; i < parts; i++) {
    size_t part = i + 1 == parts ? size - at : (size - at) / (2 + i % 2);
    op->buffers[i] = (eddy_buf_t){op->data + at, part};
    at += part;
  }
}

static void lease_check(struct world *w, const struct lease *lease) {
  if (sum_of(lease->lease.data, lease->lease.size) != lease->sum)
    broken(w, "bytes of a lease have changed");
}

static int give(struct world *w, int index) {
  struct lease *lease = &w->leases[index];
  lease_check(w, lease);
  lease->pool->leases--;
  if (lease->op && lease->op->seq == lease->seq && !lease->op->final) lease->op->held--;
  int got = eddy_pool_give(lease->pool->pool, lease->lease.id);
  memmove(lease, lease + 1, (size_t)(--w->leased - index) * sizeof *lease);
  return got;
}

static void act(struct world *w, int index);

#endif
