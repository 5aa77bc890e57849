// Actions of no stream: cancels, timers, hooks, posts, work, foreign descriptors, plain sockets, questions.
#ifndef EDDY_FUZZ_ACT_OTHERS_H
#define EDDY_FUZZ_ACT_OTHERS_H

#include "act_streams.h"

#include <sys/eventfd.h>
#include <time.h>

// What it comes to may differ: the kernel may have it already.
static void op_racy(struct op *op) {
  op->racy = 1;
  if (op->what == CONNECT || op->what == ACCEPT || op->gated) op->world->diverged = 1;
  if (op->end) end_racy(op->end);
}

static void act_cancel(struct world *w, const struct action *a, int index) {
  struct op *op = &w->ops[a->target < 0 ? 0 : a->target];
  if (!op->started || op->what == CLOSE) return;
  if (a->what == REFERENCE) {
    CALL((a->way % 2 ? eddy_op_ref : eddy_op_unref)(&op->op));
    return;
  }
  if (undecided(w, op)) op_racy(op);
  if (a->what == REARM) {
    op->asked = !op->final; // a time that has passed ends it
    w->said[index] = eddy_rearm(&op->op, a->way % 2 ? 1 : eddy_now(w->loop) + 60 * EDDY_SECOND);
    return;
  }
  op->asked = 1;
  CALL(eddy_cancel(&op->op));
  if (a->way % 4 == 0) CALL(eddy_cancel(&op->op));
  if (a->way % 4 == 1) w->said[index] = eddy_rearm(&op->op, 1); // the first reason wins
}

static void act_time(struct world *w, const struct action *a, struct op *op) {
  op_new(w, op, a, op->index);
  eddy_time_t now = eddy_now(w->loop);
  if (a->what == YIELD) START(op, eddy_yield(w->loop, &op->op, callback));
  if (a->what == SLEEP)
    START(op,
          eddy_sleep(w->loop, &op->op, a->way % 3 ? now - 1 : now + 60 * EDDY_SECOND, callback));
  if (a->what == TICK) {
    int many = a->way % 2; // a burst that is cancelled within
    START(op, eddy_tick(w->loop, &op->op, many ? now - 3600 * EDDY_SECOND : now - 1,
                        a->way % 9 == 8 ? 0 : 3600 * EDDY_SECOND >> (many * 4), a->way / 2 % 4,
                        callback));
  }
  if (a->what == HOOK)
    START(op, (a->way % 3 == 0   ? eddy_hook_idle
               : a->way % 3 == 1 ? eddy_hook_before_wait
                                 : eddy_hook_after_wait)(w->loop, &op->op, callback));
}

static void act_post(struct world *w, const struct action *a, struct op *op) {
  if (!w->remote) w->remote = eddy_loop_remote(w->loop);
  op_new(w, op, a, op->index);
  START(op, eddy_post(w->remote, &op->op, callback));
  if (a->way % 4 == 0) eddy_remote_wake(w->remote);
}

static int64_t work(void *argument) {
  struct op *op = argument;
  int gates = atomic_load(&op->world->gates);
  atomic_store(&op->passed, gates);
  atomic_store(&op->begun, 1);
  while (op->gated && atomic_load(&op->world->gates) == gates && !atomic_load(&op->gone))
    nanosleep(&(struct timespec){0, 50000}, NULL);
  return op->index;
}

static void act_work(struct world *w, const struct action *a, struct op *op) {
  eddy_workers_options_t options = {.size = sizeof options, .threads = 1};
  if (!w->workers) CHECK(eddy_workers_open(&options, &w->workers) == 0);
  op_new(w, op, a, op->index);
  op->gated = a->way % 2;
  START(op, eddy_work_in(w->workers, w->loop, &op->op, work, op, callback));
}

static void act_open_file(struct world *w, const struct action *a, int index) {
  struct file **slot = &w->filed[a->slot % kFiles];
  int fds[2] = {-1, -1};
  if (*slot) return;
  struct file *file = *slot = &w->files[w->filed_count++];
  *file = (struct file){.kind = (int)(a->way % 4), .peer = -1};
  if (file->kind < 2) CHECK(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
  if (file->kind == 2) fds[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (file->kind == 3)
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  file->fd = fds[file->kind == 1];
  file->peer = fds[file->kind != 1];
  CHECK(eddy_fd_open(w->loop, file->fd, &file->handle) == 0);
  eddy_fd_t *second = NULL;
  w->said[index] = eddy_fd_open(w->loop, file->fd, &second);
  CHECK(w->said[index] == EDDY_EEXIST && !second);
}

static void act_poll(struct world *w, const struct action *a, struct op *op) {
  struct file *file = w->filed[a->slot % kFiles];
  if (!file) return;
  op_new(w, op, a, op->index);
  START(op,
        eddy_fd_poll(file->handle, &op->op, a->way % 35, a->way / 64 % 3 == 0 ? 1 : 0, callback));
}

static void use(ssize_t result) { (void)result; }

static void act_file_happens(struct world *w, const struct action *a) {
  struct file *file = w->filed[a->slot % kFiles];
  static const char bytes[4096];
  uint64_t one = 1;
  char sink[4096];
  if (!file) return;
  int out = file->kind == 1 || file->kind == 2 ? file->fd : file->peer;
  int in = file->kind == 1 ? file->peer : file->fd;
  switch (a->way % 8) {
  case 0:
  case 1:
  case 2: use(out >= 0 ? write(out, file->kind == 2 ? (void *)&one : (void *)bytes, 8) : 0); break;
  case 3:
  case 4:
    while (in >= 0 && read(in, sink, sizeof sink) > 0) {
    }
    break;
  case 5:
    while (out >= 0 && file->kind != 2 && write(out, bytes, sizeof bytes) > 0) {
    }
    break;
  case 6: use(in >= 0 ? read(in, sink, 8) : 0); break;
  default:
    if (file->peer >= 0) close(file->peer);
    file->peer = -1;
  }
}

static void act_close_file(struct world *w, const struct action *a, struct op *op) {
  struct file **slot = &w->filed[a->slot % kFiles], *file = *slot;
  if (!file) return;
  *slot = NULL;
  if (a->way % 2) {
    CALL(eddy_fd_close(file->handle, NULL, NULL));
  } else {
    op_new(w, op, a, op->index);
    START(op, eddy_fd_close(file->handle, &op->op, callback));
  }
  close(file->fd); // legal at once
  if (file->peer >= 0) close(file->peer);
  file->fd = file->peer = -1;
}

static void raw_swallow(struct end *end) {
  static char sink[65536];
  for (ssize_t got; (got = read(end->fd, sink, sizeof sink)) > 0;) came(end, sink, (size_t)got);
}

static void act_raw(struct world *w, const struct action *a, int index) {
  struct end *end = NULL;
  for (int i = 0; i < kSlots && !end; i++) {
    end = w->slots[(a->slot + i) % kSlots];
    if (end && end->fd < 0) end = NULL;
  }
  if (!end) return;
  mix(w, end, a->what);
  uint32_t way = a->way % 16;
  if (way < 8) {
    static uint8_t bytes[kBig + 1000];
    for (size_t i = 0; i < a->size; i++) bytes[i] = byte_of((uint32_t)index, i);
    ssize_t sent = send(end->fd, bytes, a->size, MSG_NOSIGNAL);
    struct record *record = record_new(end, a->size, (uint32_t)index);
    record->final = 1;
    record->taken = sent < 0 ? 0 : (size_t)sent;
    if (record->taken != a->size) end_racy(end);
  } else if (way < 13) {
    raw_swallow(end);
  } else if (way == 13) {
    shutdown(end->fd, SHUT_WR);
  } else {
    struct linger linger = {1, 0};
    if (way == 15) setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(end->fd);
    end->fd = -1;
    end->closing = 1;
    end->closed = w->batch + 1;
    w->slots[a->slot] = w->slots[a->slot] == end ? NULL : w->slots[a->slot];
    for (int i = 0; i < kSlots; i++)
      if (w->slots[i] == end) w->slots[i] = NULL;
  }
}

static void act_ask(struct world *w, const struct action *a, int index) {
  struct end *end = stream_of(w, a);
  int64_t value = 0, all = 0;
  eddy_addr_t addr;
  w->ops[index].end = end;
  if (!end || end->racy) return;
  all = eddy_stream_get_option(end->stream, EDDY_OPT_NODELAY, &value);
  all = all * 100 + value;
  all = all * 100 + eddy_stream_local_address(end->stream, &addr);
  all = all * 100 + eddy_stream_peer_address(end->stream, &addr);
  all = all * 100 + (eddy_handle_generation((eddy_handle_t *)end->stream) != 0);
  CHECK(eddy_stream_set_option(end->stream, 99, 1) != 0);
  if (!end->closing && end->connected) {
    eddy_stream_t *twin = NULL;
    all = all * 100 + eddy_stream_adopt(w->loop, eddy_stream_native(end->stream), &twin);
    CHECK(!twin);
  }
  w->said[index] = all;
}

#endif
