// Runs one scene: features [--faults | --always] [--fail-memory N] [--list | SCENE]. Exits with 0 when all promises were
// kept. With --faults errors are expected, else each that the scene does not name is a fault of its own; with --always a
// call that fails for ever may be one whose failure is passed over, so that nobody is told. --fail-memory lets the Nth
// request for memory through the loop's hook fail.
#include "scene.h"

#include <descriptors.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

eddy_loop_t *loop;
int told;
static int faults_expected;
static const char *scene_name;

void broken(const char *what, const char *how) {
  printf("BROKEN: %s: %s: %s\n", scene_name, what, how);
  fflush(stdout);
  _exit(1);
}

int64_t said(const char *what, int64_t result, int64_t may) {
  if (result >= 0 || result == may) return result;
  told++;
  if (strcmp(eddy_error_name(result), "EDDY_EUNKNOWN") == 0)
    broken(what, "an error without a name");
  if (!faults_expected) broken(what, eddy_error_name(result));
  if (getenv("EDDY_FAULTS_VERBOSE")) printf("%s: %s\n", what, eddy_error_name(result));
  return result;
}

void own(const char *what) {
  told++;
  if (!faults_expected) broken(what, strerror(errno));
}

// Memory of the loop's hook, which is counted.

static long hook_asked, hook_fails, hook_live;

static void *hook_alloc(void *context, size_t size) {
  (void)context;
  if (++hook_asked == hook_fails) return NULL;
  void *memory = aligned_alloc(16, (size + 15) & ~(size_t)15);
  if (memory) hook_live++;
  return memory;
}

static void hook_release(void *context, void *memory, size_t size) {
  (void)context;
  (void)size;
  hook_live--;
  free(memory);
}

// Ops.

enum { ACTS = 256 };
static struct act acts[ACTS];
static int acts_used;

struct act *act(const char *what) {
  if (acts_used == ACTS) broken(what, "the scene has too many ops");
  struct act *made = &acts[acts_used++];
  made->what = what;
  return made;
}

void act_cb(eddy_op_t *op, int64_t result) {
  struct act *act = (struct act *)(void *)op; // the op is the first member
  said(act->what, result, act->may);
  if (eddy_op_more(op)) {
    act->payloads++;
  } else {
    act->result = result;
    if (++act->finals > act->started) broken(act->what, "ended more than once");
  }
  if (act->each) act->each(act, result);
}

struct act *started(struct act *act, int start) {
  act->started++;
  if (start == EDDY_DONE) {
    act->finals++;
    act->result = said(act->what, eddy_op_result(&act->op), act->may);
  } else if (start != EDDY_PENDING) {
    broken(act->what, "a start has failed");
  }
  return act;
}

// Turns until `act` has ended or has had `payloads`: whether it has, within the time.
static int turn(struct act *act, int payloads, eddy_time_t patience, eddy_time_t after_errors) {
  eddy_time_t begin = eddy_update_now(loop);
  while (eddy_op_pending(&act->op) && (payloads < 0 || act->payloads < payloads)) {
    eddy_time_t now = eddy_update_now(loop);
    if (now - begin > (told ? after_errors : patience)) return 0;
    eddy_loop_step(loop, now + 20 * EDDY_MILLISECOND);
  }
  return 1;
}

static int ended(struct act *act) { return act->finals == act->started; }

int64_t end_of(struct act *act) {
  payloads_of(act, -1);
  if (!ended(act)) broken(act->what, "it is not pending, and never ended");
  return act->result;
}

int payloads_of(struct act *act, int wanted) {
  if (!turn(act, wanted, 10 * EDDY_SECOND, 200 * EDDY_MILLISECOND)) {
    if (!told) broken(act->what, "it waits for ever, and nobody was told of an error");
    act->may = EDDY_ECANCELED;
    eddy_cancel(&act->op);
    if (!turn(act, -1, 10 * EDDY_SECOND, 10 * EDDY_SECOND))
      broken(act->what, "it cannot be cancelled");
  }
  return wanted >= 0 && act->payloads >= wanted;
}

// Handles.

enum { HANDLES = 64 };
static struct {
  void *handle;
  int (*close)(void *handle, eddy_op_t *op, eddy_cb cb);
} handles[HANDLES];
static int handles_used;

#define HANDLE_OF(kind, close_call)                                                                \
  static int close_##kind(void *handle, eddy_op_t *op, eddy_cb cb) {                               \
    return close_call(handle, op, cb);                                                             \
  }                                                                                                \
  eddy_##kind##_t *kind##_of(eddy_##kind##_t *handle) {                                            \
    if (!handle) return NULL;                                                                      \
    if (handles_used == HANDLES) broken(#kind, "the scene has too many handles");                  \
    handles[handles_used].handle = handle;                                                         \
    handles[handles_used++].close = close_##kind;                                                  \
    return handle;                                                                                 \
  }
HANDLE_OF(stream, eddy_stream_close)
HANDLE_OF(listener, eddy_listener_close)
HANDLE_OF(fd, eddy_fd_close)
HANDLE_OF(pool, eddy_pool_close)

void let_go(void *handle) {
  for (int i = 0; i < handles_used; i++)
    if (handles[i].handle == handle) handles[i].handle = NULL;
}

// Loops.

eddy_loop_t *another_loop(uint32_t flags) {
  eddy_loop_options_t options = {
      .size = sizeof options, .flags = flags, .alloc = hook_alloc, .release = hook_release};
  if (flags & EDDY_LOOP_MIGRATABLE) options.driver = EDDY_DRIVER_EPOLL;
  eddy_loop_t *made = NULL;
  int error = eddy_loop_open(&options, &made);
  if (error && made) broken("eddy_loop_open", "a loop in spite of an error");
  said("eddy_loop_open", error, 0);
  return made;
}

void end_loop(eddy_loop_t *which) {
  int64_t held = eddy_loop_drain(which, eddy_update_now(which) + 10 * EDDY_SECOND);
  if (held < 0) said("eddy_loop_drain", held, 0);
  if (held > 0) broken("eddy_loop_drain", "something is left");
  if (eddy_loop_close(which)) broken("eddy_loop_close", "refused after a drain");
}

// Bytes.

static char byte_at(uint64_t place) {
  return (char)(place * 31 + (place >> 8) * 7 + (place >> 16));
}

void fill(char *bytes, size_t size, uint64_t place) {
  for (size_t i = 0; i < size; i++) bytes[i] = byte_at(place + i);
}

void check_bytes(const char *what, const char *bytes, size_t size, uint64_t place) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != byte_at(place + i)) broken(what, "wrong bytes");
}

static void play(const struct scene *scene) {
  loop = another_loop(0);
  if (!loop) return;
  scene->run();
  for (int i = handles_used; i-- > 0;)
    if (handles[i].handle) handles[i].close(handles[i].handle, NULL, NULL);
  for (int i = 0; i < acts_used; i++) {
    acts[i].may = EDDY_ECANCELED;
    eddy_cancel(&acts[i].op);
    if (!ended(&acts[i])) end_of(&acts[i]);
  }
  end_loop(loop);
  for (int i = 0; i < acts_used; i++)
    if (!ended(&acts[i])) broken(acts[i].what, "ended more or less than once");
}

static const struct scene *find(const struct scene *in, const char *name) {
  for (; in->name; in++)
    if (strcmp(in->name, name) == 0) return in;
  return NULL;
}

int main(int argc, char **argv) {
  const char *name = NULL;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--faults") == 0)
      faults_expected = 1;
    else if (strcmp(argv[i], "--always") == 0)
      faults_expected = told = 1;
    else if (strcmp(argv[i], "--fail-memory") == 0 && i + 1 < argc)
      hook_fails = atol(argv[++i]);
    else if (strcmp(argv[i], "--list") == 0) {
      for (const struct scene *s = stream_scenes; s->name; s++) puts(s->name);
      for (const struct scene *s = loop_scenes; s->name; s++) puts(s->name);
      return 0;
    } else
      name = argv[i];
  }
  const struct scene *scene = name ? find(stream_scenes, name) : NULL;
  if (name && !scene) scene = find(loop_scenes, name);
  if (!scene) return fprintf(stderr, "no such scene\n"), 2;
  scene_name = scene->name;

  int before = open_descriptors();
  play(scene);
  int left = open_descriptors() - before;
  for (int tries = 0; left && tries < 50; tries++) { // a thread that ends has some for a moment
    usleep(2000);
    left = open_descriptors() - before;
  }
  // What a process keeps from its first loop on is none of them.
  if (left > 0) broken("descriptors", "some are left open");
  if (hook_live) broken("memory", "some is not given back");
  printf("kept: %s, %d errors told, %ld requests for memory\n", scene_name, told, hook_asked);
  return 0;
}
