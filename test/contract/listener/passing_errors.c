// Errors that concern single connections, or that the system will get over, end no listener, whatever waits on it.
// Linked with --wrap=accept4.
#include "needs.h"

#if HAS_CALL_WRAPS

#include "peer.h"

#include <errno.h>

// First those of single connections, of which one turn passes over many.
static const int passing[] = {ECONNABORTED,    ECONNRESET,      ETIMEDOUT,   EPROTO,
                              EPERM,           ENETDOWN,        ENETUNREACH, EHOSTDOWN,
                              EHOSTUNREACH,    ENONET,          ENOPROTOOPT, EOPNOTSUPP,
                              ESOCKTNOSUPPORT, EPROTONOSUPPORT, EMFILE,      ENFILE,
                              ENOBUFS,         ENOMEM,          ENOSR};
enum { SINGLE = 14, TRIES = 16 };

static struct server {
  struct rec op;
  eddy_listener_t *listener;
  struct peer peer;
  int fails; // calls that are still to fail
} each[COUNT(passing)];

int __real_accept4(int, struct sockaddr *, socklen_t *, int);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags) {
  for (int i = 0; i < COUNT(passing); i++) {
    if (!each[i].listener || eddy_listener_native(each[i].listener) != fd || !each[i].fails)
      continue;
    each[i].fails--;
    errno = passing[i];
    return -1;
  }
  return __real_accept4(fd, addr, size, flags);
}

static int accepted;

static void take(struct rec *rec, int64_t result) {
  if (result == 0 && (eddy_op_more(&rec->op) || rec->finals)) accepted++; // not taken: closed
}

static void restart(struct rec *rec, int64_t result) {
  struct server *server = (struct server *)(void *)rec;
  take(rec, result);
  if (result != EDDY_ECANCELED && result != 0)
    eddy_listener_accept(server->listener, &rec->op, rec_cb);
}

// Each of them fails once more than one turn tries.
static void serve(eddy_loop_t *loop, int start(eddy_listener_t *, eddy_op_t *, eddy_cb),
                  void (*then)(struct rec *, int64_t), int64_t final) {
  accepted = 0;
  for (int i = 0; i < COUNT(passing); i++) {
    eddy_addr_t addr;
    each[i].listener = listen_loopback(loop, &addr);
    each[i].op = (struct rec){.then = then};
    each[i].fails = i < SINGLE ? TRIES + 1 : 1;
    if (start)
      start(each[i].listener, &each[i].op.op, rec_cb);
    else
      eddy_listener_accept_many(each[i].listener, &each[i].op.op, 0, rec_cb);
    each[i].peer = peer_connect(&addr);
  }
  turn_until(loop, &accepted, COUNT(passing));
  for (int i = 0; i < COUNT(passing); i++) {
    eddy_listener_close(each[i].listener, NULL, NULL);
    each[i].listener = NULL;
    peer_close(&each[i].peer);
  }
  all_ended(loop);
  for (int i = 0; i < COUNT(passing); i++) assert_int_equal(each[i].op.result, final);
}

static void accept_many_goes_on(void **state) {
  serve(LOOP(state), NULL, take, EDDY_ECANCELED);
  for (int i = 0; i < COUNT(passing); i++) assert_true(each[i].op.mores >= 2); // it was told
}

static void accept_next_does_not_end(void **state) {
  serve(LOOP(state), eddy_listener_accept_next, take, 0);
  for (int i = 0; i < COUNT(passing); i++) assert_int_equal(each[i].op.calls, 1);
}

static void accept_may_be_started_again(void **state) {
  serve(LOOP(state), eddy_listener_accept, restart, 0);
  for (int i = 0; i < COUNT(passing); i++) assert_true(each[i].op.calls >= 2); // it was told
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(accept_many_goes_on),
                                     FIXTURE_TEST(accept_next_does_not_end),
                                     FIXTURE_TEST(accept_may_be_started_again)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("the linker does not put it in the place of accept4 here; windows_accept_errors does "
            "so with accept");
#endif
