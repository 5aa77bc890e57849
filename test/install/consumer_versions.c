/* Every struct that says its size. Built with the headers of one version and run with the library of another; NEWER:
   these headers have one more member at the end of each. */
#include <eddy.h>
#include <stdio.h>
#include <string.h>

static int failures;

static void check(int64_t result, int64_t wanted, const char *what) {
  if (result == wanted) return;
  printf("%s: %s, not %s\n", what, eddy_error_name(result), eddy_error_name(wanted));
  failures++;
}

static eddy_loop_t *loop;

static int try_loop(const eddy_loop_options_t *options) {
  eddy_loop_t *other;
  int error = eddy_loop_open(options, &other);
  return error ? error : eddy_loop_close(other);
}

static int try_listener(const eddy_listen_options_t *options) {
  eddy_listener_t *listener;
  eddy_addr_t address;
  eddy_addr_loopback(&address, EDDY_AF_INET, 0);
  int error = eddy_listener_open(loop, &address, options, &listener);
  if (error == 0) eddy_listener_close(listener, NULL, NULL);
  return error;
}

static int try_pool(const eddy_pool_options_t *options) {
  eddy_pool_t *pool;
  int error = eddy_pool_open(loop, options, &pool);
  if (error == 0) eddy_pool_close(pool, NULL, NULL);
  return error;
}

static int try_workers(const eddy_workers_options_t *options) {
  eddy_workers_t *workers;
  int error = eddy_workers_open(options, &workers);
  return error ? error : eddy_workers_close(workers);
}

/* What the caller's version has is filled, and no byte behind it. */
static void result(void) {
  struct {
    eddy_workers_stats_t stats;
    unsigned char behind[64];
  } room;
  memset(&room, 0x55, sizeof room);
  room.stats.size = sizeof room.stats;
  check(eddy_workers_stat(NULL, &room.stats), 0, "eddy_workers_stat");
  for (size_t i = 0; i < sizeof room.behind; i++)
    if (room.behind[i] != 0x55) failures++, printf("eddy_workers_stat writes behind its struct\n");
  if (room.stats.size != sizeof room.stats || room.stats.threads || room.stats.refused)
    failures++, printf("eddy_workers_stat: %u bytes\n", room.stats.size);
#ifdef NEWER
  if (room.stats.newer) failures++, printf("eddy_workers_stat knows the future\n");
#endif
}

int main(void) {
  eddy_loop_options_t of_loop = {.size = sizeof of_loop, .flags = EDDY_LOOP_MIGRATABLE};
  eddy_listen_options_t of_listener = {.size = sizeof of_listener, .backlog = 5};
  eddy_pool_options_t of_pool = {.size = sizeof of_pool, .buffers = 4};
  eddy_workers_options_t of_workers = {.size = sizeof of_workers, .idle = EDDY_SECOND};
  check(eddy_loop_open(NULL, &loop), 0, "a loop");
  check(try_loop(&of_loop), 0, "eddy_loop_options_t");
  check(try_listener(&of_listener), 0, "eddy_listen_options_t");
  check(try_pool(&of_pool), 0, "eddy_pool_options_t");
  check(try_workers(&of_workers), 0, "eddy_workers_options_t");
  result();
#ifdef NEWER
  of_loop.newer = of_listener.newer = of_pool.newer = of_workers.newer = 1;
  check(try_loop(&of_loop), EDDY_ENOTSUP, "what eddy_loop_options_t asks for");
  check(try_listener(&of_listener), EDDY_ENOTSUP, "what eddy_listen_options_t asks for");
  check(try_pool(&of_pool), EDDY_ENOTSUP, "what eddy_pool_options_t asks for");
  check(try_workers(&of_workers), EDDY_ENOTSUP, "what eddy_workers_options_t asks for");
#endif
  eddy_loop_drain(loop, EDDY_NEVER);
  check(eddy_loop_close(loop), 0, "the loop's close");
  return failures != 0;
}
