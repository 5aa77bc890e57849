// How many clients find an instance of a pipe on Windows while no accept waits: as many as at first, whatever became
// of the instances before.
#include "needs.h"

#if HAS_WINDOWS

#include "local.h"

static HANDLE WINAPI note(LPCWSTR name, DWORD open, DWORD mode, DWORD most, DWORD out, DWORD in,
                          DWORD limit, LPSECURITY_ATTRIBUTES security);
// What the library calls for CreateNamedPipeW.
void *__imp_CreateNamedPipeW = (void *)note;

enum { NOTED = 64, INSTANCES = 4 };
static HANDLE noted[NOTED];
static int count, refusals;

static HANDLE WINAPI note(LPCWSTR name, DWORD open, DWORD mode, DWORD most, DWORD out, DWORD in,
                          DWORD limit, LPSECURITY_ATTRIBUTES security) {
  if (refusals && refusals--) {
    SetLastError(ERROR_NO_SYSTEM_RESOURCES);
    return INVALID_HANDLE_VALUE;
  }
  HANDLE(WINAPI * real)(LPCWSTR, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD, LPSECURITY_ATTRIBUTES);
  FARPROC found = GetProcAddress(GetModuleHandleA("kernel32.dll"), "CreateNamedPipeW");
  memcpy(&real, &found, sizeof real);
  HANDLE handle = real(name, open, mode, most, out, in, limit, security);
  if (handle != INVALID_HANDLE_VALUE && count < NOTED) noted[count++] = handle;
  return handle;
}

struct place {
  char name[128];
  eddy_addr_t addr;
  eddy_listener_t *listener;
};

static void listen_at(eddy_loop_t *loop, struct place *place) {
  count = refusals = 0;
  place->listener = local_listen(loop, &place->addr);
  memcpy(place->name, place->addr.bytes, place->addr.length);
  place->name[place->addr.length] = 0;
}

static HANDLE come(const struct place *place) {
  HANDLE handle =
      CreateFileA(place->name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
  assert_true(handle != INVALID_HANDLE_VALUE || GetLastError() == ERROR_PIPE_BUSY);
  return handle;
}

// The clients that get in, which stay.
static int fill(const struct place *place, HANDLE clients[2 * INSTANCES]) {
  int in = 0;
  while (in < 2 * INSTANCES && (clients[in] = come(place)) != INVALID_HANDLE_VALUE) in++;
  return in;
}

static void close_all(HANDLE *handles, int number) {
  for (int i = 0; i < number; i++) CloseHandle(handles[i]);
}

static void accept_some(eddy_loop_t *loop, const struct place *place, int number) {
  for (int i = 0; i < number; i++) {
    struct rec accept = {.then = take_accepted};
    eddy_listener_accept(place->listener, &accept.op, rec_cb);
    turn_until(loop, &accept.finals, 1);
    assert_int_equal(accept.result, 0);
    close_stream(loop, accept.context);
  }
}

// Each accept makes room for one, before its callback.
static void after_accepts(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct place place;
  listen_at(loop, &place);
  for (int round = 1; round <= INSTANCES; round++) {
    HANDLE clients[2 * INSTANCES], more[2 * INSTANCES];
    assert_int_equal(fill(&place, clients), INSTANCES);
    turns(loop, 3);
    assert_int_equal(fill(&place, more), 0); // nobody has accepted them
    accept_some(loop, &place, round);
    turns(loop, 3);
    assert_int_equal(fill(&place, more), round);
    close_all(more, round);
    close_all(clients, INSTANCES);
    accept_some(loop, &place,
                INSTANCES); // who came, wrote nothing and went is accepted all the same
    turns(loop, 3);
  }
  eddy_listener_close(place.listener, NULL, NULL);
}

// An instance whose wait for a client fails gives way to a new one.
static void after_failures(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct place place;
  listen_at(loop, &place);
  for (int round = 0; round < 3; round++) {
    int made = count;
    assert_int_equal(made, INSTANCES * (round + 1));
    turns(loop, 2);
    for (int i = made - INSTANCES; i < made; i++) assert_true(CancelIoEx(noted[i], NULL));
    turns(loop, 3);
    assert_int_equal(count, made + INSTANCES);
  }
  HANDLE clients[2 * INSTANCES];
  assert_int_equal(fill(&place, clients), INSTANCES);
  accept_some(loop, &place, INSTANCES);
  close_all(clients, INSTANCES);
  eddy_listener_close(place.listener, NULL, NULL);
}

// What the system refused for a while is made up for when the next client comes.
static void after_refusals(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct place place;
  listen_at(loop, &place);
  HANDLE clients[2 * INSTANCES], more[2 * INSTANCES];
  for (int i = 0; i < 2; i++) clients[i] = come(&place);
  refusals = 2;
  turns(loop, 2);
  accept_some(loop, &place, 2);
  assert_int_equal(refusals, 0);
  HANDLE next = come(&place);
  turns(loop, 3);
  assert_int_equal(fill(&place, more), INSTANCES - 1);
  close_all(more, INSTANCES - 1);
  close_all(clients, 2);
  CloseHandle(next);
  eddy_listener_close(place.listener, NULL, NULL);
}

// ... and in a while in any case, though nobody comes or accepts. All instances are gone meanwhile.
static void without_help(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct place place;
  struct rec sleep = {0};
  listen_at(loop, &place);
  turns(loop, 2);
  refusals = 6;
  for (int i = 0; i < INSTANCES; i++) assert_true(CancelIoEx(noted[i], NULL));
  turns(loop, 2);
  eddy_time_t limit = eddy_update_now(loop) + 10 * EDDY_SECOND;
  eddy_sleep(loop, &sleep.op, limit, rec_cb);
  while (count < 2 * INSTANCES && !sleep.finals) eddy_loop_step(loop, limit);
  assert_int_equal(count, 2 * INSTANCES);
  eddy_cancel(&sleep.op);
  turn_until(loop, &sleep.finals, 1);
  HANDLE clients[2 * INSTANCES];
  assert_int_equal(fill(&place, clients), INSTANCES);
  accept_some(loop, &place, INSTANCES);
  close_all(clients, INSTANCES);
  // Nobody is asked any more when it closes.
  turns(loop, 2);
  refusals = 1000;
  for (int i = count - INSTANCES; i < count; i++) CancelIoEx(noted[i], NULL);
  turns(loop, 3);
  eddy_listener_close(place.listener, NULL, NULL);
  turns(loop, 2);
  int left = refusals;
  turn_for(loop, 250 * EDDY_MILLISECOND);
  assert_int_equal(refusals, left);
}

static void no_options_of_a_socket(void **state) {
  eddy_loop_t *loop = LOOP(state);
  struct place place;
  int64_t value = 7;
  listen_at(loop, &place);
  eddy_listener_t *listener = place.listener;
  assert_int_equal(eddy_listener_set_option(listener, EDDY_OPT_SEND_BUFFER, 4096), EDDY_ENOTSOCK);
  assert_int_equal(eddy_listener_get_option(listener, EDDY_OPT_SEND_BUFFER, &value), EDDY_ENOTSOCK);
  assert_int_equal(value, 7);
  eddy_listener_close(listener, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {FIXTURE_TEST(after_accepts), FIXTURE_TEST(after_failures),
                                     FIXTURE_TEST(after_refusals), FIXTURE_TEST(without_help),
                                     FIXTURE_TEST(no_options_of_a_socket)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has pipes that are no sockets");
#endif
