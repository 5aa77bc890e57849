// The world of the random stress test: ends, pools and ops, and what is checked of each callback.
#ifndef EDDY_TEST_RANDOM_OPS_H
#define EDDY_TEST_RANDOM_OPS_H

#include "local.h"

enum { kEnds = 64, kPools = 3, kTasks = 300, kMostBytes = 2 << 20 };
enum kind {
  READ,
  READ_POOL,
  WRITE,
  WAIT,
  UNCONGESTED,
  SHUT,
  CLOSE,
  RELEASE,
  CONNECT,
  ACCEPT,
  TIMER,
  LOOSE
};

struct record { // of a write: its bytes, and how many of them went
  struct record *next;
  uint8_t *data;
  size_t size, taken;
};

struct end {
  eddy_stream_t *stream;
  struct end *peer;
  struct record *records, *last;
  uint8_t *in;
  size_t received, sent, whole; // whole: received without a gap
  uint64_t done[2];             // the latest op of a lane that finished with an effect
  int live, writes;
  int connected, connecting, failed, timed, closing, dead, ended, shut_read, shut_write, torn,
      flowing;
  int local, vague; // vague: the count of a cancelled write may be too low
};

struct pool {
  struct pool *next;
  eddy_pool_t *pool;
  uint32_t buffers;
  int leases, closed;
};

struct task {
  eddy_op_t op;
  enum kind kind;
  struct task *next, **link;
  struct end *end;
  struct pool *pool;
  struct record *record;
  uint64_t seq;
  eddy_time_t due, deadline;
  eddy_buf_t *buffers;
  uint8_t *data;
  size_t size;
  uint32_t count, held, credits;
  int asked, multi;
};

struct lease {
  struct lease *next;
  eddy_lease_t lease;
  struct pool *pool;
  struct task *task;
  uint64_t seq;
  uint32_t sum;
};

static eddy_loop_t *loop;
static uint64_t seed, state, sequence;
static struct end ends[kEnds], *ports[65536];
static struct pool *pools[kPools], *all_pools;
static struct task *tasks;
static struct lease *leases;
static eddy_listener_t *listener;
static eddy_addr_t address;
static int used, promised, live, calling, quiet, draining, accepting;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) fail_msg("seed %llu: %s", (unsigned long long)seed, #condition);             \
  } while (0)
#define CALL(call)                                                                                 \
  do {                                                                                             \
    calling++;                                                                                     \
    (void)(call);                                                                                  \
    calling--;                                                                                     \
  } while (0)

static uint32_t rnd(uint32_t limit) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (uint32_t)((state * 0x2545F4914F6CDD1D) >> 33) % limit;
}

static int chance(uint32_t percent) { return rnd(100) < percent; }

static uint32_t sum_of(const void *data, size_t size) {
  uint32_t sum = 1;
  for (size_t i = 0; i < size; i++) sum = sum * 31 + ((const uint8_t *)data)[i];
  return sum;
}

static void act(void);
static void start_read(struct end *end, struct task *again);
static void start_pool_read(struct end *end, struct task *again);
static void start_accept(struct task *again);
static void callback(eddy_op_t *op, int64_t result);

static struct task *task_new(enum kind kind, struct end *end, struct task *again) {
  struct task *task = again ? again : calloc(1, sizeof *task);
  CHECK(!eddy_op_pending(&task->op));
  task->kind = kind;
  task->end = end;
  task->seq = ++sequence;
  task->asked = task->multi = 0;
  task->held = 0;
  task->deadline = EDDY_NEVER;
  eddy_op_set_flags(&task->op,
                    (chance(30) ? EDDY_OP_INLINE : 0) | (chance(20) ? EDDY_OP_UNREF : 0));
  if (chance(quiet ? 0 : 12)) task->deadline = eddy_now(loop) + rnd(3) * rnd(2000000);
  eddy_op_set_deadline(&task->op, task->deadline);
  if ((task->next = tasks)) tasks->link = &task->next;
  task->link = &tasks;
  tasks = task;
  live++;
  if (end) end->live++;
  return task;
}

static void room(struct task *task, size_t size) {
  task->size = size;
  task->data = malloc(size ? size : 1);
  task->count = chance(60) ? 1 : 1 + rnd(6);
  task->buffers = malloc(task->count * sizeof *task->buffers);
  size_t at = 0;
  for (uint32_t i = 0; i < task->count; i++) {
    size_t part = i + 1 == task->count ? size - at : rnd((uint32_t)(size - at) + 1);
    task->buffers[i] = (eddy_buf_t){task->data + at, part};
    at += part;
  }
}

static void came(struct end *end, const void *data, size_t size) {
  if (!end->in) end->in = malloc(kMostBytes * 2);
  CHECK(end->received + size <= kMostBytes * 2);
  memcpy(end->in + end->received, data, size);
  end->received += size;
}

static void took_effect(struct task *task, int lane) {
  CHECK(task->seq > task->end->done[lane]);
  task->end->done[lane] = task->seq;
}

static void give(struct lease **link) {
  struct lease *lease = *link;
  CHECK(sum_of(lease->lease.data, lease->lease.size) == lease->sum);
  *link = lease->next;
  if (lease->task && lease->task->seq == lease->seq) lease->task->held--;
  lease->pool->leases--;
  CHECK(eddy_pool_give(lease->pool->pool, lease->lease.id) == 0);
  free(lease);
}

static void payload(struct task *task, int64_t result) {
  if (task->kind == TIMER) CHECK(result >= 1 && eddy_now(loop) >= task->due);
  if (task->kind == ACCEPT && result == 0) {
    CHECK(used < kEnds);
    struct end *end = &ends[used];
    end->stream = eddy_op_take_stream(&task->op);
    eddy_addr_t peer;
    CHECK(end->stream && eddy_stream_peer_address(end->stream, &peer) == 0 && ports[peer.port]);
    end->peer = ports[peer.port];
    end->peer->peer = end;
    end->connected = 1;
    used++;
  }
  if (task->kind != READ_POOL) return;
  eddy_lease_t look, got;
  CHECK(result > 0 && eddy_op_peek_lease(&task->op, &look) && look.size == (size_t)result);
  CHECK(eddy_op_transferred(&task->op) == (uint64_t)result);
  CHECK(task->held < task->credits);
  came(task->end, look.data, look.size);
  if (chance(quiet ? 90 : 40)) return;
  CHECK(eddy_op_take_lease(&task->op, &got) == 1 && got.data == look.data);
  struct lease *lease = malloc(sizeof *lease);
  *lease = (struct lease){leases, got, task->pool, task, task->seq, sum_of(got.data, got.size)};
  leases = lease;
  task->held++;
  task->pool->leases++;
  CHECK(eddy_pool_free(task->pool->pool) + (uint32_t)task->pool->leases <= task->pool->buffers);
}

static void check_reason(struct task *task, int64_t result) {
  struct end *end = task->end;
  if (result == EDDY_ECANCELED && !draining && !task->asked)
    CHECK((end && (end->closing || end->torn || end->failed)) ||
          (task->pool && task->pool->closed));
  if (result == EDDY_ETIMEDOUT) {
    CHECK(task->deadline != EDDY_NEVER || (end && end->timed));
    if (!end || !end->timed) CHECK(eddy_now(loop) >= task->deadline);
  }
  CHECK(result != EDDY_EINVAL && result != EDDY_ELOST && result != EDDY_EWRONGLOOP &&
        result != EDDY_EUNKNOWN);
}

static void ended_write(struct task *task, int64_t result) {
  struct end *end = task->end;
  size_t moved = (size_t)eddy_op_transferred(&task->op);
  CHECK(moved <= task->size && (result < 0 || (size_t)result == task->size));
  if (result >= 0) CHECK(moved == task->size);
  if (moved) took_effect(task, 1);
  if (result < 0 && moved) end->torn = 1;
  if (result < 0 && end->local && !EXACT_COUNTS) end->torn = end->vague = 1;
  if (result < 0 && result != EDDY_ECANCELED && result != EDDY_ETIMEDOUT) end->torn = 1;
  task->record->taken = moved;
  end->sent += moved;
  end->writes--;
}

static void ended_release(struct task *task, int64_t result) {
  struct end *end = task->end;
  if (result == EDDY_EBUSY || result == EDDY_ECLOSED || result == EDDY_ETIMEDOUT) return;
  CHECK(result == 0 && end->live == 0);
  end->dead = 1;
  end->stream = NULL;
  eddy_native_t native = chance(80) ? eddy_op_take_native(&task->op) : EDDY_NO_NATIVE;
  if (native == EDDY_NO_NATIVE) return;
  if (eddy_stream_adopt(loop, native, &end->stream)) {
    close((int)native);
    return;
  }
  end->dead = end->closing = 0;
}

// Returns whether the op was started again.
static int final(struct task *task, int64_t result) {
  struct end *end = task->end;
  CHECK(!eddy_op_pending(&task->op) && !eddy_op_more(&task->op) &&
        eddy_op_result(&task->op) == result);
  if ((*task->link = task->next)) task->next->link = task->link;
  live--;
  if (end) end->live--;
  for (struct lease *lease = leases; lease; lease = lease->next)
    if (lease->task == task) lease->task = NULL;
  if (task->kind != CLOSE) check_reason(task, result);
  switch (task->kind) {
  case READ:
    CHECK(result <= (int64_t)task->size);
    for (int64_t i = 0, left = result; left > 0; i++) {
      size_t part = task->buffers[i].size < (size_t)left ? task->buffers[i].size : (size_t)left;
      came(end, task->buffers[i].data, part);
      left -= (int64_t)part;
    }
    if (result > 0) took_effect(task, 0);
    break;
  case WRITE: ended_write(task, result); break;
  case WAIT: CHECK(result != 0); break;
  case CLOSE:
    CHECK(result == 0 && end->live == 0);
    end->dead = 1;
    end->stream = NULL;
    break;
  case RELEASE: ended_release(task, result); break;
  case CONNECT:
    end->connecting = 0;
    end->connected = result == 0;
    end->failed = result != 0;
    break;
  case ACCEPT:
    if (!task->multi && result == 0) payload(task, 0);
    accepting--;
    break;
  case TIMER:
    if (result == 0) CHECK(eddy_now(loop) >= task->due);
    break;
  default: break;
  }
  int reading = task->kind == READ || task->kind == READ_POOL;
  if (reading && !draining && !end->closing &&
      (result == 0 || (result < 0 && result != EDDY_ECANCELED && result != EDDY_ETIMEDOUT)))
    end->ended = end->ended ? end->ended : result == 0 && !end->shut_read ? 1 : 2;
  if (task->kind == READ_POOL && end->flowing == 1) end->flowing = 2;
  if (task->data) memset(task->data, 0xdd, task->size);
  free(task->data);
  free(task->buffers);
  task->data = NULL;
  task->buffers = NULL;
  task->pool = NULL;
  if (draining || !chance(30)) return 0;
  if (task->kind == ACCEPT) return start_accept(task), 1;
  if (reading && !quiet && end->stream && !end->closing && !end->ended)
    return (chance(50) ? start_read : start_pool_read)(end, task), 1;
  return 0;
}

static void started(struct task *task, int outcome) {
  CHECK(outcome == EDDY_PENDING || outcome == EDDY_DONE);
  if (outcome == EDDY_PENDING) return;
  CHECK(!task->multi && task->kind != CLOSE);
  if (!final(task, eddy_op_result(&task->op))) free(task);
}

static void callback(eddy_op_t *op, int64_t result) {
  struct task *task = (struct task *)(void *)op;
  CHECK(!calling && eddy_loop_inside(loop));
  if (eddy_op_more(op)) {
    CHECK(task->multi && eddy_op_pending(op));
    payload(task, result);
    if (chance(10) && task->kind >= TIMER) {
      task->asked = 1;
      CALL(eddy_cancel(op));
    }
  } else if (!final(task, result)) {
    memset(&task->op, 0xee, sizeof task->op);
    free(task);
  }
  if (!quiet && chance(25)) act();
}

#endif
