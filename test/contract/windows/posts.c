// Posts to the loop's port that the system refuses for want of memory: none is lost, whoever has made it.
#include "needs.h"

#if HAS_WINDOWS

#include "work.h"

static BOOL WINAPI refuse_some(HANDLE port, DWORD bytes, ULONG_PTR key, LPOVERLAPPED overlapped);
// What the library calls for PostQueuedCompletionStatus.
void *__imp_PostQueuedCompletionStatus = (void *)refuse_some;

static atomic_int refusals; // to come

static BOOL WINAPI refuse_some(HANDLE port, DWORD bytes, ULONG_PTR key, LPOVERLAPPED overlapped) {
  if (atomic_load(&refusals) > 0 && atomic_fetch_sub(&refusals, 1) > 0) {
    SetLastError(ERROR_NO_SYSTEM_RESOURCES);
    return FALSE;
  }
  BOOL(WINAPI * real)(HANDLE, DWORD, ULONG_PTR, LPOVERLAPPED);
  FARPROC found = GetProcAddress(GetModuleHandleA("kernel32.dll"), "PostQueuedCompletionStatus");
  memcpy(&real, &found, sizeof real);
  return real(port, bytes, key, overlapped);
}

enum { REFUSED = 5, ROUNDS = 6 };

static void refuse(void) { atomic_store(&refusals, REFUSED); }

static void all_were_refused(void) { assert_true(atomic_load(&refusals) <= 0); }

static struct {
  eddy_remote_t *remote;
  struct rec *rec;
} posting;

static void *post_later(void *argument) {
  (void)argument;
  Sleep(30); // the loop sleeps then
  refuse();
  CHECK_EQ(eddy_post(posting.remote, &posting.rec->op, rec_cb), EDDY_PENDING);
  return NULL;
}

static void posts(void **state) {
  eddy_loop_t *loop = LOOP(state);
  posting.remote = eddy_loop_remote(loop);
  for (int round = 0; round < ROUNDS; round++) {
    struct rec post = {0}, sleep = {0};
    pthread_t thread;
    posting.rec = &post;
    eddy_sleep(loop, &sleep.op, eddy_update_now(loop) + 20 * EDDY_SECOND, rec_cb);
    pthread_create(&thread, NULL, post_later, NULL);
    while (!post.finals && !sleep.finals) eddy_loop_step(loop, EDDY_NEVER);
    assert_int_equal(post.finals, 1);
    all_were_refused();
    pthread_join(thread, NULL);
    eddy_cancel(&sleep.op);
    turn_until(loop, &sleep.finals, 1);
  }
  eddy_remote_release(posting.remote);
}

static int64_t slow(void *argument) {
  (void)argument;
  Sleep(30);
  refuse();
  return 7;
}

static void work(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int round = 0; round < ROUNDS; round++) {
    struct rec work = {0}, sleep = {0};
    eddy_sleep(loop, &sleep.op, eddy_update_now(loop) + 20 * EDDY_SECOND, rec_cb);
    eddy_work(loop, &work.op, slow, NULL, rec_cb);
    while (!work.finals && !sleep.finals) eddy_loop_step(loop, EDDY_NEVER);
    assert_int_equal(work.finals, 1);
    assert_int_equal(work.result, 7);
    all_were_refused();
    eddy_cancel(&sleep.op);
    turn_until(loop, &sleep.finals, 1);
  }
}

// The system's thread pool posts for them.
static void waits(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
  eddy_fd_t *fd = NULL;
  assert_int_equal(eddy_fd_open(loop, (eddy_native_t)(intptr_t)event, &fd), 0);
  for (int round = 0; round < ROUNDS; round++) {
    struct rec poll = {0};
    eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
    turns(loop, 2);
    refuse();
    SetEvent(event);
    turn_until(loop, &poll.finals, 1);
    assert_int_equal(poll.result, EDDY_READABLE);
  }
  atomic_store(&refusals, 0); // where the kernel has packets for waits nobody posts
  eddy_fd_close(fd, NULL, NULL);
  CloseHandle(event);
}

static void pipe_threads(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE handles[2];
  eddy_stream_t *ends[2];
  assert_true(CreatePipe(&handles[0], &handles[1], NULL, 0));
  for (int i = 0; i < 2; i++)
    assert_int_equal(eddy_stream_adopt(loop, (eddy_native_t)(intptr_t)handles[i], &ends[i]), 0);
  for (int round = 0; round < ROUNDS; round++) {
    char byte = 0, letter = 'x';
    eddy_buf_t in = {&byte, 1}, out = {&letter, 1};
    struct rec read = {0}, write = {0};
    eddy_stream_read(ends[0], &read.op, &in, 1, rec_cb);
    turns(loop, 2);
    refuse();
    if (round & 1)
      eddy_stream_write(ends[1], &write.op, &out, 1, rec_cb);
    else
      eddy_cancel(&read.op);
    turn_until(loop, &read.finals, 1);
    assert_int_equal(read.result, round & 1 ? 1 : EDDY_ECANCELED);
    if (round & 1) turn_until(loop, &write.finals, 1);
    all_were_refused();
  }
  for (int i = 0; i < 2; i++) eddy_stream_close(ends[i], NULL, NULL);
}

// A loop in a host's hands wakes the host by a post of its own.
static void embedded(void **state) {
  eddy_loop_t *loop = LOOP(state);
  HANDLE event = (HANDLE)(intptr_t)eddy_loop_native_handle(loop);
  for (int round = 0; round < ROUNDS; round++) {
    struct rec yield = {0};
    while (WaitForSingleObject(event, 0) == WAIT_OBJECT_0) eddy_loop_step(loop, 0);
    posting.remote = eddy_loop_remote(loop);
    struct rec post = {0};
    refuse();
    CHECK_EQ(eddy_post(posting.remote, &post.op, rec_cb), EDDY_PENDING);
    assert_int_equal(WaitForSingleObject(event, 10000), WAIT_OBJECT_0);
    turn_until(loop, &post.finals, 1);
    all_were_refused();
    eddy_yield(loop, &yield.op, rec_cb);
    turn_until(loop, &yield.finals, 1);
    eddy_remote_release(posting.remote);
  }
}

// The system's pool keeps threads and handles of its own, so these are not counted here.

static int loop_teardown(void **state) {
  struct fixture *fixture = *state;
  if (fixture_failed(fixture)) return 0;
  atomic_store(&refusals, 0);
  int64_t held = eddy_loop_drain(fixture->loop, eddy_update_now(fixture->loop) + 5 * EDDY_SECOND);
  int closed = eddy_loop_close(fixture->loop);
  free(fixture);
  return held || closed ? -1 : 0;
}

#define LOOP_TEST(function) FIXTURE_TEST_ENDS(function, loop_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {LOOP_TEST(posts), LOOP_TEST(work), LOOP_TEST(waits),
                                     LOOP_TEST(pipe_threads), LOOP_TEST(embedded)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only Windows has what this is about");
#endif
