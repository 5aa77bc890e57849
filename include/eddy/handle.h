/* What all handles have in common. A stream, listener, pool or descriptor handle may be cast to eddy_handle_t *.

   A binding that keeps a handle's pointer keeps its generation beside it, and asks before each use:

     uint32_t generation = eddy_handle_generation((eddy_handle_t *)stream);
     ...
     if (eddy_handle_generation((eddy_handle_t *)stream) != generation) return EDDY_ECLOSED; */
#ifndef EDDY_HANDLE_H
#define EDDY_HANDLE_H

#include <eddy/base.h>

typedef struct eddy_handle eddy_handle_t;

/* A number, not 0, that tells a handle from all others that have lived or will live in the same memory. 0 from the
   start of its close or release on, if that was not refused, and when it is NULL. The memory of a handle can be read
   until its loop is closed. The loop's thread. */
EDDY_API uint32_t eddy_handle_generation(const eddy_handle_t *handle);

/* Its loop, closed or not; NULL when it is NULL. Memory and thread as above. */
EDDY_API eddy_loop_t *eddy_handle_loop(const eddy_handle_t *handle);

/* A pointer of the user's, which the library never follows. A new handle, also one that was accepted or adopted, has
   NULL; it is there until the callback of the close has returned. NULL when the handle is. The loop's thread. */
EDDY_API void *eddy_handle_data(const eddy_handle_t *handle);
EDDY_API void eddy_handle_set_data(eddy_handle_t *handle, void *data);

#endif
