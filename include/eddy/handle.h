/* What all handles have in common. A stream, listener, pool or descriptor handle may be cast to
   eddy_handle_t *.

   A binding that keeps a handle's pointer keeps its generation beside it, and asks before each use.
   A program that ends closes whatever it has left open, and says what keeps its loop alive if that
   does not end. The examples show both. */

/* Example.

   #include <eddy/stream.h>

   struct kept {
     eddy_stream_t *stream;
     uint32_t generation;
   };

   static struct kept keep(eddy_stream_t *stream) {
     struct kept kept = {stream, eddy_handle_generation((eddy_handle_t *)stream)};
     return kept;
   }

   static int close_kept(struct kept kept) {
     if (eddy_handle_generation((eddy_handle_t *)kept.stream) != kept.generation)
       return EDDY_ECLOSED;
     return eddy_stream_close(kept.stream, NULL, NULL);
   } */

/* Example.

   #include <stdio.h>

   static void close_it(eddy_handle_t *handle, void *argument) {
     (void)argument;
     eddy_handle_close(handle, NULL, NULL);
   }

   static void print(const char *line, void *argument) {
     fprintf(argument, "%s\n", line);
   }

   static void end_all(eddy_loop_t *loop) {
     eddy_loop_walk(loop, close_it, NULL);
     eddy_loop_dump(loop, print, stderr);
   } */
#ifndef EDDY_HANDLE_H
#define EDDY_HANDLE_H

#include <eddy/base.h>
#include <eddy/op.h>

typedef struct eddy_handle eddy_handle_t;

enum { EDDY_HANDLE_STREAM = 1, EDDY_HANDLE_LISTENER = 2, EDDY_HANDLE_FD = 3, EDDY_HANDLE_POOL = 4 };

/* EDDY_HANDLE_*. It is 0 once the callback of the handle's close has come (or would have), and when
   the handle is NULL. The memory of a handle can be read until its loop is closed. The loop's
   thread. */
EDDY_API uint32_t eddy_handle_kind(const eddy_handle_t *handle);

/* "stream", "listener", "fd", "pool"; NULL for any other number. Static. Any thread. */
EDDY_API const char *eddy_handle_kind_name(uint32_t kind);

/* A number, not 0, that tells a handle from all others that have lived or will live in the same
   memory. It is 0 from the start of the handle's close or release on, if that was not refused, and
   when the handle is NULL. Memory and thread as above. */
EDDY_API uint32_t eddy_handle_generation(const eddy_handle_t *handle);

/* Its loop, closed or not; NULL when it is NULL. Memory and thread as above. */
EDDY_API eddy_loop_t *eddy_handle_loop(const eddy_handle_t *handle);

/* 1 from the start of its close or release on, by its user or by a drain, and when it is closed;
   else 0. It is 0 when the handle is NULL. Memory and thread as above. */
EDDY_API int eddy_handle_closing(const eddy_handle_t *handle);

/* A pointer of the user's, which the library never follows. A new handle, also one that was
   accepted or adopted, has NULL. The pointer is there until the callback of the close has returned.
   It is NULL when the handle is, and setting it then aborts. The loop's thread. */
EDDY_API void *eddy_handle_data(const eddy_handle_t *handle);
EDDY_API void eddy_handle_set_data(eddy_handle_t *handle, void *data);

/* Closes a handle of any kind, as the close of its kind does: eddy_stream_close,
   eddy_listener_close, eddy_fd_close, eddy_pool_close. `op` and `cb` may both be NULL. Returns
   EDDY_PENDING. NULL, a handle that is closed, and what is no handle abort by name. The loop's
   thread. */
EDDY_API int eddy_handle_close(eddy_handle_t *handle, eddy_op_t *op, eddy_cb cb);

/* Called with each handle of a walk. It may close any of them. */
typedef void (*eddy_walk_fn)(eddy_handle_t *handle, void *argument);

/* Visits every open handle of the loop, in the order in which they were opened: those that were
   open when it began, and are still when their turn comes. Handles that are closing are left out,
   and so are accepted streams that nobody has taken. The loop's thread, inside or outside of
   callbacks. */
EDDY_API void eddy_loop_walk(eddy_loop_t *loop, eddy_walk_fn visit, void *argument);

/* Called with each line of a dump, without its end. The text is gone when it returns. */
typedef void (*eddy_line_fn)(const char *text, void *argument);

/* Tells, for people, what a loop has: each handle with its data and its pending ops, the ops of no
   handle, and those whose callback is due. Of each op it says what it waits for and the time that
   is left. Changes nothing. The form of the lines may change in any release. `line` must start,
   cancel and close nothing. The loop's thread. */
EDDY_API void eddy_loop_dump(eddy_loop_t *loop, eddy_line_fn line, void *argument);

#endif
