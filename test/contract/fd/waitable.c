// Objects of Windows that can be waited for, as descriptors: events, threads, processes, semaphores, timers.
#include "needs.h"

#if HAS_WINDOWS

#include "local.h"

static eddy_fd_t *open_fd(eddy_loop_t *loop, HANDLE handle) {
  eddy_fd_t *fd = NULL;
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)handle, &fd), 0);
  assert_int_equal(eddy_fd_native(fd), (eddy_native_t)(intptr_t)handle);
  return fd;
}

static HANDLE event(int manual) { return CreateEventW(NULL, manual, FALSE, NULL); }

static void level_of_an_event(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handle = event(1);
  eddy_fd_t *fd = open_fd(loop, handle);
  struct rec polls[3] = {0}, late = {0}, again = {0};
  for (int i = 0; i < 3; i++) eddy_fd_poll(fd, &polls[i].op, EDDY_READABLE, 0, rec_cb);
  eddy_op_set_deadline(&late.op, eddy_now(loop) + 20 * EDDY_MILLISECOND);
  eddy_fd_poll(fd, &late.op, EDDY_READABLE, 0, rec_cb);
  turn_until(loop, &late.finals, 1);
  assert_int_equal(late.result, EDDY_ETIMEDOUT);
  eddy_cancel(&polls[1].op);
  turn_until(loop, &polls[1].finals, 1);
  assert_int_equal(polls[1].result, EDDY_ECANCELED);
  assert_int_equal(polls[0].finals + polls[2].finals, 0);
  SetEvent(handle);
  turn_until(loop, &polls[0].finals, 1);
  turn_until(loop, &polls[2].finals, 1);
  assert_int_equal(polls[0].result, EDDY_READABLE);
  assert_int_equal(polls[2].result, EDDY_READABLE);
  eddy_fd_poll(fd, &again.op, EDDY_READABLE | EDDY_DISCONNECT, 0, rec_cb); // it still holds
  turn_until(loop, &again.finals, 1);
  assert_int_equal(again.result, EDDY_READABLE);
  ResetEvent(handle);
  eddy_fd_poll(fd, &again.op, EDDY_READABLE, 0, rec_cb);
  turns(loop, 5);
  assert_int_equal(again.finals, 1);
  SetEvent(handle);
  turn_until(loop, &again.finals, 2);
  eddy_fd_close(fd, NULL, NULL);
  CloseHandle(handle);
}

static void reset_it(struct rec *rec, int64_t result) {
  if (result == EDDY_READABLE && rec->mores == 3) ResetEvent(rec->context);
}

static void repeated(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handle = event(1);
  eddy_fd_t *fd = open_fd(loop, handle);
  struct rec poll = {.then = reset_it, .context = handle};
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  turns(loop, 3);
  assert_int_equal(poll.mores, 0);
  SetEvent(handle);
  turn_until(loop, &poll.mores, 3);
  turns(loop, 5);
  assert_int_equal(poll.mores, 3);
  SetEvent(handle);
  turn_until(loop, &poll.mores, 4);
  eddy_cancel(&poll.op);
  turn_until(loop, &poll.finals, 1);
  assert_int_equal(poll.result, EDDY_ECANCELED);
  eddy_fd_close(fd, NULL, NULL);
  CloseHandle(handle);
}

// One wait, one signal: each poll takes one from an event that resets itself and from a semaphore.
static void signals_are_taken(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handles[2] = {event(0), CreateSemaphoreW(NULL, 0, 100, NULL)};
  for (int which = 0; which < 2; which++) {
    eddy_fd_t *fd = open_fd(loop, handles[which]);
    struct rec poll = {0};
    for (int i = 1; i <= 20; i++) {
      eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
      if (i & 1) turns(loop, 2);
      if (which)
        ReleaseSemaphore(handles[which], 1, NULL);
      else
        SetEvent(handles[which]);
      turn_until(loop, &poll.finals, i);
      assert_int_equal(poll.result, EDDY_READABLE);
    }
    assert_int_equal(WaitForSingleObject(handles[which], 0), WAIT_TIMEOUT);
    eddy_fd_close(fd, NULL, NULL);
    CloseHandle(handles[which]);
  }
}

static DWORD WINAPI brief(void *argument) {
  Sleep(20);
  return argument != NULL;
}

static void ends_and_times(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE thread = CreateThread(NULL, 0, brief, NULL, 0, NULL);
  HANDLE timer = CreateWaitableTimerW(NULL, FALSE, NULL);
  STARTUPINFOA how = {.cb = sizeof how};
  PROCESS_INFORMATION child = {0};
  char command[] = "cmd.exe /c exit 7";
  assert_true(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &how, &child));
  LARGE_INTEGER due = {.QuadPart = -200000}; // 20 ms
  assert_true(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE));
  HANDLE handles[3] = {thread, timer, child.hProcess};
  eddy_fd_t *fds[3];
  struct rec polls[3] = {0};
  for (int i = 0; i < 3; i++) {
    fds[i] = open_fd(loop, handles[i]);
    eddy_fd_poll(fds[i], &polls[i].op, EDDY_READABLE, 0, rec_cb);
  }
  for (int i = 0; i < 3; i++) {
    turn_until(loop, &polls[i].finals, 1);
    assert_int_equal(polls[i].result, EDDY_READABLE);
    eddy_fd_close(fds[i], NULL, NULL);
  }
  DWORD code = 0;
  assert_true(GetExitCodeProcess(child.hProcess, &code));
  assert_int_equal(code, 7);
  for (int i = 0; i < 3; i++) CloseHandle(handles[i]);
  CloseHandle(child.hThread);
}

enum { MANY = 200 }; // the system waits for 64 objects at once, per thread

static void many(void **state) {
  eddy_loop_t *loop = LOOP(state);
  static HANDLE handles[MANY];
  static eddy_fd_t *fds[MANY];
  static struct rec polls[MANY];
  memset(polls, 0, sizeof polls);
  for (int i = 0; i < MANY; i++) {
    handles[i] = event(0);
    fds[i] = open_fd(loop, handles[i]);
    eddy_fd_poll(fds[i], &polls[i].op, EDDY_READABLE, 0, rec_cb);
  }
  turns(loop, 3);
  for (int i = 0; i < MANY; i += 2) SetEvent(handles[(i * 7) % MANY]);
  for (int i = 0; i < MANY; i++) {
    int which = (i * 7) % MANY;
    if (i % 2) {
      assert_int_equal(polls[which].finals, 0);
      continue;
    }
    turn_until(loop, &polls[which].finals, 1);
    assert_int_equal(polls[which].result, EDDY_READABLE);
  }
  for (int i = 0; i < MANY; i++) {
    eddy_fd_close(fds[i], NULL, NULL);
    CloseHandle(handles[i]); // at once
  }
  for (int i = 0; i < MANY; i++) turn_until(loop, &polls[i].finals, 1);
}

static HANDLE fired[2];

static DWORD WINAPI fire_all(void *argument) {
  for (int i = 0; i < 400; i++) {
    SetEvent(*(HANDLE *)argument);
    WaitForSingleObject(fired[0], INFINITE);
    SetEvent(fired[1]);
  }
  return 0;
}

// The signal comes while the poll is cancelled or its handle closed: one end, and the next poll finds what still holds.
static void races(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handle = event(1);
  fired[0] = event(0);
  fired[1] = event(0);
  eddy_fd_t *fd = open_fd(loop, handle);
  HANDLE thread = CreateThread(NULL, 0, fire_all, &handle, 0, NULL);
  for (int i = 0; i < 400; i++) {
    struct rec poll = {0};
    eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
    if (i & 1) eddy_loop_step(loop, 0);
    if (i % 3 == 0) {
      eddy_fd_close(fd, NULL, NULL);
      fd = open_fd(loop, handle);
    } else {
      eddy_cancel(&poll.op);
    }
    turn_until(loop, &poll.finals, 1);
    assert_true(poll.result == EDDY_READABLE || poll.result == EDDY_ECANCELED);
    if (poll.result == EDDY_ECANCELED) {
      eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
      turn_until(loop, &poll.finals, 2);
      assert_int_equal(poll.result, EDDY_READABLE);
    }
    ResetEvent(handle);
    SetEvent(fired[0]);
    WaitForSingleObject(fired[1], INFINITE);
  }
  WaitForSingleObject(thread, INFINITE);
  eddy_fd_close(fd, NULL, NULL);
  for (int i = 0; i < 2; i++) CloseHandle(fired[i]);
  CloseHandle(thread);
  CloseHandle(handle);
}

static void refusals(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_fd_t *fd = NULL, *second = NULL;
  HANDLE mutex = CreateMutexW(NULL, FALSE, NULL), handle = event(1);
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)mutex, &fd), EDDY_ENOTSOCK);
  assert_null(fd);
  fd = open_fd(loop, handle);
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)handle, &second), EDDY_EEXIST);
  struct rec poll = {0};
  eddy_fd_poll(fd, &poll.op, EDDY_WRITABLE, 0, rec_cb);
  turn_until(loop, &poll.finals, 1);
  assert_int_equal(poll.result, EDDY_EINVAL);
  eddy_fd_close(fd, NULL, NULL);
  CloseHandle(handle);
  CloseHandle(mutex);
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)handle, &fd), EDDY_EBADF);
}

// The system's pool keeps threads and handles of its own, so these are not counted here.

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
  const struct CMUnitTest tests[] = {
      LOOP_TEST(level_of_an_event), LOOP_TEST(repeated), LOOP_TEST(signals_are_taken),
      LOOP_TEST(ends_and_times),    LOOP_TEST(many),     LOOP_TEST(races),
      LOOP_TEST(refusals)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has objects that can be waited for and are no descriptors");
#endif
