// What comes after a hang-up is heard: a descriptor that has hung up (a socket that is not connected yet, a terminal or
// a FIFO without its other side) is waited for like any other, once and again.
#include "waited.h"

#if HAS_POSIX_FILES

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static const uint32_t kFlags[] = {0, EDDY_POLL_REPEAT};

// The reports go on for ever where something holds, so they are looked at and ended.
static int64_t told(eddy_loop_t *loop, struct rec *rec) { return waited_told(loop, rec); }

static void unconnected_then_refused(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int i = 0; i < COUNT(kFlags); i++) {
    eddy_addr_t addr;
    struct sockaddr_in native;
    dead_address(&addr);
    assert_true(eddy_addr_to_native(&addr, &native, sizeof native) > 0);
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    eddy_fd_t *fd;
    assert_int_equal(eddy_fd_open(loop, sock, &fd), 0);
    struct rec error = {0}, any = {0};
    eddy_fd_poll(fd, &error.op, EDDY_POLL_ERROR, kFlags[i], rec_cb);
    turns(loop, 3);
    assert_int_equal(error.calls, 0);
    eddy_fd_poll(fd, &any.op, EDDY_READABLE, kFlags[i], rec_cb); // it would not block
    assert_int_equal(told(loop, &any), EDDY_READABLE);
    assert_int_equal(error.calls, 0);
    assert_int_equal(connect(sock, (struct sockaddr *)&native, sizeof native), -1);
    assert_true(told(loop, &error) & EDDY_POLL_ERROR);
    eddy_fd_close(fd, NULL, NULL);
    all_ended(loop);
    close(sock);
  }
}

static void unconnected_then_connected(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int i = 0; i < COUNT(kFlags); i++) {
    eddy_addr_t addr;
    int listener = raw_listen(&addr, 1), sock = raw_socket(EDDY_AF_INET);
    eddy_fd_t *fd;
    assert_int_equal(eddy_fd_open(loop, sock, &fd), 0);
    struct rec urgent = {0}, readable = {0};
    eddy_fd_poll(fd, &urgent.op, EDDY_PRIORITY, kFlags[i], rec_cb);
    turns(loop, 3);
    assert_int_equal(raw_connected(sock, &addr), sock);
    struct peer peer = {raw_accept(listener)};
    turns(loop, 3);
    assert_int_equal(urgent.calls, 0);
    eddy_fd_poll(fd, &readable.op, EDDY_READABLE, kFlags[i], rec_cb);
    turns(loop, 3);
    assert_int_equal(readable.calls, 0); // the hang-up did not stay
    peer_send(&peer, "x", 1);
    assert_int_equal(told(loop, &readable), EDDY_READABLE);
    assert_int_equal(urgent.calls, 0);
    peer_urgent(&peer, '!');
    assert_int_equal(told(loop, &urgent), EDDY_PRIORITY);
    eddy_fd_close(fd, NULL, NULL);
    all_ended(loop);
    peer_close(&peer);
    close(sock);
    close(listener);
  }
}

static int open_slave(int master) {
  char name[64];
  assert_int_equal(ptsname_r(master, name, sizeof name), 0);
  int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  assert_true(slave >= 0);
  return slave;
}

static void a_terminal_without_its_slave(void **state) {
  eddy_loop_t *loop = LOOP(state);
  for (int i = 0; i < COUNT(kFlags); i++) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), packets = 1;
    if (master < 0 || grantpt(master) || unlockpt(master)) SKIP("no pseudo terminals");
    assert_int_equal(ioctl(master, TIOCPKT, &packets), 0);
    close(open_slave(master)); // from now on it has hung up
    eddy_fd_t *fd;
    assert_int_equal(eddy_fd_open(loop, master, &fd), 0);
    struct rec urgent = {0}, readable = {0};
    eddy_fd_poll(fd, &urgent.op, EDDY_PRIORITY, kFlags[i], rec_cb);
    eddy_fd_poll(fd, &readable.op, EDDY_READABLE, 0, rec_cb);
    turn_until(loop, &readable.finals, 1);
    assert_int_equal(urgent.calls, 0);
    int slave = open_slave(master);
    eddy_fd_poll(fd, &readable.op, EDDY_READABLE, 0, rec_cb);
    turns(loop, 3);
    assert_int_equal(readable.finals, 1);
    assert_int_equal(write(slave, "x", 1), 1);
    turn_until(loop, &readable.finals, 2);
    assert_int_equal(readable.result, EDDY_READABLE);
    assert_int_equal(urgent.calls, 0);
    assert_int_equal(tcflush(slave, TCIOFLUSH), 0);
    assert_int_equal(told(loop, &urgent), EDDY_PRIORITY);
    eddy_fd_close(fd, NULL, NULL);
    all_ended(loop);
    close(slave);
    close(master);
  }
}

static void a_fifo_without_its_writer(void **state) {
  eddy_loop_t *loop = LOOP(state);
  char folder[] = "/tmp/eddy-fifo-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/fifo", folder);
  assert_int_equal(mkfifo(path, 0600), 0);
  int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  eddy_fd_t *fd;
  assert_int_equal(eddy_fd_open(loop, reader, &fd), 0);
  struct rec errors = {0}, once = {0}, again = {0};
  eddy_fd_poll(fd, &errors.op, EDDY_POLL_ERROR, EDDY_POLL_REPEAT, rec_cb);
  for (int round = 0; round < 3; round++) {
    int writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    once.finals = again.finals = again.calls = 0;
    eddy_fd_poll(fd, &once.op, EDDY_READABLE, 0, rec_cb);
    eddy_fd_poll(fd, &again.op, EDDY_READABLE, EDDY_POLL_REPEAT, rec_cb);
    turns(loop, 3);
    assert_int_equal(once.finals + again.calls, 0);
    assert_int_equal(write(writer, "x", 1), 1);
    turn_until(loop, &once.finals, 1);
    assert_int_equal(once.result, EDDY_READABLE);
    assert_int_equal(told(loop, &again), EDDY_READABLE);
    char byte;
    assert_int_equal(read(reader, &byte, 1), 1);
    close(writer); // a hang-up: nothing will come, and no read blocks
    eddy_fd_poll(fd, &once.op, EDDY_READABLE | EDDY_DISCONNECT, 0, rec_cb);
    turn_until(loop, &once.finals, 2);
    assert_int_equal(once.result, EDDY_READABLE | EDDY_DISCONNECT);
    assert_int_equal(errors.calls, 0);
  }
  eddy_fd_close(fd, NULL, NULL);
  all_ended(loop);
  close(reader);
  unlink(path);
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      FIXTURE_TEST(unconnected_then_refused), FIXTURE_TEST(unconnected_then_connected),
      FIXTURE_TEST(a_terminal_without_its_slave), FIXTURE_TEST(a_fifo_without_its_writer)};
  return RUN_TESTS(tests);
}

#else
RUN_NOTHING("only POSIX has descriptors that hang up and come back");
#endif
