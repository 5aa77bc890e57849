// A connected socket to be waited for in each of the ways there are: as a stream, and as the descriptor of somebody
// else, once and again.
#ifndef EDDY_TEST_WAITED_H
#define EDDY_TEST_WAITED_H

#include "peer.h"

enum how { STREAM, ONCE, REPEATED, HOWS };

struct waited {
  enum how how;
  struct peer peer;
  eddy_stream_t *stream;
  eddy_fd_t *fd;
  int native;
};

static inline struct waited waited_open(eddy_loop_t *loop, enum how how) {
  struct waited waited = {.how = how};
  if (how == STREAM) {
    waited.peer = peer_open(loop, PEER_TCP, &waited.stream);
    waited.native = (int)eddy_stream_native(waited.stream);
    return waited;
  }
  eddy_addr_t addr;
  int listener = raw_listen(&addr, 1);
  waited.peer = peer_connect(&addr);
  waited.native = raw_accept(listener);
  close(listener);
  assert_int_equal(eddy_fd_open(loop, waited.native, &waited.fd), 0);
  return waited;
}

static inline void waited_start(struct waited *waited, struct rec *rec, uint32_t events) {
  rec->finals = rec->mores = rec->calls = 0;
  if (waited->how == STREAM)
    eddy_stream_wait(waited->stream, &rec->op, events, rec_cb);
  else
    eddy_fd_poll(waited->fd, &rec->op, events, waited->how == REPEATED ? EDDY_POLL_REPEAT : 0,
                 rec_cb);
}

// Waits until it was told something, ends it if it goes on, and gives what it was told.
static inline int64_t waited_told(eddy_loop_t *loop, struct rec *rec) {
  turn_until(loop, &rec->calls, 1);
  if (rec->finals) return rec->result;
  eddy_cancel(&rec->op);
  int64_t told = rec->last_more;
  turn_until(loop, &rec->finals, 1);
  return told;
}

static inline void waited_close(eddy_loop_t *loop, struct waited *waited) {
  peer_close(&waited->peer);
  if (waited->stream) {
    eddy_stream_close(waited->stream, NULL, NULL);
  } else {
    eddy_fd_close(waited->fd, NULL, NULL);
    close(waited->native);
  }
  all_ended(loop);
}

// The peer's bytes are read behind the library's back.
static inline void waited_steal(struct waited *waited, size_t size) {
  char room[64];
  raw_receive(waited->native, room, size);
}

#endif
