// Random ops on random streams, from a seed: what is sent arrives in order and once, every start has one final
// callback, credits hold, nothing hangs, and everything ends. Arguments: the seed, how many seeds.
#include "random_ops.h"

#define START(task, call)                                                                          \
  do {                                                                                             \
    int outcome_;                                                                                  \
    CALL(outcome_ = (call));                                                                       \
    started(task, outcome_);                                                                       \
  } while (0)

static void start_read(struct end *end, struct task *again) {
  struct task *task = task_new(READ, end, again);
  room(task, 1 + rnd(chance(80) ? 2000 : 100000));
  START(task, eddy_stream_read(end->stream, &task->op, task->buffers, task->count, callback));
}

static void start_pool_read(struct end *end, struct task *again) {
  struct task *task = task_new(READ_POOL, end, again);
  task->pool = pools[rnd(kPools)];
  uint32_t credits = rnd(task->pool->buffers + 2);
  task->credits = credits && credits < task->pool->buffers ? credits : task->pool->buffers;
  task->multi = 1;
  START(task, eddy_stream_read_pool(end->stream, &task->op, task->pool->pool, credits, callback));
}

static void start_write(struct end *end) {
  size_t size = chance(10) ? 0 : rnd(chance(90) ? 5000 : 300000);
  size_t all = 0;
  for (struct record *record = end->records; record; record = record->next) all += record->size;
  if (all + size > kMostBytes) return;
  struct task *task = task_new(WRITE, end, NULL);
  room(task, size);
  for (size_t i = 0; i < size; i++) task->data[i] = (uint8_t)(i * 7 + task->seq * 31 + (i >> 8));
  struct record *record = calloc(1, sizeof *record);
  record->size = size;
  record->data = malloc(size ? size : 1);
  memcpy(record->data, task->data, size);
  *(end->last ? &end->last->next : &end->records) = record;
  end->last = task->record = record;
  end->writes++;
  START(task, eddy_stream_write(end->stream, &task->op, task->buffers, task->count, callback));
}

// A close drops what a pool read has received and not delivered; reads behind it keep what they have.
static void may_drop(struct end *end) {
  for (struct task *task = tasks; task; task = task->next)
    if (task->kind == READ_POOL && task->end == end && end->whole > end->received)
      end->whole = end->received;
}

static void start_close(struct end *end) {
  end->closing = 1;
  may_drop(end);
  if (chance(30)) {
    CALL((chance(70) ? eddy_stream_close : eddy_stream_close_reset)(end->stream, NULL, NULL));
    end->stream = NULL;
    end->dead = 1;
    return;
  }
  struct task *task = task_new(CLOSE, end, NULL);
  START(task, (chance(70) ? eddy_stream_close : eddy_stream_close_reset)(end->stream, &task->op,
                                                                         callback));
}

static void start_accept(struct task *again) {
  struct task *task = task_new(ACCEPT, NULL, again);
  accepting++;
  task->multi = chance(50);
  if (task->multi)
    START(task, eddy_listener_accept_many(listener, &task->op, rnd(3), callback));
  else
    START(task, eddy_listener_accept(listener, &task->op, callback));
}

static void open_ends(void) {
  if ((promised += 2) > kEnds) return;
  struct end *a = &ends[used];
  if (chance(20)) {
    used += 2;
    CHECK(eddy_stream_pair(loop, &a[0].stream, &a[1].stream) == 0);
    a[0].peer = &a[1], a[1].peer = &a[0], a[0].connected = a[1].connected = 1;
    a[0].local = a[1].local = 1;
    return;
  }
  if (chance(20)) {
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    used += 2;
    CHECK(eddy_stream_adopt(loop, fds[0], &a[0].stream) == 0 &&
          eddy_stream_adopt(loop, fds[1], &a[1].stream) == 0);
    a[0].peer = &a[1], a[1].peer = &a[0], a[0].connected = a[1].connected = 1;
    return;
  }
  used++;
  CHECK(eddy_stream_open(loop, EDDY_AF_INET, &a->stream) == 0);
  if (chance(50)) eddy_stream_set_option(a->stream, EDDY_OPT_SEND_BUFFER, 4096);
  struct task *task = task_new(CONNECT, a, NULL);
  a->connecting = 1;
  a->timed = task->deadline != EDDY_NEVER;
  struct task *mine = task;
  eddy_stream_t *stream = a->stream;
  int outcome;
  CALL(outcome = eddy_stream_connect(stream, &mine->op, &address, callback));
  eddy_addr_t local;
  if (eddy_stream_local_address(stream, &local) == 0) ports[local.port] = a;
  started(mine, outcome);
}

static void start_loose(void) {
  uint32_t way = rnd(7);
  struct task *task = task_new(way < 2 ? TIMER : LOOSE, NULL, NULL);
  task->multi = way == 1 || way > 3;
  task->due = eddy_now(loop) + rnd(3000000) - 500000;
  if (way == 0) START(task, eddy_sleep(loop, &task->op, task->due, callback));
  if (way == 1)
    START(task, eddy_tick(loop, &task->op, task->due, 1 + rnd(chance(10) ? 10 : 500000), rnd(3),
                          callback));
  if (way == 2 || way == 3) START(task, eddy_yield(loop, &task->op, callback));
  if (way == 4) START(task, eddy_hook_idle(loop, &task->op, callback));
  if (way == 5) START(task, eddy_hook_before_wait(loop, &task->op, callback));
  if (way == 6) START(task, eddy_hook_after_wait(loop, &task->op, callback));
}

static void new_pool(struct pool **slot) {
  struct pool *pool = calloc(1, sizeof *pool);
  pool->buffers = chance(30) ? 1 : 1 + rnd(12);
  pool->pool = open_pool(loop, pool->buffers, 64 << rnd(8));
  pool->next = all_pools;
  *slot = all_pools = pool;
}

static void touch(void) { // a pending op, or the listener, or a lease
  uint32_t way = rnd(8);
  struct task *task = tasks;
  for (uint32_t i = rnd((uint32_t)live + 1); i && task; i--) task = task->next;
  if (way < 3 && task) {
    task->asked = 1;
    CALL(eddy_cancel(&task->op));
  }
  if (way == 3 && task && task->kind != CONNECT) {
    eddy_time_t at = eddy_now(loop) + rnd(2000000);
    if (eddy_rearm(&task->op, at) == 0) *(task->kind == TIMER ? &task->due : &task->deadline) = at;
  }
  if (way == 4) CALL((chance(40) ? eddy_listener_pause : eddy_listener_resume)(listener));
  if (way > 5) {
    struct lease **link = &leases;
    while (*link && (*link)->next && chance(60)) link = &(*link)->next;
    if (*link) give(link);
  }
  if (way == 5 && chance(5)) {
    struct pool **slot = &pools[rnd(kPools)];
    (*slot)->closed = 1;
    CALL(eddy_pool_close((*slot)->pool, NULL, NULL));
    new_pool(slot); // the old one goes at the end, for leases name it
  }
}

static void act(void) {
  if (live > kTasks) return;
  uint32_t way = rnd(100);
  if (way < 6) {
    open_ends();
    return;
  }
  if (way < 9 && accepting < 3) {
    start_accept(NULL);
    return;
  }
  if (way < 14) {
    start_loose();
    return;
  }
  if (way < 34) {
    touch();
    return;
  }
  struct end *end = used ? &ends[rnd((uint32_t)used)] : NULL;
  if (!end || !end->stream || end->closing || end->failed) return;
  if (way < 50) {
    start_read(end, NULL);
    return;
  }
  if (way < 58) {
    start_pool_read(end, NULL);
    return;
  }
  if (way < 84) {
    start_write(end);
    return;
  }
  if (way < 88) {
    struct task *task = task_new(WAIT, end, NULL);
    START(task, eddy_stream_wait(end->stream, &task->op, 1 + rnd(31), callback));
  } else if (way < 90) {
    struct task *task = task_new(UNCONGESTED, end, NULL);
    eddy_stream_set_watermarks(end->stream, rnd(1000), 1000 + rnd(100000));
    START(task, eddy_stream_wait_uncongested(end->stream, &task->op, callback));
  } else if (way < 92 && end->connected && (HALF_CLOSE || !end->local)) {
    uint32_t side = 1 + rnd(3);
    struct task *task = task_new(SHUT, end, NULL);
    end->shut_read |= side & 1;
    end->shut_write |= side & 2;
    START(task, eddy_stream_shutdown(end->stream, &task->op, side, callback));
  } else if (way < 94 && !end->live && end->connected && (CAN_RELEASE || !end->local)) {
    struct task *task = task_new(RELEASE, end, NULL);
    if (task->deadline > eddy_now(loop)) end->closing = 1;
    START(task, eddy_stream_release(end->stream, &task->op, callback));
  } else if (way < 96) {
    start_close(end);
  } else if (way < 97) {
    eddy_loop_flush(loop);
  }
}

// What has been sent must arrive, and every end be seen.
static int flowed(struct end *end) {
  struct end *peer = end->peer;
  if (!end->stream || end->closing || !end->connected || end->ended || end->shut_read) return 1;
  if (!peer) return 0;
  if (peer->failed && !peer->dead) return 1; // its descriptor is open
  if (peer->dead) return end->flowing == 2;
  return !peer->writes && (end->received == peer->sent || peer->vague);
}

static void let_flow(void) {
  quiet = 1;
  while (leases) give(&leases);
  eddy_listener_resume(listener);
  for (int i = 0; i < used || accepting < 1;) {
    if (accepting < 1) start_accept(NULL);
    struct end *end = &ends[i];
    if (i < used) i++;
    if (!end->stream || end->closing || !end->connected || end->ended || end->flowing) continue;
    end->flowing = 1;
    start_pool_read(end, NULL);
  }
  for (int i = 0; i < used; i++) {
    struct end *end = &ends[i];
    size_t before = end->received;
    eddy_time_t limit = eddy_update_now(loop) + 10 * EDDY_SECOND; // without a byte
    while (!flowed(end)) {
      while (leases) give(&leases);
      if (accepting < 1) start_accept(NULL);
      if (end->stream && !end->closing && end->connected && !end->ended && end->flowing != 1)
        end->flowing = 1, start_pool_read(end, NULL); // its read was cancelled
      if (eddy_update_now(loop) > limit)
        fail_msg("seed %llu: stuck, %s end %d, %zu of %zu bytes, writes %d",
                 (unsigned long long)seed, end->local ? "local" : "TCP", i, end->received,
                 end->peer ? end->peer->sent : 0, end->peer ? end->peer->writes : -1);
      eddy_loop_step(loop, eddy_now(loop) + 20 * EDDY_MILLISECOND);
      if (end->received != before) limit = eddy_update_now(loop) + 10 * EDDY_SECOND;
      before = end->received;
    }
  }
}

static void verify(struct end *end) {
  size_t at = 0;
  if (end->peer && end->peer->vague) return;
  if (end->received > end->whole) end->received = end->whole;
  for (struct record *record = end->peer ? end->peer->records : NULL; record;
       record = record->next) {
    size_t part = end->received - at < record->taken ? end->received - at : record->taken;
    CHECK(part == 0 || memcmp(end->in + at, record->data, part) == 0);
    at += part;
  }
  CHECK(at == end->received);
  // A write that failed may have taken the reset that a read would have seen.
  if (end->ended == 1 && end->peer && !end->shut_read && !end->torn)
    CHECK(end->received == end->peer->sent);
}

static void run_seed(void) {
  eddy_loop_options_t options = {.size = sizeof options};
  static const uint32_t entries[] = {0, 0, 4, 8, 32};
  state = seed * 0x9E3779B97F4A7C15 + 1;
  options.ring_entries = entries[rnd(5)];
  options.spin = chance(25) ? rnd(100000) : 0;
  int descriptors = open_descriptors();
  memset(ends, 0, sizeof ends);
  for (int i = 0; i < kEnds; i++) ends[i].whole = SIZE_MAX;
  memset(ports, 0, sizeof ports);
  used = promised = live = calling = quiet = draining = accepting = 0;
  sequence = 0;
  CHECK(eddy_loop_open(&options, &loop) == 0);
  listener = listen_loopback(loop, &address);
  for (int i = 0; i < kPools; i++) new_pool(&pools[i]);
  for (uint32_t i = 0, turns = 50 + rnd(400); i < turns; i++) {
    for (uint32_t more = rnd(12); more; more--) act();
    eddy_loop_step(loop, chance(50) ? 0 : eddy_update_now(loop) + rnd(300000));
  }
  if (chance(70)) let_flow();
  draining = quiet = 1;
  for (int i = 0; i < used; i++) may_drop(&ends[i]);
  if (chance(50)) {
    while (leases && chance(80)) give(&leases);
    (void)eddy_loop_drain(loop, 0);
  }
  while (leases) give(&leases);
  int64_t held = eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND);
  CHECK(held == 0);
  CHECK(live == 0 && !tasks && eddy_loop_close(loop) == 0);
  CHECK(open_descriptors() == descriptors);
  for (int i = 0; i < used; i++) verify(&ends[i]);
  for (int i = 0; i < used; i++) {
    for (struct record *record = ends[i].records, *next; record; record = next) {
      next = record->next;
      free(record->data);
      free(record);
    }
    free(ends[i].in);
  }
  for (struct pool *next; all_pools; all_pools = next) {
    next = all_pools->next;
    free(all_pools);
  }
}

static uint64_t first = 1, seeds = 40;

static void random_ops(void **unused) {
  (void)unused;
  for (seed = first; seed < first + seeds; seed++) run_seed();
}

int main(int argc, char **argv) {
  if (argc > 1)
    first = strtoull(argv[1], NULL, 10), seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_ops)};
  return RUN_TESTS(tests);
}
