/* Receive pools: buffers that the loop fills, shared by many streams. An idle connection holds
   none.

   A pool belongs to one loop. All functions are for that loop's thread. A null pool, op
   or lease, and a pool that has ended, aborts with a message. */

/* Example.

   #include <eddy/stream.h>
   #include <stdio.h>

   // The op's `data` is the pool.
   static void on_bytes(eddy_op_t *op, int64_t result) {
     eddy_lease_t lease;
     if (eddy_op_peek_lease(op, &lease)) fwrite(lease.data, 1, lease.size, stdout);
     if (eddy_op_more(op)) return;
     if (result < 0) fprintf(stderr, "read: %s\n", eddy_error_text(result));
     eddy_pool_close(op->data, NULL, NULL);
   }

   static int print_all(eddy_loop_t *loop, eddy_stream_t *stream, eddy_op_t *op) {
     eddy_pool_options_t options = {.size = sizeof options, .buffer_size = 4096, .buffers = 8};
     eddy_pool_t *pool;
     int error = eddy_pool_open(loop, &options, &pool);
     if (error) return error;
     op->data = pool;
     return eddy_stream_read_pool(stream, op, pool, 0, on_bytes);
   } */
#ifndef EDDY_POOL_H
#define EDDY_POOL_H

#include <eddy/base.h>
#include <eddy/op.h>

/* A filled buffer on loan to you, until eddy_pool_give: `size` bytes from `data` on. It may outlive
   its stream, and keeps the pool's memory. `id` carries a generation: a lease given back twice is
   noticed. */
typedef struct eddy_lease {
  void *data;
  size_t size;
  uint64_t id;
} eddy_lease_t;

/* Zero means default. */
typedef struct eddy_pool_options {
  uint32_t size;        /* sizeof(eddy_pool_options_t) */
  uint32_t buffer_size; /* 64 to 1 MiB, rounded up to a multiple of 64; default 16384 */
  uint32_t buffers;     /* 1 to 32768; default 256 */
  uint32_t reserved;    /* 0 */
} eddy_pool_options_t;

/* Opens a pool on a loop. `options` may be NULL, and is read before it returns. The pool's memory
   (buffers x buffer_size) is reserved at once, and used as buffers are filled. The pool ends with
   eddy_pool_close. Returns 0, or with *pool NULL
     EDDY_EINVAL  an option is out of range, or `size` is too small
     EDDY_ENOTSUP an unknown option is set, or `reserved`
     EDDY_ECLOSED the loop is draining
     EDDY_ENOMEM  no memory */
EDDY_API int eddy_pool_open(eddy_loop_t *loop, const eddy_pool_options_t *options,
                            eddy_pool_t **pool);

/* Closes a pool. Reads pending on it end with EDDY_ECANCELED. Its memory goes when the last lease
   is given back. `op` and `cb` may both be NULL. Returns EDDY_PENDING. Rule 8. */
EDDY_API int eddy_pool_close(eddy_pool_t *pool, eddy_op_t *op, eddy_cb cb);

/* Takes the lease of a pool read's callback (eddy_stream_read_pool). Returns 1 and fills *lease, or
   0 when there is none or it was taken. A lease that is not taken goes back when the callback
   returns. */
EDDY_API int eddy_op_take_lease(eddy_op_t *op, eddy_lease_t *lease);

/* Shows the lease without taking it, with an `id` of 0: for a callback that only looks at the
   bytes. Same result. */
EDDY_API int eddy_op_peek_lease(const eddy_op_t *op, eddy_lease_t *lease);

/* Gives a lease back by its id. Wakes, in order, reads that wait for a buffer or a credit. Legal
   until the pool's last lease is back, also after eddy_pool_close. Returns 0, or
     EDDY_EINVAL  the id is not on loan from this pool (given back already)
     EDDY_ECLOSED a forked child's copy of a pool, and its loop was not given to
                  eddy_loop_after_fork */
EDDY_API int eddy_pool_give(eddy_pool_t *pool, uint64_t id);

/* How many buffers are free: neither on loan nor filled and waiting for a callback. */
EDDY_API uint32_t eddy_pool_free(const eddy_pool_t *pool);

#endif
