/* Work: functions that block or compute, run on threads of a pool so that no loop waits for them.

   A work op's function runs on a thread of the pool, its callback on the loop's thread. What one
   wrote the other sees. Functions of one pool begin in start order; they end in any. No allocation
   per op.

   There is one pool for the whole process, which nobody has to open. Its threads start when they
   are needed and end when they have been idle. Pools of one's own keep work apart: slow lookups
   from file reads, computations from both. A pool serves any number of loops.

   In a forked child (rule 15) a pool has no threads and no work. It starts anew when it gets some,
   on a loop of the child's own or one given to eddy_loop_after_fork. A child forked inside fn must
   end by exec or _exit: returning from fn there aborts. */

/* Example.

   #include <stdio.h>

   struct sum {
     eddy_op_t op; // zeroed
     const uint8_t *bytes;
     size_t size;
   };

   static int64_t add_up(void *argument) { // on a thread of the pool
     struct sum *sum = argument;
     int64_t total = 0;
     for (size_t i = 0; i < sum->size; i++) total += sum->bytes[i];
     return total;
   }

   static void on_sum(eddy_op_t *op, int64_t result) { // on the loop's thread
     (void)op;
     if (result < 0) fprintf(stderr, "sum: %s\n", eddy_error_text(result));
   }

   static int start_sum(eddy_loop_t *loop, struct sum *sum) {
     return eddy_work(loop, &sum->op, add_up, sum, on_sum);
   } */
#ifndef EDDY_WORK_H
#define EDDY_WORK_H

#include <eddy/op.h>

/* Runs on a thread of the pool. What it returns is the op's result: by custom 0 or more, or an
   error of <eddy/error.h>, but any number passes. It must not throw, longjmp or end its thread. Of
   eddy's functions it may call those that say "any thread". It runs with signals blocked, so that
   signals reach the program's own threads. Those of a fault of its own (SIGSEGV and the like) and
   of profilers are not blocked. */
typedef int64_t (*eddy_work_fn)(void *argument);

/* Runs fn(argument) on a thread of the process-wide pool, then cb(op, what fn returned) on the
   loop's thread. `argument` is lent until the final callback (rule 6). Results of eddy's own:
     EDDY_ECANCELED, EDDY_ETIMEDOUT   cancelled, or past its deadline, before it began: fn did not
                   run
     EDDY_EAGAIN   the queue of the pool is full; or there is no thread at all and the system
                   refuses one (eddy_op_os_error is set: pthread_create(3) and its limits). While
                   one thread lives, refused ones cost speed only
     EDDY_ENOMEM   as above, for want of memory
     EDDY_ECLOSED  the loop is draining
     EDDY_EINVAL   fn is NULL; or the environment's EDDY_WORKERS is not a number of 1 to 1024
   Cancel class at-return. An op that waits for a thread ends at once. One that runs ends when fn
   returns, with what fn returned, cancelled or not (see eddy_work_canceled). Until then
   eddy_loop_drain reports it as held and eddy_loop_close gives EDDY_EBUSY. With EDDY_OP_INLINE only
   a refusal ends inline. The loop's thread. */
EDDY_API int eddy_work(eddy_loop_t *loop, eddy_op_t *op, eddy_work_fn fn, void *argument,
                       eddy_cb cb);

/* The same in a pool of one's own; NULL is the process-wide one. */
EDDY_API int eddy_work_in(eddy_workers_t *workers, eddy_loop_t *loop, eddy_op_t *op,
                          eddy_work_fn fn, void *argument, eddy_cb cb);

/* For long functions: 1 once the work op has been cancelled or its deadline was seen to pass by the
   loop, else 0. Inside fn, on any thread. (How fn learns of its op is the program's matter: usually
   `argument` holds it.) */
EDDY_API int eddy_work_canceled(const eddy_op_t *op);

/* Zero means default everywhere. `size` is sizeof(eddy_workers_options_t). */
typedef struct eddy_workers_options {
  uint32_t size;
  uint32_t threads; /* at most, 1 to 1024; default 4 for each processor the process may use, but 16
                       at least, for work that blocks. For computations use the number of
                       processors */
  uint32_t keep;    /* threads that stay although idle, up to `threads`; default none */
  uint32_t queue;   /* ops that may wait for a thread: more get EDDY_EAGAIN; default no limit */
  uint64_t stack_size; /* bytes of a thread's stack, 64 KiB to 1 GiB, rounded up to pages; default
                          2 MiB (address space: memory is taken when it is touched) */
  eddy_time_t idle;    /* nanoseconds after which an idle thread ends; default 10 s; EDDY_NEVER */
} eddy_workers_options_t;

/* Opens a pool. `options` may be NULL, and is read before it returns. No thread starts before there
   is work. On success *workers is the pool, to be ended with eddy_workers_close. Else it is NULL
   and the result is
     EDDY_EINVAL   an option is out of range, or `size` too small
     EDDY_ENOTSUP  an unknown option is set
     EDDY_ENOMEM   no memory
   The process-wide pool has the defaults, but the environment's EDDY_WORKERS=N sets its `threads`.
   It is never closed, and a library that has run in a process stays loaded. Any thread. */
EDDY_API int eddy_workers_open(const eddy_workers_options_t *options, eddy_workers_t **workers);

/* Ends the pool's threads, waits for them (they are idle) and frees the pool. Returns 0, or with
   nothing changed
     EDDY_EBUSY    an op of it waits, runs or has its callback still to come
   Any thread; no start of work in the pool may race it. In a forked child it frees the child's
   copy. */
EDDY_API int eddy_workers_close(eddy_workers_t *workers);

/* What a pool is doing, for logs and metrics: true at some moment during the call. */
typedef struct eddy_workers_stats {
  uint32_t size;    /* set by the caller to sizeof(eddy_workers_stats_t) */
  uint32_t threads; /* started and not ended, idle ones too */
  uint32_t idle;    /* of them, waiting for work */
  uint32_t queued;  /* ops that wait for a thread */
  uint64_t refused; /* threads that the system refused to start, ever */
} eddy_workers_stats_t;

/* Fills `stat` up to its `size`; NULL is the process-wide pool. Returns 0, or
     EDDY_EINVAL   `size` is smaller than the first version's or larger than 4096
   Any thread. */
EDDY_API int eddy_workers_stat(eddy_workers_t *workers, eddy_workers_stats_t *stat);

#endif
