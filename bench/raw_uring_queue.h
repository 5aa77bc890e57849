/* What one socket has received and not yet sent: a list of pool buffers, linked by number. */
#ifndef BENCH_RAW_URING_QUEUE_H
#define BENCH_RAW_URING_QUEUE_H

#include "raw_uring_pool.h"

#include <sys/uio.h>

#define QUEUE_END UINT16_MAX
#define GATHER 16

struct queue {
  uint16_t head, tail;
  uint16_t offset; /* of the head, what is sent already */
  uint16_t count;
};

struct gather {
  struct msghdr msg;
  struct iovec iov[GATHER];
};

static struct pool pool;
static uint16_t next_of[POOL_SLOTS], length_of[POOL_SLOTS];

static inline void queue_push(struct queue *q, unsigned id, int length) {
  pool.given--;
  length_of[id] = (uint16_t)length;
  next_of[id] = QUEUE_END;
  if (q->count++ == 0)
    q->head = (uint16_t)id;
  else
    next_of[q->tail] = (uint16_t)id;
  q->tail = (uint16_t)id;
}

static inline void queue_pop(struct queue *q) {
  unsigned id = q->head;

  q->head = next_of[id];
  q->offset = 0;
  q->count--;
  pool_give(&pool, id);
}

static inline void queue_consume(struct queue *q, size_t n) {
  while (n > 0) {
    size_t left = (size_t)length_of[q->head] - q->offset;

    if (n < left) {
      q->offset = (uint16_t)(q->offset + n);
      return;
    }
    n -= left;
    queue_pop(q);
  }
}

static inline char *queue_data(const struct queue *q, size_t *length) {
  *length = (size_t)length_of[q->head] - q->offset;
  return pool_at(&pool, q->head) + q->offset;
}

/* Describes the first buffers of the queue; returns how many. */
static inline unsigned queue_gather(const struct queue *q, struct gather *g) {
  unsigned offset = q->offset, count = 0;

  for (unsigned id = q->head; id != QUEUE_END && count < GATHER; id = next_of[id]) {
    g->iov[count].iov_base = pool_at(&pool, id) + offset;
    g->iov[count++].iov_len = length_of[id] - offset;
    offset = 0;
  }
  g->msg.msg_iov = g->iov;
  g->msg.msg_iovlen = count;
  return count;
}

#endif
