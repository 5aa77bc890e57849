// Functions for threads of a pool that a test can hold and let go.
#ifndef EDDY_TEST_WORK_H
#define EDDY_TEST_WORK_H

#include "rule_tools.h"
#include "trap.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

// Work that waits inside its function until the test opens the gate.
struct gate {
  sem_t entered, open;
  atomic_int runs;
  int64_t value;
};

static inline void gate_init(struct gate *gate, int64_t value) {
  sem_init(&gate->entered, 0, 0);
  sem_init(&gate->open, 0, 0);
  gate->value = value;
  gate->runs = 0;
}

static inline void sem_take(sem_t *sem) {
  while (sem_wait(sem)) continue; // EINTR
}

static inline int64_t pass_gate(void *argument) {
  struct gate *gate = argument;
  gate->runs++;
  sem_post(&gate->entered);
  sem_take(&gate->open);
  return gate->value;
}

static inline int64_t count_run(void *argument) { return ++*(atomic_int *)argument; }

// For loops on several threads: rec_cb counts over all records.
static inline void end_cb(eddy_op_t *op, int64_t result) {
  struct rec *rec = (struct rec *)(void *)op;
  rec->finals++;
  rec->result = result;
}

static inline eddy_workers_t *workers_with(uint32_t threads, uint32_t queue) {
  eddy_workers_options_t options = {.size = sizeof options, .threads = threads, .queue = queue};
  eddy_workers_t *workers = NULL;
  CHECK_EQ(eddy_workers_open(&options, &workers), 0);
  return workers;
}

static inline eddy_workers_stats_t stat_of(eddy_workers_t *workers) {
  eddy_workers_stats_t stat = {.size = sizeof stat};
  CHECK_EQ(eddy_workers_stat(workers, &stat), 0);
  return stat;
}

#endif
