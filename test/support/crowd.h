// Makes a busy turn: so many events that a driver may batch the writes which are started behind it.
#ifndef EDDY_TEST_CROWD_H
#define EDDY_TEST_CROWD_H

#include "peer.h"

enum { kCrowd = 6 };

struct crowd {
  struct peer peers[kCrowd];
  eddy_stream_t *streams[kCrowd];
  struct rec reads[kCrowd];
  char bytes[kCrowd];
};

static inline void crowd_open(eddy_loop_t *loop, struct crowd *crowd) {
  memset(crowd, 0, sizeof *crowd);
  for (int i = 0; i < kCrowd; i++) crowd->peers[i] = peer_open(loop, PEER_TCP, &crowd->streams[i]);
}

static inline void crowd_turn(eddy_loop_t *loop, struct crowd *crowd) {
  for (int i = 0; i < kCrowd; i++) {
    eddy_buf_t in = buffer(&crowd->bytes[i], 1);
    crowd->reads[i].finals = 0;
    eddy_stream_read(crowd->streams[i], &crowd->reads[i].op, &in, 1, rec_cb);
  }
  eddy_loop_step(loop, 0);
  for (int i = 0; i < kCrowd; i++) {
    peer_send(&crowd->peers[i], "c", 1);
    peer_settled(&crowd->peers[i]);
  }
  for (int i = 0; i < kCrowd; i++) turn_until(loop, &crowd->reads[i].finals, 1);
}

static inline void crowd_close(eddy_loop_t *loop, struct crowd *crowd) {
  for (int i = 0; i < kCrowd; i++) {
    close_stream(loop, crowd->streams[i]);
    peer_close(&crowd->peers[i]);
  }
}

#endif
