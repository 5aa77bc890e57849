// A full descriptor table: an accept that is started again in its callback does not spin, whatever its kind, and neither
// does one that never ends by it.
#include "needs.h"

#if HAS_DESCRIPTOR_LIMIT

#include "trap.h"

struct server {
  eddy_listener_t *listener;
  struct rec op;
  int errors;
};

static void again(struct rec *rec, int64_t result) {
  struct server *server = rec->context;
  if (result == EDDY_EMFILE)
    server->errors++;
  else
    CHECK_EQ(result, 0);
  if (result != 0) eddy_listener_accept(server->listener, &rec->op, rec_cb);
}

static void fill(int *table, int *used) {
  int fd;
  while ((fd = dup(0)) >= 0) table[(*used)++] = fd;
  CHECK_EQ(errno, EMFILE);
}

static struct server serve(eddy_loop_t *loop, eddy_addr_t *addr) {
  struct server server = {0};
  eddy_addr_loopback(addr, EDDY_AF_INET, 0);
  CHECK_EQ(eddy_listener_open(loop, addr, NULL, &server.listener), 0);
  CHECK_EQ(eddy_listener_address(server.listener, addr), 0);
  eddy_loop_step(loop, 0);
  return server;
}

static void restarted(void *flags) {
  struct rlimit limit = {64, 64};
  eddy_loop_t *loop = open_with(NULL);
  eddy_addr_t addr;
  struct server server = serve(loop, &addr);
  server.op = (struct rec){.then = again, .context = &server};
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  int peer = socket(AF_INET, SOCK_STREAM, 0), table[64], used = 0, turns = 0;
  fill(table, &used);
  connect_raw(peer, &addr);
  eddy_op_set_flags(&server.op.op, *(uint32_t *)flags);
  while (eddy_listener_accept(server.listener, &server.op.op, rec_cb) == EDDY_DONE) {
    CHECK_EQ(eddy_op_result(&server.op.op), EDDY_EMFILE);
    CHECK(++server.errors == 1); // once inline, then it waits
  }
  while (!server.errors) eddy_loop_step(loop, EDDY_NEVER);
  eddy_time_t since = eddy_update_now(loop);
  for (turns = 0; turns < 100; turns++) eddy_loop_step(loop, 0);
  eddy_time_t rests =
      (eddy_update_now(loop) - since) / (100 * EDDY_MILLISECOND); // on a slow machine
  CHECK((eddy_time_t)server.errors <= 2 + rests);
  for (turns = 0; server.errors < 3; turns++) eddy_loop_step(loop, EDDY_NEVER);
  CHECK(turns <= 20); // it sleeps meanwhile
  while (used) close(table[--used]);
  UNTIL(loop, server.op.result == 0 && server.op.finals);
  end_loop(loop);
}

static void patient(void *unused) {
  (void)unused;
  struct rlimit limit = {64, 64};
  eddy_loop_t *loop = open_with(NULL);
  eddy_addr_t addr;
  struct server server = serve(loop, &addr);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  int peer = socket(AF_INET, SOCK_STREAM, 0), table[64], used = 0;
  fill(table, &used);
  connect_raw(peer, &addr);
  struct rec cancelled = {0}, limited = {0};
  eddy_listener_accept_next(server.listener, &cancelled.op, rec_cb);
  eddy_op_set_deadline(&limited.op, eddy_now(loop) + 50 * EDDY_MILLISECOND);
  eddy_listener_accept_next(server.listener, &limited.op, rec_cb);
  eddy_listener_accept_next(server.listener, &server.op.op, rec_cb);
  UNTIL(loop, limited.finals);
  CHECK_EQ(limited.result, EDDY_ETIMEDOUT);
  eddy_cancel(&cancelled.op);
  UNTIL(loop, cancelled.finals);
  CHECK_EQ(cancelled.result, EDDY_ECANCELED);
  CHECK_EQ(server.op.calls, 0);
  while (used) close(table[--used]);
  UNTIL(loop, server.op.finals);
  CHECK_EQ(server.op.result, 0);
  end_loop(loop);
}

static void restarted_in_its_callback(void **state) {
  (void)state;
  uint32_t flags = 0;
  run_child(restarted, &flags);
}

static void restarted_with_inline_ends(void **state) {
  (void)state;
  uint32_t flags = EDDY_OP_INLINE;
  run_child(restarted, &flags);
}

static void never_ended_by_it(void **state) {
  (void)state;
  run_child(patient, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(restarted_in_its_callback),
                                     cmocka_unit_test(restarted_with_inline_ends),
                                     cmocka_unit_test(never_ended_by_it)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("there is no limit of descriptors here");
#endif
