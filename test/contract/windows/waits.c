// Waits of the kernel that end in packets, which Wine does not have: here they are made of threads, as exact as the
// kernel's. A signal of an object that resets itself is either told to a poll or still in the object, whatever is
// cancelled or closed at that moment.
#include "needs.h"

#if HAS_WINDOWS

#include "local.h"

#include <stdatomic.h>
#include <winternl.h>

static FARPROC WINAPI find(HMODULE module, LPCSTR name);
// What the library calls for GetProcAddress.
void *__imp_GetProcAddress = (void *)find;

NTSYSAPI NTSTATUS NTAPI LdrGetProcedureAddress(HMODULE, ANSI_STRING *, ULONG, void **);

enum { PACKETS = 400 };

enum state { NOTHING, WAITS, TAKEN_BACK, QUEUED };

struct packet {
  HANDLE stop; // is the packet's handle, too
  HANDLE thread, port, object;
  void *key, *context;
  enum state state; // written by `thread`; read when it has ended
};

static struct packet packets[PACKETS], *latest; // associated
static int packet_count, associations, too_late;

static struct packet *packet_of(HANDLE handle) {
  for (int i = packet_count; i-- > 0;)
    if (packets[i].stop == handle) return &packets[i];
  return NULL;
}

// The first of those that are signalled ends the wait, and of that alone the signal is taken.
static DWORD WINAPI serve(void *argument) {
  struct packet *packet = argument;
  HANDLE both[2] = {packet->stop, packet->object};
  DWORD ended = WaitForMultipleObjects(2, both, FALSE, INFINITE);
  packet->state = ended == WAIT_OBJECT_0 ? TAKEN_BACK : QUEUED;
  CloseHandle(packet->object);
  if (packet->state == QUEUED)
    PostQueuedCompletionStatus(packet->port, 0, (ULONG_PTR)packet->key, packet->context);
  return 0;
}

static void join(struct packet *packet) {
  if (!packet->thread) return;
  WaitForSingleObject(packet->thread, INFINITE);
  CloseHandle(packet->thread);
  packet->thread = NULL;
}

static NTSTATUS NTAPI create(HANDLE *out, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes) {
  (void)access, (void)attributes;
  *out = CreateEventW(NULL, TRUE, FALSE, NULL);
  struct packet *old = packet_of(*out); // of a handle that has been closed
  if (old) join(old);
  struct packet *packet = old ? old : &packets[packet_count++];
  if (packet_count > PACKETS) abort();
  *packet = (struct packet){.stop = *out};
  return 0;
}

static NTSTATUS NTAPI associate(HANDLE handle, HANDLE port, HANDLE object, void *key, void *context,
                                NTSTATUS status, ULONG_PTR information, BOOLEAN *already) {
  struct packet *packet = packet_of(handle);
  (void)status, (void)information, (void)already;
  if (packet->state == WAITS && packet->thread && WaitForSingleObject(packet->thread, 0) != 0)
    return (NTSTATUS)0xC000000D; // in use
  join(packet);
  ResetEvent(packet->stop);
  HANDLE self = GetCurrentProcess();
  if (!DuplicateHandle(self, object, self, &packet->object, 0, FALSE, DUPLICATE_SAME_ACCESS))
    return (NTSTATUS)0xC0000008;
  packet->port = port;
  packet->key = key;
  packet->context = context;
  packet->state = WAITS;
  associations++;
  latest = packet;
  packet->thread = CreateThread(NULL, 64 * 1024, serve, packet, 0, NULL);
  return 0;
}

// A packet that is queued stays, or has been taken out of the port meanwhile.
static NTSTATUS NTAPI cancel(HANDLE handle, BOOLEAN remove_signalled) {
  struct packet *packet = packet_of(handle);
  if (remove_signalled) abort(); // would take the signal away, and say that there was none
  if (packet->state == NOTHING) return (NTSTATUS)0xC0000120;
  SetEvent(packet->stop);
  join(packet);
  if (packet->state == TAKEN_BACK) return 0;
  return ++too_late & 1 ? 0x103 : (NTSTATUS)0xC0000120;
}

static FARPROC WINAPI find(HMODULE module, LPCSTR name) {
  const struct {
    const char *name;
    FARPROC fake;
  } fakes[] = {{"NtCreateWaitCompletionPacket", (FARPROC)(void *)create},
               {"NtAssociateWaitCompletionPacket", (FARPROC)(void *)associate},
               {"NtCancelWaitCompletionPacket", (FARPROC)(void *)cancel}};
  for (int i = 0; i < 3; i++)
    if (!strcmp(name, fakes[i].name)) return fakes[i].fake;
  ANSI_STRING wanted = {.Buffer = (char *)(uintptr_t)name,
                        .Length = (USHORT)strlen(name),
                        .MaximumLength = (USHORT)(strlen(name) + 1)};
  void *found = NULL;
  if (LdrGetProcedureAddress(module, &wanted, 0, &found) < 0) return NULL;
  return (FARPROC)found;
}

static eddy_fd_t *open_fd(eddy_loop_t *loop, HANDLE handle) {
  eddy_fd_t *fd = NULL;
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)handle, &fd), 0);
  return fd;
}

// One poll after the other, on one packet.
static void used_again(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handle = CreateSemaphoreW(NULL, 0, 100, NULL);
  eddy_fd_t *fd = open_fd(loop, handle);
  int before = associations, made = packet_count;
  for (int i = 1; i <= 20; i++) {
    struct rec poll = {0};
    eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
    turns(loop, 1);
    if (i % 3 == 0) {
      eddy_cancel(&poll.op);
      turn_until(loop, &poll.finals, 1);
      assert_int_equal(poll.result, EDDY_ECANCELED);
      continue;
    }
    ReleaseSemaphore(handle, 1, NULL);
    turn_until(loop, &poll.finals, 1);
    assert_int_equal(poll.result, EDDY_READABLE);
  }
  assert_int_equal(associations - before, 20);
  assert_true(packet_count - made <= 1);
  HANDLE packet = latest->stop;
  eddy_fd_close(fd, NULL, NULL);
  turns(loop, 2);
  DWORD flags;
  assert_false(GetHandleInformation(packet, &flags));
  CloseHandle(handle);
}

static struct {
  HANDLE event, go, done;
  int spins;
} racing;

static DWORD WINAPI signal_once(void *argument) {
  for (int i = 0; i < (int)(intptr_t)argument; i++) {
    WaitForSingleObject(racing.go, INFINITE);
    for (volatile int spin = racing.spins; spin > 0; spin--) continue;
    SetEvent(racing.event);
    SetEvent(racing.done);
  }
  return 0;
}

enum { ROUNDS = 300 };

// One signal each round, at about the moment of the cancel, the deadline or the close.
static void told_or_kept(void **state) {
  eddy_loop_t *loop = LOOP(state);
  racing.event = CreateEventW(NULL, FALSE, FALSE, NULL);
  racing.go = CreateEventW(NULL, FALSE, FALSE, NULL);
  racing.done = CreateEventW(NULL, FALSE, FALSE, NULL);
  HANDLE thread = CreateThread(NULL, 0, signal_once, (void *)(intptr_t)ROUNDS, 0, NULL);
  eddy_fd_t *fd = open_fd(loop, racing.event);
  int told = 0, kept = 0;
  for (int i = 0; i < ROUNDS; i++) {
    struct rec polls[2] = {0};
    int how = i % 4, both = i % 3 == 0;
    if (how == 3) eddy_op_set_deadline(&polls[0].op, eddy_update_now(loop) + EDDY_MILLISECOND);
    eddy_fd_poll(fd, &polls[0].op, EDDY_READABLE, 0, rec_cb);
    if (both) eddy_fd_poll(fd, &polls[1].op, EDDY_READABLE, 0, rec_cb);
    if (i & 1) eddy_loop_step(loop, 0);
    racing.spins = i * 7919 % 20000;
    SetEvent(racing.go);
    if (how < 2) SwitchToThread();
    if (how == 0) {
      eddy_fd_close(fd, NULL, NULL);
    } else {
      if (how != 3) eddy_cancel(&polls[0].op);
      if (both && how != 3) eddy_cancel(&polls[1].op);
    }
    turn_until(loop, &polls[0].finals, 1);
    if (both && how == 3) eddy_cancel(&polls[1].op);
    if (both) turn_until(loop, &polls[1].finals, 1);
    WaitForSingleObject(racing.done, INFINITE);
    int heard = polls[0].result == EDDY_READABLE || polls[1].result == EDDY_READABLE;
    int left = WaitForSingleObject(racing.event, 0) == WAIT_OBJECT_0;
    assert_int_equal(heard + left, 1);
    told += heard;
    kept += left;
    if (how == 0) fd = open_fd(loop, racing.event);
  }
  print_message("told %d, kept %d, cancelled too late %d\n", told, kept, too_late);
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
  eddy_fd_close(fd, NULL, NULL);
  turns(loop, 2);
  CloseHandle(racing.event);
  CloseHandle(racing.go);
  CloseHandle(racing.done);
}

// The signal has been taken, and its packet waits in the port: the cancel comes too late, and the poll has it.
static void a_queued_packet(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handle = CreateEventW(NULL, FALSE, FALSE, NULL);
  for (int round = 0; round < 6; round++) {
    eddy_fd_t *fd = open_fd(loop, handle);
    struct rec poll = {0};
    eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
    turns(loop, 1);
    SetEvent(handle);
    WaitForSingleObject(latest->thread, INFINITE);
    int before = too_late;
    if (round & 1)
      eddy_cancel(&poll.op);
    else
      eddy_fd_close(fd, NULL, NULL);
    turn_until(loop, &poll.finals, 1);
    assert_true(too_late > before);
    assert_int_equal(poll.result, EDDY_READABLE);
    if (round & 1) eddy_fd_close(fd, NULL, NULL);
    turns(loop, 2);
  }
  CloseHandle(handle);
}

// A drain ends a wait that nothing signals.
static void left_to_the_drain(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static HANDLE handle;
  static struct rec poll;
  handle = CreateEventW(NULL, FALSE, FALSE, NULL);
  eddy_fd_t *fd = open_fd(loop, handle);
  poll = (struct rec){0};
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
  turns(loop, 1);
  assert_int_equal(eddy_loop_drain(loop, eddy_update_now(loop) + 5 * EDDY_SECOND), 0);
  assert_int_equal(poll.result, EDDY_ECANCELED);
  SetEvent(handle);
  assert_int_equal(WaitForSingleObject(handle, 0), WAIT_OBJECT_0);
  CloseHandle(handle);
}

// The threads that play the kernel keep handles, so these are not counted here.

static int loop_teardown(void **state) {
  struct fixture *fixture = *state;
  if (fixture_failed(fixture)) return 0;
  int64_t held = eddy_loop_drain(fixture->loop, eddy_update_now(fixture->loop) + 5 * EDDY_SECOND);
  int closed = eddy_loop_close(fixture->loop);
  free(fixture);
  return held || closed ? -1 : 0;
}

#define LOOP_TEST(function) FIXTURE_TEST_ENDS(function, loop_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {LOOP_TEST(used_again), LOOP_TEST(told_or_kept),
                                     LOOP_TEST(a_queued_packet), LOOP_TEST(left_to_the_drain)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
