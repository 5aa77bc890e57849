// Busy turns: so many events that a driver batches the writes which are started in them.
#ifndef EDDY_FUZZ_BUSY_H
#define EDDY_FUZZ_BUSY_H

#include "act_others.h"

static void act(struct world *w, int index);

static void busy_callback(eddy_op_t *handle, int64_t result) {
  struct busy *busy = (struct busy *)(void *)handle;
  struct world *w = busy->world;
  CHECK(!w->calling && result == 1);
  busy->done = 1;
  if (busy != &w->busy[kBusy / 2] || w->busy_action < 0) return;
  int index = w->busy_action;
  w->busy_action = -1;
  act(w, index);
}

static void busy_open(struct world *w) {
  for (int i = 0; i < kBusy; i++) {
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    CHECK(eddy_stream_adopt(w->loop, fds[0], &w->busy[i].stream) == 0);
    w->busy[i].peer = fds[1];
    w->busy[i].world = w;
  }
}

// One such turn; `index`, if not negative, is an action to be done in its midst.
static void busy_turn(struct world *w, int index) {
  w->busy_action = index;
  for (int i = 0; i < kBusy; i++) {
    struct busy *busy = &w->busy[i];
    eddy_buf_t in = {&busy->byte, 1};
    busy->done = 0;
    CALL(eddy_stream_read(busy->stream, &busy->op, &in, 1, busy_callback));
  }
  eddy_loop_step(w->loop, 0);
  for (int i = 0; i < kBusy; i++) CHECK(write(w->busy[i].peer, "b", 1) == 1);
  for (int turns = 0, left = 1; left; turns++) {
    CHECK(turns < 1000000);
    eddy_loop_step(w->loop, 0);
    left = 0;
    for (int i = 0; i < kBusy; i++) left += !w->busy[i].done;
  }
}

static void busy_close(struct world *w) {
  for (int i = 0; i < kBusy; i++) close(w->busy[i].peer);
}

#endif
