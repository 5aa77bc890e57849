// A scene uses some features of a loop as a program would, and holds under any fault: whatever a call or an op tells is
// an error with a name, each op ends once, bytes arrive in order or not at all, and nothing is left in the end.
#ifndef EDDY_FAULTS_SCENE_H
#define EDDY_FAULTS_SCENE_H

#include <eddy.h>

// An op and what came of it. It lives as long as the scene.
struct act {
  eddy_op_t op;
  const char *what;
  int started, finals, payloads;
  int64_t result;                      // of the final callback
  int64_t may;                         // an error that it may end with, though nothing is wrong
  void (*each)(struct act *, int64_t); // after each callback
  void *context;
};

extern eddy_loop_t *loop; // of the scene
extern int told;          // errors that somebody was told of

// Ends the program: a promise was broken.
void broken(const char *what, const char *how);

// A result of eddy's: an error is counted, and must have a name; without faults it must be `may`.
int64_t said(const char *what, int64_t result, int64_t may);
// A call of the program's own to the system has failed, which may be the fault.
void own(const char *what);

struct act *act(const char *what);
void act_cb(eddy_op_t *op, int64_t result);
struct act *started(struct act *act, int start);
// Runs the loop until the op has ended. One that waits for something which never comes is cancelled, if somebody was told
// of an error; else it is a broken promise.
int64_t end_of(struct act *act);
// The same until it has had as many payloads, or ended: whether it has had them.
int payloads_of(struct act *act, int wanted);

// Handles are closed with the scene, if they are not before.
eddy_stream_t *stream_of(eddy_stream_t *stream);
eddy_listener_t *listener_of(eddy_listener_t *listener);
eddy_fd_t *fd_of(eddy_fd_t *fd);
eddy_pool_t *pool_of(eddy_pool_t *pool);
void let_go(void *handle); // it was closed or released

eddy_loop_t *another_loop(uint32_t flags);
void end_loop(eddy_loop_t *which); // drained and closed, or a broken promise

#define SAID(call) said(#call, call, 0)
#define MAY(error, call) said(#call, call, error)
#define OK(call) (SAID(call) >= 0)

// Starts an op: a = START(eddy_sleep(loop, OP, at, CB)).
#define OP (&act_of_start->op)
#define CB act_cb
#define START(call) START_MAY(0, call)
#define START_MAY(error, call)                                                                     \
  ({                                                                                               \
    struct act *act_of_start = act(#call);                                                         \
    act_of_start->may = (error);                                                                   \
    started(act_of_start, call);                                                                   \
  })

// Bytes that tell their place in a stream.
void fill(char *bytes, size_t size, uint64_t place);
void check_bytes(const char *what, const char *bytes, size_t size, uint64_t place);

struct scene {
  const char *name;
  void (*run)(void);
};
extern const struct scene stream_scenes[], loop_scenes[]; // up to a NULL

#endif
