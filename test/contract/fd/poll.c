// Polling descriptors of others: once and again, several waiters, numbers that are used anew.
#include "rule_tools.h"

#include <fcntl.h>
#include <sys/eventfd.h>

static void one_shot_takes_no_data(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_fd_t *fd;
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  assert_int_equal(eddy_fd_open(loop, event, &fd), 0);
  assert_int_equal(eddy_fd_native(fd), event);
  struct rec poll = {0}, writable = {0};
  eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
  eddy_fd_poll(fd, &writable.op, EDDY_WRITABLE | EDDY_READABLE, 0, rec_cb);
  turn_until(loop, &writable.finals, 1);
  assert_int_equal(writable.result, EDDY_WRITABLE); // what holds, not what was asked
  turns(loop, 3);
  assert_int_equal(poll.finals, 0);
  for (int i = 1; i <= 3; i++) { // the level holds until somebody reads
    assert_int_equal(eventfd_write(event, 1), 0);
    turn_until(loop, &poll.finals, i);
    assert_int_equal(poll.result, EDDY_READABLE);
    eddy_fd_poll(fd, &poll.op, EDDY_READABLE, 0, rec_cb);
  }
  turn_until(loop, &poll.finals, 4);
  eventfd_t value;
  assert_int_equal(eventfd_read(event, &value), 0);
  assert_int_equal(value, 3);
  eddy_fd_close(fd, NULL, NULL);
  close(event);
}

static void several_waiters(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_fd_t *fd;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  assert_int_equal(eddy_fd_open(loop, ends[0], &fd), 0);
  struct rec in[3] = {0}, out = {0}, gone = {0}, repeat = {0};
  for (int i = 0; i < 3; i++) eddy_fd_poll(fd, &in[i].op, EDDY_READABLE, 0, rec_cb);
  eddy_fd_poll(fd, &out.op, EDDY_WRITABLE, 0, rec_cb);
  eddy_fd_poll(fd, &gone.op, EDDY_DISCONNECT, 0, rec_cb);
  eddy_fd_poll(fd, &repeat.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  turn_until(loop, &out.finals, 1);
  eddy_cancel(&in[1].op);
  turn_until(loop, &in[1].finals, 1);
  assert_int_equal(in[1].result, EDDY_ECANCELED);
  raw_write(ends[1], "x", 1);
  turn_until(loop, &in[0].finals, 1);
  turn_until(loop, &in[2].finals, 1);
  turn_until(loop, &repeat.mores, 3);
  assert_int_equal(gone.finals, 0);
  char taken; // not every system shows the end behind unread data
  assert_int_equal(recv(ends[0], &taken, 1, 0), 1);
  close(ends[1]);
  turn_until(loop, &gone.finals, 1);
  assert_true(gone.result & EDDY_DISCONNECT);
  eddy_fd_close(fd, NULL, NULL);
  turn_until(loop, &repeat.finals, 1);
  close(ends[0]);
}

static void reused_numbers(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int round = 0; round < 50; round++) {
    int first[2], second[2];
    eddy_fd_t *fd, *again;
    struct rec old = {0}, poll = {0};
    assert_int_equal(pipe(first), 0);
    assert_int_equal(eddy_fd_open(loop, first[0], &fd), 0);
    eddy_fd_poll(fd, &old.op, EDDY_READABLE, 0, rec_cb);
    if (round & 1) eddy_loop_step(loop, 0);
    if (round & 2) assert_int_equal(write(first[1], "x", 1), 1);
    eddy_fd_close(fd, NULL, NULL);
    close(first[0]); // at once: the handle is deregistered
    close(first[1]);
    assert_int_equal(pipe(second), 0);
    if (LOWEST_NUMBER_IS_REUSED) assert_int_equal(second[0], first[0]);
    assert_int_equal(eddy_fd_open(loop, second[0], &again), 0);
    eddy_fd_poll(again, &poll.op, EDDY_READABLE, 0, rec_cb);
    turns(loop, 2);
    assert_int_equal(poll.finals, 0); // not the old pipe's event
    assert_int_equal(old.finals, 1);
    assert_int_equal(old.result, EDDY_ECANCELED);
    assert_int_equal(write(second[1], "x", 1), 1);
    turn_until(loop, &poll.finals, 1);
    assert_int_equal(poll.result, EDDY_READABLE);
    eddy_fd_close(again, NULL, NULL);
    close(second[0]);
    close(second[1]);
  }
}

// A duplicate keeps the kernel's file alive when the owner closes: no event of it may reach anybody.
static void a_duplicate_lives_on(void **state) {
  eddy_loop_t *loop = LOOP(state);
  int first[2];
  eddy_fd_t *fd, *again;
  assert_int_equal(pipe(first), 0);
  int duplicate = dup(first[0]);
  struct rec old = {0}, poll = {0};
  assert_int_equal(eddy_fd_open(loop, first[0], &fd), 0);
  eddy_fd_poll(fd, &old.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
  eddy_loop_step(loop, 0);
  eddy_fd_close(fd, NULL, NULL);
  close(first[0]);
  int event = eventfd(0, EFD_CLOEXEC);
  assert_int_equal(event, first[0]);
  assert_int_equal(eddy_fd_open(loop, event, &again), 0);
  eddy_fd_poll(again, &poll.op, EDDY_READABLE, 0, rec_cb);
  assert_int_equal(write(first[1], "x", 1), 1);
  turns(loop, 5);
  assert_int_equal(old.mores, 0);
  assert_int_equal(old.finals, 1);
  assert_int_equal(poll.finals, 0);
  eddy_fd_close(again, NULL, NULL);
  turn_until(loop, &poll.finals, 1);
  close(event);
  close(duplicate);
  close(first[1]);
}

static void refused_descriptors(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_fd_t *fd, *second;
  eddy_stream_t *stream;
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), folder = open("/", O_RDONLY | O_CLOEXEC);
  assert_int_equal(eddy_fd_open(loop, file, &fd), EDDY_EPERM);
  assert_null(fd);
  assert_int_equal(eddy_fd_open(loop, folder, &fd), EDDY_EPERM);
  close(file);
  close(folder);
  int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(eddy_fd_open(loop, sock, &fd), 0);
  assert_int_equal(eddy_fd_open(loop, sock, &second), EDDY_EEXIST);
  assert_null(second);
  assert_int_equal(eddy_stream_adopt(loop, sock, &stream), EDDY_EEXIST);
  eddy_loop_t *other = test_loop(); // another loop may poll it too
  assert_int_equal(eddy_fd_open(other, sock, &second), 0);
  eddy_fd_close(second, NULL, NULL);
  eddy_loop_run(other);
  assert_int_equal(eddy_loop_close(other), 0);
  eddy_fd_close(fd, NULL, NULL);
  assert_int_equal(eddy_fd_open(loop, -1, &fd), EDDY_EBADF);
  close(sock);
}

static void nothing_to_wait_for(void **state) {
  eddy_loop_t *loop = LOOP(state);
  eddy_fd_t *fd;
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  assert_int_equal(eddy_fd_open(loop, event, &fd), 0);
  static const struct {
    uint32_t events, flags;
  } wrong[] = {{0, 0}, {0, EDDY_POLL_REPEAT}, {EDDY_POLL_ERROR << 1, 0}, {EDDY_READABLE, 2}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct rec poll = {0};
    eddy_fd_poll(fd, &poll.op, wrong[i].events, wrong[i].flags, rec_cb);
    turns(loop, 2);
    assert_int_equal(poll.finals, 1);
    assert_int_equal(poll.result, EDDY_EINVAL);
  }
  eddy_fd_close(fd, NULL, NULL);
  close(event);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(one_shot_takes_no_data), FIXTURE_TEST(several_waiters),
      FIXTURE_TEST(reused_numbers),         FIXTURE_TEST(a_duplicate_lives_on),
      FIXTURE_TEST(refused_descriptors),    FIXTURE_TEST(nothing_to_wait_for)};
  return RUN_TESTS(tests);
}
